"""How do extensions hear what their function and the platform say?

The Telemetry API and its predecessor, the Logs API (Lambda Developer Guide, "Accessing real-time telemetry data for
extensions using the Telemetry API"): while the environment initialises, an extension names the kinds of events it wants
and a port of its own; batches of them are then posted there.
"""

import asyncio
import contextlib
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.http.messages import PayloadTooLarge, Request, Response
from pileus.services.lambda_.environments.api_listener import JSON, Client, problem
from pileus.services.lambda_.environments.extensions import Extensions
from pileus.services.lambda_.environments.journal import Journal, moment_text

_TYPES: Final = frozenset({"platform", "function", "extension"})
_HOSTS: Final = frozenset({"sandbox.localdomain", "sandbox", "localhost", "127.0.0.1", "0.0.0.0"})  # noqa: S104 - names that an extension may use for itself
_POST_S_MAX: Final = 60.0
_KEPT_BATCHES_MAX: Final = 10
"""Of what a slow listener has not taken; older ones are dropped, and it is told so."""
_EARLY_MAX: Final = 1_000
_EARLY_BYTES_MAX: Final = 1_048_576
"""Of what is told before somebody subscribes: as much as a subscriber may have buffered."""
_BODY_BYTES_MAX: Final = 64 * 1024


class _Buffering(msgspec.Struct, rename="camel"):
    """Sources: the guide's "Telemetry API reference": bounds of each."""

    max_items: int = 1_000
    max_bytes: int = 262_144
    timeout_ms: int = 1_000

    def legal(self) -> bool:
        return (
            1_000 <= self.max_items <= 10_000
            and 262_144 <= self.max_bytes <= 1_048_576
            and 25 <= self.timeout_ms <= 30_000
        )


class _Destination(msgspec.Struct):
    """An address, by HTTP; by TCP a port is enough."""

    protocol: str = "HTTP"
    uri: str = msgspec.field(name="URI", default="")
    port: int = 0

    @property
    def by_tcp(self) -> bool:
        return self.protocol.upper() == "TCP"


class _Subscription(msgspec.Struct, rename="camel"):
    types: list[str]
    destination: _Destination
    schema_version: str = ""
    buffering: _Buffering = msgspec.field(default_factory=_Buffering)


