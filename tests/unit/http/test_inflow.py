"""However many bodies arrive at once, they lie unread in a few megabytes, and none of them in another's place."""

import asyncio
import hashlib

import pytest

from pileus.kernel.http.inflow import READ_BYTES_MAX, Inflow
from pileus.kernel.http.limits import Limits
from pileus.kernel.http.messages import Request, Response
from tests.unit.http.conftest import Serve
from tests.unit.http.harness import eventually, post

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("streams", "read_bytes", "unread_bytes"),
    [
        (0, 256 * 1024, 256 * 1024),
        (1, 256 * 1024, 256 * 1024),
        (8, 256 * 1024, 256 * 1024),
        (9, 2 * MIB // 9, 2 * MIB // 9),
        (64, 32 * 1024, 32 * 1024),
        (1000, 16 * 1024, 2 * MIB // 1000),  # a read brings a useful amount even so
    ],
)
def test_a_share(streams: int, read_bytes: int, unread_bytes: int) -> None:
    """The most for a few, the same four megabytes for many; and all of it back when they have gone."""
    inflow = Inflow(Limits())
    for _ in range(streams):
        inflow.begin()
    assert (len(inflow.buffer), inflow.unread_bytes_max) == (read_bytes, unread_bytes)
    for _ in range(streams):
        inflow.end()
    assert (len(inflow.buffer), inflow.unread_bytes_max) == (READ_BYTES_MAX, READ_BYTES_MAX)


async def test_many_streams_share(serve: Serve) -> None:
    """Handlers that do not read hold all senders back; once they read, each has the bytes that were sent to it."""
    may_read = asyncio.Event()

    async def handler(request: Request) -> Response:
        assert not isinstance(request.body, bytes)
        await may_read.wait()
        digest = hashlib.sha256()
        async for part in request.body:
            digest.update(part)
        return Response(200, (), digest.hexdigest().encode())

    server = await serve.start(handler)
    count, size_bytes = 64, MIB
    bodies = [bytes([number, number * 7 % 256, 3]) * (size_bytes // 3 + number) for number in range(count)]
    clients = [await serve.connect() for _ in range(count)]
    for client, body in zip(clients, bodies, strict=True):
        client.writer.write(post(body))
    inflow = server._shared.budget.inflow
    await eventually(lambda: inflow._streams == count)
    await eventually(lambda: not any(connection._reading for connection in server._shared.connections))
    streams = [connection._parser.streaming for connection in server._shared.connections]
    unread_bytes = sum(each.body.buffered_bytes for each in streams if each is not None and each.body is not None)
    assert 0 < unread_bytes < 24 * MIB, "those who came first may have read as if they were alone"
    may_read.set()
    for client, body in zip(clients, bodies, strict=True):
        assert (await client.answer()).body.decode() == hashlib.sha256(body).hexdigest()
    assert inflow._streams == 0


async def test_streams_that_break_give_their_share_back(serve: Serve) -> None:
    """A client that vanishes, and a handler that answers without reading: neither counts for ever."""

    async def handler(request: Request) -> Response:
        if request.path == "/unread":
            return Response(200, (), b"not read")
        assert not isinstance(request.body, bytes)
        return Response(200, (), str([len(part) async for part in request.body]).encode())

    server = await serve.start(handler)
    inflow = server._shared.budget.inflow
    vanishing = await serve.connect()
    await vanishing.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 100_000)
    await eventually(lambda: inflow._streams == 1)
    await vanishing.reset()
    await eventually(lambda: inflow._streams == 0)
    for size_bytes in (100_000, 3_000_000):
        client = await serve.connect()
        await client.send(post(b"x" * size_bytes, "/unread"))
        assert (await client.answer()).body == b"not read"
        await client.close()
        await eventually(lambda: inflow._streams == 0)
