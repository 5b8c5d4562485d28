"""Every way in which AWS lets callers name a function."""

import pytest

from pileus.kernel.auth.permissions import needs_of
from pileus.kernel.errors import ServiceError
from pileus.services.lambda_.names import REACHABLE, FunctionName, function_name, function_of_arn
from pileus.services.lambda_.permissions import PERMISSIONS
from pileus.services.lambda_.shapes import (
    GetLayerVersionByArnRequest,
    GetResourcePolicyRequest,
    InvocationRequest,
    ListTagsRequest,
)
from tests.unit.lambda_.conftest import context

_ARN = "arn:aws:lambda:us-east-1:111111111111:function:f"


@pytest.mark.parametrize(
    ("given", "qualifier", "name", "derived"),
    [
        ("f", None, "f", None),
        ("f:$LATEST", None, "f", "$LATEST"),
        ("f", "$LATEST", "f", "$LATEST"),
        ("f:7", "7", "f", "7"),
        ("function:f", None, "f", None),
        ("111111111111:function:f", None, "f", None),
        ("us-east-1:111111111111:function:f:live", None, "f", "live"),
        (_ARN, None, "f", None),
        (f"{_ARN}:$LATEST", None, "f", "$LATEST"),
        ("arn::lambda:us-east-1:111111111111:function:f", None, "f", None),  # the model's pattern lets it pass
        ("arn:aws:lambda:us-east-1:111111111111:function", None, "function", None),  # recorded: incomplete_arn
    ],
)
def test_a_name_in_each_of_its_forms(given: str, qualifier: str | None, name: str, derived: str | None) -> None:
    """SDKs, Terraform and consoles each use another form; all mean the same function."""
    meant = function_name(context(), given, qualifier)
    assert (meant.name, meant.qualifier, meant.account_id, meant.region) == (
        name,
        derived,
        "111111111111",
        "us-east-1",
    )


@pytest.mark.parametrize(
    ("given", "qualifier", "code"),
    [
        ("f:1", "2", "InvalidParameterValueException"),
        (f"{_ARN}:$LATEST", "1", "InvalidParameterValueException"),
        (_ARN.replace("us-east-1", "eu-west-1"), None, "ResourceNotFoundException"),
        (_ARN.replace("111111111111", "222222222222"), None, "AccessDeniedException"),
    ],
)
def test_names_that_cannot_be_meant(given: str, qualifier: str | None, code: str) -> None:
    """A contradiction, another region and another account are three different mistakes on AWS."""
    with pytest.raises(ServiceError) as caught:
        function_name(context(operation="AddPermission"), given, qualifier)
    assert caught.value.error_code == code


def test_full_arns_only() -> None:
    """Other services hold full ARNs; anything less would have to be guessed."""
    assert function_of_arn(f"{_ARN}:live") == FunctionName(
        partition="aws", region="us-east-1", account_id="111111111111", name="f", qualifier="live"
    )
    for wrong in ("f", "111111111111:function:f", "arn:aws:sqs:us-east-1:111111111111:f", "arn:aws:lambda:::f", ""):
        assert function_of_arn(wrong) is None


def test_operations_that_reach_other_accounts_are_asked_about() -> None:
    """What `function_name` lets through is another account's; the authorizer alone stands before it, if rows say so."""
    for operation in REACHABLE & PERMISSIONS.keys():
        needs = needs_of(PERMISSIONS[operation], protocol="rest-json")
        foreign = _ARN.replace("111111111111", "222222222222")
        assert needs.foreign is not None
        if operation in ("TagResource", "UntagResource", "ListTags"):
            theirs: object = ListTagsRequest(resource=foreign)
            ours: object = ListTagsRequest(resource=_ARN)
        else:
            theirs, ours = InvocationRequest(function_name=foreign), InvocationRequest(function_name=_ARN)
        assert needs.foreign(context(operation=operation), theirs), operation
        assert not needs.foreign(context(operation=operation), ours)
        assert function_name(context(operation=operation), foreign).account_id == "222222222222"


@pytest.mark.parametrize("partition", ["", "aws-cn", "aws-us-gov"])
def test_no_partition_passes_by_a_denial(partition: str) -> None:
    """Operations mean their own partition whatever an ARN says, so that is what policies are asked about."""
    arn = f"arn:{partition}:lambda:us-east-1:111111111111:function:f"
    layer = f"arn:{partition}:lambda:us-east-1:111111111111:layer:l:1"
    for operation, given, expected in (
        ("ListTags", ListTagsRequest(resource=arn), _ARN),
        ("GetResourcePolicy", GetResourcePolicyRequest(resource_arn=arn), _ARN),
        ("GetLayerVersionByArn", GetLayerVersionByArnRequest(arn=layer), _ARN.replace("function:f", "layer:l:1")),
    ):
        resource = PERMISSIONS[operation][0].resource
        assert resource is not None
        assert resource.arn(context(), given) == expected