class Subscriber:
    """One listener: gathers events, and posts them in order."""

    def __init__(self, wanted: _Subscription, *, clock: Clock) -> None:
        address = urlsplit(wanted.destination.uri)
        self.types = frozenset(wanted.types)
        self._by_tcp = wanted.destination.by_tcp
        self._port = (wanted.destination.port if self._by_tcp else 0) or address.port or 80
        self._stream: asyncio.StreamWriter | None = None
        self._path = address.path or "/"
        self._host = address.netloc
        self._buffering = wanted.buffering
        self._clock = clock
        self._events: list[dict[str, Any]] = []
        self._size_bytes = 0
        self._batches: list[bytes] = []
        self._dropped = 0
        self._timer: asyncio.TimerHandle | None = None
        self._sender: asyncio.Task[None] | None = None

    def add(self, event: dict[str, Any], size_bytes: int) -> None:
        self._events.append(event)
        self._size_bytes += size_bytes
        if len(self._events) >= self._buffering.max_items or self._size_bytes >= self._buffering.max_bytes:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._buffering.timeout_ms / 1000, self.flush)

    def flush(self) -> None:
        """Send what there is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._events:
            return
        if len(self._batches) >= _KEPT_BATCHES_MAX:
            self._dropped += len(self._events)
        else:
            if self._dropped:
                record = {"droppedRecords": self._dropped, "reason": "Consumer seems to have fallen behind"}
                moment = moment_text(self._clock.timestamp())
                self._events.append({"time": moment, "type": "platform.logsDropped", "record": record})
                self._dropped = 0
            self._batches.append(self._batch())
        self._events, self._size_bytes = [], 0
        if self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._send())

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._sender is not None:
            self._sender.cancel()
        if self._stream is not None:
            self._stream.close()

    def _batch(self) -> bytes:
        """By TCP each event is a line."""
        if self._by_tcp:
            return b"".join(msgspec.json.encode(event) + b"\n" for event in self._events)
        return msgspec.json.encode(self._events)

    async def _send(self) -> None:
        while self._batches:
            # A listener that is not there loses the batch, as on AWS after its retries.
            try:
                async with asyncio.timeout(_POST_S_MAX):
                    await (self._write if self._by_tcp else self._post)(self._batches[0])
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                self._hang_up()
            self._batches.pop(0)
        self._sender = None

    async def _write(self, lines: bytes) -> None:
        """On one connection, for as long as it holds."""
        stream = self._stream
        if stream is None or stream.is_closing():
            _, stream = await asyncio.open_connection("127.0.0.1", self._port)
            self._stream = stream
        stream.write(lines)
        await stream.drain()

    def _hang_up(self) -> None:
        """What the listener did not take is not kept for it, and no line goes on where another broke off."""
        if self._stream is not None:
            self._stream.transport.abort()
            self._stream = None

    async def _post(self, body: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            head = (
                f"POST {self._path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode("latin-1") + body)
            await writer.drain()
            await reader.readline()
        finally:
            writer.close()


class Telemetry:
    """The subscribers of one environment, and how they subscribe. prefix: of both APIs, by two instances' routes."""

    prefix = "/2022-07-01/telemetry"
    logs_prefix: Final = "/2020-08-15/logs"

    def __init__(self, extensions: Extensions, *, journal: Journal, clock: Clock) -> None:
        self._extensions = extensions
        self._journal = journal
        self._clock = clock
        self._subscribers: dict[str, Subscriber] = {}
        self._early: list[tuple[str, dict[str, Any], int]] = []
        """What was told while extensions may still subscribe: they get that, too, as long as there is room."""
        self._early_bytes = 0

    def platform(self, event: dict[str, Any]) -> None:
        """An event of the journal."""
        self._publish("platform", event, 256)

    def line(self, timestamp_s: float, text: str, kind: str) -> None:
        """A line that the function or an extension wrote."""
        record: object = text
        if text.startswith("{"):
            with contextlib.suppress(msgspec.DecodeError):
                record = msgspec.json.decode(text)
        self._publish(kind, {"time": moment_text(timestamp_s), "type": kind, "record": record}, len(text))

    def _publish(self, kind: str, event: dict[str, Any], size_bytes: int) -> None:
        if not self._extensions.initialising:
            self._early.clear()
        elif len(self._early) < _EARLY_MAX and self._early_bytes + size_bytes <= _EARLY_BYTES_MAX:
            self._early.append((kind, event, size_bytes))
            self._early_bytes += size_bytes
        for subscriber in self._subscribers.values():
            if kind in subscriber.types:
                subscriber.add(event, size_bytes)

    def flush(self) -> None:
        for subscriber in self._subscribers.values():
            subscriber.flush()

    def close(self) -> None:
        for subscriber in self._subscribers.values():
            subscriber.close()

    @property
    def wanted(self) -> bool:
        return bool(self._subscribers)

    def lost(self, client: Client, *, unread: bool) -> None:
        """Subscriptions outlive the connections they were made on."""

    async def handle(self, request: Request, client: Client) -> Response:
        logs = request.path == self.logs_prefix
        if request.method != "PUT" or request.path not in (self.prefix, self.logs_prefix):
            return problem(404, "NotFound", "no such path in the Lambda telemetry API")
        extension = self._extensions.named(request.headers.get("lambda-extension-identifier", ""))
        if extension is None:
            return problem(403, "Extension.UnknownExtensionIdentifier", "Unknown extension")
        if not self._extensions.initialising:
            return problem(
                403, "Logs.ServiceClosed" if logs else "Telemetry.ServiceClosed", "the initialisation is over"
            )
        try:
            wanted = msgspec.json.decode(await request.read(_BODY_BYTES_MAX), type=_Subscription)
        except (msgspec.DecodeError, PayloadTooLarge) as wrong:
            return problem(400, "ValidationError", str(wrong) or "the body is too long")
        refusal = _refusal(wanted)
        if refusal:
            return problem(400, "ValidationError", refusal)
        previous = self._subscribers.get(extension.identifier)
        if previous is not None:
            previous.close()
        subscriber = self._subscribers[extension.identifier] = Subscriber(wanted, clock=self._clock)
        for early, event, size_bytes in self._early:
            if early in subscriber.types:
                subscriber.add(event, size_bytes)
        kind = "platform.logsSubscription" if logs else "platform.telemetrySubscription"
        self._journal.noted(kind, {"name": extension.name, "state": "Subscribed", "types": wanted.types})
        return Response(200, JSON, b'"OK"')


class LogsRoute:
    """The older API's path, answered by the newer one."""

    prefix = Telemetry.logs_prefix

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def lost(self, client: Client, *, unread: bool) -> None:
        """As `Telemetry.lost`."""

    async def handle(self, request: Request, client: Client) -> Response:
        return await self._telemetry.handle(request, client)


def _refusal(wanted: _Subscription) -> str:
    """What is wrong with it; '' when nothing is."""
    if not wanted.types or not set(wanted.types) <= _TYPES:
        return "types are platform, function and extension"
    if not wanted.buffering.legal():
        return "buffering is out of bounds"
    destination = wanted.destination
    if destination.protocol.upper() not in {"HTTP", "TCP"}:
        return "protocols are HTTP and TCP"
    if not 0 <= destination.port < 65_536:
        return "there is no such port"
    if destination.by_tcp and not destination.uri:
        return "" if destination.port else "a destination by TCP has a port"
    address = urlsplit(destination.uri)
    try:
        port = address.port
    except ValueError:
        port = -1
    if address.scheme != destination.protocol.lower() or address.hostname not in _HOSTS or port == -1:
        return "the destination is no address of this environment (http://sandbox.localdomain:port)"
    return ""
