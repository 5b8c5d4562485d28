"""How do members leave in an answer's status, headers and body?

Shared by every REST protocol; how a body is written is each one's own affair.

Source: Smithy specification, "HTTP binding traits", "HTTP response code".
"""

from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import msgspec

from pileus.kernel.errors import ServiceError
from pileus.kernel.http.messages import FileBody
from pileus.kernel.wire.codec import NATIVE, error_members
from pileus.kernel.wire.model import Member, ServiceModel, Shape
from pileus.kernel.wire.subject import Subject
from pileus.kernel.wire.text_values import write_text
from pileus.kernel.wire.timestamps import RFC822

Tree = dict[str, Any]
Headers = list[tuple[str, str]]
Body = bytes | FileBody | AsyncIterator[bytes]
_PLAIN: Final = frozenset({str, bytes, bool, int, float})


def header_value(text: str) -> str:
    """A text as a header may hold it: bytes of UTF-8, without the characters that would end it."""
    if text.isascii() and text.isprintable():
        return text
    safe = text.encode(errors="replace").decode("latin-1")
    return safe.translate({0: " ", 10: " ", 13: " "}) if not safe.isprintable() else safe


def output_payload(subject: Subject) -> Member | None:
    """The member of the output that is the whole body."""
    ref = subject.operation.output
    if ref is None:
        return None
    payload = subject.model.shape_of(ref).payload
    return next((member for member in subject.model.members(ref.shape) if member.name == payload), None)


def taker(subject: Subject) -> Callable[[Any], Tree]:
    """What takes an output apart; a body that is a file or a stream stays what it is."""
    answered = subject.answered
    assert answered is not None
    fields = tuple(zip(answered.__struct_fields__, answered.__struct_encode_fields__, strict=True))
    payload = output_payload(subject)
    blob = payload.key if payload is not None and payload.shape.type == "blob" else None

    def take(output: Any) -> Tree:
        tree: Tree = {}
        for attribute, key in fields:
            value = getattr(output, attribute)
            if value is None:
                continue
            if type(value) in _PLAIN or key == blob:
                tree[key] = value
            else:
                tree[key] = msgspec.to_builtins(value, builtin_types=NATIVE)
        return tree

    return take


def header_writer(model: ServiceModel, members: tuple[Member, ...]) -> Callable[[Tree, Headers], None]:
    """What appends the members that are headers."""
    located = {member.key: member for member in members if member.ref.location in {"header", "headers"}}
    texts = {
        key: member.ref.location_name or member.name
        for key, member in located.items()
        if member.shape.type == "string" and not member.ref.jsonvalue
    }

    def write(tree: Tree, headers: Headers) -> None:
        for key, value in tree.items():
            if key in texts:
                headers.append((texts[key], header_value(value)))
            elif key in located:
                _append(model, located[key], value, headers)

    return write


def _append(model: ServiceModel, member: Member, value: Any, headers: Headers) -> None:
    name = member.ref.location_name or ""
    if member.ref.location == "headers":
        headers.extend((name + suffix, header_value(str(text))) for suffix, text in value.items())
    else:
        headers.append((name or member.name, header_value(_header_text(model, member, value))))


def _header_text(model: ServiceModel, member: Member, value: object) -> str:
    if isinstance(value, list):
        assert member.shape.member is not None
        ref = member.shape.member
        return ", ".join(write_text(ref, model.shape_of(ref), item, timestamp_default=RFC822) for item in value)
    if member.ref.jsonvalue:
        return b64encode(str(value).encode()).decode()
    return write_text(member.ref, member.shape, value, timestamp_default=RFC822)


def error_headers(model: ServiceModel | None, shape: Shape | None, error: ServiceError) -> Headers:
    """The members of an error that are headers."""
    headers: Headers = []
    for ref, value in error_members(shape, error).values():
        if model is not None and ref is not None and ref.location == "header":
            assert ref.location_name is not None
            text = write_text(ref, model.shape_of(ref), value, timestamp_default=RFC822)
            headers.append((ref.location_name, header_value(text)))
    return headers
