"""Who may ask an environment's own HTTP API, and who answers?

One listener for each environment, on a random address of the loopback network and a random port: the value of
AWS_LAMBDA_RUNTIME_API. Behind it are the Runtime API, the Extensions API and the Telemetry API.

Whose connection it is. Cells share the host's network, and `/proc/net/tcp` shows every listener to everybody, so being
hard to guess is no protection: whoever could ask for the next event of another function would also answer it. A secret
in `AWS_LAMBDA_RUNTIME_API` would protect, but several of AWS's own clients (Node, Rust, .NET) take that variable apart
as `host:port`. A network namespace for each cell would cut functions off from Pileus and the network, unless something
forwarded. So each connection is asked, when it is made, which socket is at its other end, and it stays open only if a
process of this very cell holds that socket (`Cell.made`). Clients keep their connection, so it is asked once.
"""

import asyncio
from typing import Final, Protocol

import msgspec

from pileus.kernel.http.budget import BodyBudget
from pileus.kernel.http.connection import Connection
from pileus.kernel.http.heads import Heads
from pileus.kernel.http.limits import Limits
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.http.sharing import Shared
from pileus.kernel.ids import Ids
from pileus.kernel.sandbox.cell import Cell

JSON: Final = (("Content-Type", "application/json"),)
ACCEPTED: Final = Response(202, JSON, b'{"status":"OK"}\n')
_BIND_TRIES_MAX: Final = 16
_CONNECTIONS_MAX: Final = 256
"""At the same time; a runtime has one, or a new one for each request."""
_LIMITS: Final = Limits(body_in_memory_bytes_max=0)
"""Every body is read as it comes: a streamed answer has no end in sight."""


def problem(status: int, kind: str, message: str) -> Response:
    """An error document of these APIs."""
    return Response(status, JSON, msgspec.json.encode({"errorMessage": message, "errorType": kind}))


class Part(Protocol):
    """One of the APIs behind the listener."""

    prefix: str

    async def handle(self, request: Request, client: "Client") -> Response: ...

    def lost(self, client: "Client", *, unread: bool) -> None:
        """A connection has ended. unread: its client did not read all that was written."""
        ...


class Client(Connection):
    """A connection that ends with the client's side of it. poll: its wait for an event. took: it was given one."""

    def __init__(self, listener: "ApiListener", heads: Heads, budget: BodyBudget) -> None:
        super().__init__(Shared(handler=self._handle, gate=None, limits=_LIMITS, heads=heads, budget=budget))
        self._listener = listener
        self.poll: asyncio.Future[None] | None = None
        self.took = False

    async def _handle(self, request: Request) -> Response:
        self.took = False  # whoever asks again has read what came before
        return await self._listener.handle(request, self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        client, server = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not self._listener.admits(self, client[:2], server[:2]):
            self.abort()

    def eof_received(self) -> bool:
        super().eof_received()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        unread = exc is not None or bool(self._open)
        super().connection_lost(exc)
        self._listener.lost(self, unread=unread)


class ApiListener:
    """The APIs of one environment."""

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._parts: list[Part] = []
        self._server: asyncio.Server | None = None
        self._clients: set[Client] = set()
        self.address = ""

    def add(self, part: Part) -> None:
        self._parts.append(part)

    async def open(self, ids: Ids) -> str:
        """Listen; gives the value of AWS_LAMBDA_RUNTIME_API."""
        heads, budget, loop = Heads(), BodyBudget(_LIMITS), asyncio.get_running_loop()
        for attempt in range(_BIND_TRIES_MAX):
            drawn = ids.bytes(3)
            host = f"127.{drawn[0]}.{drawn[1]}.{1 + drawn[2] % 254}"
            try:
                self._server = await loop.create_server(lambda: Client(self, heads, budget), host, 0)
            except OSError:
                if attempt == _BIND_TRIES_MAX - 1:
                    raise
                continue
            port: int = self._server.sockets[0].getsockname()[1]
            self.address = f"{host}:{port}"
            return self.address
        raise AssertionError

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for client in list(self._clients):
            client.abort()
            self.lost(client, unread=False)

    # What connections tell.

    def admits(self, client: Client, theirs: tuple[str, int], ours: tuple[str, int]) -> bool:
        """Whether this connection may speak: it comes from a process of the cell."""
        if self._server is None or len(self._clients) >= _CONNECTIONS_MAX or not self._cell.made((theirs, ours)):
            return False
        self._clients.add(client)
        return True

    def lost(self, client: Client, *, unread: bool) -> None:
        self._clients.discard(client)
        if client.poll is not None and not client.poll.done():
            client.poll.set_result(None)
        for part in self._parts:
            part.lost(client, unread=unread)

    async def handle(self, request: Request, client: Client) -> Response:
        for part in self._parts:
            if request.path.startswith(part.prefix):
                return await part.handle(request, client)
        return problem(404, "NotFound", "no such path in the Lambda runtime API")
