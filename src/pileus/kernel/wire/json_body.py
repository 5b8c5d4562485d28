"""How does JSON text become an input, and an output or an error JSON text?

Shared by every protocol with JSON bodies. Without a moment inside, text and struct are one step apart in C; otherwise
the tree is built, its moments rewritten, and only then converted.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from pileus.kernel.errors import ServiceError
from pileus.kernel.wire.codec import NATIVE, Converter, error_members, error_shape, key_of, message_member
from pileus.kernel.wire.dialect import Dialect
from pileus.kernel.wire.json_errors import error_message_key
from pileus.kernel.wire.model import Ref, ServiceModel
from pileus.kernel.wire.moments import Moments
from pileus.kernel.wire.subject import Subject
from pileus.kernel.wire.timestamps import NotATimestamp

_decode_any: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode
UNREADABLE: Final = "SerializationException"


def read_tree(body: bytes, converter: Converter) -> object:
    """Any JSON text as builtins; a malformed one is the caller's mistake."""
    try:
        return _decode_any(body)
    except (ValueError, RecursionError):
        raise converter.unreadable("") from None


def body_reader(subject: Subject, converter: Converter) -> Callable[[bytes], Any]:
    """What decodes a body that is the whole input."""
    decode = msgspec.json.Decoder(subject.given).decode
    ref = subject.operation.input
    walk = Moments(subject.model, reading=True).walk(ref) if ref is not None else None

    def read_directly(body: bytes) -> msgspec.Struct:
        try:
            return decode(body)
        except (ValueError, RecursionError):
            return converter.explain(read_tree(body, converter))

    def read_with_moments(body: bytes) -> msgspec.Struct:
        assert walk is not None
        tree = read_tree(body, converter)
        try:
            return converter.struct(walk(tree))
        except NotATimestamp as error:
            raise converter.unreadable(f"Invalid timestamp: {error}") from None

    return read_directly if walk is None else read_with_moments


def body_writer(model: ServiceModel, ref: Ref | None) -> Callable[[Any], bytes]:
    """What encodes a struct, or builtins under the struct's keys, as JSON."""
    walk = Moments(model, reading=False).walk(ref) if ref is not None else None
    if walk is None:
        return _encode
    return lambda output: _encode(walk(msgspec.to_builtins(output, builtin_types=NATIVE)))


def error_body(model: ServiceModel | None, dialect: Dialect, error: ServiceError) -> dict[str, object]:
    """An error's members and message under their wire names, ready to be encoded."""
    shape = error_shape(model, error.error_code)
    body: dict[str, object] = {}
    for name, (ref, value) in error_members(shape, error).items():
        if ref is None or model is None:
            body[name] = value
        elif ref.location is None:
            walk = Moments(model, reading=False).walk(ref)
            body[key_of(name, ref)] = walk(value) if walk is not None else value
    if error.message:
        told = message_member(shape)
        body[key_of(*told) if told else error_message_key(dialect, error.error_code)] = error.message
    return body


def encode(tree: object) -> bytes:
    return _encode(tree)
