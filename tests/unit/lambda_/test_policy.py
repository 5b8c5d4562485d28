"""Who may invoke a function: a truth table of statements and callers."""

from typing import Any

import msgspec
import pytest

from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.errors import ServiceError
from pileus.services.lambda_.model import StatementRecord
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.policy import check_length, service_denial, statement_document, statement_of
from pileus.services.lambda_.shapes import (
    AddPermissionRequest,
    DeleteResourcePolicyRequest,
    GetPolicyRequest,
    GetResourcePolicyRequest,
    PutResourcePolicyRequest,
)
from tests.unit.lambda_.conftest import Lambda, context

_GATEWAY = "apigateway.amazonaws.com"
_SOURCE = "arn:aws:execute-api:us-east-1:111111111111:abc/$default/GET/notes"
_FUNCTION = FunctionName(partition="aws", region="us-east-1", account_id="111111111111", name="f")


def statement(**members: Any) -> StatementRecord:
    given: dict[str, Any] = {"sid": "s", "action": "lambda:InvokeFunction", "principal": _GATEWAY}
    return StatementRecord(**(given | members))


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([], False),
        ([statement()], True),
        ([statement(principal="*")], True),
        ([statement(action="lambda:*")], True),
        ([statement(action="*")], True),
        ([statement(action="lambda:InvokeFunctionUrl")], False),
        ([statement(principal="s3.amazonaws.com")], False),
        ([statement(principal="111111111111")], False),  # a service is nobody's account
        ([statement(source_arn="arn:aws:execute-api:us-east-1:111111111111:abc/*")], True),
        ([statement(source_arn="arn:aws:execute-api:*:*:abc/*/GET/note?")], True),
        ([statement(source_arn="arn:aws:execute-api:us-east-1:111111111111:other/*")], False),
        ([statement(source_arn=_SOURCE + "/more")], False),
        ([statement(source_account="111111111111")], True),
        ([statement(source_account="222222222222")], False),
        ([statement(source_account="111111111111", source_arn="arn:aws:s3:::bucket")], False),
        ([statement(principal_org_id="o-1234567890")], False),
        ([statement(event_source_token="t")], False),
        ([statement(principal="sns.amazonaws.com"), statement(sid="t")], True),
    ],
)
def test_who_is_let_in(statements: list[StatementRecord], allowed: bool) -> None:
    """Deny by default; a condition whose key the caller does not carry does not hold."""
    call = ServiceCall(service=_GATEWAY, source_arn=_SOURCE)
    denial = service_denial(statements, _FUNCTION, call, action="lambda:InvokeFunction", now_s=0)
    assert (denial is None) is allowed


def test_whose_a_bucket_is() -> None:
    """A bucket's ARN names no account, so S3 says whose it is; otherwise AWS:SourceAccount could never hold."""
    tried = [statement(principal="s3.amazonaws.com", source_account="111111111111", source_arn="arn:aws:s3:::b")]
    for account, allowed in (("111111111111", True), ("222222222222", False), ("", False)):
        call = ServiceCall(service="s3.amazonaws.com", source_arn="arn:aws:s3:::b", source_account=account)
        denial = service_denial(tried, _FUNCTION, call, action="lambda:InvokeFunction", now_s=0)
        assert (denial is None) is allowed


def test_no_pattern_takes_for_ever() -> None:
    """Many stars against a text that nearly matches must not explode: this would not end in a lifetime."""
    call = ServiceCall(service=_GATEWAY, source_arn="arn:aws:x:::" + "a" * 5_000)
    tried = [statement(source_arn="arn:aws:x:::" + "*a" * 200 + "b")]
    assert service_denial(tried, _FUNCTION, call, action="lambda:InvokeFunction", now_s=0) is not None


def request(principal: str, **members: Any) -> AddPermissionRequest:
    return AddPermissionRequest(
        function_name="f", statement_id="s", action="lambda:InvokeFunction", principal=principal, **members
    )


@pytest.mark.parametrize(
    ("principal", "printed"),
    [
        ("*", "*"),
        ("s3.amazonaws.com", {"Service": "s3.amazonaws.com"}),
        ("alexa-appkit.amazon.com", {"Service": "alexa-appkit.amazon.com"}),
        ("111111111111", {"AWS": "arn:aws:iam::111111111111:root"}),
        ("arn:aws:iam::111111111111:user/u", {"AWS": "arn:aws:iam::111111111111:user/u"}),
    ],
)
def test_principals_as_aws_prints_them(principal: str, printed: object) -> None:
    """Recording lambda_api, test_add_lambda_permission_fields."""
    assert statement_document(statement_of(request(principal)), _FUNCTION.arn)["Principal"] == printed


