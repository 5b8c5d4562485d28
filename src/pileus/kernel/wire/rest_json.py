"""How does the `rest-json` protocol work? Path, query and headers carry some members, a JSON body the others.

A member's `location` says where it travels: `uri`, `querystring`, `header`, `headers` (all with a prefix),
`statusCode`; the member named by `payload` is the whole body, as JSON when it is a structure, else as it is.

Source: Smithy specification, "AWS restJson1 protocol", "HTTP binding traits".
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import msgspec

from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.service import Encoded
from pileus.kernel.wire.codec import (
    NATIVE,
    Codec,
    Converter,
    Subject,
    error_members,
    error_shape,
    status_of,
)
from pileus.kernel.wire.dialects import Dialect
from pileus.kernel.wire.json_body import UNREADABLE, body_reader, body_writer, encode, error_body, read_tree
from pileus.kernel.wire.model import Member, ServiceModel, Shape
from pileus.kernel.wire.moments import Moments
from pileus.kernel.wire.routes import Routes
from pileus.kernel.wire.text_values import NotReadable, reader_of, write_text
from pileus.kernel.wire.timestamps import RFC822, NotATimestamp

_JSON: Final = ("Content-Type", "application/json")
_PARAMETERS_MAX: Final = 10_000

Tree = dict[str, Any]
Place = Callable[[Request, Tree], None]
"""Reads one member from its place in the request into the tree."""


class RestJsonProtocol:
    """JSON over HTTP's own means."""

    body_bytes_max: Final = 72 * 1024 * 1024
    """Lambda takes a 50 MB archive in base64. Source: Lambda quotas, "Deployment package"."""

    def compile(self, subject: Subject) -> Codec:
        return Codec(_parser(subject), _answerer(subject))

    def fail(self, model: ServiceModel | None, dialect: Dialect, error: ServiceError, request_id: str) -> Response:
        code = error.error_code
        shape = error_shape(model, code)
        status = status_of(shape, error)
        body = error_body(model, dialect, error)
        if shape is not None and "Type" in shape.members:
            body.setdefault("Type", "User" if status < 500 else "Service")
        headers = [_JSON, ("x-amzn-RequestId", request_id), ("x-amzn-ErrorType", code)]
        for ref, value in error_members(shape, error).values():
            if model is not None and ref is not None and ref.location == "header":
                assert ref.location_name is not None
                text = write_text(ref, model.shape_of(ref), value, timestamp_default=RFC822)
                headers.append((ref.location_name, header_value(text)))
        return Response(status, headers, encode(body))

    def unknown_operation(self, what: str) -> ServiceError:
        return AnyServiceError("UnknownOperationException", what, status=404)


def header_value(text: str) -> str:
    """A text as a header may hold it: bytes of UTF-8, without the characters that would end it."""
    safe = text.encode().decode("latin-1")
    return safe.translate({0: " ", 10: " ", 13: " "}) if not safe.isprintable() else safe


# Requests


def _parser(subject: Subject) -> Callable[[Request, bytes], Any]:
    converter = Converter(subject, unreadable=UNREADABLE, invalid="ValidationException")
    ref = subject.operation.input
    members = subject.model.members(ref.shape) if ref is not None else ()
    shape = subject.model.shape_of(ref) if ref is not None else None
    payload = shape.payload if shape is not None else None
    places = _places(subject, members)
    if not places and payload is None:
        read_all = body_reader(subject, converter)
        return lambda _, body: read_all(body or b"{}")
    read_body = _body_into_tree(subject, members, payload, converter)

    def parse(request: Request, body: bytes) -> msgspec.Struct:
        try:
            tree = read_body(body)
            for place in places:
                place(request, tree)
        except (NotReadable, UnicodeDecodeError, binascii.Error) as error:
            raise converter.unreadable(str(error)) from None
        except NotATimestamp as error:
            raise converter.unreadable(f"Invalid timestamp: {error}") from None
        return converter.struct(tree)

    return parse


def _body_into_tree(
    subject: Subject, members: tuple[Member, ...], payload: str | None, converter: Converter
) -> Callable[[bytes], Tree]:
    in_body = frozenset(member.key for member in members if member.ref.location is None)
    if payload is not None:
        member = next(member for member in members if member.name == payload)
        return _payload_into_tree(subject, member, converter)
    assert subject.operation.input is not None
    walk = Moments(subject.model, reading=True).walk(subject.operation.input)

    def read(body: bytes) -> Tree:
        if not body or not in_body:
            return {}
        tree = read_tree(body, converter)
        if not isinstance(tree, dict):
            raise converter.unreadable("Unexpected value type in payload")
        if not tree.keys() <= in_body:  # a body must not speak for the path
            tree = {key: value for key, value in tree.items() if key in in_body}
        if walk is not None:
            walk(tree)
        return tree

    return read


