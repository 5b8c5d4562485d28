"""Whom does a trust policy let in?"""

import msgspec
import pytest

from pileus.kernel.context import Principal
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.sts.trust import Caller, trusts

ACCOUNT = "111111111111"
ROOT = Principal(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:root", user_id=ACCOUNT)
ADA = Principal(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/team/ada", user_id="AIDAADA")
SESSION = Principal(account_id=ACCOUNT, arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me", user_id="AROAREADER:me")


def policy(*statements: dict[str, object]) -> str:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return msgspec.json.encode(document).decode()


def allow(principal: object, action: object = "sts:AssumeRole", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


def let_in(document: str, principal: Principal, context: dict[str, str | None] | None = None) -> bool:
    return trusts(document, action="sts:AssumeRole", caller=Caller(principal=principal, context=context or {}))


@pytest.mark.parametrize(
    ("principal", "who"),
    [
        ("*", {ROOT, ADA, SESSION}),
        ({"AWS": "*"}, {ROOT, ADA, SESSION}),
        ({"AWS": ACCOUNT}, {ROOT, ADA, SESSION}),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {ROOT, ADA, SESSION}),
        ({"AWS": ["222222222222", f"arn:aws:iam::{ACCOUNT}:root"]}, {ROOT, ADA, SESSION}),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/team/ada"}, {ADA}),
        ({"AWS": "AIDAADA"}, {ADA}),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/ada"}, set()),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/reader"}, {SESSION}),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/path/reader"}, {SESSION}),
        ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me"}, {SESSION}),
        ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/you"}, set()),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/"}, set()),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/readers"}, set()),
        ({"AWS": "222222222222"}, set()),
        ({"AWS": "arn:aws:iam::222222222222:root"}, set()),
        ({"Service": "lambda.amazonaws.com"}, set()),
        ({"Service": "*"}, set()),
        ({}, set()),
    ],
)
def test_who_is_named(principal: object, who: set[Principal]) -> None:
    """Every form that `Principal` may take (IAM User Guide, "Principal")."""
    assert {one for one in (ROOT, ADA, SESSION) if let_in(policy(allow(principal)), one)} == who


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("sts:AssumeRole", True),
        ("STS:assumerole", True),
        ("sts:*", True),
        ("sts:Assume????", True),
        (["sts:TagSession", "sts:AssumeRole"], True),
        ("sts:TagSession", False),
        ("sts:AssumeRoleWithSAML", False),
        ("sts:Assume.*", False),
        ([], False),
    ],
)
def test_actions(action: object, allowed: bool) -> None:
    """Names are compared in any case, with wildcards."""
    assert let_in(policy(allow("*", action)), ADA) is allowed


def test_not_action_is_everything_else() -> None:
    for excepted, allowed in (("sts:TagSession", True), ("sts:Assume*", False)):
        document = policy({"Effect": "Allow", "Principal": "*", "NotAction": excepted})
        assert let_in(document, ADA) is allowed


def test_one_deny_outweighs_every_allow() -> None:
    """Wherever it stands."""
    deny: dict[str, object] = {"Effect": "Deny", "Principal": {"AWS": "AIDAADA"}, "Action": "sts:*"}
    for document in (policy(allow("*"), deny), policy(deny, allow("*"))):
        assert not let_in(document, ADA)
        assert let_in(document, ROOT)


def test_one_statement_needs_no_list() -> None:
    document = msgspec.json.encode({"Statement": allow("*")}).decode()
    assert let_in(document, ADA)


def test_services_are_let_in_by_name_only() -> None:
    """`*` means AWS principals."""
    lambda_service = Caller(service="lambda.amazonaws.com")
    for principal, trusted in (
        ({"Service": "lambda.amazonaws.com"}, True),
        ({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}, True),
        ({"Service": "ec2.amazonaws.com"}, False),
        ({"AWS": "*"}, False),
        ("*", False),
    ):
        assert trusts(policy(allow(principal)), action="sts:AssumeRole", caller=lambda_service) is trusted


@pytest.mark.parametrize(
    ("condition", "context", "allowed"),
    [
        ({"StringEquals": {"sts:ExternalId": "42"}}, {"sts:externalid": "42"}, True),
        ({"StringEquals": {"sts:ExternalId": "42"}}, {"sts:externalid": "43"}, False),
        ({"StringEquals": {"sts:ExternalId": "42"}}, {"sts:externalid": None}, False),
        ({"StringEquals": {"sts:ExternalId": ["41", "42"]}}, {"sts:externalid": "42"}, True),
        ({"StringEquals": {"sts:ExternalId": 42}}, {"sts:externalid": "42"}, True),
        ({"StringNotEquals": {"sts:ExternalId": ["41", "42"]}}, {"sts:externalid": "42"}, False),
        ({"StringNotEquals": {"sts:ExternalId": "42"}}, {"sts:externalid": None}, True),
        ({"StringLike": {"sts:ExternalId": "4*"}}, {"sts:externalid": "42"}, True),
        ({"StringLike": {"sts:ExternalId": "[4]*"}}, {"sts:externalid": "42"}, False),
        ({"StringEquals": {"sts:ExternalId": "4*"}}, {"sts:externalid": "42"}, False),
        ({"StringEqualsIgnoreCase": {"STS:externalID": "A"}}, {"sts:externalid": "a"}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}, {"aws:principalarn": ADA.arn}, True),
        (
            {"StringEquals": {"sts:ExternalId": "42"}, "ArnLike": {"aws:PrincipalArn": "arn:x"}},
            {"sts:externalid": "42", "aws:principalarn": ADA.arn},
            False,
        ),
    ],
)
def test_conditions(condition: object, context: dict[str, str | None], allowed: bool) -> None:
    """All operators and all keys must hold; one value of a list is enough."""
    assert let_in(policy(allow("*", Condition=condition)), ADA, context) is allowed


@pytest.mark.parametrize(
    "statement",
    [
        allow("*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        allow("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
        {"Effect": "Allow", "NotPrincipal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
    ],
)
def test_what_is_not_understood_is_said_so(statement: dict[str, object]) -> None:
    """Neither let in nor kept out by guess; and not asked when the statement does not concern the caller anyway."""
    with pytest.raises(NotImplementedByPileus):
        let_in(policy(statement), ADA)
    other = {**statement, "Action": "sts:TagSession"}
    assert not let_in(policy(other), ADA)
