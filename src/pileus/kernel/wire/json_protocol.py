"""How does the `json` protocol work? POST to `/`, the operation in `X-Amz-Target`, one JSON object each way.

Source: Smithy specification, "AWS JSON 1.0 protocol", "AWS JSON 1.1 protocol".
"""

from typing import Any, Final
from zlib import crc32

from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.service import Encoded
from pileus.kernel.wire.codec import (
    Codec,
    Converter,
    error_shape,
    query_error_header,
    status_of,
    type_of_error,
)
from pileus.kernel.wire.dialect import Dialect
from pileus.kernel.wire.json_body import UNREADABLE, body_reader, body_writer, encode, error_body
from pileus.kernel.wire.json_errors import error_type
from pileus.kernel.wire.model import ServiceModel
from pileus.kernel.wire.subject import Subject


class JsonProtocol:
    """JSON 1.0 and 1.1, which differ in their content type."""

    body_bytes_max: Final = 16 * 1024 * 1024
    """The largest request is DynamoDB's BatchWriteItem. Source: API_BatchWriteItem."""

    def compile(self, subject: Subject) -> Codec:
        converter = Converter(subject, unreadable=UNREADABLE, invalid="ValidationException")
        read = body_reader(subject, converter)
        write = body_writer(subject.model, subject.operation.output)
        content_type = _content_type(subject.model)
        with_crc32 = subject.dialect.crc32
        nothing = b"" if subject.operation.output is None else b"{}"

        def parse(_: Request, body: bytes) -> Any:
            return read(body)

        def body_of(output: Any) -> bytes:
            if type(output) is Encoded:
                return output.body
            return nothing if output is None else write(output)

        def answer(output: Any, request_id: str) -> Response:
            body = body_of(output)
            if with_crc32:
                crc = ("x-amz-crc32", str(crc32(body)))
                return Response(200, (content_type, ("x-amzn-RequestId", request_id), crc), body)
            return Response(200, (content_type, ("x-amzn-RequestId", request_id)), body)

        return Codec(parse, answer)

    def fail(self, model: ServiceModel | None, dialect: Dialect, error: ServiceError, request_id: str) -> Response:
        code = error.error_code
        status = status_of(error_shape(model, code), error)
        told_type = error_type(dialect, type_of_error(model, code))
        body = encode({"__type": told_type, **error_body(model, dialect, error)})
        headers = [_content_type(model), ("x-amzn-RequestId", request_id)]
        headers += query_error_header(model, dialect, code, status)
        if dialect.crc32:
            headers.append(("x-amz-crc32", str(crc32(body))))
        return Response(status, headers, body)

    def unknown_operation(self, what: str) -> ServiceError:
        return AnyServiceError("UnknownOperationException", what)


def _content_type(model: ServiceModel | None) -> tuple[str, str]:
    version = model.metadata.json_version if model is not None else None
    return ("Content-Type", f"application/x-amz-json-{version or '1.1'}")
