"""How does a custom runtime get its events?

The Lambda Runtime API (Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes"), one server for each
environment, on a random address of the loopback network (127.0.0.0/8) and a random port: 38 bits that another
environment would have to guess, and the answer to an event needs its request id besides.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final

import msgspec

from pileus.kernel.http.messages import PayloadTooLarge, Request, Response
from pileus.kernel.http.server import HttpServer
from pileus.kernel.ids import Ids
from pileus.kernel.sandbox.cell import Cell
from pileus.services.lambda_.environments.links import RuntimeListener
from pileus.services.lambda_.environments.types import Invocation
from pileus.services.lambda_.runtimes import frames

_PREFIX: Final = "/2018-06-01/runtime/"
_JSON: Final = (("Content-Type", "application/json"),)
_ACCEPTED: Final = Response(202, _JSON, b'{"status":"OK"}\n')
_BIND_TRIES_MAX: Final = 16


def _problem(status: int, kind: str, message: str) -> Response:
    return Response(status, _JSON, msgspec.json.encode({"errorMessage": message, "errorType": kind}))


class HttpLink:
    """A runtime behind the Runtime API. `defer` runs what takes time to close, and outlives the environment."""

    def __init__(
        self, cell: Cell, listener: RuntimeListener, *, defer: Callable[[Coroutine[Any, Any, None]], None]
    ) -> None:
        self._cell = cell
        self._listener = listener
        self._defer = defer
        self._server: HttpServer | None = None
        self._event: tuple[Invocation, int] | None = None
        self._asked: asyncio.Future[None] | None = None
        self._current = ""
        self._ready = False

    async def open(self, ids: Ids) -> str:
        """Listen; gives the value of AWS_LAMBDA_RUNTIME_API."""
        server = HttpServer(self._handle)
        for attempt in range(_BIND_TRIES_MAX):
            drawn = ids.bytes(3)
            host = f"127.{drawn[0]}.{drawn[1]}.{1 + drawn[2] % 254}"
            try:
                port = await server.start(host, 0)
            except OSError:
                if attempt == _BIND_TRIES_MAX - 1:
                    raise
                continue
            self._server = server
            return f"{host}:{port}"
        raise AssertionError

    def deliver(self, invocation: Invocation, *, deadline_ms: int) -> None:
        self._event = (invocation, deadline_ms)
        self._current = invocation.request_id
        self._wake()

    def drain(self) -> None:
        why = self._cell.refusal()
        if why is not None:
            self._listener.was_refused(why)

    def close(self) -> None:
        self._event = None
        if self._server is not None:
            server, self._server = self._server, None
            self._defer(server.drain(timedelta(0)))

    def _wake(self) -> None:
        if self._asked is not None and not self._asked.done():
            self._asked.set_result(None)

    async def _handle(self, request: Request) -> Response:
        if not request.path.startswith(_PREFIX):
            return _problem(404, "NotFound", "no such path in the Lambda runtime API")
        match request.method, request.path.removeprefix(_PREFIX).split("/"):
            case "GET", ["invocation", "next"]:
                return await self._next()
            case "POST", ["invocation", request_id, "response"]:
                return await self._answer(request, request_id, failed=False)
            case "POST", ["invocation", request_id, "error"]:
                return await self._answer(request, request_id, failed=True)
            case "POST", ["init", "error"]:
                self._listener.could_not_initialise(await request.read())
                return _ACCEPTED
        return _problem(404, "NotFound", "no such path in the Lambda runtime API")

    async def _next(self) -> Response:
        if not self._ready:
            self._ready = True
            self._listener.became_ready()
        while self._event is None:
            if self._asked is None or self._asked.done():
                self._asked = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._asked)
        (invocation, deadline_ms), self._event = self._event, None
        headers = [
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
            ("Lambda-Runtime-Deadline-Ms", str(deadline_ms)),
            ("Lambda-Runtime-Invoked-Function-Arn", invocation.invoked_function_arn),
        ]
        if invocation.trace_id:
            headers.append(("Lambda-Runtime-Trace-Id", invocation.trace_id))
        if invocation.client_context:
            headers.append(("Lambda-Runtime-Client-Context", _one_line(invocation.client_context)))
        return Response(200, headers, invocation.payload)

    async def _answer(self, request: Request, request_id: str, *, failed: bool) -> Response:
        try:
            payload = await request.read(frames.RESPONSE_BYTES_MAX)
        except PayloadTooLarge:
            if request_id == self._current:
                self._finish(frames.RESPONSE_TOO_LARGE, failed=True)
            return _problem(413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size (6291556 bytes).")
        if request_id != self._current:
            return _problem(400, "InvalidRequestID", "Invalid request ID")
        self._finish(payload, failed=failed)
        return _ACCEPTED

    def _finish(self, payload: bytes, *, failed: bool) -> None:
        self._current = ""
        self._listener.answered(payload, failed=failed, peak_bytes=0)


def _one_line(text: str) -> str:
    """A header value: JSON without line breaks, in ASCII."""
    try:
        return json.dumps(json.loads(text))
    except ValueError:
        return text.encode("ascii", "backslashreplace").decode().replace("\r", " ").replace("\n", " ")
