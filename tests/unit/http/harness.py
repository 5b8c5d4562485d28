"""A server on loopback and a client that says exactly the bytes it is told to."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pileus.kernel.http.messages import Release, Request, Response

DEADLINE_S = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer as it came. headers: by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """A raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def send_bytewise(self, data: bytes) -> None:
        """One byte at a time, each given to the server before the next leaves."""
        for at in range(len(data)):
            self.writer.write(data[at : at + 1])
            await asyncio.sleep(0)

    async def answer(self, *, head_only: bool = False) -> Answer:
        """The next answer; `head_only` for HEAD, whose length is not followed by a body."""
        async with asyncio.timeout(DEADLINE_S):
            return await read_answer(self.reader, head_only=head_only)

    async def rest(self) -> bytes:
        """Everything until the server closes; a reset counts as a close."""
        received = b""
        async with asyncio.timeout(DEADLINE_S):
            try:
                while part := await self.reader.read(65536):
                    received += part
            except ConnectionError:
                pass
        return received

    async def reset(self) -> None:
        """Vanish, with a RST."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            return


async def read_answer(reader: asyncio.StreamReader, *, head_only: bool = False) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status_line, *lines = head[:-4].split("\r\n")
    version, status, _ = status_line.split(" ", 2)
    assert version == "HTTP/1.1"
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert len(headers) == len(lines), f"a header came twice: {lines}"
    body = b""
    if head_only or int(status) in (100, 204, 304):
        pass
    elif headers.get("transfer-encoding") == "chunked":
        while size_bytes := int(await reader.readline(), 16):
            body += await reader.readexactly(size_bytes)
            assert await reader.readexactly(2) == b"\r\n"
        assert await reader.readexactly(2) == b"\r\n"
    elif "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:
        body = await reader.read()
    return Answer(int(status), headers, body)


async def eventually(truth: Callable[[], Any], *, within_s: float = DEADLINE_S) -> None:
    """Return once `truth()`; an AssertionError when it does not come true in time."""
    deadline_s = time.monotonic() + within_s
    while not truth():
        assert time.monotonic() < deadline_s, "it never came true"
        await asyncio.sleep(0.002)


def get(target: str = "/", *extra: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in extra)
    return f"GET {target} HTTP/1.1\r\nHost: test\r\n{lines}\r\n".encode("latin-1")


def post(body: bytes, target: str = "/", *extra: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in (f"Content-Length: {len(body)}", *extra))
    return f"POST {target} HTTP/1.1\r\nHost: test\r\n{lines}\r\n".encode("latin-1") + body


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


async def echo(request: Request) -> Response:
    """Says what it was asked: method, target, sorted headers, body."""
    body = await request.read(100 * 1024 * 1024)
    told = [request.method, request.target, *(f"{name}={value}" for name, value in sorted(request.headers.items()))]
    return Response(200, (("X-Method", request.method),), "\n".join(told).encode("latin-1") + b"\n\n" + body)


class Slow:
    """A handler that waits until it is let go, by the request's path, and then answers with that path."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.finished: list[str] = []
        self._gates: dict[str, asyncio.Event] = {}

    async def __call__(self, request: Request) -> Response:
        self.started.append(request.path)
        if request.path.startswith("/slow"):
            await self._gates.setdefault(request.path, asyncio.Event()).wait()
        self.finished.append(request.path)
        return Response(200, (), request.path.encode())

    def let_go(self, path: str) -> None:
        self._gates.setdefault(path, asyncio.Event()).set()


class HeldGate:
    """An output gate that the test opens."""

    def __init__(self) -> None:
        self.closed = True
        self.failures = 0
        self.held: list[Release] = []

    def hold(self, release: Release) -> None:
        self.held.append(release)

    def release(self, error: BaseException | None = None) -> None:
        held, self.held = self.held, []
        for release in held:
            release(error)


def ms(count: int) -> timedelta:
    return timedelta(milliseconds=count)
