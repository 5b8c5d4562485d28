"""Messages are neither lost nor doubled that should not be, however often the server is killed meanwhile.

Producers and consumers share a standard queue and a FIFO queue. What a send acknowledged is received in the end; what a
delete acknowledged is not received again, since everything is held for longer than the test lasts; groups of the FIFO
queue come in order, each message once. A message whose send was cut off may be there, or not.
"""

import random
import threading
import time
from typing import Any, Final

import pytest

from tests.conftest import Server
from tests.support.workers import Worker

_ROUNDS: Final = 4
_HELD_S: Final = 4
"""A message that was received when the server was killed comes back after that long."""
_DRAINED_WITHIN_S: Final = 60.0


class Told:
    """What all workers know."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.sent: set[str] = set()
        self.tried: set[str] = set()
        self.deleted: set[str] = set()
        self.again: list[str] = []


class Producer(Worker):
    """Sends, now one and now ten."""

    def __init__(self, url: str, told: Told, number: int, *, fifo: bool) -> None:
        super().__init__()
        self._url, self._told, self._number, self._fifo = url, told, number, fifo
        self._next = 0

    def connect(self) -> None:
        self.client = self.server.client("sqs")

    def work(self) -> None:
        count = 10 if self._next % 3 else 1
        names = [f"{self._number}-{self._next + n:06}" for n in range(count)]
        self._next += count
        self._told.tried.update(names)
        entries: list[dict[str, Any]] = [{"Id": name, "MessageBody": name} for name in names]
        if self._fifo:
            for entry, name in zip(entries, names, strict=True):
                entry |= {"MessageGroupId": f"group-{self._number}", "MessageDeduplicationId": name}
        answer = self.client.send_message_batch(QueueUrl=self._url, Entries=entries)
        assert not answer.get("Failed")
        self._told.sent.update(names)

    def check(self, server: Server) -> None:
        """Nothing yet."""


class Consumer(Worker):
    """Receives and deletes; leaves some for others."""

    def __init__(self, url: str, told: Told, seed: int) -> None:
        super().__init__()
        self._url, self._told = url, told
        self._random = random.Random(seed)

    def connect(self) -> None:
        self.client = self.server.client("sqs")

    def work(self) -> None:
        begun_s = time.monotonic()
        answer = self.client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
        messages = answer.get("Messages", [])
        with self._told.lock:
            self._told.again += [message["Body"] for message in messages if message["Body"] in self._told.deleted]
        if self._random.random() < 0.2:
            return
        for message in messages:
            if time.monotonic() - begun_s > _HELD_S / 2:
                return  # on a slow machine somebody else may have it already
            self.client.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            with self._told.lock:
                self._told.deleted.add(message["Body"])

    def check(self, server: Server) -> None:
        """Nothing yet."""


@pytest.mark.parametrize("fifo", [False, True], ids=["standard", "fifo"])
def test_messages_survive_kills(own_server: Server, fifo: bool) -> None:
    """At least once for a standard queue; for a FIFO queue once, and in order."""
    server = own_server.start()
    client = server.client("sqs")
    attributes = {"VisibilityTimeout": str(_HELD_S), **({"FifoQueue": "true"} if fifo else {})}
    url = client.create_queue(QueueName="kill.fifo" if fifo else "kill", Attributes=attributes)["QueueUrl"]
    told = Told()
    chance = random.Random(7)
    workers: list[Worker] = [Producer(url, told, n, fifo=fifo) for n in range(2)]
    workers += [Consumer(url, told, n) for n in range(2)]
    for round_number in range(_ROUNDS):
        for worker in workers:
            worker.begin(server, round_number)
        end_s = time.monotonic() + chance.uniform(0.3, 1.0)
        while time.monotonic() < end_s and all(worker.working for worker in workers):
            time.sleep(0.01)
        server.kill()
        for worker in workers:
            worker.end()
        server.start()
    assert told.again == [], "what was deleted came again"
    left = _drain(server, url, told)
    assert told.sent <= told.deleted | set(left), "what was sent is gone"
    assert set(left) <= told.tried
    assert not set(left) & told.deleted
    if fifo:
        assert len(left) == len(set(left))
        for number in range(2):
            of_group = [name for name in left if name.startswith(f"{number}-")]
            assert of_group == sorted(of_group)
    assert len(told.sent) > 20


def _drain(server: Server, url: str, told: Told) -> list[str]:
    """Everything that is left, in the order in which it comes."""
    client = server.client("sqs")
    left: list[str] = []
    end_s = time.monotonic() + _DRAINED_WITHIN_S
    while time.monotonic() < end_s:
        messages = client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=_HELD_S + 1, VisibilityTimeout=60
        ).get("Messages", [])
        if not messages:
            return left
        for message in messages:
            left.append(message["Body"])
        entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(messages)]
        assert not client.delete_message_batch(QueueUrl=url, Entries=entries).get("Failed")
    raise AssertionError("the queue does not become empty")
