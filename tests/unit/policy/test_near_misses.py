"""A denial names the statement that a condition alone kept from allowing, and only such a one."""

from collections.abc import Mapping

import pytest

from pileus.kernel.auth.policy import PolicySet, decide, denial_of, spelled
from tests.unit.policy.asking import ALLOW_ALL, ROLE, USER, policy, query

OFFICE = dict(ALLOW_ALL) | {"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}
NAMED = OFFICE | {"Principal": {"AWS": USER}}
SOMEBODY_ELSE = OFFICE | {"Principal": {"AWS": ROLE}}
_HERE: Mapping[str, str] = {"aws:sourceip": "203.0.113.9"}
_FAILED = "IpAddress aws:SourceIp 192.0.2.0/24 does not hold; the request has 203.0.113.9"
_ALL = policy(ALLOW_ALL)


@pytest.mark.parametrize(
    ("policies", "near"),
    [
        (PolicySet(), ()),
        (PolicySet(identity=[policy(OFFICE)]), (f"statement 1 of identity-based policy test: {_FAILED}",)),
        (PolicySet(identity=[policy(OFFICE | {"Action": "sqs:*"})]), ()),
        (PolicySet(identity=[policy(OFFICE | {"Resource": "arn:aws:s3:::other"})]), ()),
        (PolicySet(identity=[policy(OFFICE), policy(dict(ALLOW_ALL) | {"Effect": "Deny"})]), ()),
        (PolicySet(resource=policy(NAMED)), (f"statement 1 of resource-based policy test: {_FAILED}",)),
        (PolicySet(resource=policy(SOMEBODY_ELSE)), ()),
        (
            PolicySet(identity=[_ALL], boundary=policy(OFFICE)),
            (f"statement 1 of permissions boundary test: {_FAILED}",),
        ),
        (PolicySet(identity=[_ALL], session=[policy(OFFICE)]), (f"statement 1 of session policy test: {_FAILED}",)),
        (
            PolicySet(identity=[_ALL], scps=[[_ALL], [policy(OFFICE)], [policy(OFFICE), _ALL]]),
            (f"statement 1 of service control policy test: {_FAILED}",),
        ),
        (
            PolicySet(identity=[policy(*[OFFICE] * 9)]),
            tuple(f"statement {place} of identity-based policy test: {_FAILED}" for place in (1, 2, 3)),
        ),
    ],
)
def test_near_misses(policies: PolicySet, near: tuple[str, ...]) -> None:
    """Only of the kind of policy that said no, and of the level; another's would send people to the wrong place."""
    asked = query("user", conditions=_HERE)
    decision = decide(asked, policies)
    assert denial_of(asked, decision, policies).near_misses == near


def test_an_empty_value_is_seen() -> None:
    """`aws s3 ls s3://bucket/` sends `prefix=`: "the request has nothing" sent people to look for the parameter."""
    policies = PolicySet(identity=[policy(dict(ALLOW_ALL) | {"Condition": {"StringLike": {"s3:prefix": "alice/*"}}})])
    asked = query("user", conditions={"s3:prefix": ""})
    [near] = denial_of(asked, decide(asked, policies), policies).near_misses
    assert near.endswith("StringLike s3:prefix alice/* does not hold; the request has ''")


def test_long_values_are_cut() -> None:
    """The log is bounded in its records, so its records must be bounded too."""
    names = [f"{number}-{'x' * 500}" for number in range(50)]
    policies = PolicySet(identity=[policy(dict(ALLOW_ALL) | {"Condition": {"StringEquals": {"aws:username": names}}})])
    asked = query("user", conditions={"aws:username": "y" * 5_000})
    [near] = denial_of(asked, decide(asked, policies), policies).near_misses
    assert len(near) < 1_000
    assert "and 45 more" in near


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("aws:sourceip", "aws:SourceIp"),
        ("aws:principalorgid", "aws:PrincipalOrgID"),
        ("AWS:SourceArn", "aws:SourceArn"),
        ("aws:requesttag/Cost", "aws:RequestTag/Cost"),
        ("lambda:resourcetag/team", "lambda:ResourceTag/team"),
        ("sts:externalid", "sts:ExternalId"),
        ("dynamodb:leadingkeys", "dynamodb:LeadingKeys"),
        ("issuer.example.com/x:sub", "issuer.example.com/x:sub"),
        ("unheard:of", "unheard:of"),
    ],
)
def test_keys_as_aws_spells_them(key: str, told: str) -> None:
    """People search the manual for what they read."""
    assert spelled(key) == told
