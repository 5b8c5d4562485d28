"""Which bodies are read at all?

A long one only after its request's headers have been believed as far as headers can be, so that strangers cannot fill
the memory; and only when there is room for it (`kernel.http.budget`).
"""

from collections.abc import Awaitable
from functools import partial
from typing import Final, Protocol

from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.wire.dialects import dialect_of
from pileus.kernel.wire.finder import FORM, Refused
from pileus.kernel.wire.protocols import wire_of
from pileus.kernel.wire.registered import Operation

CHECKED_BYTES_MIN: Final = 1024 * 1024
"""A longer body is not read before its headers were checked. Longer than anything that is sent unsigned: the largest is
AssumeRoleWithSAML's, with an assertion of 100,000 characters."""


class Precheck(Protocol):
    def __call__(self, request: Request, *, service: str | None) -> Awaitable[None]: ...


class Admission:
    """Lets bodies in. precheck: refuses, by its headers, a request that will not be believed."""

    def __init__(self, precheck: Precheck) -> None:
        self._precheck = precheck

    async def admit_form(self, request: Request) -> None:
        """Check a long form, which must be read for its operation to be known; `Refused`."""
        if not _long(request) or not request.headers.get("content-type", "").startswith(FORM):
            return
        try:
            await self._precheck(request, service=None)
        except ServiceError as error:
            raise Refused(error, partial(wire_of("query").fail, None, dialect_of(""))) from None

    async def read(self, request: Request, operation: Operation) -> bytes:
        """The whole body. `ServiceError` when its sender is not believed, `PayloadTooLarge`, `NoRoom`."""
        if not operation.unsigned and _long(request):
            await self._precheck(request, service=operation.service)
        return await request.read(operation.body_bytes_max)


def _long(request: Request) -> bool:
    body = request.body
    return not isinstance(body, bytes) and (body.size_bytes is None or body.size_bytes > CHECKED_BYTES_MIN)


def no_room(operation: Operation | None, request_id: str) -> Response:
    """What AWS says when it is asked for too much at once; SDKs slow down and try again.

    Sources: S3 API Reference, "Error responses" (`SlowDown`, 503); each API Reference, "Common Errors"
    (`ThrottlingException`). Everywhere 503, since it is the server that has no room.
    """
    if operation is not None and dialect_of(operation.service).s3:
        error = AnyServiceError("SlowDown", "Please reduce your request rate.", status=503)
    else:
        error = AnyServiceError("ThrottlingException", "Rate exceeded", status=503)
    return (
        partial(wire_of("query").fail, None, dialect_of(""))(error, request_id)
        if operation is None
        else operation.fail(error, request_id)
    )
