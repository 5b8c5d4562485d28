"""Endpoints that are not to be called, do not answer, or answer nonsense."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

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
