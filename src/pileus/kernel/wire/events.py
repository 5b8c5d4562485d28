"""How do the events of a service become messages, and back?

A stream is a structure of which each event has one member: its name travels in the headers, its members in headers, or
one of them as the payload, or all of them in a body of the protocol's form. Exceptions travel the same way and end the
stream; an error that the stream does not model is told in headers alone.

Source: Smithy specification, "Event streams", "Amazon Event Stream".
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import msgspec

from pileus.kernel.errors import ServiceError
from pileus.kernel.wire import cbor
from pileus.kernel.wire.codec import NATIVE, error_members, key_of, message_member
from pileus.kernel.wire.event_stream import HeaderValue, Int8, Int16, Int32, Int64, Message
from pileus.kernel.wire.json_body import body_writer
from pileus.kernel.wire.model import Member, Ref, ServiceModel
from pileus.kernel.wire.moments import Moments
from pileus.kernel.wire.text_values import NotReadable
from pileus.kernel.wire.timestamps import NotATimestamp
from pileus.kernel.wire.xml_shapes import ShapeReader
from pileus.kernel.wire.xml_text import XmlWriter
from pileus.kernel.wire.xml_tree import read_xml

Tree = dict[str, Any]

MESSAGE_TYPE: Final = ":message-type"
EVENT_TYPE: Final = ":event-type"
EXCEPTION_TYPE: Final = ":exception-type"
CONTENT_TYPE: Final = ":content-type"
_ERROR_CODE: Final = ":error-code"
_ERROR_MESSAGE: Final = ":error-message"
_ERROR_MESSAGE_CHARS_MAX: Final = 1024
_INTEGERS: Final[Mapping[str, Callable[[int], int]]] = {
    "byte": Int8,
    "short": Int16,
    "integer": Int32,
    "long": Int64,
}


class UnreadableEvent(ValueError):
    """A message that is no event of this stream."""


class Form(Protocol):
    """How a structure is written in a protocol's bodies."""

    content_type: str

    def write(self, ref: Ref, tree: Tree) -> bytes: ...

    def read(self, ref: Ref, data: bytes) -> object:
        """Builtins under the keys of our structs. Raises one of `UNREADABLE`."""
        ...


UNREADABLE: Final = (NotReadable, NotATimestamp, cbor.NotCbor, UnicodeDecodeError, msgspec.DecodeError, RecursionError)


class JsonForm:
    def __init__(self, model: ServiceModel) -> None:
        self.content_type = "application/json"
        self._model = model

    def write(self, ref: Ref, tree: Tree) -> bytes:
        return body_writer(self._model, ref)(tree)

    def read(self, ref: Ref, data: bytes) -> object:
        tree = msgspec.json.decode(data) if data else {}
        walk = Moments(self._model, reading=True).walk(ref)
        return walk(tree) if walk is not None else tree


class XmlForm:
    def __init__(self, model: ServiceModel) -> None:
        self.content_type = "text/xml"
        self._write = XmlWriter(model, attributes=True)
        self._read = ShapeReader(model)
        self._model = model

    def write(self, ref: Ref, tree: Tree) -> bytes:
        name = self._model.shape_of(ref).location_name or ref.shape
        text = f'<?xml version="1.0" encoding="UTF-8"?><{name}>{self._write.inside(ref.shape, tree)}</{name}>'
        return text.encode(errors="replace")

    def read(self, ref: Ref, data: bytes) -> object:
        return self._read.reader(ref)(read_xml(data)) if data else {}


class CborForm:
    def __init__(self, model: ServiceModel) -> None:
        self.content_type = "application/cbor"
        self._model = model

    def write(self, ref: Ref, tree: Tree) -> bytes:
        return cbor.encode(tree)

    def read(self, ref: Ref, data: bytes) -> object:
        tree = cbor.decode(data) if data else {}
        walk = Moments(self._model, reading=True).walk(ref)
        return walk(tree) if walk is not None else tree


def form_of(model: ServiceModel, protocol: str) -> Form:
    if protocol == "rest-xml":
        return XmlForm(model)
    return CborForm(model) if protocol == "smithy-rpc-v2-cbor" else JsonForm(model)


