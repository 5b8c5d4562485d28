"""Endpoints that are not to be called, do not answer, or answer nonsense."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from pileus.services.sns.deliveries.http import HttpCaller
from pileus.services.sns.deliveries.retrying import TriedInVain
from pileus.services.sns.queue_target import NotDelivered

Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def endpoint(answer: Answering) -> AsyncIterator[str]:
    """A server of bytes; its URL."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"http://127.0.0.1:{port}/path?query=1"


def says(*pieces: bytes) -> Answering:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        writer.close()

    return answer


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "http://[::1]:9/",
        "http://[::ffff:127.0.0.1]:9/",
        "http://10.0.0.1:9/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[64:ff9b::a00:1]:9/",
        "http://224.0.0.1:9/",
    ],
)
async def test_the_inside_is_not_called(url: str) -> None:
    """A subscription must not be a way into the network of whoever hosts this; another attempt would be none either."""
    with pytest.raises(NotDelivered):
        await HttpCaller(private_allowed=False).post(url, {}, b"")


async def test_who_runs_the_server_is_told_what_is_not_called(caplog: pytest.LogCaptureFixture) -> None:
    """Once of each endpoint, and how to have it called: else a subscription stays pending with no trace of why."""
    caller = HttpCaller(private_allowed=False)
    for path in ("a", "b"):
        with pytest.raises(NotDelivered):
            await caller.post(f"http://user:secret@127.0.0.1:9/{path}", {}, b"")
    [line] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "127.0.0.1:9" in line
    assert "--allow-private-endpoints" in line
    assert "secret" not in line


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(b"HTTP/1.1 200 OK\r\n\r\nfine"), 200),
        (says(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"), 204),
        (says(b"HTTP/1.1 ", b"201 Cre", b"ated\r\nX: y\r\n\r\n"), 201),
    ],
)
async def test_answers_that_say_yes(answer: Answering, expected: int) -> None:
    """Whatever pieces they come in."""
    async with endpoint(answer) as url:
        assert (await HttpCaller(private_allowed=True).post(url, {}, b"body")).status == expected


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_answers_that_say_later(status: int) -> None:
    """SNS Developer Guide, "Amazon SNS message delivery retries": server-side errors, and too many requests."""
    async with endpoint(says(f"HTTP/1.1 {status} X\r\n\r\n".encode())) as url:
        with pytest.raises(TriedInVain) as failure:
            await HttpCaller(private_allowed=True).post(url, {}, b"")
        assert failure.value.status_code == status


@pytest.mark.parametrize("status", [400, 403, 404, 410, 301, 302])
async def test_answers_that_say_no(status: int) -> None:
    """Client-side errors are not tried again; redirects are not followed."""
    async with endpoint(says(f"HTTP/1.1 {status} X\r\nLocation: http://elsewhere/\r\n\r\n".encode())) as url:
        with pytest.raises(NotDelivered):
            await HttpCaller(private_allowed=True).post(url, {}, b"")


@pytest.mark.parametrize(
    "pieces",
    [(), (b"nonsense\r\n\r\n",), (b"HTTP/1.1 abc\r\n\r\n",), (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,)],
)
async def test_answers_that_are_none(pieces: tuple[bytes, ...]) -> None:
    """A server that hangs up, speaks another protocol, or never ends its head: perhaps later."""
    async with endpoint(says(*pieces)) as url:
        with pytest.raises(TriedInVain):
            await HttpCaller(private_allowed=True).post(url, {}, b"")


async def test_an_endpoint_that_is_silent_is_left() -> None:
    """15 seconds on AWS; here a tenth, so that the test is quick."""

    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with endpoint(nothing) as url:
        with pytest.raises(TriedInVain) as failure:
            await HttpCaller(private_allowed=True, timeout_s=0.1).post(url, {}, b"")
    assert failure.value.reason == "Request to endpoint timed out."


async def test_names_and_passwords_are_sent() -> None:
    """SNS Developer Guide: basic authentication, by the URL; they are in no header beside."""
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    async with endpoint(answer) as url:
        await HttpCaller(private_allowed=True).post(url.replace("//", "//us%40er:pass@"), {"X-A": "b"}, b"")
    [head] = heads
    assert head.startswith(b"POST /path?query=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nAuthorization: Basic dXNAZXI6cGFzcw==\r\n" in head
    assert b"\r\nX-A: b\r\n" in head


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
    ],
)
async def test_who_has_answered_need_not_hang_up(head: bytes) -> None:
    """Some keep the connection, whatever they were asked; a message that they took must not come to them again."""
    async with kept_open(head) as url:
        assert (await HttpCaller(private_allowed=True, timeout_s=5).post(url, {}, b"")).body == ""


async def test_heads_without_end_are_left() -> None:
    """Somebody who says `100 Continue` for ever would have the loop read it for 15 seconds, as fast as it can."""

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while True:
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000)
                await writer.drain()
        writer.close()

    async with endpoint(flood) as url:
        with pytest.raises(TriedInVain, match="too long a head"):
            await HttpCaller(private_allowed=True, timeout_s=5).post(url, {}, b"")


async def test_names_that_nobody_knows_keep_no_other_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver waits long for them; the loop's own threads are for everybody."""
    asked, answered = threading.Semaphore(0), threading.Event()

    def waits(*args: object, **options: object) -> list[object]:
        asked.release()
        answered.wait(10)
        raise socket.gaierror("nobody knows")

    monkeypatch.setattr(socket, "getaddrinfo", waits)
    caller = HttpCaller(private_allowed=True, timeout_s=5)
    calls = [asyncio.ensure_future(caller.post("http://unknown.example/", {}, b"")) for _ in range(64)]
    try:
        assert await asyncio.wait_for(asyncio.to_thread(asked.acquire, timeout=5), 5)
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "free"), 5) == "free"
    finally:
        answered.set()
    assert all(isinstance(each, TriedInVain) for each in await asyncio.gather(*calls, return_exceptions=True))


@asynccontextmanager
async def kept_open(answer: bytes) -> AsyncIterator[str]:
    """Answers, and waits for the other side to hang up."""
    done = asyncio.Event()

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await done.wait()
        writer.close()

    async with endpoint(keep) as url:
        yield url
        done.set()