def _payload_into_tree(subject: Subject, member: Member, converter: Converter) -> Callable[[bytes], Tree]:
    key = member.key
    if member.shape.type == "blob":
        required = _is_required(subject, member)
        return lambda body: {key: body} if body or required else {}
    if member.shape.type == "string":
        return lambda body: {key: body.decode()} if body else {}
    walk = Moments(subject.model, reading=True).walk(member.ref)

    def read(body: bytes) -> Tree:
        if not body:
            return {}
        tree = read_tree(body, converter)
        return {key: walk(tree) if walk is not None else tree}

    return read


def _is_required(subject: Subject, member: Member) -> bool:
    assert subject.operation.input is not None
    return member.name in subject.model.shape_of(subject.operation.input).required


def _places(subject: Subject, members: tuple[Member, ...]) -> list[Place]:
    places: list[Place] = []
    if any(member.ref.location == "uri" for member in members):
        places.append(_labels(subject, [member for member in members if member.ref.location == "uri"]))
    if any(member.ref.location == "querystring" for member in members):
        places.append(_parameters(subject.model, [m for m in members if m.ref.location == "querystring"]))
    for member in members:
        if member.ref.location == "header":
            places.append(_header(subject.model, member))
        elif member.ref.location == "headers":
            places.append(_header_map(member))
    return places


def _labels(subject: Subject, members: list[Member]) -> Place:
    routes, name = Routes([subject.operation]), subject.operation.name
    readers = [(member.key, member.ref.location_name or member.name, reader_of(member.shape)) for member in members]

    def read(request: Request, tree: Tree) -> None:
        labels = routes.labels(name, request.path)
        for key, label, reader in readers:
            text = labels.get(label)
            if text:
                tree[key] = reader(unquote(text, errors="strict") if "%" in text else text)

    return read


def _parameters(model: ServiceModel, members: list[Member]) -> Place:
    named = {(member.ref.location_name or member.name): member for member in members if member.shape.type != "map"}
    maps = [member for member in members if member.shape.type == "map"]
    readers = {name: _parameter(model, member) for name, member in named.items()}

    def read(request: Request, tree: Tree) -> None:
        if not request.query:
            return
        given: dict[str, list[str]] = {}
        for name, text in parse_query(request.query):
            given.setdefault(name, []).append(text)
        for name, texts in given.items():
            if name in readers:
                tree[named[name].key] = readers[name](texts)
        for member in maps:
            assert member.shape.value is not None
            several = model.shape_of(member.shape.value).type == "list"
            rest = {name: texts if several else texts[0] for name, texts in given.items() if name not in named}
            if rest:
                tree[member.key] = rest

    return read


def _parameter(model: ServiceModel, member: Member) -> Callable[[list[str]], object]:
    if member.shape.type == "list":
        assert member.shape.member is not None
        element = reader_of(model.shape_of(member.shape.member))
        return lambda texts: [element(text) for text in texts]
    reader = reader_of(member.shape)
    return lambda texts: reader(texts[0])


def parse_query(text: str) -> list[tuple[str, str]]:
    """The pairs of a query or form; raises `NotReadable`."""
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_PARAMETERS_MAX)
    except ValueError:
        raise NotReadable("The query is malformed") from None


def _header(model: ServiceModel, member: Member) -> Place:
    name = (member.ref.location_name or member.name).lower()
    key = member.key
    if member.shape.type == "list":
        assert member.shape.member is not None
        element = reader_of(model.shape_of(member.shape.member))
        read: Callable[[str], object] = lambda text: [element(part.strip()) for part in text.split(",")]  # noqa: E731
    elif member.ref.jsonvalue:
        read = lambda text: b64decode(text, validate=True).decode()  # noqa: E731
    else:
        read = reader_of(member.shape)

    def place(request: Request, tree: Tree) -> None:
        text = request.headers.get(name)
        if text is not None:
            tree[key] = read(_unicode(text))

    return place


def _header_map(member: Member) -> Place:
    prefix = (member.ref.location_name or "").lower()

    def place(request: Request, tree: Tree) -> None:
        found = {
            name[len(prefix) :]: _unicode(text) for name, text in request.headers.items() if name.startswith(prefix)
        }
        if found:
            tree[member.key] = found

    return place


