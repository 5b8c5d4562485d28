"""Does a document pass where AWS takes it, and is it refused in AWS's words where AWS does not?"""

import json
from typing import Final

import pytest

from pileus.kernel.auth.policy import PolicyKind, PolicySyntax, check_policy, compile_policy

_SYNTAX: Final = "Syntax errors in policy."
_LEGACY: Final = "The policy failed legacy parsing"
_VERSION: Final = "Policy document must be version 2012-10-17 or greater."
_VENDOR: Final = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
_ACTIONS: Final = "Policy statement must contain actions."
_RESOURCES: Final = "Policy statement must contain resources."
_UNIQUE: Final = "Statement IDs (SID) in a single policy must be unique."
_ALLOW: Final = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket"}
_TRUST: Final = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}


def _with(**elements: object) -> object:
    """A policy of one good statement, but for these elements; None takes one away."""
    statement = {key: value for key, value in (_ALLOW | elements).items() if value is not None}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _trusting(**elements: object) -> object:
    statement = {key: value for key, value in (_TRUST | elements).items() if value is not None}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _condition(operator: str, value: object) -> object:
    return _with(Condition={operator: {"aws:CurrentTime": value}})


@pytest.mark.parametrize(
    "document",
    [
        _with(),
        {"Version": "2012-10-17", "Statement": _ALLOW},
        {"Version": "2012-10-17", "Id": "a name", "Statement": [_ALLOW]},
        _with(Sid=""),
        _with(Sid="Statement1"),
        _with(Action="*", Resource="*"),
        _with(Action=["s3:*", "dynamodb:Get*"], Resource=["*", "arn:aws:s3:::a/*"]),
        _with(Action=None, NotAction="iam:*"),
        _with(Resource=None, NotResource="arn:aws:s3:::a"),
        _with(Condition={}),
        _with(Condition={"StringEquals": {}}),
        _with(Condition={"Unknown": {}}),
        _with(Condition={"StringLike": {"s3:prefix": ["a", "b"]}}),
        _with(Condition={"NumericLessThan": {"s3:max-keys": 10}}),
        _with(Condition={"Bool": {"aws:SecureTransport": True}}),
        _with(Condition={"ForAllValues:StringLikeIfExists": {"aws:TagKeys": "a*"}}),
        _with(Condition={"Null": {"aws:TokenIssueTime": "true"}}),
        _condition("DateGreaterThan", "2017-07-01T00:00:00Z"),
        _condition("DateGreaterThan", "2017-07"),
        _condition("DateGreaterThan", "1498867200"),
        _with(Resource="arn:aws:s3:::bucket/${aws:username}/*"),
        _with(Resource="arn:aws:iam::123456789012:role/*"),
        _with(Resource="arn:*:s3:::bucket"),
        _with(Resource="arn:aws:iam::123456789012:*"),
    ],
    ids=json.dumps,
)
def test_identity_policies_that_pass(document: object) -> None:
    """What the grammar allows is taken."""
    check_policy(json.dumps(document), kind="identity")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], _SYNTAX),
        ("policy", _SYNTAX),
        ({}, _SYNTAX),
        ({"Version": "2012-10-17"}, _SYNTAX),
        ({"Version": "2012-10-17", "Statement": []}, _SYNTAX),
        ({"Version": "2012-10-17", "Statement": ["Allow"]}, _SYNTAX),
        ({"Version": "2012-10-18", "Statement": [_ALLOW]}, _SYNTAX),
        ({"Version": 2012, "Statement": [_ALLOW]}, _SYNTAX),
        ({"Version": "2012-10-17", "Statement": [_ALLOW], "Extra": 1}, _SYNTAX),
        ({"Version": "2012-10-17", "Id": 1, "Statement": [_ALLOW]}, _SYNTAX),
        ({"Version": "2008-10-17", "Statement": [_ALLOW]}, _VERSION),
        ({"Statement": [_ALLOW]}, _VERSION),
        (_with(Effect=None), _SYNTAX),
        (_with(Effect="Perhaps"), _SYNTAX),
        (_with(Effect="allow"), _LEGACY),
        (_with(Extra="x"), _SYNTAX),
        (_with(Sid=1), _SYNTAX),
        (
            _with(Sid="with-hyphen"),
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
            "[0-9A-Za-z]*",
        ),
        ({"Version": "2012-10-17", "Statement": [_ALLOW | {"Sid": "A"}, _ALLOW | {"Sid": "A"}]}, _UNIQUE),
        (_with(Action=None), _ACTIONS),
        (_with(Action=[]), _ACTIONS),
        (_with(Action=5), _SYNTAX),
        (_with(NotAction="iam:*"), _SYNTAX),
        (_with(Action="ListBucket"), _VENDOR),
        (_with(Action=""), _VENDOR),
        (_with(Action="s3:List:Bucket"), "Actions/Condition can contain only one colon."),
        (_with(Action="s 3:ListBucket"), "Vendor s 3 is not valid"),
        (_with(Resource=None), _RESOURCES),
        (_with(Resource=[]), _RESOURCES),
        (_with(Resource={"a": "b"}), _SYNTAX),
        (_with(NotResource="*"), _SYNTAX),
        (_with(Resource="bucket"), 'Resource bucket must be in ARN format or "*".'),
        (_with(Resource=["*", "bucket"]), 'Resource bucket must be in ARN format or "*".'),
        (_with(Resource="arn:foo:s3:::b"), 'Partition "foo" is not valid for resource "arn:foo:s3:::b".'),
        (_with(Resource="arn:aws"), "Resource vendor must be fully qualified and cannot contain regexes."),
        (
            _with(Resource="arn:aws:iam:us-east-1:1:user/a"),
            "IAM resource arn:aws:iam:us-east-1:1:user/a cannot contain region information.",
        ),
        (
            _with(Resource="arn:aws:s3:us-east-1::bucket"),
            "Resource arn:aws:s3:us-east-1::bucket can not contain region information.",
        ),
        (_with(Principal="*"), "Policy document should not specify a principal."),
        (_with(Condition="x"), _SYNTAX),
        (_with(Condition={"StringEquals": "x"}), _SYNTAX),
        (_with(Condition={"Unknown": {"aws:username": "x"}}), _SYNTAX),
        (_with(Condition={"NullIfExists": {"aws:username": "true"}}), _SYNTAX),
        (_with(Condition={"StringEquals": {"aws:username": {"a": 1}}}), _SYNTAX),
        (_with(Condition={"StringEquals": {"aws:username": None}}), _SYNTAX),
        (_condition("DateGreaterThan", "tomorrow"), _LEGACY),
        (_condition("DateLessThanIfExists", ["2017-07-01", "2017-13-01"]), _LEGACY),
    ],
    ids=json.dumps,
)
def test_identity_policies_that_do_not_pass(document: object, reason: str) -> None:
    """The reason is in AWS's words, because SDKs' users search for them."""
    with pytest.raises(PolicySyntax) as refused:
        check_policy(json.dumps(document), kind="identity")
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "document",
    [
        _trusting(),
        _trusting(Action=["sts:AssumeRole", "sts:TagSession"]),
        _trusting(Principal="*"),
        _trusting(Principal={"AWS": ["123456789012", "arn:aws:iam::123456789012:user/a", "AIDAEXAMPLE"]}),
        _trusting(Principal={"Federated": "cognito-identity.amazonaws.com"}, Action="sts:AssumeRoleWithWebIdentity"),
        {"Version": "2008-10-17", "Statement": [_TRUST | {"Sid": "with-hyphen"}]},
        {"Statement": _TRUST},
    ],
    ids=json.dumps,
)
def test_trust_policies_that_pass(document: object) -> None:
    """A trust policy may be of the older version, which consoles wrote for years."""
    check_policy(json.dumps(document), kind="trust")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (_trusting(Resource="*"), "Has prohibited field Resource"),
        (_trusting(NotResource="*"), "Has prohibited field Resource"),
        (_trusting(Principal=None), "Missing required field Principal"),
        (_trusting(Principal={}), _SYNTAX),
        (_trusting(Principal={"Somebody": "x"}), _SYNTAX),
        (_trusting(Action="s3:GetObject"), "AssumeRole policy may only specify STS AssumeRole actions."),
        (_trusting(Action=None), _ACTIONS),
        (_trusting(Principal={"AWS": "not/me"}), 'Invalid principal in policy: "AWS":"not/me"'),
        (
            _trusting(Principal={"AWS": "arn:aws:iam::123456789012:user/*"}),
            'Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:user/*"',
        ),
    ],
    ids=json.dumps,
)
def test_trust_policies_that_do_not_pass(document: object, reason: str) -> None:
    """A role's policy says whom, and nothing of resources."""
    with pytest.raises(PolicySyntax) as refused:
        check_policy(json.dumps(document), kind="trust")
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("identity", _SYNTAX),
        ("boundary", _SYNTAX),
        ("trust", "This policy contains invalid Json"),
        ("session", "This policy contains invalid Json"),
    ],
)
@pytest.mark.parametrize("text", ["", "{", "{]", '{"Version": NaN}', "[" * 100_000, '{"a": "\\ud800'])
def test_what_is_no_json(kind: PolicyKind, reason: str, text: str) -> None:
    """Operations that take a role's or a session's policy say it in other words than the rest of IAM."""
    with pytest.raises(PolicySyntax) as refused:
        check_policy(text, kind=kind)
    assert refused.value.reason == reason


def test_an_element_twice() -> None:
    """Of two Effects the last would win silently; the grammar forbids it instead."""
    twice = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}'
    with pytest.raises(PolicySyntax):
        check_policy(twice, kind="identity")


def test_a_session_policy_and_a_resource_policy() -> None:
    """Both may be of the older version; one must not and the other may name principals."""
    old = {"Version": "2008-10-17", "Statement": [_ALLOW]}
    check_policy(json.dumps(old), kind="session")
    check_policy(json.dumps({"Statement": [_ALLOW | {"Principal": "*", "Sid": "with space"}]}), kind="resource")


def test_one_text_is_compiled_once() -> None:
    """Policies are read from the store at each request; to compile them each time would cost more than to decide."""
    text = json.dumps(_with())
    assert compile_policy(text) is compile_policy(text[:1] + text[1:])
