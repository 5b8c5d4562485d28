"""What S3 says of policies that it does not take, text by text: people search for these sentences."""

import contextlib
import json
from typing import Any, Final

import pytest

from pileus.services.s3.bucket_errors import MalformedPolicy
from pileus.services.s3.settings.policies import POLICY_BYTES_MAX, check_bucket_policy
from pileus.services.s3.settings.policy_actions import kinds_of

_STATEMENT: Final[dict[str, Any]] = {
    "Sid": "one",
    "Effect": "Allow",
    "Principal": {"AWS": "111111111111"},
    "Action": ["s3:GetObject", "s3:ListBucket"],
    "Resource": ["arn:aws:s3:::mine", "arn:aws:s3:::mine/*"],
}


def _policy(*statements: Any, **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **more})


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"Principal": "*"},
        {"Principal": {"AWS": ["arn:aws:iam::111111111111:role/a/b", "AROAEXAMPLEID12345678"]}},
        {"Principal": {"Service": "cloudfront.amazonaws.com"}},
        {"Principal": {"CanonicalUser": "a" * 64}},
        {"Action": "s3:*"},
        {"Action": "*"},
        {"Action": "S3:getobject"},
        {"Action": "s3:SomethingNewerThanUs"},
        {"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::mine"},
        {"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::mine*"},
        {"Condition": {"Bool": {"aws:SecureTransport": "false"}}, "Effect": "Deny"},
    ],
)
def test_policies_that_are_taken(changed: dict[str, Any]) -> None:
    """What AWS's documentation writes into policies is none of the mistakes that are looked for."""
    check_bucket_policy(_policy({**_STATEMENT, **changed}, Id="x"), "mine")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"Effect": "allow"}, "Invalid effect: allow"),
        ({"Principal": {"AWS": "nobody"}}, "Invalid principal in policy"),
        ({"Principal": {"Nobody": "x"}}, "Invalid principal in policy"),
        ({"Principal": "me"}, "Invalid principal in policy"),
        ({"Action": "sqs:SendMessage"}, "Policy has invalid action"),
        ({"Action": "GetObject"}, "Policy has invalid action"),
        ({"Resource": "arn:aws:s3:::other/*"}, "Policy has invalid resource"),
        ({"Resource": "arn:aws:s3:::*"}, "Policy has invalid resource"),
        ({"Resource": "arn:aws:s3:::mine-too/*"}, "Policy has invalid resource"),
        ({"Resource": "mine/*"}, "Policy has invalid resource"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::mine"}, "Action does not apply to any resource(s)"),
        ({"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::mine/*"}, "Action does not apply to any resource(s)"),
        ({"Actions": "s3:*"}, "Unknown field Actions"),
    ],
)
def test_statements_that_are_refused(changed: dict[str, Any], told: str) -> None:
    """Each mistake in a statement is told in S3's words, which tools show to their users."""
    with pytest.raises(MalformedPolicy) as refused:
        check_bucket_policy(_policy({**_STATEMENT, **changed}), "mine")
    assert refused.value.message.startswith(told)


@pytest.mark.parametrize("field", ["Effect", "Principal", "Action", "Resource"])
def test_fields_that_are_required(field: str) -> None:
    """Of a field that is missing S3 tells the name."""
    left = {name: value for name, value in _STATEMENT.items() if name != field}
    with pytest.raises(MalformedPolicy) as refused:
        check_bucket_policy(_policy(left), "mine")
    assert refused.value.message == f"Missing required field {field}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Policies must be valid JSON and the first byte must be '{'"),
        ("[]", "Policies must be valid JSON and the first byte must be '{'"),
        ("{", "Policies must be valid JSON and the first byte must be '{'"),
        ('{"a":' * 2_000, "Policies must be valid JSON and the first byte must be '{'"),
        ("{}", "Missing required field Statement"),
        ('{"Statement": []}', "Could not parse the policy: Statement is empty!"),
        ('{"Statement": [1]}', "Invalid policy syntax."),
        ('{"Version": "2013-10-17", "Statement": []}', "The policy must contain a valid version string"),
        ('{"Version": [], "Statement": []}', "The policy must contain a valid version string"),
        ('{"Nothing": 1}', "Unknown field Nothing"),
        ("{" + " " * POLICY_BYTES_MAX, "Policy exceeds the maximum allowed document size."),
    ],
)
def test_documents_that_are_refused(text: str, told: str) -> None:
    """What is no policy at all is refused before its statements are looked at."""
    with pytest.raises(MalformedPolicy) as refused:
        check_bucket_policy(text, "mine")
    assert refused.value.message == told


@pytest.mark.parametrize("field", ["Effect", "Principal", "Action", "Resource", "NotAction", "Condition"])
@pytest.mark.parametrize("value", [None, 1, [], {}, [1], {"AWS": 1}, {"AWS": []}, [[]], True])
def test_values_of_any_kind_are_refused_or_taken(field: str, value: Any) -> None:
    """Nothing that a caller sends is our mistake."""
    statement = {**_STATEMENT, field: value}
    with contextlib.suppress(MalformedPolicy):
        check_bucket_policy(_policy(statement), "mine")


@pytest.mark.parametrize(
    ("action", "kinds"),
    [
        ("GetObject", {"object"}),
        ("getobject*", {"object"}),
        ("ListBucket", {"bucket"}),
        ("List*", {"bucket", "object"}),
        ("*", {"bucket", "object"}),
        ("Get?ucketPolicy", {"bucket"}),
        ("NobodyKnows", {"bucket", "object"}),
    ],
)
def test_what_actions_apply_to(action: str, kinds: set[str]) -> None:
    """An action must fit its resource, so each is known as one of buckets, of objects, or of both."""
    assert kinds_of(action) == kinds
