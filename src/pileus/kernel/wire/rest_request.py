"""How are members read from a request's path, query and headers?

Shared by every REST protocol. A member's `location` says where it travels: `uri`, `querystring`, `header`, `headers`
(all with a prefix); the member named by `payload` is the whole body; the others are in the body, each protocol's own
affair.

Source: Smithy specification, "HTTP binding traits".
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from pileus.kernel.errors import AnyServiceError
from pileus.kernel.http.messages import Request
from pileus.kernel.wire.bucket_hosts import climbs, path_of
from pileus.kernel.wire.codec import Converter, Parse
from pileus.kernel.wire.forms import parse_query
from pileus.kernel.wire.model import Member, ServiceModel
from pileus.kernel.wire.routes import Routes, operation_query
from pileus.kernel.wire.s3_arguments import argument_reader
from pileus.kernel.wire.subject import Subject
from pileus.kernel.wire.text_values import NotReadable, reader_of
from pileus.kernel.wire.timestamps import NotATimestamp

Tree = dict[str, Any]
_BAD_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")
Place = Callable[[Request, Tree], None]
"""Reads one member from its place in the request into the tree."""


def input_members(subject: Subject) -> tuple[Member, ...]:
    ref = subject.operation.input
    return subject.model.members(ref.shape) if ref is not None else ()


def payload_member(subject: Subject) -> Member | None:
    """The member that is the whole body."""
    ref = subject.operation.input
    payload = subject.model.shape_of(ref).payload if ref is not None else None
    return next((member for member in input_members(subject) if member.name == payload), None)


def parser(read_body: Callable[[bytes], Tree], places: list[Place], converter: Converter) -> Parse:
    """What reads a body into a tree, adds the members from elsewhere, and makes the operation's input of it."""

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


def streamed_payload(subject: Subject) -> Place | None:
    """What hands a body over without reading it: as a stream when it is long; None for other operations."""
    member = payload_member(subject)
    if member is None or not is_stream(member):
        return None

    def place(request: Request, tree: Tree) -> None:
        tree[member.key] = request.body

    return place


def is_stream(member: Member) -> bool:
    """Whether a member's bytes are to flow."""
    return member.shape.type == "blob" and (member.ref.streaming or member.shape.streaming)


def raw_payload(subject: Subject, member: Member) -> Callable[[bytes], Tree] | None:
    """What takes a body that is a blob or a text, as it is; None when it is a structure."""
    key = member.key
    if is_stream(member):
        return lambda _: {}
    if member.shape.type == "blob":
        assert subject.operation.input is not None
        required = member.name in subject.model.shape_of(subject.operation.input).required
        return lambda body: {key: body} if body or required else {}
    if member.shape.type == "string":
        return lambda body: {key: body.decode()} if body else {}
    return None


def places_of(subject: Subject) -> list[Place]:
    """What reads the members that are not in the body, and the body that is not to be read."""
    members, model = input_members(subject), subject.model
    streamed = streamed_payload(subject)
    labels = [member for member in members if member.ref.location == "uri"]
    parameters = [member for member in members if member.ref.location == "querystring"]
    places: list[Place] = [streamed] if streamed is not None else []
    if labels:
        places.append(_labels(subject, labels))
    if parameters:
        literal = operation_query(subject.operation)
        of_s3 = subject.dialect.s3
        places.append(_parameters(model, parameters, literal={name for name, _ in literal}, of_s3=of_s3))
    headers = [member for member in members if member.ref.location in {"header", "headers"}]
    if headers:
        places.append(_headers(model, headers, of_s3=subject.dialect.s3))
    return places


def _labels(subject: Subject, members: list[Member]) -> Place:
    routes, name = Routes(subject.model, [subject.operation]), subject.operation.name
    readers = [(member.key, member.ref.location_name or member.name, reader_of(member.shape)) for member in members]
    bucket_in_host = subject.dialect.s3

    def read(request: Request, tree: Tree) -> None:
        labels = routes.labels(name, path_of(request) if bucket_in_host else request.path)
        for key, label, reader in readers:
            text = labels.get(label)
            if text:
                if "%" in text:
                    text = _decoded(text, request) if bucket_in_host else unquote(text, errors="strict")
                if bucket_in_host and ".." in text and climbs(text):
                    raise _no_uri(request)
                tree[key] = reader(text)

    return read


