"""How fast are queues? Sends are driven with load like any other case; what follows from an answer is measured here.

A consumer deletes what it received, so its next request depends on the last answer: a few connections receive ten
messages and delete them, over and over. And a long poll waits for each message of a slow sender: how long after the
send has begun does it have it?
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import uvloop

from bench import signing
from bench.load import Answers, percentile
from bench.measurements import Measurement
from bench.processes import Server, cpu_s
from bench.signing import Signer

CYCLE: Final = "sqs-receive-delete"
POLL: Final = "sqs-long-poll"
QUEUE: Final = "bench"
FIFO_QUEUE: Final = "bench.fifo"
CYCLED_QUEUE: Final = "bench-cycled"
POLLED_QUEUE: Final = "bench-polled"
BODY: Final = "x" * 100
BATCH: Final = 10
GROUPS: Final = 100
FIFO_SENDS_A_SECOND: Final = 12_000
CYCLE_CONNECTIONS: Final = 8
CYCLED_A_SECOND: Final = 30_000
"""Messages that are there for each second of the cycle; when there are none left, it ends."""
FILLED_WITHIN_FACTOR: Final = 3
"""Of the seconds that are measured: who is slower has fewer messages to give."""
POLLS_A_SECOND: Final = 100
ANSWER_S_MAX: Final = 30.0
"""Who takes longer has failed."""


class Failed(Exception):
    """The server did not answer as it should."""


def prepare(sqs: Any) -> None:
    """The queues."""
    for name in (QUEUE, CYCLED_QUEUE, POLLED_QUEUE):
        sqs.create_queue(QueueName=name)
    sqs.create_queue(QueueName=FIFO_QUEUE, Attributes={"FifoQueue": "true"})


def url(sqs: Any, name: str) -> str:
    found: str = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return found


def sends(signer: Signer, queue_url: str) -> list[bytes]:
    return [signing.sqs(signer, "SendMessage", {"QueueUrl": queue_url, "MessageBody": BODY})]


def batches(signer: Signer, queue_url: str) -> list[bytes]:
    entries = [{"Id": str(n), "MessageBody": BODY} for n in range(BATCH)]
    return [signing.sqs(signer, "SendMessageBatch", {"QueueUrl": queue_url, "Entries": entries})]


def fifo_sends(signer: Signer, queue_url: str, seconds: float) -> list[bytes]:
    """Each with an id of its own: no duplicates."""
    return [
        signing.sqs(
            signer,
            "SendMessage",
            {
                "QueueUrl": queue_url,
                "MessageBody": BODY,
                "MessageGroupId": f"group-{n % GROUPS}",
                "MessageDeduplicationId": f"id-{n}",
            },
        )
        for n in range(int(FIFO_SENDS_A_SECOND * seconds * 1.5))
    ]


def run_cycle(server: Server, target: str, sqs: Any, *, seconds: float) -> Measurement:
    """Messages received and deleted a second, in tens."""
    return uvloop.run(_run_cycle(server, target, url(sqs, CYCLED_QUEUE), seconds=seconds))


def run_poll(server: Server, target: str, sqs: Any, *, seconds: float) -> Measurement:
    """From the begin of a send to the answer of the poll that waited for it."""
    return uvloop.run(_run_poll(server, target, url(sqs, POLLED_QUEUE), seconds=seconds))


async def _run_cycle(server: Server, target: str, queue_url: str, *, seconds: float) -> Measurement:
    signer = _signer(server)
    within_s = FILLED_WITHIN_FACTOR * seconds + 1
    await _fill(server, batches(signer, queue_url)[0], int(CYCLED_A_SECOND * seconds) // BATCH, within_s=within_s)
    receive = signing.sqs(signer, "ReceiveMessage", {"QueueUrl": queue_url, "MaxNumberOfMessages": BATCH})
    taken: list[int] = []
    latencies_ms: list[float] = []
    cpu_before_s, begun = cpu_s(server.process.pid), time.perf_counter()

    async def consume() -> None:
        connection = _Connection(server)
        while time.perf_counter() - begun < seconds:
            asked = time.perf_counter()
            messages = (await connection.ask(receive)).get("Messages", [])
            if not messages:
                break
            entries = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)]
            deletion = {"QueueUrl": queue_url, "Entries": entries}
            answer = await connection.ask(signing.sqs(signer, "DeleteMessageBatch", deletion))
            if answer.get("Failed"):
                raise Failed(str(answer)[:300])
            taken.append(len(messages))
            latencies_ms.append((time.perf_counter() - asked) * 1e3)
        connection.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(CYCLE_CONNECTIONS):
            group.create_task(consume())
    took_s = time.perf_counter() - begun
    if not taken:
        raise Failed("no message was received")
    ordered = sorted(latencies_ms)
    return Measurement(
        case=CYCLE,
        target=target,
        unit="/s",
        value=sum(taken) / took_s,
        p50_ms=percentile(ordered, 0.5),
        p99_ms=percentile(ordered, 0.99),
        cpu_us=(cpu_s(server.process.pid) - cpu_before_s) * 1e6 / max(1, sum(taken)),
        samples=sum(taken),
        connections=CYCLE_CONNECTIONS,
        note="messages, received and deleted in tens",
    )


async def _run_poll(server: Server, target: str, queue_url: str, *, seconds: float) -> Measurement:
    signer = _signer(server)
    poll = signing.sqs(signer, "ReceiveMessage", {"QueueUrl": queue_url, "WaitTimeSeconds": 20})
    send = sends(signer, queue_url)[0]
    consumer, producer = _Connection(server), _Connection(server)
    latencies_ms: list[float] = []
    end_s = time.perf_counter() + FILLED_WITHIN_FACTOR * seconds + 1
    for _ in range(int(POLLS_A_SECOND * seconds)):
        if time.perf_counter() > end_s:
            break
        waiting = asyncio.create_task(consumer.ask(poll))
        await asyncio.sleep(0.004)  # until it stands in line
        begun = time.perf_counter()
        await producer.ask(send)
        answer = await waiting
        latencies_ms.append((time.perf_counter() - begun) * 1e3)
        if len(answer.get("Messages", [])) != 1:
            raise Failed(str(answer)[:300])
    consumer.close()
    producer.close()
    ordered = sorted(latencies_ms)
    return Measurement(
        case=POLL,
        target=target,
        unit="ms",
        value=percentile(ordered, 0.5),
        p50_ms=percentile(ordered, 0.5),
        p99_ms=percentile(ordered, 0.99),
        samples=len(ordered),
        connections=1,
    )


async def _fill(server: Server, batch: bytes, count: int, *, within_s: float) -> None:
    """As many batches, or as many as a slow server takes in that time."""
    end_s = time.perf_counter() + within_s

    async def send(times: int) -> None:
        connection = _Connection(server)
        for _ in range(times):
            if time.perf_counter() > end_s:
                break
            await connection.ask(batch)
        connection.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(CYCLE_CONNECTIONS):
            group.create_task(send(count // CYCLE_CONNECTIONS))


class _Connection:
    """Sends a request, and reads its answer; connects again where the server closes after each."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> dict[str, Any]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._server.host, self._server.port, limit=1 << 22)
        reader, writer = self._streams
        writer.write(request)
        answers, said = Answers(), b""
        whole = None
        while whole is None:
            data = await asyncio.wait_for(reader.read(1 << 18), ANSWER_S_MAX)
            if not data:
                raise Failed("the server has gone")
            said += data
            whole = answers.feed(data)
        status, stays = whole
        if not stays:
            self.close()
        body = said.partition(b"\r\n\r\n")[2]
        if status != b"200":
            raise Failed(said[:500].decode(errors="replace"))
        read: dict[str, Any] = msgspec.json.decode(body) if body else {}
        return read

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _signer(server: Server) -> Signer:
    host = f"{server.host}:{server.port}"
    return Signer(server.credentials, region="us-east-1", service="sqs", host=host, at=datetime.now(UTC))


CASES: Final[Sequence[str]] = (CYCLE, POLL)
