"""What a service hands to the kernel."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.http.messages import FileBody, FilesBody, Headers, Request, Response


@dataclass(frozen=True, slots=True)
class PostedForm:
    """A form that a browser posted to a bucket, not yet read."""

    request: Request
    bucket: str


FormHandler = Callable[[RequestContext, PostedForm], Awaitable[object]]
"""Answers a form that a browser posted. Nobody is believed yet: the form says who signed it. Raises `ServiceError`."""

Duty = Callable[[], Awaitable[None]]
"""Work that belongs to no request: runs from start to shutdown, until cancelled."""

NoteFailure = Callable[[RequestContext, object, ServiceError], None]
"""Hears of each request that is answered with an error. Its input is None where it could not be read."""


class AnswerListener(Protocol):
    """Hears of every answer of a service, before it leaves."""

    def __call__(
        self,
        request: Request,
        context: RequestContext | None,
        given: object,
        response: Response,
        *,
        error_code: str,
        took_s: float,
    ) -> None:
        """context: None of who was not believed. given: the operation's input, None where it could not be read.

        error_code: "" of what went well. took_s: from when the operation was known.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One AWS service as the application registers it.

    name: botocore's name (`apigatewayv2`), which names the model.
    api: called once, on the service's first request, so that a service nobody uses costs neither time nor memory;
        gives an object with one coroutine method per built operation, the AWS name in snake case as botocore writes it
        (`get_item`), called as `await api.get_item(context, request)` with the struct from `shapes.py`; it returns
        the output struct, `Encoded`, or None. An operation without a method answers `NotImplemented`.
    shapes: dotted name of the generated module; imported on the service's first request.
    modules: dotted names of what `api` imports most with; imported beforehand, beside the loop.
    signing_name: what clients sign for, where it is not `name` (`apigateway`).
    permissions: dotted name of the module whose PERMISSIONS say what each operation needs; without one the service
        answers nobody whom policies are asked about.
    note_failure: counts what fails, also when no operation was ever called; not who could not prove who they are.
    note_answer: hears of every answer but those to what could not be taken in.
    form: called once, for what answers forms that browsers post to a bucket, of which the model says nothing.
    """

    name: str
    api: Callable[[], object]
    shapes: str
    modules: Sequence[str] = ()
    signing_name: str = ""
    permissions: str = ""
    note_failure: NoteFailure | None = None
    note_answer: AnswerListener | None = None
    form: Callable[[], FormHandler] | None = None


class Answered(msgspec.Struct, frozen=True):
    """An answer that is in the protocol's words already, but for the ids of the request; headers by their names."""

    status: int
    headers: Headers = ()
    body: bytes | FileBody | FilesBody | AsyncIterator[bytes] = b""


class Encoded(msgspec.Struct, frozen=True):
    """An answer whose body is already in the wire's format: the hot path's way around building structs."""

    body: bytes
