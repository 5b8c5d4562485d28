"""How does a custom runtime get its events?

The Lambda Runtime API (Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes"): one listener for
each environment, on a random address of the loopback network and a random port.

Whose connection it is. Cells share the host's network, and `/proc/net/tcp` shows every listener to everybody, so being
hard to guess is no protection: whoever could ask for the next event of another function would also answer it. A secret
in `AWS_LAMBDA_RUNTIME_API` would protect, but several of AWS's own clients (Node, Rust, .NET) take that variable apart
as `host:port`. A network namespace for each cell would cut functions off from Pileus and the network, unless something
forwarded. So each connection is asked, when it is made, which socket is at its other end, and it stays open only if a
process of this very cell holds that socket (`Cell.made`). Clients keep their connection, so it is asked once.

Whose event it is. A poll whose client has gone away (bootstraps poll with a timeout) must not swallow an event:

- the end of the client's side ends the connection, and its poll with it;
- a poll ends those before it, since a runtime has only one: they are dead, and not yet known to be;
- an event stays with the connection it was written to until it is answered; if that connection breaks without having
  been read to its end, or before the event was written, the next poll gets the event again.
"""

import asyncio
import json
from typing import Final

import msgspec

from pileus.kernel.http.budget import BodyBudget
from pileus.kernel.http.connection import Connection, Shared
from pileus.kernel.http.heads import Heads
from pileus.kernel.http.limits import Limits
from pileus.kernel.http.messages import PayloadTooLarge, Request, Response
from pileus.kernel.ids import Ids
from pileus.kernel.sandbox.cell import Cell
from pileus.services.lambda_.environments.links import RuntimeListener
from pileus.services.lambda_.environments.types import Invocation
from pileus.services.lambda_.runtimes import frames

_PREFIX: Final = "/2018-06-01/runtime/"
_JSON: Final = (("Content-Type", "application/json"),)
_ACCEPTED: Final = Response(202, _JSON, b'{"status":"OK"}\n')
_BIND_TRIES_MAX: Final = 16
_CONNECTIONS_MAX: Final = 256
"""At the same time; a runtime has one, or a new one for each request."""
_LIMITS: Final = Limits()


def _problem(status: int, kind: str, message: str) -> Response:
    return Response(status, _JSON, msgspec.json.encode({"errorMessage": message, "errorType": kind}))