def _unicode(text: str) -> str:
    """A header's latin-1 as the UTF-8 that clients send."""
    return text if text.isascii() else text.encode("latin-1", errors="replace").decode(errors="replace")


# Answers


def _answerer(subject: Subject) -> Callable[[Any, str], Response]:
    status = subject.operation.http.response_code
    ref = subject.operation.output
    if ref is None:
        return _answer_nothing(status)
    shape = subject.model.shape_of(ref)
    members = subject.model.members(ref.shape)
    if shape.payload is None and not any(member.ref.location for member in members):
        return _answer_body(status, body_writer(subject.model, ref))
    return _answer_located(subject, shape, members)


def _answer_nothing(status: int) -> Callable[[Any, str], Response]:
    def answer(output: Any, request_id: str) -> Response:
        assert output is None
        return Response(status, (_JSON, ("x-amzn-RequestId", request_id)))

    return answer


def _answer_body(status: int, write: Callable[[Any], bytes]) -> Callable[[Any, str], Response]:
    def answer(output: Any, request_id: str) -> Response:
        headers = (_JSON, ("x-amzn-RequestId", request_id))
        if status == 204:
            return Response(status, headers)
        if type(output) is Encoded:
            return Response(status, headers, output.body)
        return Response(status, headers, b"{}" if output is None else write(output))

    return answer


def _answer_located(subject: Subject, shape: Shape, members: tuple[Member, ...]) -> Callable[[Any, str], Response]:
    usual_status = subject.operation.http.response_code
    headers_of = _header_writer(subject.model, members)
    status_key = next((member.key for member in members if member.ref.location == "statusCode"), None)
    write_body = _payload_writer(subject, shape, members)
    says_content_type = any((member.ref.location_name or "").lower() == "content-type" for member in members)

    def answer(output: Any, request_id: str) -> Response:
        tree: Tree = {} if output is None else msgspec.to_builtins(output, builtin_types=NATIVE)
        status = tree.get(status_key, usual_status) if status_key is not None else usual_status
        headers = [("x-amzn-RequestId", request_id)]
        headers_of(tree, headers)
        content_type, body = write_body(tree)
        if not says_content_type:
            headers.append(("Content-Type", content_type))
        return Response(status, headers, b"" if status == 204 else body)

    return answer


def _header_writer(model: ServiceModel, members: tuple[Member, ...]) -> Callable[[Tree, list[tuple[str, str]]], None]:
    located = {member.key: member for member in members if member.ref.location in {"header", "headers"}}

    def write(tree: Tree, headers: list[tuple[str, str]]) -> None:
        for key, value in tree.items():
            member = located.get(key)
            if member is None:
                continue
            name = member.ref.location_name or ""
            if member.ref.location == "headers":
                headers.extend((name + suffix, header_value(str(text))) for suffix, text in value.items())
            else:
                headers.append((name or member.name, header_value(_header_text(model, member, value))))

    return write


def _header_text(model: ServiceModel, member: Member, value: object) -> str:
    if isinstance(value, list):
        assert member.shape.member is not None
        ref = member.shape.member
        return ", ".join(write_text(ref, model.shape_of(ref), item, timestamp_default=RFC822) for item in value)
    if member.ref.jsonvalue:
        return b64encode(str(value).encode()).decode()
    return write_text(member.ref, member.shape, value, timestamp_default=RFC822)


def _payload_writer(subject: Subject, shape: Shape, members: tuple[Member, ...]) -> Callable[[Tree], tuple[str, bytes]]:
    if shape.payload is not None:
        member = next(member for member in members if member.name == shape.payload)
        key = member.key
        if member.shape.type == "blob":
            content_type = subject.dialect.blob_content_type
            return lambda tree: (content_type, tree.get(key) or b"")
        if member.shape.type == "string":
            return lambda tree: ("text/plain", tree.get(key, "").encode())
        write_member = body_writer(subject.model, member.ref)
        return lambda tree: (_JSON[1], write_member(tree.get(key, {})))
    assert subject.operation.output is not None
    write = body_writer(subject.model, subject.operation.output)
    elsewhere = frozenset(member.key for member in members if member.ref.location)

    def write_rest(tree: Tree) -> tuple[str, bytes]:
        return _JSON[1], write({key: value for key, value in tree.items() if key not in elsewhere})

    return write_rest
