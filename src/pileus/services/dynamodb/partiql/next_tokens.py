"""Where does the next page of a SELECT begin, and is it a page of the same statement?

A token names the read that goes on, the key after which it does, and the statement with its parameters that it is of.
It is not secret: nobody can reach more with it than with the statement itself.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.shapes import AttributeValue

_DIGEST_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Position:
    """read: the ordinal of the read that goes on. after: the last key of the page before; None: it begins."""

    read: int = 0
    after: dict[str, AttributeValue] | None = None


class _Token(msgspec.Struct, frozen=True, array_like=True, tag="next.v1"):
    digest: bytes
    read: int
    after: dict[str, AttributeValue] | None = None


def statement_digest(context: RequestContext, text: str, parameters: Sequence[AttributeValue]) -> bytes:
    """Equal for equal statements of the same caller's account, and for no others."""
    asked = msgspec.json.encode((context.account_id, context.region, text, parameters))
    return blake2b(asked, digest_size=_DIGEST_BYTES).digest()


def next_token(position: Position, digest: bytes) -> str:
    """What leads to `position` of the statement with this digest."""
    return urlsafe_b64encode(msgspec.json.encode(_Token(digest, position.read, position.after))).decode()


def position_of(token: str, digest: bytes) -> Position:
    """Where to go on; `ValidationException` when the token is none, or of another statement."""
    try:
        said = msgspec.json.decode(urlsafe_b64decode(token.encode()), type=_Token)
    except (msgspec.DecodeError, binascii.Error, ValueError, RecursionError):
        raise invalid_token() from None
    if said.digest != digest:
        raise ValidationException("NextToken does not match request")
    if said.read < 0:
        raise invalid_token()
    return Position(said.read, said.after)


def invalid_token() -> ValidationException:
    return ValidationException("Invalid NextToken")
