"""Does a kill between publishing and delivery lose a message?

Publishers go on until the server is killed, three times. Whatever was acknowledged is in the queue, once (it was put
there in the transaction of Publish), and has reached the HTTP endpoint and the dead-letter queue of an endpoint that is
not there, at least once (they are the outbox's).
"""

import json
import random
import time
import urllib.request
from collections import Counter

import pytest

from tests.conftest import Server
from tests.support.subscribers import Subscriber, subscriber
from tests.support.topics import Queue
from tests.support.workers import WITHIN_S, Worker


class Publisher(Worker):
    """Publishes numbers. fifo: in order, to a FIFO topic, each number again when nobody answered."""

    def __init__(self, number: int, topic: str, *, fifo: bool) -> None:
        super().__init__()
        self.name = f"p{number}"
        self._topic = topic
        self._fifo = fifo
        self._next = 0
        self.accepted: list[str] = []

    def connect(self) -> None:
        self._client = self.server.client("sns")

    def work(self) -> None:
        name = f"{self.name}-{self._next}"
        options = {"MessageGroupId": self.name, "MessageDeduplicationId": name} if self._fifo else {}
        if not self._fifo:
            self._next += 1  # whether it was accepted nobody knows, if the answer does not come
        self._client.publish(TopicArn=self._topic, Message=name, **options)
        if self._fifo:
            self._next += 1
        self.accepted.append(name)

    def check(self, server: Server) -> None:
        """The test does, for all of them."""


def _received(queue: Queue, expected: set[str]) -> list[str]:
    """All that the queue has, once it has what is expected."""
    found: list[str] = []
    deadline = time.monotonic() + WITHIN_S
    while True:
        came = queue.messages(0)
        found += [message["Body"] for message in came]
        if not came:
            assert time.monotonic() < deadline, f"{len(expected - set(found))} messages are missing"
            if expected <= set(found):
                return found


def _posted(endpoint: Subscriber, expected: set[str]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while missing := expected - {posted.body for posted in list(endpoint.posted)}:
        assert time.monotonic() < deadline, f"{len(missing)} messages did not reach the endpoint"
        time.sleep(0.05)


def _follow(endpoint: Subscriber) -> None:
    [asked] = endpoint.wait_for(1)
    urllib.request.urlopen(asked.envelope["SubscribeURL"], timeout=10).close()


@pytest.mark.parametrize("fifo", [False, True])
def test_what_was_acknowledged_arrives(own_server: Server, fifo: bool) -> None:
    """The queue: every message, none twice, and of a FIFO topic in order; the rest at least once."""
    own_server.start()
    chosen = random.Random(17)
    raw = {"RawMessageDelivery": "true"}
    with subscriber() as endpoint:
        sns, sqs = own_server.client("sns"), own_server.client("sqs")
        attributes = {"FifoTopic": "true"} if fifo else {}
        topic = sns.create_topic(Name="t.fifo" if fifo else "t", Attributes=attributes)["TopicArn"]
        queue, dead = Queue(sqs, fifo=fifo), Queue(sqs, fifo=fifo)
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes=raw)
        policy = json.dumps({"deadLetterTargetArn": dead.arn})
        nowhere = queue.arn.replace("q-", "none-")
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=nowhere, Attributes=raw | {"RedrivePolicy": policy})
        if not fifo:
            sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url, Attributes=raw)
            _follow(endpoint)
        publishers = [Publisher(number, topic, fifo=fifo) for number in range(4)]
        for turn in range(3):
            for publisher in publishers:
                publisher.begin(own_server, turn)
            time.sleep(chosen.uniform(0.3, 0.7))  # any instant is as good as another
            own_server.kill()
            for publisher in publishers:
                publisher.end()
            own_server.start()
        expected = {name for publisher in publishers for name in publisher.accepted}
        assert len(expected) > 30
        for each in (queue, dead):
            each.move(own_server.client("sqs"), own_server.url)
        found = _received(queue, expected)
        assert max(Counter(found).values()) == 1
        if fifo:
            for publisher in publishers:
                mine = [name for name in found if name.startswith(f"{publisher.name}-")]
                assert mine == sorted(mine, key=lambda name: int(name.partition("-")[2]))
        assert expected <= set(_received(dead, expected))
        if not fifo:
            _posted(endpoint, expected)
