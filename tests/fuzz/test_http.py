"""Any bytes at all: no exception escapes, what is answered is HTTP, and memory stays where it was.

The protocol class is driven without a socket, so that ten thousand connections take seconds; a second set goes through
real ones.
"""

import asyncio
import gc
import logging
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import httptools
import pytest
import uvloop
from hypothesis import HealthCheck, given, settings

from pileus.kernel.http.connection import Connection
from pileus.kernel.http.heads import Heads
from pileus.kernel.http.limits import Limits
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.http.server import HttpServer
from pileus.kernel.http.sharing import Shared

from .http_inputs import inputs, random_input

LIMITS = Limits(header_bytes_max=1500, target_bytes_max=600, body_in_memory_bytes_max=300, pipelined_max=4)


async def handler(request: Request) -> Response:
    """Answers at once, later, in a stream, or not well at all."""
    match len(request.headers) % 4:
        case 0:
            await asyncio.sleep(0)
            return Response(200, (), await request.read(10_000))
        case 1:
            return Response(200, (("X-Path", request.path[:20]),), b"hello")
        case 2:
            return Response(200, (), _stream(request))
        case _:
            raise LookupError(request.target)


async def _stream(request: Request) -> AsyncIterator[bytes]:
    yield b"begun"
    yield await request.read(10_000)


class MemoryTransport(asyncio.Transport):
    """Keeps what was written; closing it tells the protocol, as the loop would."""

    def __init__(self, protocol: Connection) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.written = bytearray()
        self.protocol = protocol
        self.closed = False
        self.ended = False
        self.reading = True

    def write(self, data: Any) -> None:
        assert not self.ended
        self.written += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        assert self.reading
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.reading
        self.reading = True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    abort = close


async def converse(pieces: list[bytes], shared: Shared) -> bytes:
    """One connection from beginning to end; gives what it was answered."""
    connection = Connection(shared)
    transport = MemoryTransport(connection)
    connection.connection_made(transport)
    for piece in pieces:
        if transport.closed:
            break
        connection.receive(piece)
        for _ in range(3):
            await asyncio.sleep(0)
    if not transport.closed and not connection.eof_received():
        transport.close()
    for _ in range(200):
        if transport.closed and not shared.tasks:
            break
        await asyncio.sleep(0)
    assert transport.closed, "a client that has said everything must see an end"
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not shared.tasks
    assert not shared.connections
    return bytes(transport.written)


class Answers:
    """Reads answers as a client would, and objects to anything that is none."""

    def __init__(self, received: bytes) -> None:
        self.statuses: list[int] = []
        self._parser: Any = httptools.HttpResponseParser(self)
        try:
            self._parser.feed_data(received.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b""))
        except httptools.HttpParserError as error:
            raise AssertionError(f"not HTTP ({error}): {received!r}") from error

    def on_headers_complete(self) -> None:
        self.statuses.append(self._parser.get_status_code())


def new_shared() -> Shared:
    return Shared(handler=handler, gate=None, limits=LIMITS, heads=Heads())


async def survive(seeds: range) -> None:
    escaped: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: escaped.append(context))
    shared = new_shared()
    for seed in seeds:
        pieces = random_input(seed)
        check_answers(pieces, await converse(pieces, shared))
        assert escaped == [], (seed, pieces)


def check_answers(pieces: list[bytes], received: bytes) -> None:
    """Every answer is HTTP and of a kind that we send; nothing of ours leaks."""
    assert b"LookupError" not in received
    assert b"Traceback" not in received
    if received:
        assert received.startswith(b"HTTP/1.1 ")
    if b"HEAD" not in b"".join(pieces):  # A client's parser must be told which answers have no body.
        assert set(Answers(received).statuses) <= {200, 400, 408, 413, 414, 417, 431, 500, 501, 505}


async def test_seeded_bytes() -> None:
    """The same thousand in every run, so that a failure is a seed."""
    await survive(range(1000))


@pytest.mark.slow
async def test_many_seeded_bytes_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand, and memory at the end is what it was after the first few."""
    monkeypatch.setattr(logging.getLogger("pileus.http"), "disabled", True)  # pytest keeps every record.
    await survive(range(500))
    gc.collect()
    tracemalloc.start()
    await survive(range(500, 2000))
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    await survive(range(2000, 12_000))
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after < before + 500_000


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(inputs)
def test_any_bytes(pieces: list[bytes]) -> None:
    """Hypothesis looks for the sequence that we did not think of."""
    escaped: list[dict[str, Any]] = []

    async def run() -> bytes:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: escaped.append(context))
        return await converse(pieces, new_shared())

    check_answers(pieces, asyncio.run(run()))
    assert escaped == []


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(inputs)
def test_any_cut_means_the_same(pieces: list[bytes]) -> None:
    """The answers to the same bytes in one piece have the same statuses (but for where a stream begins)."""

    async def run(pieces: list[bytes]) -> bytes:
        limits = Limits(body_in_memory_bytes_max=100_000)
        shared = Shared(handler=_plainly, gate=None, limits=limits, heads=Heads())
        return await converse(pieces, shared)

    if b"HEAD" in b"".join(pieces):
        return
    whole, cut = asyncio.run(run([b"".join(pieces)])), asyncio.run(run(pieces))
    assert Answers(cut).statuses == Answers(whole).statuses


async def _plainly(request: Request) -> Response:
    return Response(200, (), await request.read())


def test_through_real_sockets() -> None:
    """The same through uvloop: it must be alive and empty afterwards."""
    escaped: list[dict[str, Any]] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: escaped.append(context))
        server = HttpServer(handler, limits=LIMITS)
        port = await server.start("127.0.0.1", 0)
        for seed in range(300):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            pieces = random_input(seed)
            try:
                for piece in pieces:
                    writer.write(piece)
                    await asyncio.sleep(0)
                writer.write_eof()
                async with asyncio.timeout(5):
                    check_answers(pieces, await reader.read())
            except ConnectionError:
                pass
            writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\nA: b\r\nC: d\r\nE: f\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
        writer.close()
        async with asyncio.timeout(5):
            while server.connection_count:
                await asyncio.sleep(0.005)

    uvloop.run(run())
    assert escaped == []
