"""How do values outlive the program that wrote them?

A value is a tagged, versioned `msgspec.Struct` in msgpack. A new field has a default, so that older bytes still read;
any other change is a new struct with a new tag (`table.v2`) and a reader for the old one. Each version that was ever
released has a file of its bytes in the tests.
"""

from typing import Any, Final, TypeVar

import msgspec

R = TypeVar("R", bound=msgspec.Struct)

_encoder: Final = msgspec.msgpack.Encoder()
_decoders: Final[dict[type[msgspec.Struct], msgspec.msgpack.Decoder[Any]]] = {}


def _decoder(kind: type[R]) -> msgspec.msgpack.Decoder[R]:
    """Build and keep the decoder of a record; asserts that its bytes will say what they are."""
    tag = kind.__struct_config__.tag
    assert isinstance(tag, str), f'{kind.__name__} is kept on disk, so it needs a tag="name.v1"'
    assert tag.rpartition(".v")[2].isdigit(), f"the tag of {kind.__name__} names no version: {tag!r}"
    decoder = _decoders[kind] = msgspec.msgpack.Decoder(kind)
    return decoder


def encode(record: msgspec.Struct) -> bytes:
    """The bytes to keep."""
    if type(record) not in _decoders:
        _decoder(type(record))
    return _encoder.encode(record)


def decode(data: bytes, kind: type[R]) -> R:
    """The record in `data`; `msgspec.ValidationError` when it is of another kind or version, which is our bug."""
    decoder: msgspec.msgpack.Decoder[R] = _decoders.get(kind) or _decoder(kind)
    return decoder.decode(data)
