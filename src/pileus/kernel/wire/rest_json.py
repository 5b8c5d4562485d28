"""How does the `rest-json` protocol work? Path, query and headers carry some members, a JSON body the others.

Source: Smithy specification, "AWS restJson1 protocol".
"""

from collections.abc import Callable
from typing import Any, Final

from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.service import Encoded
from pileus.kernel.wire.codec import Codec, Converter, error_shape, status_of
from pileus.kernel.wire.dialect import Dialect
from pileus.kernel.wire.json_body import UNREADABLE, body_reader, body_writer, encode, error_body, read_tree
from pileus.kernel.wire.model import Member, ServiceModel
from pileus.kernel.wire.moments import Moments
from pileus.kernel.wire.rest_answer import Body, Tree, error_headers, header_writer, output_payload, taker
from pileus.kernel.wire.rest_request import (
    input_members,
    parser,
    payload_member,
    places_of,
    raw_payload,
)
from pileus.kernel.wire.subject import Subject

_JSON: Final = ("Content-Type", "application/json")


class RestJsonProtocol:
    """JSON over HTTP's own means."""

    body_bytes_max: Final = 72 * 1024 * 1024
    """Lambda takes a 50 MB archive in base64. Source: Lambda quotas, "Deployment package"."""

    def compile(self, subject: Subject) -> Codec:
        # A body is read whole even where the model has a stream: a signature is of all of it, but for S3's.
        return Codec(_parser(subject), _answerer(subject))

    def fail(self, model: ServiceModel | None, dialect: Dialect, error: ServiceError, request_id: str) -> Response:
        code = error.error_code
        shape = error_shape(model, code)
        status = status_of(shape, error)
        body = error_body(model, dialect, error)
        if shape is not None and "Type" in shape.members:
            body.setdefault("Type", "User" if status < 500 else "Service")
        headers = [_JSON, ("x-amzn-RequestId", request_id), ("x-amzn-ErrorType", code)]
        headers += error_headers(model, shape, error)
        return Response(status, headers, encode(body))

    def unknown_operation(self, what: str) -> ServiceError:
        return AnyServiceError("UnknownOperationException", what, status=404)


# Requests


def _parser(subject: Subject) -> Callable[[Request, bytes], Any]:
    converter = Converter(subject, unreadable=UNREADABLE, invalid="ValidationException")
    places, payload = places_of(subject), payload_member(subject)
    if not places and payload is None:
        read_all = body_reader(subject, converter)
        return lambda _, body: read_all(body or b"{}")
    if payload is None:
        return parser(_members_reader(subject, converter), places, converter)
    read_payload = raw_payload(subject, payload) or _structure_reader(subject, payload, converter)
    return parser(read_payload, places, converter)


def _members_reader(subject: Subject, converter: Converter) -> Callable[[bytes], Tree]:
    in_body = frozenset(member.key for member in input_members(subject) if member.ref.location is None)
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


def _structure_reader(subject: Subject, member: Member, converter: Converter) -> Callable[[bytes], Tree]:
    walk = Moments(subject.model, reading=True).walk(member.ref)

    def read(body: bytes) -> Tree:
        if not body:
            return {}
        tree = read_tree(body, converter)
        return {member.key: walk(tree) if walk is not None else tree}

    return read


# Answers


def _answerer(subject: Subject) -> Callable[[Any, str], Response]:
    status = subject.operation.http.response_code
    ref = subject.operation.output
    if ref is None:
        return _answer_nothing(status)
    members = subject.model.members(ref.shape)
    if output_payload(subject) is None and not any(member.ref.location for member in members):
        return _answer_body(status, body_writer(subject.model, ref))
    return _answer_located(subject, members)


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


def _answer_located(subject: Subject, members: tuple[Member, ...]) -> Callable[[Any, str], Response]:
    usual_status = subject.operation.http.response_code
    take = taker(subject)
    write_headers = header_writer(subject.model, members)
    status_key = next((member.key for member in members if member.ref.location == "statusCode"), None)
    write_body = _body_of(subject, members)
    says_content_type = any((member.ref.location_name or "").lower() == "content-type" for member in members)

    def answer(output: Any, request_id: str) -> Response:
        headers = [("x-amzn-RequestId", request_id)]
        if type(output) is Encoded:
            return Response(usual_status, [_JSON, *headers], output.body)
        tree: Tree = {} if output is None else take(output)
        status = tree.get(status_key, usual_status) if status_key is not None else usual_status
        write_headers(tree, headers)
        content_type, body = write_body(tree)
        if not says_content_type:
            headers.append(("Content-Type", content_type))
        return Response(status, headers, b"" if status == 204 else body)

    return answer


def _body_of(subject: Subject, members: tuple[Member, ...]) -> Callable[[Tree], tuple[str, Body]]:
    payload = output_payload(subject)
    if payload is not None:
        key = payload.key
        if payload.shape.type == "blob":
            content_type = subject.dialect.blob_content_type
            return lambda tree: (content_type, tree.get(key) or b"")
        if payload.shape.type == "string":
            return lambda tree: ("text/plain", tree.get(key, "").encode())
        write_member = body_writer(subject.model, payload.ref)
        return lambda tree: (_JSON[1], write_member(tree.get(key, {})))
    assert subject.operation.output is not None
    write = body_writer(subject.model, subject.operation.output)
    elsewhere = frozenset(member.key for member in members if member.ref.location)

    def write_rest(tree: Tree) -> tuple[str, bytes]:
        return _JSON[1], write({key: value for key, value in tree.items() if key not in elsewhere})

    return write_rest
