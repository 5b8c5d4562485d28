"""How does the `rest-xml` protocol work? Path, query and headers carry some members, an XML body the others.

S3 departs from it: its errors have no envelope, every answer has two ids, and one output is its own root element.

Source: Smithy specification, "AWS restXml protocol"; S3 API Reference, "Error responses", "Common response headers".
"""

from binascii import b2a_base64
from collections.abc import Callable
from hashlib import sha512
from typing import Any, Final

from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.service import Answered, Encoded
from pileus.kernel.wire.codec import (
    Codec,
    Converter,
    error_members,
    error_shape,
    key_of,
    plain,
    status_of,
)
from pileus.kernel.wire.dialect import Dialect
from pileus.kernel.wire.model import Member, Ref, ServiceModel
from pileus.kernel.wire.rest_answer import Body, Headers, Tree, error_headers, header_writer, output_payload, taker
from pileus.kernel.wire.rest_request import (
    input_members,
    parser,
    payload_member,
    places_of,
    raw_payload,
    streamed_payload,
)
from pileus.kernel.wire.subject import Subject
from pileus.kernel.wire.text_values import NotReadable
from pileus.kernel.wire.xml_shapes import ShapeReader
from pileus.kernel.wire.xml_text import XmlWriter, element, escape
from pileus.kernel.wire.xml_tree import read_xml

_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_XML: Final = "text/xml"
_XML_OF_S3: Final = "application/xml"
_UNREADABLE: Final = "MalformedXML"


class RestXmlProtocol:
    """XML over HTTP's own means."""

    body_bytes_max: Final = 16 * 1024 * 1024

    def compile(self, subject: Subject) -> Codec:
        streams = streamed_payload(subject) is not None
        return Codec(_parser(subject), _answerer(subject), streams=streams, laborious=not streams)

    def fail(self, model: ServiceModel | None, dialect: Dialect, error: ServiceError, request_id: str) -> Response:
        code = error.error_code
        shape = error_shape(model, code)
        status = status_of(shape, error)
        if status == 304:  # "not modified" of a conditional GET is told as an error, and has no body
            return Response(status, [*_ids(dialect, request_id), *error_headers(model, shape, error), *error.headers])
        told = [element("Code", code), element("Message", error.message)]
        write = XmlWriter(model, attributes=True) if model is not None else None
        for name, (ref, value) in error_members(shape, error).items():
            if ref is None or write is None:
                told.append(element(name, str(value)))
            elif ref.location is None:
                told.append(write.value(key_of(name, ref), ref, plain(value)))
        headers = [("Content-Type", _XML_OF_S3 if dialect.s3 else _XML), *_ids(dialect, request_id)]
        headers += [*error_headers(model, shape, error), *error.headers]
        if dialect.s3:
            ids = element("RequestId", request_id) + element("HostId", _host_id(request_id))
            body = f"<Error>{''.join(told)}{ids}</Error>"
        else:
            at_fault = element("Type", "Sender" if status < 500 else "Receiver")
            inside = f"<Error>{at_fault}{''.join(told)}</Error>{element('RequestId', request_id)}"
            body = f"<ErrorResponse{_namespace(model)}>{inside}</ErrorResponse>"
        return Response(status, headers, (_DECLARATION + body).encode(errors="replace"))

    def unknown_operation(self, what: str) -> ServiceError:
        return AnyServiceError("UnknownOperationException", what, status=404)


def _ids(dialect: Dialect, request_id: str) -> Headers:
    if dialect.s3:
        return [("x-amz-request-id", request_id), ("x-amz-id-2", _host_id(request_id))]
    return [("x-amzn-RequestId", request_id)]


def _host_id(request_id: str) -> str:
    """The second id of S3, by which its support finds a request: 56 bytes that follow from the first."""
    return b2a_base64(sha512(request_id.encode()).digest()[:56], newline=False).decode()


def _namespace(model: ServiceModel | None) -> str:
    uri = model.xml_namespace if model is not None else ""
    return f' xmlns="{uri}"' if uri else ""


# Requests


def _parser(subject: Subject) -> Callable[[Request, bytes], Any]:
    converter = Converter(subject, unreadable=_UNREADABLE, invalid="ValidationException")
    payload = payload_member(subject)
    if payload is not None:
        raw = raw_payload(subject, payload)
        read = raw if raw is not None else _structure_reader(subject, payload)
    else:
        read = _members_reader(subject)
    return parser(read, places_of(subject), converter)


def _structure_reader(subject: Subject, member: Member) -> Callable[[bytes], Tree]:
    read = ShapeReader(subject.model).reader(member.ref)
    names = _root_names(subject, member.ref) | {member.name}

    def read_payload(body: bytes) -> Tree:
        if not body:
            return {}
        root = read_xml(body)
        if root.name not in names:
            raise NotReadable(f"The element {root.name} is not expected here")
        return {member.key: read(root)}

    return read_payload


