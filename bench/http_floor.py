"""How much of a bare protocol's speed does the front door keep?

    python bench/http_floor.py [--seconds 2] [--connections 16] [--pipeline 1]

A bare `asyncio.Protocol` on httptools and uvloop, which looks at no header and answers a constant, against `HttpServer`
with a trivial handler: same machine, same run, server and load generator in a process each, in turns. Also says what
a request costs the server in processor time, which other work on the machine disturbs less than the rate.
"""

import argparse
import asyncio
import multiprocessing
import os
import statistics
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

import httptools
import uvloop

from pileus.kernel.http.messages import Request, Response
from pileus.kernel.http.server import HttpServer

BODY = b'{"TableName":"notes","Key":{"id":{"S":"0123456"}}}'
PLAIN = "--plain" in sys.argv
REQUEST = (
    b"POST / HTTP/1.1\r\nHost: localhost:4566\r\n"
    + (b"" if PLAIN else b"Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n")
    + (b"" if PLAIN else b"User-Agent: bench\r\n")
    + b"Content-Length: 50\r\n\r\n"
    + BODY
)
ANSWER = b'{"Item":{"id":{"S":"0123456"},"text":{"S":"hello"}}}'
HEADERS: tuple[tuple[str, str], ...] = (
    ("Content-Type", "application/x-amz-json-1.0"),
    ("x-amzn-RequestId", "0d1c5b3e-5a8b-4a7e-9d2f-6d8f0f3b8c11"),
    ("x-amz-crc32", "2745614147"),
)
if PLAIN:
    HEADERS = ()


class Bare(asyncio.Protocol):
    """The floor: parse, and answer the same."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)
        headers = "".join(f"{name}: {value}\r\n" for name, value in HEADERS)
        self._answer = f"HTTP/1.1 200 OK\r\n{headers}Content-Length: {len(ANSWER)}\r\n\r\n".encode() + ANSWER

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_body(self, body: bytes) -> None:
        self._body = body

    def on_message_complete(self) -> None:
        assert isinstance(self._transport, asyncio.WriteTransport) or hasattr(self._transport, "write")
        self._transport.write(self._answer)


async def handle(request: Request) -> Response:
    return Response(200, HEADERS, ANSWER)


def serve(kind: str, pipe: Connection) -> None:
    async def run() -> None:
        if kind == "bare":
            server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", 0)
            pipe.send(server.sockets[0].getsockname()[1])
        else:
            pipe.send(await HttpServer(handle).start("127.0.0.1", 0))
        await asyncio.Event().wait()

    uvloop.run(run())


class Client(asyncio.Protocol):
    """Sends `pipeline` requests, waits for as many answers, and again; counts bytes, since all answers are alike."""

    def __init__(self, pipeline: int, answer_bytes: int) -> None:
        self._batch = REQUEST * pipeline
        self._pipeline = pipeline
        self._answer_bytes = answer_bytes
        self._got_bytes = 0
        self.count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._transport_write = transport.write  # type: ignore[attr-defined]  # a stream transport
        self._transport_write(self._batch)

    def data_received(self, data: bytes) -> None:
        self._got_bytes += len(data)
        if self._got_bytes == self._answer_bytes * self._pipeline:
            self._got_bytes = 0
            self.count += self._pipeline
            self._transport_write(self._batch)


def spent_s(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def load(port: int, pid: int, *, seconds: float, connections: int, pipeline: int) -> tuple[float, float]:
    """Answers a second, and the server's microseconds for each."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    answer_bytes = len(head) + len(ANSWER)
    writer.close()
    loop = asyncio.get_running_loop()
    clients = [Client(pipeline, answer_bytes) for _ in range(connections)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.sleep(0.2)
    before, began_s, spent_before_s = sum(client.count for client in clients), time.perf_counter(), spent_s(pid)
    await asyncio.sleep(seconds)
    count = sum(client.count for client in clients) - before
    rate, cost_us = count / (time.perf_counter() - began_s), (spent_s(pid) - spent_before_s) / count * 1e6
    for client in clients:
        client.transport.close()
    return rate, cost_us


def measure(kind: str, arguments: argparse.Namespace) -> tuple[float, float]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(kind, theirs), daemon=True)
    process.start()
    assert process.pid is not None
    try:
        return uvloop.run(
            load(
                ours.recv(),
                process.pid,
                seconds=arguments.seconds,
                connections=arguments.connections,
                pipeline=arguments.pipeline,
            )
        )
    finally:
        process.terminate()
        process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--pipeline", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plain", action="store_true", help="two headers in a request and none in an answer")
    arguments = parser.parse_args()
    measured: dict[str, list[tuple[float, float]]] = {"bare": [], "pileus": []}
    for _ in range(arguments.rounds):
        for kind, results in measured.items():
            results.append(measure(kind, arguments))
    (bare, bare_us), (pileus, pileus_us) = (
        tuple(statistics.median(column) for column in zip(*results, strict=True)) for results in measured.values()
    )
    print(f"bare   {bare:9,.0f}/s  {bare_us:5.1f} us")
    print(f"pileus {pileus:9,.0f}/s  {pileus_us:5.1f} us   {pileus / bare:.0%}, {bare_us / pileus_us:.0%} by cost")


if __name__ == "__main__":
    main()
