"""How much of what clients send lies in memory at once?"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from pileus.kernel.http.bodies import ClientDisconnected
from pileus.kernel.http.budget import BodyBudget
from pileus.kernel.http.limits import Limits
from pileus.kernel.http.messages import NoRoom, Request, Response
from tests.unit.http.conftest import Serve
from tests.unit.http.harness import eventually, get, ms, post


class Reader:
    """A handler that reads bodies as a whole, and answers when it may."""

    def __init__(self) -> None:
        self.read: list[int] = []
        self.errors: list[BaseException] = []
        self.may_answer = asyncio.Event()

    async def __call__(self, request: Request) -> Response:
        try:
            body = await request.read(100_000_000)
        except BaseException as error:
            self.errors.append(error)
            raise
        if body:
            self.read.append(len(body))
            await self.may_answer.wait()
        return Response(200, (), str(len(body)).encode())


def budget_of(serve: Serve) -> BodyBudget:
    return serve.server._shared.budget


async def test_further_bodies_wait_for_room(serve: Serve) -> None:
    """Nothing of theirs is read beyond the buffer, small bodies are not affected, and the first in line goes first."""
    reader = Reader()
    await serve.start(reader, limits=Limits(body_in_memory_bytes_max=10, bodies_bytes_max=2_500_000))
    clients = [await serve.connect() for _ in range(4)]
    for client, size_bytes in zip(clients, (2_000_000, 2_100_000, 300_000, 400_000), strict=True):
        client.writer.write(post(b"x" * size_bytes))
        await eventually(lambda: len(reader.read) or len(budget_of(serve)._waiting))
    await eventually(lambda: reader.read == [2_000_000] and len(budget_of(serve)._waiting) == 3)
    assert budget_of(serve).free_bytes == 500_000, "the small ones do not overtake"
    buffered = [connection._parser.streaming for connection in serve.server._shared.connections]
    assert all(each is None or each.body is None or each.body.buffered_bytes < 1_000_000 for each in buffered)
    bystander = await serve.connect()
    await bystander.send(get())
    assert (await bystander.answer()).body == b"0"
    reader.may_answer.set()
    assert [(await client.answer()).body for client in clients] == [b"2000000", b"2100000", b"300000", b"400000"]
    assert sorted(reader.read) == [300_000, 400_000, 2_000_000, 2_100_000]
    assert budget_of(serve).free_bytes == 2_500_000


@pytest.mark.parametrize("chunked", [False, True])
async def test_the_wait_for_room_ends(serve: Serve, chunked: bool) -> None:
    """With 503, which SDKs try again; a chunked body needs room for all that it may become."""
    reader = Reader()
    limits = Limits(body_in_memory_bytes_max=10, bodies_bytes_max=100_000_000, bodies_timeout=ms(30))
    await serve.start(reader, limits=limits)
    first, second = await serve.connect(), await serve.connect()
    await first.send(post(b"x" * 1_000_000))
    await eventually(lambda: reader.read)
    if chunked:
        head = b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
        await second.send(head + b"40\r\n" + b"x" * 64 + b"\r\n")
    else:
        second.writer.write(post(b"x" * 99_500_000))
    answer = await second.answer()
    assert (answer.status, answer.headers["connection"]) == (503, "close")
    reader.may_answer.set()
    assert (await first.answer()).status == 200
    assert budget_of(serve).free_bytes == 100_000_000


async def test_the_line_is_bounded(serve: Serve) -> None:
    """Whoever comes to a full line is turned away at once."""
    reader = Reader()
    await serve.start(reader, limits=Limits(body_in_memory_bytes_max=10, bodies_bytes_max=1_000, bodies_waiting_max=1))
    clients = [await serve.connect() for _ in range(3)]
    for client in clients:
        await client.send(post(b"x" * 600))
        await eventually(lambda: len(reader.read) + len(budget_of(serve)._waiting) + len(reader.errors))
    assert (await clients[2].answer()).status == 503
    reader.may_answer.set()
    assert [(await client.answer()).status for client in clients[:2]] == [200, 200]


async def test_a_body_beyond_all_room_is_refused(serve: Serve) -> None:
    """It would wait for ever."""
    await serve.start(Reader(), limits=Limits(body_in_memory_bytes_max=10, bodies_bytes_max=1_000))
    client = await serve.connect()
    await client.send(post(b"x" * 1_001))
    assert (await client.answer()).status == 503


async def test_who_leaves_leaves_the_line(serve: Serve) -> None:
    """Neither a place in line nor room is kept for a client that has gone, whenever it goes."""
    reader = Reader()
    await serve.start(reader, limits=Limits(body_in_memory_bytes_max=10, bodies_bytes_max=1_000_000))
    first, second, third = [await serve.connect() for _ in range(3)]
    await first.send(post(b"x" * 900_000)[:-1])
    await eventually(lambda: budget_of(serve).free_bytes == 100_000)
    await second.send(post(b"x" * 150_000)[:-1])
    await eventually(lambda: len(budget_of(serve)._waiting) == 1)
    await third.send(post(b"x" * 100_000))
    await eventually(lambda: len(budget_of(serve)._waiting) == 2)
    second.writer.transport.abort()
    await eventually(lambda: reader.read == [100_000])
    first.writer.transport.abort()
    await eventually(lambda: len(reader.errors) == 2)
    assert [type(error) for error in reader.errors] == [ClientDisconnected] * 2
    reader.may_answer.set()
    assert (await third.answer()).status == 200
    assert budget_of(serve).free_bytes == 1_000_000


async def test_an_answer_that_reads_the_body_gives_its_room_back(serve: Serve) -> None:
    """Its handler is done before it takes any."""

    async def handler(request: Request) -> Response:
        async def late() -> AsyncIterator[bytes]:
            yield await request.read(1_000)

        return Response(200, (), late())

    await serve.start(handler, limits=Limits(body_in_memory_bytes_max=10, bodies_bytes_max=1_000))
    client = await serve.connect()
    for _ in range(3):
        await client.send(post(b"x" * 600))
        assert (await client.answer()).body == b"x" * 600
    assert budget_of(serve).free_bytes == 1_000


@pytest.mark.parametrize("seed", range(20))
async def test_room_is_never_lost(seed: int) -> None:
    """Whoever is turned away, cancelled or served, at whatever moment: in the end all of it is there."""
    random_ = random.Random(seed)
    budget = BodyBudget(Limits(bodies_bytes_max=100, bodies_waiting_max=20, bodies_timeout=ms(3)))

    async def use(size_bytes: int) -> None:
        if not budget.take_now(size_bytes):
            await budget.take(size_bytes, asyncio.get_running_loop().create_future())
        try:
            assert budget.free_bytes >= 0
            for _ in range(random_.randrange(5)):
                await asyncio.sleep(random_.choice((0, 0, 0.001)))
        finally:
            budget.give(size_bytes)

    tasks: list[asyncio.Task[None]] = []
    for _ in range(200):
        tasks.append(asyncio.create_task(use(random_.randrange(1, 101))))
        if random_.random() < 0.3:
            random_.choice(tasks).cancel()
        await asyncio.sleep(random_.choice((0, 0, 0, 0.001)))
    for task in tasks:
        with suppress(asyncio.CancelledError, NoRoom):
            await task
    assert budget.free_bytes == 100
    assert not budget._waiting
