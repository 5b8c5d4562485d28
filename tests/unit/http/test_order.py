"""Answers leave in the order of their requests, no earlier than the gate allows, and no faster than they are taken."""

import asyncio
import logging
import socket

import pytest

from pileus.kernel.http.limits import Limits
from pileus.kernel.http.messages import Request, Response

from .conftest import Serve
from .harness import HeldGate, Slow, echo, eventually, get, ms, post


async def test_a_slow_first_request_is_answered_first(serve: Serve) -> None:
    """Pipelining: and the second handler starts only then, so that a read sees the write before it."""
    slow = Slow()
    await serve.start(slow)
    client = await serve.connect()
    await client.send(get("/slow") + get("/second") + get("/slow/third") + get("/fourth"))
    await eventually(lambda: slow.started == ["/slow"])
    slow.let_go("/slow")
    assert [(await client.answer()).body for _ in range(2)] == [b"/slow", b"/second"]
    await eventually(lambda: "/slow/third" in slow.started)
    assert "/fourth" not in slow.started
    slow.let_go("/slow/third")
    assert [(await client.answer()).body for _ in range(2)] == [b"/slow/third", b"/fourth"]


async def test_thousands_of_pipelined_requests_are_all_answered(serve: Serve) -> None:
    """More than fit in one read, in a slice, or in the pipeline: kept back, never dropped."""
    await serve.start(limits=Limits(pipelined_max=4))
    client = await serve.connect()
    count = 3000
    sending = asyncio.create_task(client.send(b"".join(get(f"/{at}") for at in range(count))))
    for at in range(count):
        assert (await client.answer()).body.startswith(b"GET\n/%d\n" % at)
    await sending


async def test_requests_in_flight_are_bounded(serve: Serve) -> None:
    """While the gate is shut, a client may queue so many answers and no more; the rest waits in its own buffers."""
    gate, slow = HeldGate(), Slow()
    await serve.start(slow, gate=gate, limits=Limits(pipelined_max=8))
    client = await serve.connect()
    client.writer.write(b"".join(get(f"/{at}") for at in range(100_000)))
    await eventually(lambda: len(gate.held) == 8)
    await _turns(50)
    assert len(slow.started) == 8
    (connection,) = serve.server._shared.connections
    assert len(connection._parser.received) < 1000
    assert len(connection._stash) < 2 * 1024 * 1024
    gate.closed = False
    gate.release()
    for at in range(1000):
        assert (await client.answer()).body == b"/%d" % at


async def test_nothing_is_told_before_the_gate_opens(serve: Serve) -> None:
    """Acknowledge after durable: also what only read, since it may have read what is not durable yet."""
    gate = HeldGate()
    await serve.start(gate=gate)
    client, other = await serve.connect(), await serve.connect()
    await client.send(post(b"write"))
    await other.send(get("/read"))
    await eventually(lambda: len(gate.held) == 2)
    for each in (client, other):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await each.reader.read(1)
    gate.release()
    assert (await client.answer()).status == 200
    assert (await other.answer()).status == 200


