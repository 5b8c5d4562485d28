"""Does the load generator count what happens, and nothing else?"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bench.generator import NoResult, command_of, read_load
from bench.load import Answers, Load, generate, percentile

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [
        ([], 0.5, 0.0),
        ([1.0], 0.99, 1.0),
        ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.99, 99.0),
        ([float(n) for n in range(1, 100)], 0.99, 99.0),
    ],
)
def test_percentile(values: list[float], share: float, found: float) -> None:
    """By nearest rank: a value that really occurred."""
    assert percentile(values, share) == found


@pytest.mark.parametrize(
    ("answer", "status", "stays"),
    [
        (_OK, b"200", True),
        (b"HTTP/1.1 204 No Content\r\nx: y\r\n\r\n", b"204", True),
        (b"HTTP/1.1 400 Bad\r\nConnection: close\r\ncontent-length: 0\r\n\r\n", b"400", False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx", b"200", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"200", True),
    ],
)
def test_answers_a_byte_at_a_time(answer: bytes, status: bytes, stays: bool) -> None:
    """An answer ends where it ends, however it arrives."""
    answers = Answers()
    for byte in answer[:-1]:
        assert answers.feed(bytes([byte])) is None
    assert answers.feed(answer[-1:]) == (status, stays)
    assert answers.feed(answer) == (status, stays)


Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _driven(behaviour: Behaviour, *, connections: int = 3, seconds: float = 0.1) -> Load:
    server = await asyncio.start_server(behaviour, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        return await generate(
            [b"GET / HTTP/1.1\r\n\r\n"], host="127.0.0.1", port=port, connections=connections, seconds=seconds
        )


async def _answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes, *, once: bool) -> None:
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(answer)
            if once:
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def test_load_of_a_good_server() -> None:
    """Requests, time and latencies of a server that answers."""
    load = await _driven(lambda reader, writer: _answering(reader, writer, _OK, once=False))
    assert load.failures == 0
    assert load.requests > 10
    assert 0 < load.p50_ms <= load.p99_ms < 1000 * load.seconds
    assert load.requests_per_s == load.requests / load.seconds


async def test_connections_that_close_are_opened_again() -> None:
    """A server that closes after each answer is slow, not failing."""
    answer = _OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    load = await _driven(lambda reader, writer: _answering(reader, writer, answer, once=True))
    assert load.failures == 0
    assert load.requests > 3


async def test_failures_are_counted() -> None:
    """An error answer and a lost connection are failures, and the first is shown."""
    refused = await _driven(
        lambda reader, writer: _answering(
            reader, writer, b"HTTP/1.1 400 Bad Request\r\ncontent-length: 3\r\n\r\nwhy", once=False
        )
    )
    assert refused.requests == 0
    assert refused.failures > 0
    assert refused.sample.endswith("why")
    lost = await _driven(lambda reader, writer: _answering(reader, writer, b"HTTP/1.1 2", once=True))
    assert lost.failures > 0
    assert "connection lost" in lost.sample


async def test_nobody_listens() -> None:
    """A server that is not there is a failure at once."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    load = await generate([b"x"], host="127.0.0.1", port=port, connections=2, seconds=5)
    assert (load.requests, load.failures) == (0, 2)


def test_reading_the_result() -> None:
    """wrk prints a table before our line, and a generator that died prints nothing of use."""
    line = '{"requests":10,"seconds":1.0,"p50_ms":0.1,"p99_ms":0.2,"failures":0,"sample":""}'
    expected = Load(requests=10, seconds=1.0, p50_ms=0.1, p99_ms=0.2)
    assert read_load(line + "\n") == expected
    assert read_load(f"Running 1s test\n  Latency 1ms\n\nLOAD {line}\n") == expected
    with pytest.raises(NoResult):
        read_load("Running 1s test\n")


def test_command_lines() -> None:
    """wrk counts whole seconds; ours takes any."""
    wrk = command_of("wrk", Path("file"), host="h", port=1, connections=16, seconds=0.3)
    assert wrk[:4] == ["wrk", "-t1", "-c16", "-d1s"]
    ours = command_of("asyncio", Path("file"), host="h", port=1, connections=16, seconds=0.3)
    assert ours[1:] == ["-m", "bench.load", "file", "h", "1", "16", "0.3"]
