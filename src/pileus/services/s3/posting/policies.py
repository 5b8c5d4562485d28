"""Does a form do what its policy allows, and nothing else?

The policy is signed by whoever owns the bucket and sent by whoever uploads. Every field must be named by a condition,
so that nothing can be added; names are compared whatever their case, values exactly.

Sources: S3 API Reference, "POST Policy"; recordings s3/s3, TestS3PresignedPost
(test_post_object_policy_conditions_validation_eq, ..._starts_with, test_post_object_policy_validation_size,
test_post_request_expires). What S3 says of a policy that is none is quoted in public issues.
"""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from pileus.services.s3.posting.errors import AgainstPolicy, InvalidPolicyDocument

_EXPIRATION: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z", re.ASCII)
_NEED_NO_CONDITION: Final = frozenset({"policy", "x-amz-signature", "signature", "awsaccesskeyid", "file"})
_IGNORED: Final = "x-ignore-"
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_SIMPLE: Final = "Simple-Conditions must have exactly one property specified."


class Policy(msgspec.Struct, frozen=True):
    """A policy document. conditions: as JSON has them, each a list, a simple one as the `eq` that it is."""

    expires_at_s: float
    conditions: Sequence[Sequence[Any]]


class SizeRange(msgspec.Struct, frozen=True):
    """How long a file may be, both ends included. bytes_max: None for as long as objects are."""

    bytes_min: int = 0
    bytes_max: int | None = None


def read_policy(encoded: str) -> Policy:
    """The policy in a form's field; InvalidPolicyDocument."""
    try:
        document = b64decode("".join(encoded.split()), validate=True)
    except (Error, ValueError):
        raise InvalidPolicyDocument("invalid Base64 encoding.") from None
    try:
        told = msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidPolicyDocument("Invalid JSON.") from None
    if not isinstance(told, dict):
        raise InvalidPolicyDocument("Invalid JSON.")
    for name in told:
        if name not in {"expiration", "conditions"}:
            raise InvalidPolicyDocument(f"Unexpected: '{name.lower()}'")
    if "expiration" not in told:
        raise InvalidPolicyDocument("Policy missing expiration.")
    if "conditions" not in told:
        raise InvalidPolicyDocument("Policy missing conditions.")
    if not isinstance(told["conditions"], list):
        raise InvalidPolicyDocument("Invalid 'conditions' value: must be a List.")
    return Policy(_expiration(told["expiration"]), [_condition(each) for each in told["conditions"]])


def _expiration(text: object) -> float:
    if isinstance(text, str) and _EXPIRATION.fullmatch(text):
        try:
            return datetime.fromisoformat(f"{text[:19]}+00:00").astimezone(UTC).timestamp()
        except ValueError:
            pass
    raise InvalidPolicyDocument(f"Invalid 'expiration' value: '{text}'")


def _condition(told: object) -> Sequence[Any]:
    if isinstance(told, dict):
        if len(told) != 1:
            raise InvalidPolicyDocument(f"Invalid Simple-Condition: {_SIMPLE}")
        ((name, value),) = told.items()
        if value is None:
            raise InvalidPolicyDocument("Invalid JSON.")
        if not isinstance(value, str):
            raise InvalidPolicyDocument("Invalid Simple-Condition: value must be a string.")
        return ("eq", f"${name}", value)
    if not isinstance(told, list):
        raise InvalidPolicyDocument("Invalid condition test: must be a List or Object.")
    if not told:
        raise InvalidPolicyDocument("Invalid Condition: missing operation identifier.")
    operation = told[0].lower() if isinstance(told[0], str) else None
    if operation not in {"eq", "starts-with", "content-length-range"}:
        raise InvalidPolicyDocument(f"Invalid Condition: unknown operation '{told[0]}'.")
    if len(told) != 3:
        raise InvalidPolicyDocument(f"Invalid {operation}: wrong number of arguments.")
    kinds = (str, int) if operation == "content-length-range" else (str,)
    if not all(type(each) in kinds for each in told[1:]):
        raise InvalidPolicyDocument("Invalid JSON.")
    return told


def check_form(policy: Policy, fields: Mapping[str, tuple[str, str]], *, bucket: str, now_s: float) -> SizeRange:
    """How long the file may be, if all else is as the policy wants; AgainstPolicy.

    fields: by name in lower case, the name as it was sent, and the value. bucket: that the form was posted to.
    """
    if now_s >= policy.expires_at_s:
        raise AgainstPolicy("Policy expired.")
    named: set[str] = set()
    sizes = SizeRange()
    for condition in policy.conditions:
        operation, name, wanted = condition
        if operation.lower() == "content-length-range":
            sizes = _sizes(condition)
            continue
        bare = name[1:].lower() if name.startswith("$") else ""
        value = bucket if bare == "bucket" else fields[bare][1] if bare in fields else None
        if value is None or not _holds(operation.lower(), bare, value, wanted):
            raise _failed(condition)
        named.add(bare)
    for name, (sent, _) in fields.items():
        if name not in named and name not in _NEED_NO_CONDITION and not name.startswith(_IGNORED):
            raise AgainstPolicy(f"Extra input fields: {sent}")
    return sizes


def _holds(operation: str, name: str, value: str, wanted: str) -> bool:
    if operation == "eq":
        return value == wanted
    if name == "content-type" and "," in value:
        # Each of several types ("POST Policy", "Condition matching").
        return all(each.strip().startswith(wanted) for each in value.split(","))
    return value.startswith(wanted)


def _sizes(condition: Sequence[Any]) -> SizeRange:
    low, high = (str(each) for each in condition[1:])
    if not _NUMBER.fullmatch(low) or not _NUMBER.fullmatch(high):
        raise _failed(condition)
    return SizeRange(int(low), int(high))


def _failed(condition: Sequence[Any]) -> AgainstPolicy:
    told = ", ".join(msgspec.json.encode(each).decode() for each in condition)
    return AgainstPolicy(f"Policy Condition failed: [{told}]")
