"""Does a decision say why: the policy, the statement, what was missing, and the sentence for whoever may not?"""

from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from pileus.kernel.auth.policy import NamedPolicy, PolicySet, context_keys, decide, denial_message
from tests.unit.policy.asking import ACTION, ALLOW_ALL, RESOURCE, USER, document, policy, query, statements_saying

_WHO: Final = f"User: {USER} is not authorized to perform: {ACTION} on resource: {RESOURCE} "


def _saying(effect: str) -> NamedPolicy:
    return policy(*statements_saying(effect))


@pytest.mark.parametrize(
    ("policies", "because"),
    [
        (PolicySet(), "because no identity-based policy allows the s3:GetObject action"),
        (PolicySet(identity=[_saying("deny")]), "with an explicit deny in an identity-based policy"),
        (
            PolicySet(identity=[_saying("allow")], boundary=_saying("silent")),
            "because no permissions boundary allows the s3:GetObject action",
        ),
        (
            PolicySet(identity=[_saying("allow")], boundary=_saying("deny")),
            "with an explicit deny in a permissions boundary",
        ),
        (
            PolicySet(identity=[_saying("allow")], session=[_saying("silent")]),
            "because no session policy allows the s3:GetObject action",
        ),
        (
            PolicySet(identity=[_saying("allow")], session=[_saying("deny")]),
            "with an explicit deny in a session policy",
        ),
        (
            PolicySet(identity=[_saying("allow")], scps=[[_saying("silent")]]),
            "because no service control policy allows the s3:GetObject action",
        ),
        (
            PolicySet(identity=[_saying("allow")], scps=[[_saying("both")]]),
            "with an explicit deny in a service control policy",
        ),
        (
            PolicySet(identity=[_saying("allow")], resource=policy({**statements_saying("deny")[0], "Principal": "*"})),
            "with an explicit deny in a resource-based policy",
        ),
    ],
)
def test_denial_messages(policies: PolicySet, because: str) -> None:
    """People read and search these sentences ("Troubleshoot access denied error messages")."""
    asked = query("user")
    assert denial_message(asked, decide(asked, policies)) == _WHO + because


def test_denial_of_another_account_and_of_nobody() -> None:
    """A cross-account request that the resource's side refuses says so; somebody without a name is anonymous."""
    asked = query("user", owner="999999999999")
    decision = decide(asked, PolicySet(identity=[_saying("allow")]))
    assert denial_message(asked, decision) == (f"{_WHO}because no resource-based policy allows the s3:GetObject action")
    asked = query("anonymous")
    assert denial_message(asked, decide(asked, PolicySet())).startswith("User: anonymous is not authorized to perform:")


def test_the_statement_that_decided() -> None:
    """`pileus explain` and the simulator name the policy, and the statement by its Sid or its place, from 1."""
    named = NamedPolicy(
        "arn:aws:iam::aws:policy/Mixed",
        policy(
            {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"},
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            {"Sid": "NoSecrets", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::secrets/*"},
        ).policy,
        "managed",
    )
    allowed = decide(query("user"), PolicySet(identity=[named]))
    assert (allowed.allowed, allowed.policy, allowed.statement) == (True, "arn:aws:iam::aws:policy/Mixed", "2")
    denied = decide(query("user", resource="arn:aws:s3:::secrets/a"), PolicySet(identity=[named]))
    assert (denied.explicit_deny, denied.policy, denied.statement) == (
        True,
        "arn:aws:iam::aws:policy/Mixed",
        "NoSecrets",
    )
    absent = decide(query("user", action="ec2:RunInstances"), PolicySet(identity=[named]))
    assert (absent.allowed, absent.explicit_deny, absent.policy, absent.statement) == (False, False, None, None)


def test_missing_context() -> None:
    """The simulator asks for what the policies would have needed to know, and for nothing else."""
    conditional = policy(
        dict(ALLOW_ALL)
        | {"Condition": {"StringEquals": {"aws:PrincipalTag/Team": "red"}, "Bool": {"aws:MFA": "true"}}},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:username}/*"},
        {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Condition": {"Bool": {"aws:Other": "true"}}},
    )
    decision = decide(query("user", conditions={"aws:mfa": "true"}), PolicySet(identity=[conditional]))
    assert not decision.allowed
    assert decision.missing_context == ("aws:principaltag/team", "aws:username")


def test_context_keys_of_a_document() -> None:
    """GetContextKeysForCustomPolicy lists keys of conditions and variables as they are spelled, defaults included."""
    text = document(
        {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "arn:aws:s3:::b/${aws:username}/${*}/${aws:PrincipalTag/team, 'none'}",
            "Condition": {"StringLike": {"s3:prefix": "${aws:userid}/*"}, "Bool": {"aws:SecureTransport": True}},
        }
    )
    assert context_keys(text) == (
        "aws:PrincipalTag/team",
        "aws:SecureTransport",
        "aws:userid",
        "aws:username",
        "s3:prefix",
    )


def test_conditions_may_be_lazy() -> None:
    """Building all condition keys costs more than deciding; those that no policy names must never be computed."""

    lazy = _Lazy()
    by_name = policy({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::home/${aws:username}/*"})
    decide(query("user", conditions=lazy), PolicySet(identity=[by_name, policy(ALLOW_ALL)]))
    assert lazy.asked == {"aws:username"}
    conditional = policy(dict(ALLOW_ALL) | {"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}})
    assert decide(query("user", conditions=lazy), PolicySet(identity=[conditional])).allowed
    assert lazy.asked == {"aws:username", "aws:sourceip"}


class _Lazy(Mapping[str, str]):
    """Computes a key when asked, and never all of them."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        return {"aws:sourceip": "192.0.2.1"}[key]

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("all keys were asked for")

    def __len__(self) -> int:
        raise AssertionError("all keys were asked for")