class _Client(Connection):
    """A connection that ends with the client's side of it. poll: its wait for an event. took: it was given one."""

    def __init__(self, link: "HttpLink", heads: Heads, budget: BodyBudget) -> None:
        super().__init__(Shared(handler=self._handle, gate=None, limits=_LIMITS, heads=heads, budget=budget))
        self._link = link
        self.poll: asyncio.Future[None] | None = None
        self.took = False

    async def _handle(self, request: Request) -> Response:
        self.took = False  # whoever asks again has read what came before
        return await self._link.handle(request, self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        client, server = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not self._link.admits(self, client[:2], server[:2]):
            self.abort()

    def eof_received(self) -> bool:
        super().eof_received()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        unread = exc is not None or bool(self._open)
        super().connection_lost(exc)
        self._link.lost(self, unread=unread)


class HttpLink:
    """A runtime behind the Runtime API."""

    def __init__(self, cell: Cell, listener: RuntimeListener) -> None:
        self._cell = cell
        self._listener = listener
        self._server: asyncio.Server | None = None
        self._clients: set[_Client] = set()
        self._poll: _Client | None = None
        self._event: tuple[Invocation, int] | None = None
        self._waiting = False
        """Whether the event is still to be taken."""
        self._ready = False

    async def open(self, ids: Ids) -> str:
        """Listen; gives the value of AWS_LAMBDA_RUNTIME_API."""
        heads, budget, loop = Heads(), BodyBudget(_LIMITS), asyncio.get_running_loop()
        for attempt in range(_BIND_TRIES_MAX):
            drawn = ids.bytes(3)
            host = f"127.{drawn[0]}.{drawn[1]}.{1 + drawn[2] % 254}"
            try:
                self._server = await loop.create_server(lambda: _Client(self, heads, budget), host, 0)
            except OSError:
                if attempt == _BIND_TRIES_MAX - 1:
                    raise
                continue
            port: int = self._server.sockets[0].getsockname()[1]
            return f"{host}:{port}"
        raise AssertionError

    def deliver(self, invocation: Invocation, *, deadline_ms: int) -> None:
        self._event = (invocation, deadline_ms)
        self._offer()

    def pause(self) -> None:
        """Output does not come this way."""

    def resume(self) -> None:
        """As `pause`."""

    def drain(self) -> None:
        why = self._cell.refusal()
        if why is not None:
            self._listener.was_refused(why)

    def close(self) -> None:
        self._event = None
        if self._server is not None:
            self._server.close()
            self._server = None
        for client in list(self._clients):
            client.abort()
            self.lost(client, unread=False)

    # What connections tell.

    def admits(self, client: _Client, theirs: tuple[str, int], ours: tuple[str, int]) -> bool:
        """Whether this connection may speak: it comes from a process of the cell."""
        if self._server is None or len(self._clients) >= _CONNECTIONS_MAX or not self._cell.made((theirs, ours)):
            return False
        self._clients.add(client)
        return True

    def lost(self, client: _Client, *, unread: bool) -> None:
        """A connection has ended. unread: its client did not read all that was written."""
        self._clients.discard(client)
        if client.poll is not None and not client.poll.done():
            client.poll.set_result(None)
        if self._poll is client:
            self._poll = None
        if client.took and unread and self._event is not None:
            self._offer()

    async def handle(self, request: Request, client: _Client) -> Response:
        if not request.path.startswith(_PREFIX):
            return _problem(404, "NotFound", "no such path in the Lambda runtime API")
        match request.method, request.path.removeprefix(_PREFIX).split("/"):
            case "GET", ["invocation", "next"]:
                return await self._next(client)
            case "POST", ["invocation", request_id, "response"]:
                return await self._answer(request, request_id, failed=False)
            case "POST", ["invocation", request_id, "error"]:
                return await self._answer(request, request_id, failed=True)
            case "POST", ["init", "error"]:
                self._listener.could_not_initialise(await request.read())
                return _ACCEPTED
        return _problem(404, "NotFound", "no such path in the Lambda runtime API")

    def _offer(self) -> None:
        """There is an event to be taken: the latest poll has it."""
        self._waiting = True
        if self._poll is not None:
            client, self._poll = self._poll, None
            self._take(client)

    def _take(self, client: _Client) -> None:
        self._waiting = False
        client.took = True
        if client.poll is not None and not client.poll.done():
            client.poll.set_result(None)

    async def _next(self, client: _Client) -> Response:
        if not self._ready:
            self._ready = True
            self._listener.became_ready()
        if self._waiting:
            self._take(client)
        else:
            self._poll = client
            client.poll = asyncio.get_running_loop().create_future()
            await client.poll
        if not client.took or self._event is None:
            return _problem(500, "Closed", "this poll is over")
        invocation, deadline_ms = self._event
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
            if self._expects(request_id):
                self._finish(frames.RESPONSE_TOO_LARGE, failed=True)
            return _problem(413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size (6291556 bytes).")
        if not self._expects(request_id):
            return _problem(400, "InvalidRequestID", "Invalid request ID")
        self._finish(payload, failed=failed)
        return _ACCEPTED

    def _expects(self, request_id: str) -> bool:
        return self._event is not None and self._event[0].request_id == request_id

    def _finish(self, payload: bytes, *, failed: bool) -> None:
        self._event = None
        self._waiting = False
        self._listener.answered(payload, failed=failed, peak_bytes=0)


def _one_line(text: str) -> str:
    """A header value: JSON without line breaks, in ASCII."""
    try:
        return json.dumps(json.loads(text))
    except ValueError:
        return text.encode("ascii", "backslashreplace").decode().replace("\r", " ").replace("\n", " ")