@pytest.mark.parametrize("principal", ["invalid.nonaws.com", "bob", "12345", "arn:aws:s3:::bucket"])
def test_nobody_can_be_such_a_principal(principal: str) -> None:
    """Recording lambda_api, test_permission_exceptions."""
    with pytest.raises(ServiceError) as caught:
        statement_of(request(principal))
    assert caught.value.error_code == "InvalidParameterValueException"


def test_conditions_as_aws_prints_them() -> None:
    """Terraform compares them; recording lambda_api, test_add_lambda_permission_fields."""
    given = request("*", source_arn="arn:aws:s3:::b", source_account="111111111111", principal_org_id="o-1234567890")
    text = msgspec.json.encode(statement_document(statement_of(given), _FUNCTION.arn)).decode()
    assert text == (
        '{"Sid":"s","Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction",'
        '"Resource":"arn:aws:lambda:us-east-1:111111111111:function:f","Condition":{"StringEquals":'
        '{"AWS:SourceAccount":"111111111111","aws:PrincipalOrgID":"o-1234567890"},'
        '"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"}}}'
    )


def test_a_policy_has_an_end() -> None:
    """20 KB; one statement too many is refused."""
    many = [statement(sid=f"s{n}") for n in range(130)]
    with pytest.raises(ServiceError) as caught:
        check_length(many, _FUNCTION.arn)
    assert caught.value.error_code == "PolicyLengthExceededException"
    check_length(many[:100], _FUNCTION.arn)


async def test_policies_given_as_a_whole(functions: Lambda) -> None:
    """PutResourcePolicy replaces what AddPermission made; both are shown by both, and services are let in by both."""
    await functions.create()
    api = functions.api
    await api.add_permission(
        context(), AddPermissionRequest(function_name="f", statement_id="a", action="lambda:*", principal="*")
    )
    statement = {
        "Sid": "b",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": _FUNCTION.arn,
        "Condition": {"StringLike": {"aws:SourceArn": "arn:aws:sns:*"}},
    }
    text = msgspec.json.encode({"Version": "2012-10-17", "Statement": [statement]}).decode()
    put = PutResourcePolicyRequest(resource_arn=_FUNCTION.arn, policy=text)
    answered = await api.put_resource_policy(context(), put)
    assert answered.policy is not None
    assert msgspec.json.decode(answered.policy)["Statement"] == [statement]
    found = await api.get_policy(context(), GetPolicyRequest(function_name="f"))
    assert (found.policy, found.revision_id) == (answered.policy, answered.revision_id)
    got = await api.get_resource_policy(context(), GetResourcePolicyRequest(resource_arn=_FUNCTION.arn))
    assert (got.policy, got.revision_id) == (answered.policy, answered.revision_id)
    called = await api.invoker.invoke(
        function_arn=_FUNCTION.arn, payload=b"{}", service_principal="sns.amazonaws.com", source_arn="arn:aws:sns:a"
    )
    assert called.function_error is None
    with pytest.raises(ServiceError, match="not authorized"):
        await api.invoker.invoke(
            function_arn=_FUNCTION.arn, payload=b"{}", service_principal="s3.amazonaws.com", source_arn="arn:aws:s3:::b"
        )

    stale = PutResourcePolicyRequest(resource_arn=_FUNCTION.arn, policy=text, revision_id="0" * 36)
    with pytest.raises(ServiceError, match="does not match the latest Revision Id"):
        await api.put_resource_policy(context(), stale)
    for wrong in ("{", '{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}', "[]"):
        with pytest.raises(ServiceError) as caught:
            await api.put_resource_policy(context(), PutResourcePolicyRequest(resource_arn=_FUNCTION.arn, policy=wrong))
        assert caught.value.error_code == "InvalidParameterValueException"
    await api.delete_resource_policy(context(), DeleteResourcePolicyRequest(resource_arn=_FUNCTION.arn))
    with pytest.raises(ServiceError, match="The resource you requested does not exist"):
        await api.get_resource_policy(context(), GetResourcePolicyRequest(resource_arn=_FUNCTION.arn))