def _members_reader(subject: Subject) -> Callable[[bytes], Tree]:
    ref = subject.operation.input
    if ref is None or all(member.ref.location is not None for member in input_members(subject)):
        return lambda _: {}
    read = ShapeReader(subject.model).reader(ref)
    names = _root_names(subject, ref)

    def read_members(body: bytes) -> Tree:
        if not body:
            return {}
        root = read_xml(body)
        if root.name not in names:
            raise NotReadable(f"The element {root.name} is not expected here")
        tree: Tree = read(root)
        return tree

    return read_members


def _root_names(subject: Subject, ref: Ref) -> set[str]:
    shape = subject.model.shape_of(ref)
    return {name for name in (ref.location_name, shape.location_name, ref.shape) if name}


# Answers


def _answerer(subject: Subject) -> Callable[[Any, str], Response]:
    usual_status = subject.operation.http.response_code
    dialect, ref = subject.dialect, subject.operation.output
    if ref is None:
        return _bare_answerer(dialect, usual_status)
    members = subject.model.members(ref.shape)
    take, write_headers = taker(subject), header_writer(subject.model, members)
    status_key = next((member.key for member in members if member.ref.location == "statusCode"), None)
    content_type_key = next(
        (member.key for member in members if (member.ref.location_name or "").lower() == "content-type"), None
    )
    write_body = _without_body if subject.operation.http.method == "HEAD" else _body_of(subject, members)
    xml = _XML_OF_S3 if dialect.s3 else _XML

    def answer(output: Any, request_id: str) -> Response:
        headers = _ids(dialect, request_id)
        if type(output) is Answered:
            return Response(output.status, [*headers, *output.headers], output.body)
        if type(output) is Encoded:
            return Response(usual_status, [*headers, ("Content-Type", xml)], output.body)
        tree: Tree = {} if output is None else take(output)
        write_headers(tree, headers)
        content_type, body = write_body(tree)
        if content_type and (content_type_key is None or content_type_key not in tree):
            headers.append(("Content-Type", content_type))
        status = tree.get(status_key, usual_status) if status_key is not None else usual_status
        return Response(status, headers, body)

    return answer


def _bare_answerer(dialect: Dialect, usual_status: int) -> Callable[[Any, str], Response]:
    """Of an operation without output."""

    def answer(output: Any, request_id: str) -> Response:
        headers = _ids(dialect, request_id)
        if type(output) is Answered:
            return Response(output.status, [*headers, *output.headers], output.body)
        return Response(usual_status, headers)

    return answer


def _without_body(_: Tree) -> tuple[str, Body]:
    return "", b""


def _body_of(subject: Subject, members: tuple[Member, ...]) -> Callable[[Tree], tuple[str, Body]]:
    payload = output_payload(subject)
    if payload is None:
        if all(member.ref.location is not None for member in members):
            return _without_body
        return _members_writer(subject, members)
    key = payload.key
    if payload.shape.type == "blob":
        content_type = subject.dialect.blob_content_type
        return lambda tree: (content_type, tree.get(key) or b"")
    if payload.shape.type == "string":
        return lambda tree: ("text/plain", tree.get(key, "").encode())
    return _structure_writer(subject, payload)


def _structure_writer(subject: Subject, payload: Member) -> Callable[[Tree], tuple[str, Body]]:
    write = XmlWriter(subject.model, attributes=True)
    shape, key = payload.shape, payload.key
    name = payload.ref.location_name or shape.location_name or payload.ref.shape
    content_type = _XML_OF_S3 if subject.dialect.s3 else _XML
    opening = f"{_DECLARATION}<{name}{_namespace(subject.model)}>"

    def write_payload(tree: Tree) -> tuple[str, Body]:
        if key not in tree:
            return "", b""
        text = f"{opening}{write.inside(payload.ref.shape, tree[key])}</{name}>"
        return content_type, text.encode(errors="replace")

    return write_payload


def _members_writer(subject: Subject, members: tuple[Member, ...]) -> Callable[[Tree], tuple[str, Body]]:
    ref = subject.operation.output
    assert ref is not None
    structure, shape = ref.shape, subject.model.shape_of(ref)
    write = XmlWriter(subject.model, attributes=True)
    name = (
        subject.dialect.xml_roots.get(subject.operation.name) or ref.location_name or shape.location_name or structure
    )
    content_type = _XML_OF_S3 if subject.dialect.s3 else _XML
    opening = f"{_DECLARATION}<{name}{_namespace(subject.model)}>"
    only = members[0].key if subject.operation.name in subject.dialect.unwrapped else None

    def write_members(tree: Tree) -> tuple[str, Body]:
        inside = write.inside(structure, tree) if only is None else escape(tree.get(only, ""))
        return content_type, f"{opening}{inside}</{name}>".encode(errors="replace")

    return write_members
