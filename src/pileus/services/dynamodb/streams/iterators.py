"""How does a shard iterator say where its reader stands, so that nobody can make one up?

Text like AWS's: the stream's ARN, a version, and what is sealed: the shard, the position and when it was made. It is
bound to the ARN, which is in clear because policies are about it.
"""

import binascii
from base64 import b64decode, b64encode
from typing import Final

import msgspec

from pileus.kernel.auth.sealing import Seal, SealBroken
from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.streams.errors import ExpiredIteratorException
from pileus.services.dynamodb.streams.limits import ITERATOR_EXPIRES_AFTER_S

ITERATORS_PURPOSE: Final = "dynamodb stream iterators"
_MIDDLE: Final = "|1|"


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Where a reader of a shard stands. number: of the next change it reads, in the log."""

    shard_id: str
    number: int
    made_at_s: float


_decoder: Final = msgspec.msgpack.Decoder(Position)
_encode: Final = msgspec.msgpack.Encoder().encode


def iterator_text(seal: Seal, arn: str, position: Position) -> str:
    sealed = seal.seal(_encode(position), bound_to=arn.encode())
    return f"{arn}{_MIDDLE}{b64encode(sealed).decode()}"


def iterator_arn(text: str) -> str:
    """The ARN in an iterator, which may be made up; empty when there is none."""
    return text.partition(_MIDDLE)[0] if _MIDDLE in text else ""


def open_iterator(seal: Seal, text: str, *, now_s: float) -> tuple[str, Position]:
    """ARN and position; `ValidationException` when it is no iterator of ours, `ExpiredIteratorException`."""
    arn, _, sealed = text.partition(_MIDDLE)
    try:
        position = _decoder.decode(seal.open(b64decode(sealed, validate=True), bound_to=arn.encode()))
    except (SealBroken, binascii.Error, ValueError) as error:  # a text that is not ASCII is a ValueError
        raise ValidationException("Invalid ShardIterator") from error
    if now_s > position.made_at_s + ITERATOR_EXPIRES_AFTER_S:
        raise ExpiredIteratorException
    return arn, position
