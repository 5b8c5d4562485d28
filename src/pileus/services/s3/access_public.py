"""Is a bucket's policy public?

It is, unless each of its Allows names whom it means: a principal without wildcards, or a condition on something that
is fixed. What a Deny takes away again does not count.

Source: S3 User Guide, "Blocking public access to your Amazon S3 storage", "The meaning of public".
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_network
from typing import Final

from pileus.kernel.auth.policy import PolicySyntax
from pileus.kernel.auth.policy.documents import Statement, parse_document

_FIXING: Final = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)
_EQUAL: Final = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"})
_ACCESS_POINTS: Final = re.compile(r"arn:[a-z-]+:s3:[a-z0-9-]+:[0-9]{12}:accesspoint/\*")
_PREFIX_BITS_MIN: Final = {4: 8, 6: 32}
"""A range of addresses that is wider is as good as all of them."""


@lru_cache(maxsize=256)
def is_public(text: str) -> bool:
    """Of a policy as it was put; what is no policy lets nobody in."""
    try:
        document = parse_document(text)
    except PolicySyntax:
        return False
    return any(
        statement.effect.lower() == "allow" and _anybody(statement) and not _fixed(statement)
        for statement in document.statements
    )


def _anybody(statement: Statement) -> bool:
    principal = statement.principal
    if principal is None:
        return False
    return principal.negated or any("*" in entry for _, entry in principal.entries)


def _fixed(statement: Statement) -> bool:
    """Whether a condition holds for named ones only."""
    for operator, key, values in statement.condition:
        quantifier, _, name = operator.lower().rpartition(":")
        if quantifier == "forallvalues":
            continue  # holds where there is no value at all
        key = key.lower()
        if name == "ipaddress" and key == "aws:sourceip" and all(map(_narrow, values)):
            return True
        if name in _EQUAL and key in _FIXING and _without_wildcards(key, values):
            return True
    return False


def _without_wildcards(key: str, values: Sequence[str]) -> bool:
    if key == "s3:dataaccesspointarn":
        return all(_ACCESS_POINTS.fullmatch(value) or not _wild(value) for value in values)
    if key == "aws:userid":
        return all(not _wild(value.removesuffix(":*")) for value in values)
    return all(not _wild(value) for value in values)


def _wild(value: str) -> bool:
    return any(mark in value for mark in ("*", "?", "${"))


def _narrow(value: str) -> bool:
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= _PREFIX_BITS_MIN[network.version]
