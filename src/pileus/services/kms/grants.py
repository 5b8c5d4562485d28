"""What does a grant allow, and how does it join a key's policy?

A grant is a statement more of the key's policy, for as long as it is there: an Allow for its grantee, of its
operations. Whether what it asks of a request holds (its encryption context, the grant that is to be retired, what a
grant of its grantee's would allow) is found out beside the request's other conditions; the statement asks for the
grant's id among those that hold. A Deny of the policy's own goes before it, as on AWS.

Source: KMS Developer Guide, "Grants in AWS KMS", "Creating grants", "Retiring and revoking grants".
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from pileus.services.kms.errors import InvalidGrantTokenException
from pileus.services.kms.model import GrantRecord

HOLDING: Final = "kms:grantsthathold"
"""The condition key that only the statements of grants ask for."""
DETAIL: Final = "grants"
"""Under which a key's `KnownResource` has those that are about whoever asks."""
_WITH_CONTEXT: Final = frozenset(
    {
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "ReEncryptFrom",
        "ReEncryptTo",
    }
)
"""Constraints are asked of these alone: API_GrantConstraints."""
_MAC_BYTES: Final = 16


def with_grants(policy: str, grants: Sequence[GrantRecord]) -> str:
    """A key's policy with a statement for each grant."""
    document: dict[str, Any] = msgspec.json.decode(policy)
    own = document["Statement"]
    statements = [*own] if isinstance(own, list) else [own]
    for grant in grants:
        statements.append(_statement(grant, grant.grantee, grant.operations))
        if grant.retiring:
            statements.append(_statement(grant, grant.retiring, ("RetireGrant",)))
    return msgspec.json.encode({**document, "Statement": statements}).decode()


def _statement(grant: GrantRecord, principal: str, operations: Sequence[str]) -> Mapping[str, object]:
    return {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": [f"kms:{operation}" for operation in operations],
        "Resource": "*",
        "Condition": {"ForAnyValue:StringEquals": {HOLDING: grant.grant_id}},
    }


def detail_of(grants: Sequence[GrantRecord]) -> str:
    """For `holding`."""
    return msgspec.json.encode(grants).decode()


def holding(detail: str, operation: str, given: Any, encryption_context: Mapping[str, str] | None) -> tuple[str, ...]:
    """The ids of the grants whose constraints the request satisfies. operation: as grants call it."""
    grants = msgspec.json.decode(detail, type=list[GrantRecord])
    return tuple(grant.grant_id for grant in grants if _holds(grant, operation, given, encryption_context or {}))


def _holds(grant: GrantRecord, operation: str, given: Any, encryption_context: Mapping[str, str]) -> bool:
    if operation in _WITH_CONTEXT:
        return _context_fits(grant, encryption_context)
    if operation == "CreateGrant":
        return _passes_on(grant, given)
    if operation == "RetireGrant":
        retired = given.grant_id if given.grant_token is None else token_names(given.grant_token)[1]
        return bool(retired == grant.grant_id)
    return True


def _context_fits(grant: GrantRecord, encryption_context: Mapping[str, str]) -> bool:
    if grant.equals is not None and encryption_context != grant.equals:
        return False
    return grant.subset is None or grant.subset.items() <= encryption_context.items()


def _passes_on(grant: GrantRecord, given: Any) -> bool:
    """A grantee may hand on what it has, and not more of it: no other operations, no weaker constraints."""
    if not set(given.operations) <= set(grant.operations):
        return False
    constraints = given.constraints
    subset = constraints.encryption_context_subset if constraints is not None else None
    equals = constraints.encryption_context_equals if constraints is not None else None
    if grant.equals is not None:
        return bool(equals == grant.equals)
    if grant.subset is None:
        return True
    asked = equals if equals is not None else subset
    return asked is not None and grant.subset.items() <= asked.items()


# Tokens, by which a grant can be named at once, and retired.


def write_token(key_arn: str, grant_id: str, *, secret: bytes) -> str:
    named = f"{key_arn} {grant_id}".encode()
    return base64.urlsafe_b64encode(hmac.digest(secret, named, "sha256")[:_MAC_BYTES] + named).decode()


def token_names(token: str) -> tuple[str, str]:
    """ARN of the key and id of the grant, neither proven; InvalidGrantTokenException."""
    try:
        named = base64.urlsafe_b64decode(token)[_MAC_BYTES:].decode("ascii")
    except (binascii.Error, ValueError):
        raise InvalidGrantTokenException(f"Invalid grant token: {token}") from None
    key_arn, space, grant_id = named.partition(" ")
    if not space or not key_arn.startswith("arn:"):
        raise InvalidGrantTokenException(f"Invalid grant token: {token}")
    return key_arn, grant_id


def check_token(token: str, *, secret: bytes) -> tuple[str, str]:
    """The same, proven."""
    key_arn, grant_id = token_names(token)
    try:
        genuine = hmac.compare_digest(write_token(key_arn, grant_id, secret=secret), token)
    except TypeError:
        genuine = False
    if not genuine:
        raise InvalidGrantTokenException(f"Invalid grant token: {token}")
    return key_arn, grant_id
