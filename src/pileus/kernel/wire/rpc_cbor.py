"""How does the `smithy-rpc-v2-cbor` protocol work? POST to `/service/NAME/operation/NAME`, one CBOR map each way.

Source: Smithy specification, "Smithy RPC v2 CBOR"; errors of a service that once spoke `query`, `awsQueryCompatible`.
"""

from typing import Any, Final

import msgspec

from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.service import Encoded
from pileus.kernel.wire.cbor import NotCbor, decode, encode
from pileus.kernel.wire.codec import (
    NATIVE,
    Codec,
    Converter,
    error_members,
    error_shape,
    key_of,
    message_member,
    query_error_header,
    status_of,
    type_of_error,
)
from pileus.kernel.wire.dialect import Dialect
from pileus.kernel.wire.json_errors import error_type
from pileus.kernel.wire.model import ServiceModel
from pileus.kernel.wire.moments import Moments
from pileus.kernel.wire.rpc_address import PROTOCOL, PROTOCOL_HEADER
from pileus.kernel.wire.subject import Subject
from pileus.kernel.wire.timestamps import NotATimestamp

_HEADERS: Final = (("Content-Type", "application/cbor"), (PROTOCOL_HEADER, PROTOCOL))


class RpcCborProtocol:
    """CBOR by remote procedure calls."""

    body_bytes_max: Final = 16 * 1024 * 1024

    def compile(self, subject: Subject) -> Codec:
        converter = Converter(subject, unreadable="SerializationException", invalid="ValidationException")
        ref = subject.operation.input
        walk = Moments(subject.model, reading=True).walk(ref) if ref is not None else None
        nothing = b"" if subject.operation.output is None else encode({})

        def parse(_: Request, body: bytes) -> Any:
            try:
                tree = decode(body) if body else {}
                return converter.struct(walk(tree) if walk is not None else tree)
            except (NotCbor, NotATimestamp) as error:
                raise converter.unreadable(str(error)) from None

        def answer(output: Any, request_id: str) -> Response:
            if type(output) is Encoded:
                body = output.body
            elif output is None:
                body = nothing
            else:
                body = encode(msgspec.to_builtins(output, builtin_types=NATIVE))
            return Response(200, (*_HEADERS, ("x-amzn-RequestId", request_id)), body)

        return Codec(parse, answer)

    def fail(self, model: ServiceModel | None, dialect: Dialect, error: ServiceError, request_id: str) -> Response:
        code = error.error_code
        shape = error_shape(model, code)
        status = status_of(shape, error)
        body: dict[str, object] = {"__type": error_type(dialect, type_of_error(model, code))}
        for name, (ref, value) in error_members(shape, error).items():
            body[key_of(name, ref) if ref is not None else name] = value
        if error.message:
            told = message_member(shape)
            body[key_of(*told) if told else "message"] = error.message
        headers = [*_HEADERS, ("x-amzn-RequestId", request_id), *query_error_header(model, dialect, code, status)]
        return Response(status, headers, encode(body))

    def unknown_operation(self, what: str) -> ServiceError:
        return AnyServiceError("UnknownOperationException", what, status=404)
