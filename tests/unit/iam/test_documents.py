"""Which texts are policies?"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.services.iam.documents import check_identity_policy, check_trust_policy, counted_chars
from pileus.services.iam.errors import MalformedPolicyDocument

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
IDENTITY = {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": "*"}


def document(*statements: object, **more: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **more})


@pytest.mark.parametrize(
    "text",
    [
        document(TRUST),
        json.dumps({"Statement": TRUST}),
        document(TRUST, Id="x"),
        document({**TRUST, "Principal": "*"}),
        document({**TRUST, "Principal": {"AWS": ["111111111111", "arn:aws:iam::111111111111:root", "*"]}}),
        document({**TRUST, "Principal": {"Federated": "accounts.google.com"}}),
        document({**TRUST, "Principal": {"Federated": "arn:aws:iam::111111111111:oidc-provider/localhost:8080/r"}}),
        document({**TRUST, "Condition": {"StringEquals": {"sts:ExternalId": ["1", 2, True]}}}),
        document({**TRUST, "Action": ["sts:AssumeRole", "STS:TagSession"]}),
    ],
)
def test_trust_policies(text: str) -> None:
    """What AWS accepts."""
    check_trust_policy(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        json.dumps({}),
        document(),
        document("x"),
        document(TRUST, Version="2013-10-17"),
        document(TRUST, Version=["2012-10-17"]),
        document(TRUST, Unknown=1),
        document({**TRUST, "Effect": "allow"}),
        document({**TRUST, "Unknown": 1}),
        document({**TRUST, "Resource": "*"}),
        document({**TRUST, "Action": "s3:GetObject"}),
        document({**TRUST, "Action": []}),
        document({**TRUST, "Action": {}}),
        document({**TRUST, "Sid": 1}),
        document({**TRUST, "Sid": "a"}, {**TRUST, "Sid": "a"}),
        document({**TRUST, "Principal": {}}),
        document({**TRUST, "Principal": "ada"}),
        document({**TRUST, "Principal": {"AWS": "not a principal"}}),
        document({**TRUST, "Principal": {"Federated": "https://accounts.google.com"}}),
        document({**TRUST, "Principal": {"Federated": "arn:aws:iam::111111111111:role/r"}}),
        document({**TRUST, "Principal": {"Federated": ""}}),
        document({**TRUST, "Principal": {"Somebody": "x"}}),
        document({**TRUST, "Condition": []}),
        document({**TRUST, "Condition": {"StringEquals": "x"}}),
        document({**TRUST, "Condition": {"StringEquals": {"a": {}}}}),
        document({"Effect": "Allow", "Action": "sts:AssumeRole"}),
        document({"Effect": "Allow", "Principal": "*"}),
        document(IDENTITY),
    ],
)
def test_no_trust_policies(text: str) -> None:
    """Each with one thing wrong; deep nesting is refused, not a crash."""
    with pytest.raises(MalformedPolicyDocument):
        check_trust_policy(text)


def test_identity_policies() -> None:
    """The other kind: resources, and no principal."""
    check_identity_policy(document(IDENTITY))
    check_identity_policy(document({**IDENTITY, "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}))
    check_identity_policy(document({"Effect": "Deny", "NotAction": "iam:*", "NotResource": "arn:aws:iam::1:user/x"}))
    for wrong in (
        {**IDENTITY, "Principal": "*"},
        {**IDENTITY, "Resource": "table"},
        {**IDENTITY, "NotResource": "*"},
        {**IDENTITY, "Action": "GetItem"},
        {**IDENTITY, "NotAction": "x:y"},
        {"Effect": "Allow", "Action": "*"},
        TRUST,
    ):
        with pytest.raises(MalformedPolicyDocument):
            check_identity_policy(document(wrong))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Statement", "Effect", "Action", "Principal", "Condition", "AWS"]), inner)
    ),
    max_leaves=20,
)


@given(_JSON, _JSON)
def test_any_json_is_a_policy_or_refused(whole: object, statement: object) -> None:
    """No other exception, whatever stands where."""
    for text in (json.dumps(whole), document(statement)):
        for check in (check_trust_policy, check_identity_policy):
            try:
                check(text)
            except MalformedPolicyDocument:
                continue


def test_white_space_is_not_counted() -> None:
    """Quotas are of the characters that matter (IAM User Guide, "IAM and AWS STS quotas")."""
    assert counted_chars('{ "a" :\n\t1 }') == len('{"a":1}')