def _decoded(text: str, request: Request) -> str:
    if _BAD_ESCAPE.search(text):
        raise _no_uri(request)
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise _no_uri(request) from None


def _no_uri(request: Request) -> AnyServiceError:
    """What S3 says of a path that is none: ceph/s3-tests, test_object_read_unreadable."""
    return AnyServiceError("InvalidURI", "Couldn't parse the specified URI.", members={"URI": request.path})


def _parameters(model: ServiceModel, members: list[Member], *, literal: set[str], of_s3: bool) -> Place:
    """literal: parameters by which the operation is found (API Gateway's `mode=import`), which are nobody's input."""
    named = {(member.ref.location_name or member.name): member for member in members if member.shape.type != "map"}
    maps = [member for member in members if member.shape.type == "map"]
    readers = {name: _parameter(model, member, of_s3=of_s3) for name, member in named.items()}

    def read(request: Request, tree: Tree) -> None:
        if not request.query:
            return
        given: dict[str, list[str]] = {}
        try:
            pairs = parse_query(request.query)
        except NotReadable:
            if of_s3:
                raise _no_uri(request) from None
            raise
        for name, text in pairs:
            given.setdefault(name, []).append(text)
        for name, texts in given.items():
            if name in readers:
                value = readers[name](texts)
                if value is not None:
                    tree[named[name].key] = value
        for member in maps:
            assert member.shape.value is not None
            several = model.shape_of(member.shape.value).type == "list"
            rest = {
                name: texts if several else texts[0]
                for name, texts in given.items()
                if name not in named and name not in literal
            }
            if rest:
                tree[member.key] = rest

    return read


def _parameter(model: ServiceModel, member: Member, *, of_s3: bool) -> Callable[[list[str]], object]:
    if member.shape.type == "list":
        assert member.shape.member is not None
        element = reader_of(model.shape_of(member.shape.member))
        return lambda texts: [element(text) for text in texts]
    reader = argument_reader(member, reader_of(member.shape)) if of_s3 else reader_of(member.shape)
    return lambda texts: reader(texts[0])


def _headers(model: ServiceModel, members: list[Member], *, of_s3: bool) -> Place:
    """A request has fewer headers than S3's inputs have members that are headers, so those are walked."""
    readers = {
        (member.ref.location_name or member.name).lower(): (member.key, _header_reader(model, member, of_s3=of_s3))
        for member in members
        if member.ref.location == "header"
    }
    prefixed = [
        ((member.ref.location_name or "").lower(), member.key) for member in members if member.ref.location == "headers"
    ]

    def place(request: Request, tree: Tree) -> None:
        for name, text in request.headers.items():
            known = readers.get(name)
            if known is not None:
                value = known[1](_unicode(text))
                if value is not None:
                    tree[known[0]] = value
            for prefix, key in prefixed:
                if name.startswith(prefix):
                    tree.setdefault(key, {})[name[len(prefix) :]] = _unicode(text)

    return place


def _header_reader(model: ServiceModel, member: Member, *, of_s3: bool) -> Callable[[str], object]:
    if member.shape.type == "list":
        assert member.shape.member is not None
        element = reader_of(model.shape_of(member.shape.member))
        return lambda text: [element(part.strip()) for part in text.split(",")]
    if member.ref.jsonvalue:
        return lambda text: b64decode(text, validate=True).decode()
    return argument_reader(member, reader_of(member.shape)) if of_s3 else reader_of(member.shape)


def _unicode(text: str) -> str:
    """A header's latin-1 as the UTF-8 that clients send."""
    return text if text.isascii() else text.encode("latin-1", errors="replace").decode(errors="replace")