async def test_a_failed_commit_is_a_500_and_its_neighbours_are_not(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """The handler said yes, the disk said no: the client hears no, in its turn."""
    gate = HeldGate()
    await serve.start(gate=gate)
    client = await serve.connect()
    await client.send(post(b"1") + post(b"2") + post(b"3"))
    await eventually(lambda: len(gate.held) == 3)
    first, second, third = gate.held
    third(None)
    second(OSError("disk full at /secret"))
    first(None)
    answers = [await client.answer() for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 500, 200]
    assert b"secret" not in answers[1].body
    assert "disk full" in caplog.text


async def test_a_commit_that_failed_while_the_handler_waited_is_a_500(serve: Serve) -> None:
    """It committed, then waited for something else; by its return the gate is open again, and its write is lost."""
    gate, slow = HeldGate(), Slow()
    gate.closed = False
    await serve.start(slow, gate=gate)
    lost, kept = await serve.connect(), await serve.connect()
    await lost.send(get("/slow/lost"))
    await eventually(lambda: slow.started == ["/slow/lost"])
    gate.failures += 1
    await kept.send(get("/slow/kept"))
    await eventually(lambda: len(slow.started) == 2)
    slow.let_go("/slow/lost")
    slow.let_go("/slow/kept")
    assert (await lost.answer()).status == 500
    assert (await kept.answer()).status == 200


async def test_what_is_told_of_a_lost_answer_is_said_by_whoever_knows_the_protocol(serve: Serve) -> None:
    """An SDK reads a body and tries again; of the lost answer nothing leaves, even if nobody knows what to say."""
    gate = HeldGate()

    def lost(request: Request, response: Response) -> Response | None:
        if request.path == "/broken":
            raise ValueError("not to be told")
        told = Response(500, (("X-Id", dict(response.headers)["X-Method"]),), b"<Error/>")
        return None if request.path == "/unknown" else told

    await serve.start(gate=gate, lost=lost)
    client = await serve.connect()
    await client.send(get("/known") + get("/unknown") + get("/broken"))
    await eventually(lambda: len(gate.held) == 3)
    gate.release(OSError("disk full"))
    known, unknown, broken = [await client.answer() for _ in range(3)]
    assert (known.status, known.body, known.headers["x-id"]) == (500, b"<Error/>", "GET")
    for each in (unknown, broken):
        assert (each.status, each.body) == (500, b"Internal Server Error")


async def test_an_open_gate_is_no_obstacle(serve: Serve) -> None:
    """Most requests write nothing."""
    gate = HeldGate()
    gate.closed = False
    await serve.start(gate=gate)
    client = await serve.connect()
    await client.send(get())
    assert (await client.answer()).status == 200
    assert gate.held == []


async def test_an_answer_released_to_nobody_is_dropped(serve: Serve) -> None:
    """The client went away while its write became durable."""
    gate = HeldGate()
    await serve.start(gate=gate)
    client = await serve.connect()
    await client.send(post(b"1"))
    await eventually(lambda: gate.held)
    await client.reset()
    await eventually(lambda: serve.server.connection_count == 0)
    gate.release()


async def test_a_handler_outlives_its_client(serve: Serve) -> None:
    """An operation is never cut in half because somebody hung up."""
    slow = Slow()
    await serve.start(slow)
    client = await serve.connect()
    await client.send(get("/slow") + get("/never"))
    await eventually(lambda: slow.started)
    await client.reset()
    await eventually(lambda: serve.server.connection_count == 0)
    slow.let_go("/slow")
    await eventually(lambda: slow.finished == ["/slow"])
    await _turns(5)
    assert slow.started == ["/slow"]


async def test_a_client_that_has_said_everything_is_still_answered(serve: Serve) -> None:
    """Half-closed (`nc -N`, some proxies): its end of input is no end of interest."""
    slow = Slow()
    await serve.start(slow)
    client = await serve.connect()
    await client.send(get("/slow") + get("/next"))
    client.writer.write_eof()
    await eventually(lambda: slow.started)
    await _turns(5)
    slow.let_go("/slow")
    assert [(await client.answer()).body for _ in range(2)] == [b"/slow", b"/next"]
    assert await client.rest() == b""


async def test_a_client_that_takes_no_answers_gets_no_more_work_done(serve: Serve) -> None:
    """Backpressure: with its window full, requests stay unread; then it is cut off."""
    served: list[str] = []

    async def handler(request: Request) -> Response:
        served.append(request.path)
        return Response(200, (), b"x" * 1_000_000)

    await serve.start(handler, limits=Limits(write_timeout=ms(150), sweep_interval=ms(20)))
    client = await serve.connect(limit_bytes=1)
    client.writer.write(get() * 1000)
    await eventually(lambda: len(served) > 1)
    await _turns(50)
    assert len(served) < 40
    await eventually(lambda: serve.server.connection_count == 0)


async def test_backpressure_ends_when_the_client_reads_again(serve: Serve) -> None:
    """Nothing is lost and nothing is stuck."""
    await serve.start(_large)
    client = await serve.connect(limit_bytes=1024)
    client.writer.write(get() * 50)
    await asyncio.sleep(0.02)
    for _ in range(50):
        assert len((await client.answer()).body) == 500_000


async def _large(request: Request) -> Response:
    return Response(200, (), b"x" * 500_000)


@pytest.mark.parametrize("late", [False, True])
async def test_no_traceback_reaches_a_client(serve: Serve, late: bool, caplog: pytest.LogCaptureFixture) -> None:
    """It goes to the log; the client gets a plain 500, and keeps its connection."""

    async def handler(request: Request) -> Response:
        if late:
            await asyncio.sleep(0)
        if request.path == "/fail":
            raise LookupError("secret")
        return await echo(request)

    await serve.start(handler)
    client = await serve.connect()
    await client.send(get("/fail?token=hidden") + get("/fine"))
    answer = await client.answer()
    assert (answer.status, answer.body) == (500, b"Internal Server Error")
    assert (await client.answer()).status == 200
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.name == "pileus.http"
    assert record.exc_info is not None
    assert "hidden" not in record.getMessage()


async def test_a_cancelled_handler_is_a_500(serve: Serve) -> None:
    """A handler that lets a cancellation of its own escape."""

    async def handler(request: Request) -> Response:
        raise asyncio.CancelledError

    await serve.start(handler)
    client = await serve.connect()
    await client.send(get())
    assert (await client.answer()).status == 500


async def test_draining_finishes_what_was_begun(serve: Serve) -> None:
    """Idle connections end at once, answers under way say that they are the last, and nobody new gets in."""
    slow = Slow()
    server = await serve.start(slow)
    idle, busy, partial = await serve.connect(), await serve.connect(), await serve.connect()
    await partial.send(get("/partial")[:-2])
    await busy.send(get("/slow"))
    await eventually(lambda: slow.started and server.connection_count == 3)
    draining = asyncio.create_task(server.drain(ms(4000)))
    assert await idle.rest() == b""
    with pytest.raises(OSError):  # noqa: PT011 - refused or reset, as the system likes
        await serve.connect()
    await partial.send(b"\r\n")
    answer = await partial.answer()
    assert (answer.body, answer.headers["connection"]) == (b"/partial", "close")
    slow.let_go("/slow")
    answer = await busy.answer()
    assert (answer.body, answer.headers["connection"]) == (b"/slow", "close")
    await draining
    assert server.connection_count == 0


async def test_draining_has_an_end(serve: Serve) -> None:
    """After the grace, what still runs is cancelled and cut off."""
    slow = Slow()
    server = await serve.start(slow)
    client = await serve.connect()
    await client.send(get("/slow"))
    await eventually(lambda: slow.started)
    async with asyncio.timeout(2):
        await server.drain(ms(20))
    assert server.connection_count == 0
    assert await client.rest() == b""
    assert slow.finished == []


async def test_a_taken_port_is_an_error(serve: Serve) -> None:
    """The command line turns it into one clear line."""
    server = await serve.start()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            await server.start("127.0.0.1", taken.getsockname()[1])


async def _turns(count: int) -> None:
    """Let the loop do whatever it would do without us."""
    for _ in range(count):
        await asyncio.sleep(0.001)
