"""What does a server bear? The bundled load generator, for where wrk is not installed.

Runs in a process of its own: `python -m bench.load FILE HOST PORT CONNECTIONS SECONDS`. Each connection sends one
request, waits for the answer, and sends the next; requests come from the file, in turn. Prints one JSON line: a `Load`.
"""

import asyncio
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

import msgspec
import uvloop

from bench.requests_file import read_requests

GRACE_S: Final = 10.0
"""How long after the end the last answers may take."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured. failures: answers that were not 2xx, and connections lost with a request on them.

    sample: the beginning of the first such answer.
    """

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    failures: int = 0
    sample: str = ""

    @property
    def requests_per_s(self) -> float:
        return self.requests / self.seconds if self.seconds else 0.0


def percentile(ordered: list[float], share: float) -> float:
    """The smallest of the ordered values that `share` of all do not exceed; 0 of none."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]


class Answers:
    """Finds the ends of HTTP/1.1 answers in what arrives; a byte at a time is fine too."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> tuple[bytes, bool] | None:
        """The status and whether the connection stays, once an answer is whole; None before."""
        buffer = self._buffer = self._buffer + data if self._buffer else data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = buffer[:end].lower()
        at = head.find(b"\r\ncontent-length:")
        if at >= 0:
            line_end = head.find(b"\r\n", at + 2)
            size = int(head[at + 17 : line_end if line_end >= 0 else len(head)])
            if len(buffer) < end + 4 + size:
                return None
        elif b"\r\ntransfer-encoding: chunked" in head:
            if not buffer.endswith(b"0\r\n\r\n"):
                return None
        elif head[9:12] not in {b"204", b"304"}:
            return None  # up to the end of the connection
        self._buffer = b""
        stays = b"\r\nconnection: close" not in head and not head.startswith(b"http/1.0")
        return head[9:12], stays

    def beginning(self, size_bytes: int = 300) -> str:
        return self._buffer[:size_bytes].decode("latin-1")


class Shared:
    """What all connections share: the requests' turn, and the tally."""

    def __init__(self, requests: list[bytes]) -> None:
        self._requests = requests
        self._next = 0
        self.latencies_s: list[float] = []
        self.failures = 0
        self.sample = ""
        self.running = True

    def request(self) -> bytes:
        request = self._requests[self._next]
        self._next = self._next + 1 if self._next + 1 < len(self._requests) else 0
        return request

    def failed(self, sample: str) -> None:
        self.failures += 1
        self.sample = self.sample or sample


class _Connection(asyncio.Protocol):
    def __init__(self, shared: Shared, ended: Callable[[], None], clock: Callable[[], float]) -> None:
        self._shared = shared
        self._ended = ended
        self._clock = clock
        self._answers = Answers()
        self._sent_at_s = 0.0
        self._waiting = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        if not self._shared.running:
            self._transport.close()
            return
        self._waiting = True
        self._sent_at_s = self._clock()
        self._transport.write(self._shared.request())

    def data_received(self, data: bytes) -> None:
        if (answer := self._answers.feed(data)) is None:
            return
        status, stays = answer
        self._waiting = False
        if status[:1] == b"2":
            self._shared.latencies_s.append(self._clock() - self._sent_at_s)
        else:
            self._shared.failed(data[:600].decode("latin-1"))
        if stays:
            self._send()
        else:
            assert self._transport is not None
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting:
            self._shared.failed(f"connection lost: {exc} {self._answers.beginning()}")
        self._ended()


async def _keep_connected(shared: Shared, *, host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    while shared.running:
        gone = asyncio.Event()
        try:
            await loop.create_connection(lambda gone=gone: _Connection(shared, gone.set, time.perf_counter), host, port)  # type: ignore[misc]
        except OSError as error:
            shared.failed(f"cannot connect: {error}")
            return
        await gone.wait()


async def generate(requests: list[bytes], *, host: str, port: int, connections: int, seconds: float) -> Load:
    """Send for that long over that many connections."""
    shared = Shared(requests)
    started = time.perf_counter()
    tasks = [asyncio.ensure_future(_keep_connected(shared, host=host, port=port)) for _ in range(connections)]
    _, pending = await asyncio.wait(tasks, timeout=seconds)
    shared.running = False
    elapsed = time.perf_counter() - started
    counted = len(shared.latencies_s)
    if pending:
        await asyncio.wait(pending, timeout=GRACE_S)
    for task in tasks:
        if not task.done():
            shared.failed("no answer")
            task.cancel()
    if not counted:  # a run so short that only what was under way at its end was answered
        counted = len(shared.latencies_s)
        elapsed = time.perf_counter() - started
    ordered = sorted(shared.latencies_s[:counted])
    return Load(
        requests=counted,
        seconds=elapsed,
        p50_ms=percentile(ordered, 0.50) * 1000,
        p99_ms=percentile(ordered, 0.99) * 1000,
        failures=shared.failures,
        sample=shared.sample[:600],
    )


def main(arguments: list[str]) -> None:
    path, host, port, connections, seconds = arguments
    requests = read_requests(Path(path))
    load = uvloop.run(
        generate(requests, host=host, port=int(port), connections=int(connections), seconds=float(seconds))
    )
    sys.stdout.write(msgspec.json.encode(load).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
