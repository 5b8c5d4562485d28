"""How is a scalar written where there is only text: a path, a query, a header, XML?"""

import math
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Final

from pileus.kernel.wire.model import Ref, Shape
from pileus.kernel.wire.timestamps import NotATimestamp, format_of, read_timestamp, write_timestamp_text


class NotReadable(ValueError):
    """A text that is no value of the wanted type; the message is for the client."""


def _boolean(text: str) -> bool:
    if text not in {"true", "false", "True", "False", "TRUE", "FALSE"}:
        raise ValueError(text)
    return text[0] in "tT"


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _integer(text: str) -> int:
    if len(text) > 20:  # a 64-bit number is shorter; int() takes quadratic time
        raise ValueError(text)
    return int(text)


_READERS: Final[dict[str, Callable[[str], object]]] = {
    "string": str,
    "character": str,
    "boolean": _boolean,
    "byte": _integer,
    "short": _integer,
    "integer": _integer,
    "long": _integer,
    "biginteger": _integer,
    "float": _float,
    "double": _float,
    "bigdecimal": _float,
    "blob": lambda text: b64decode(text, validate=True),
    "timestamp": read_timestamp,
}


def reader_of(shape: Shape) -> Callable[[str], object]:
    """What reads a text as a value of a scalar shape; raises `NotReadable`."""
    reader, kind = _READERS[shape.type], shape.type
    if reader is str:
        return reader

    def read(text: str) -> object:
        try:
            return reader(text)
        except (ValueError, NotATimestamp):
            raise NotReadable(f"{text[:64]!r} cannot be converted to {kind}") from None

    return read


def write_text(ref: Ref, shape: Shape, value: object, *, timestamp_default: str) -> str:
    """A scalar as text. timestamp_default: the format of a moment in this place."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return write_timestamp_text(value, format_of(ref, shape, default=timestamp_default))
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return str(value)