class _Event:
    """One kind of event: a member of the stream's structure."""

    def __init__(self, model: ServiceModel, form: Form, member: Member) -> None:
        self.name = member.name
        self.key = member.key
        self.exception = member.shape.exception or member.shape.error is not None
        self._form = form
        self._ref = member.ref
        members = model.members(member.ref.shape)
        self._headers = [inner for inner in members if inner.ref.eventheader]
        self._payload = next((inner for inner in members if inner.ref.eventpayload), None)
        self._in_body = {inner.key for inner in members if not inner.ref.eventheader}

    def message(self, tree: Tree) -> Message:
        kind = "exception" if self.exception else "event"
        headers: dict[str, HeaderValue] = {MESSAGE_TYPE: kind}
        headers[EXCEPTION_TYPE if self.exception else EVENT_TYPE] = self.name
        content_type, payload = self._body(tree)
        if content_type:
            headers[CONTENT_TYPE] = content_type
        for member in self._headers:
            if member.key in tree:
                sized = _INTEGERS.get(member.shape.type)
                headers[member.name] = tree[member.key] if sized is None else sized(tree[member.key])
        return Message(headers, payload)

    def tree(self, message: Message) -> Tree:
        tree: Tree = {}
        for member in self._headers:
            if member.name in message.headers:
                tree[member.key] = _plain(message.headers[member.name])
        try:
            self._read_body(message.payload, tree)
        except UNREADABLE as error:
            raise UnreadableEvent(f"the event {self.name} cannot be read: {error}") from None
        return tree

    def _body(self, tree: Tree) -> tuple[str, bytes]:
        payload = self._payload
        if payload is None:
            inside = {key: value for key, value in tree.items() if key in self._in_body}
            return (self._form.content_type, self._form.write(self._ref, inside)) if self._in_body else ("", b"")
        if payload.key not in tree:
            return "", b""
        if payload.shape.type == "blob":
            return "application/octet-stream", tree[payload.key]
        if payload.shape.type == "string":
            return "text/plain", tree[payload.key].encode(errors="replace")
        return self._form.content_type, self._form.write(payload.ref, tree[payload.key])

    def _read_body(self, data: bytes, tree: Tree) -> None:
        payload = self._payload
        if payload is None:
            inside = self._form.read(self._ref, data) if self._in_body else {}
            if not isinstance(inside, dict):
                raise UnreadableEvent(f"the body of the event {self.name} is no structure")
            tree.update((key, value) for key, value in inside.items() if key in self._in_body)
        elif payload.shape.type == "blob":
            tree[payload.key] = data
        elif payload.shape.type == "string":
            tree[payload.key] = data.decode()
        else:
            tree[payload.key] = self._form.read(payload.ref, data)


def _plain(value: HeaderValue) -> object:
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Events:
    """The events of one stream."""

    def __init__(self, model: ServiceModel, stream: Ref, form: Form) -> None:
        kinds = [_Event(model, form, member) for member in model.members(stream.shape)]
        self._model = model
        self._form = form
        self._by_name = {kind.name: kind for kind in kinds}
        self._by_key = {kind.key: kind for kind in kinds}
        self._refs = {member.name: member.ref for member in model.members(stream.shape)}

    def message(self, event: msgspec.Struct) -> Message:
        """The message of a struct of the stream, of whose members one is set."""
        trees = {
            key: value
            for key, attribute in zip(event.__struct_encode_fields__, event.__struct_fields__, strict=True)
            if (value := getattr(event, attribute)) is not None
        }
        assert len(trees) == 1, "an event is one member of its stream"
        ((key, value),) = trees.items()
        return self._by_key[key].message(msgspec.to_builtins(value, builtin_types=NATIVE))

    def failure(self, error: ServiceError) -> Message:
        """The message that ends a stream: a modelled exception where the stream has it."""
        name = self._model.error_names.get(error.error_code, error.error_code)
        kind = self._by_name.get(name)
        if kind is None or not kind.exception:
            headers: dict[str, HeaderValue] = {MESSAGE_TYPE: "error", _ERROR_CODE: error.error_code}
            return Message(headers | {_ERROR_MESSAGE: error.message[:_ERROR_MESSAGE_CHARS_MAX]}, b"")
        shape = self._model.shape_of(self._refs[name])
        tree = {key_of(told, ref): value for told, (ref, value) in error_members(shape, error).items() if ref}
        told = message_member(shape)
        if told is not None and error.message:
            tree[key_of(*told)] = error.message
        return kind.message(tree)

    def initial(self, name: str, content_type: str, body: bytes) -> Message:
        """The message that stands for what is no event. name: `initial-response` or `initial-request`."""
        return Message({MESSAGE_TYPE: "event", EVENT_TYPE: name, CONTENT_TYPE: content_type}, body)

    def tree(self, message: Message) -> Tree | None:
        """The stream's structure with one member; None for an event that the model does not know."""
        if message.headers.get(MESSAGE_TYPE) != "event":
            raise UnreadableEvent("only events are expected here")
        name = message.headers.get(EVENT_TYPE)
        if not isinstance(name, str):
            raise UnreadableEvent("an event without its type")
        kind = self._by_name.get(name)
        return {kind.key: kind.tree(message)} if kind is not None and not kind.exception else None
