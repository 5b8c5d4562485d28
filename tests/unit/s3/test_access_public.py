"""When a policy or a list is public, as Block Public Access means it.

Source: S3 User Guide, "Blocking public access to your Amazon S3 storage", "The meaning of public".
"""

import json
from typing import Any

import pytest

from pileus.kernel.auth.canonical_users import canonical_user_id
from pileus.services.s3.access_public import is_public
from pileus.services.s3.acls import canned, public

Statement = dict[str, Any]


def allow(principal: Any = "*", **condition: Any) -> Statement:
    found: Statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*"}
    return {**found, "Condition": condition} if condition else found


def when(operator: str, key: str, value: str | list[str]) -> Statement:
    return allow(**{operator: {key: value}})


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (allow(), True),
        (allow({"AWS": "*"}), True),
        (allow({"AWS": ["111122223333", "*"]}), True),
        (allow({"AWS": "111122223333"}), False),
        (allow({"AWS": "arn:aws:iam::111122223333:user/eve"}), False),
        (allow({"Service": "logging.s3.amazonaws.com"}), False),
        (allow({"CanonicalUser": "a" * 64}), False),
        ({**allow(), "Effect": "Deny"}, False),
        (
            {"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "s3:GetObject", "Resource": "*"},
            True,
        ),
        (when("IpAddress", "aws:SourceIp", "203.0.113.0/24"), False),
        (when("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "0.0.0.0/1"]), True),
        (when("IpAddress", "aws:SourceIp", "0.0.0.0/0"), True),
        (when("IpAddress", "aws:SourceIp", "2001:db8::/32"), False),
        (when("IpAddress", "aws:SourceIp", "2001::/16"), True),
        (when("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"), True),
        (when("StringEquals", "aws:SourceVpc", "vpc-91237329"), False),
        (when("StringLike", "aws:SourceVpc", "vpc-*"), True),
        (when("StringNotEquals", "aws:SourceVpc", "vpc-91237329"), True),
        (when("StringEqualsIfExists", "aws:SourceVpc", "vpc-91237329"), True),
        (when("ForAllValues:StringEquals", "aws:PrincipalOrgID", "o-1"), True),
        (when("StringEquals", "aws:PrincipalOrgID", "o-1"), False),
        (when("ArnLike", "aws:SourceArn", "arn:aws:sns:us-east-1:111122223333:t"), False),
        (when("ArnLike", "aws:SourceArn", "arn:aws:sns:*"), True),
        (when("StringEquals", "aws:PrincipalAccount", "${aws:PrincipalAccount}"), True),
        (when("StringLike", "aws:userid", "AROAEXAMPLE:*"), False),
        (when("StringLike", "aws:userid", "*"), True),
        (when("ArnLike", "s3:DataAccessPointArn", "arn:aws:s3:us-east-1:111122223333:accesspoint/*"), False),
        (when("ArnLike", "s3:DataAccessPointArn", "arn:aws:s3:us-east-1:*:accesspoint/*"), True),
        (when("StringEquals", "aws:UserAgent", "me"), True),
        (when("Bool", "aws:SecureTransport", "true"), True),
    ],
)
def test_a_statement_is_public(statement: Statement, said: bool) -> None:
    """By whom it names, or by a condition on something fixed; nothing else keeps it from being public."""
    assert is_public(json.dumps({"Version": "2012-10-17", "Statement": [statement]})) is said
    both = [allow({"AWS": "111122223333"}), statement]
    assert is_public(json.dumps({"Version": "2012-10-17", "Statement": both})) is said


def test_what_is_no_policy_is_not_public() -> None:
    """It lets nobody in."""
    assert not is_public("")
    assert not is_public("{}")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("private", False),
        ("public-read", True),
        ("public-read-write", True),
        ("authenticated-read", True),
        ("aws-exec-read", False),
        ("bucket-owner-full-control", False),
        ("log-delivery-write", False),
    ],
)
def test_a_list_is_public(name: str, said: bool) -> None:
    """When it grants anything to everybody, or to everybody with an account."""
    assert public(canned(name, owner="111122223333", bucket_owner="444455556666")) is said


def test_accounts_have_one_canonical_id() -> None:
    """The one that lists tell is the one that policies know; or a grant would be to nobody."""
    assert canonical_user_id("111122223333") == canonical_user_id("111122223333")
