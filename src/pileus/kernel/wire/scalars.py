"""Is this value the number, text, truth or blob that a model wants, and what does AWS say when it is not?

Source: what DynamoDB and SQS answer to each JSON type.
"""

import binascii
import math
from base64 import b64decode
from typing import Final

from pileus.kernel.wire.model import Shape

INTEGERS: Final = {"byte": 8, "short": 16, "integer": 32, "long": 64}
FLOATS: Final = frozenset({"float", "double", "bigdecimal"})
_JAVA: Final = {
    "string": "String",
    "character": "Character",
    "boolean": "Boolean",
    "byte": "Byte",
    "short": "Short",
    "integer": "Integer",
    "long": "Long",
    "biginteger": "BigInteger",
    "float": "Float",
    "double": "Double",
    "bigdecimal": "BigDecimal",
}


class WrongType(Exception):
    """A value that cannot be read as what the model wants; the message is for the client."""


def scalar_of(shape: Shape, value: object) -> object:
    """A scalar in the form that our struct takes; `WrongType` in the words of DynamoDB's JSON reader."""
    kind = shape.type
    if isinstance(value, dict):
        raise WrongType("Start of structure or map found where not expected")
    if isinstance(value, list):
        java = "java.nio.ByteBuffer" if kind == "blob" else f"java.lang.{_JAVA.get(kind, 'Object')}"
        raise WrongType(f"Unrecognized collection type class {java}")
    if kind == "timestamp":
        return value
    if kind == "blob":
        return _blob(value)
    if kind in {"string", "character"}:
        fits = isinstance(value, str)
    elif kind == "boolean":
        if isinstance(value, str):
            raise WrongType("Unexpected token received from parser")
        fits = isinstance(value, bool)
    else:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not fits:
        raise WrongType(f"{_token(value)} cannot be converted to {_JAVA[kind]}")
    return _number(kind, value) if isinstance(value, int | float) and kind != "boolean" else value


def check_kind(shape: Shape, value: object) -> None:
    """`WrongType` in the words of SQS's JSON reader. Source: local-aws-sqs, test/send-message.test.ts."""
    if isinstance(value, dict):
        raise WrongType("Start of structure or map found where not expected.")
    if isinstance(value, list):
        raise WrongType("Start of list found where not expected")
    if shape.type in INTEGERS and isinstance(value, str):
        raise WrongType("STRING_VALUE can not be converted to an Integer")


def _number(kind: str, value: int | float) -> int | float:
    try:
        finite = math.isfinite(value)
    except OverflowError:  # a whole number that is too large for any float
        finite = False
    if not finite:
        raise WrongType(f"Number is out of range for {_JAVA[kind]}")
    if kind in FLOATS:
        return value
    whole = int(value)
    bits = INTEGERS.get(kind)
    if bits is not None and not -(1 << bits - 1) <= whole < 1 << bits - 1:
        raise WrongType(f"Number is out of range for {_JAVA[kind]}")
    return whole


def _token(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    if isinstance(value, int):
        return "NUMBER_VALUE"
    return "DECIMAL_VALUE" if isinstance(value, float) else "STRING_VALUE"


def _blob(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise WrongType("only base-64-encoded strings are convertible to bytes")
    if len(value) % 4:
        raise WrongType(f"Base64 encoded length is expected a multiple of 4 bytes but found: {len(value)}")
    try:
        return b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise WrongType("Invalid last non-pad Base64 character dectected") from None  # AWS's spelling
