"""How much of a bare protocol's speed does the front door keep?

    python bench/http_floor.py [--seconds 2] [--connections 16] [--pipeline 1]

A bare `asyncio.Protocol` on httptools and uvloop, which looks at no header and answers a constant, against `HttpServer`
with a trivial handler: same machine, same run, server and load generator in a process each, in turns.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import time
from multiprocessing.connection import Connection

import httptools
import uvloop

from pileus.kernel.http.messages import Request, Response
from pileus.kernel.http.server import HttpServer

BODY = b'{"TableName":"notes","Key":{"id":{"S":"0123456"}}}'
REQUEST = (
    b"POST / HTTP/1.1\r\nHost: localhost:4566\r\nContent-Type: application/x-amz-json-1.0\r\n"
    b"X-Amz-Target: DynamoDB_20120810.GetItem\r\nUser-Agent: bench\r\nContent-Length: 50\r\n\r\n" + BODY
)
ANSWER = b'{"Item":{"id":{"S":"0123456"},"text":{"S":"hello"}}}'
HEADERS = (
    ("Content-Type", "application/x-amz-json-1.0"),
    ("x-amzn-RequestId", "0d1c5b3e-5a8b-4a7e-9d2f-6d8f0f3b8c11"),
    ("x-amz-crc32", "2745614147"),
)


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


async def load(port: int, *, seconds: float, connections: int, pipeline: int) -> float:
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
    before, began_s = sum(client.count for client in clients), time.perf_counter()
    await asyncio.sleep(seconds)
    rate = (sum(client.count for client in clients) - before) / (time.perf_counter() - began_s)
    for client in clients:
        client.transport.close()
    return rate


def measure(kind: str, arguments: argparse.Namespace) -> float:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(kind, theirs), daemon=True)
    process.start()
    try:
        return uvloop.run(
            load(
                ours.recv(),
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
    arguments = parser.parse_args()
    rates: dict[str, list[float]] = {"bare": [], "pileus": []}
    for _ in range(arguments.rounds):
        for kind, measured in rates.items():
            measured.append(measure(kind, arguments))
    bare, pileus = (statistics.median(measured) for measured in rates.values())
    print(f"bare {bare:,.0f}/s   pileus {pileus:,.0f}/s   {pileus / bare:.0%}")


if __name__ == "__main__":
    main()
