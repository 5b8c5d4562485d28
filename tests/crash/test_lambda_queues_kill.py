"""Messages reach their function, and failed events their dead-letter queue, however often the server is killed."""

import json
import random
import time
from collections.abc import Callable
from typing import Any, Final

from tests.conftest import Server
from tests.support.functions import archive, make_role
from tests.support.workers import WITHIN_S, Worker

_HELD_S: Final = 4
"""What was under way at a kill comes again after that long."""
_ROUNDS: Final = 3
_NOTES: Final = """
import boto3

table = boto3.resource("dynamodb").Table("effects")

def handler(event, context):
    for record in event["Records"]:
        group, _, number = record["body"].partition(":")
        table.update_item(
            Key={"pk": group},
            UpdateExpression="SET seen = list_append(if_not_exists(seen, :none), :n)",
            ExpressionAttributeValues={":none": [], ":n": [int(number)]},
        )
"""
_FAILS: Final = """
def handler(event, context):
    raise ValueError("on purpose")
"""


class Messages(Worker):
    """Sends numbers, one after the other, to a group of its own; on a standard queue a group is only a name."""

    def __init__(self, url: str, name: str, *, fifo: bool) -> None:
        super().__init__()
        self._url, self.name, self._fifo = url, name, fifo
        self._asked = 0
        self.sent: set[int] = set()

    def connect(self) -> None:
        self._client = self.server.client("sqs")

    def work(self) -> None:
        self._asked += 1
        more: dict[str, str] = {}
        if self._fifo:
            more = {"MessageGroupId": self.name, "MessageDeduplicationId": f"{self.name}-{self._asked}"}
        self._client.send_message(QueueUrl=self._url, MessageBody=f"{self.name}:{self._asked}", **more)
        self.sent.add(self._asked)

    def check(self, server: Server) -> None:
        """Nothing yet: they are delivered later."""


class Events(Worker):
    """Sends events to a function that fails."""

    def __init__(self) -> None:
        super().__init__()
        self._asked = 0
        self.accepted: set[int] = set()

    def connect(self) -> None:
        self._client = self.server.client("lambda")

    def work(self) -> None:
        self._asked += 1
        self._client.invoke(FunctionName="fails", InvocationType="Event", Payload=json.dumps(self._asked))
        self.accepted.add(self._asked)

    def check(self, server: Server) -> None:
        """Nothing yet."""


def _prepare(server: Server) -> dict[str, str]:
    """The URLs of the queues."""
    server.client("dynamodb").create_table(
        TableName="effects",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    queues, functions, role = server.client("sqs"), server.client("lambda"), make_role(server)
    urls, arns = {}, {}
    for name in ("plain", "ordered.fifo", "dead"):
        attributes = {"VisibilityTimeout": str(_HELD_S), **({"FifoQueue": "true"} if "." in name else {})}
        urls[name] = queues.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        arns[name] = queues.get_queue_attributes(QueueUrl=urls[name], AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
    for name, text, more in (
        ("notes", _NOTES, {}),
        ("fails", _FAILS, {"DeadLetterConfig": {"TargetArn": arns["dead"]}}),
    ):
        functions.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role,
            Handler="index.handler",
            Code={"ZipFile": archive(text)},
            Timeout=_HELD_S - 1,
            MemorySize=512,
            **more,
        )
    functions.put_function_event_invoke_config(FunctionName="fails", MaximumRetryAttempts=0)
    for name in ("plain", "ordered.fifo"):
        functions.create_event_source_mapping(FunctionName="notes", EventSourceArn=arns[name], BatchSize=5)
    return urls


def _effects(server: Server) -> dict[str, list[int]]:
    pages = server.client("dynamodb").get_paginator("scan").paginate(TableName="effects")
    return {item["pk"]["S"]: [int(each["N"]) for each in item["seen"]["L"]] for page in pages for item in page["Items"]}


def _until(missing: Callable[[], Any]) -> None:
    deadline_s = time.monotonic() + WITHIN_S
    while left := missing():
        assert time.monotonic() < deadline_s, left
        time.sleep(0.25)


def test_what_was_sent_reaches_its_function(own_server: Server) -> None:
    """Each message and each failed event at least once; a group's in order, where a kill repeats some.

    Nothing is left in the queues when all is done.
    """
    own_server.start()
    urls = _prepare(own_server)
    messages = [Messages(urls["plain"], f"plain-{n}", fifo=False) for n in range(2)]
    messages += [Messages(urls["ordered.fifo"], f"ordered-{n}", fifo=True) for n in range(2)]
    events = Events()
    chosen = random.Random(11)
    for turn in range(_ROUNDS):
        for worker in (*messages, events):
            worker.begin(own_server, turn)
        time.sleep(chosen.uniform(0.4, 0.9))  # any instant is as good as another
        own_server.kill()
        for worker in (*messages, events):
            worker.end()
        own_server.start()

    def behind() -> list[tuple[str, list[int]]]:
        seen = _effects(own_server)
        left = [(each.name, sorted(each.sent - set(seen.get(each.name, ())))) for each in messages]
        return [(name, numbers) for name, numbers in left if numbers]

    _until(behind)
    for name, seen in _effects(own_server).items():
        new = list(dict.fromkeys(seen))
        assert not name.startswith("ordered") or new == sorted(new), name

    queues = own_server.client("sqs")
    dead: set[int] = set()

    def undead() -> set[int]:
        answer = queues.receive_message(QueueUrl=urls["dead"], MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            dead.add(int(message["Body"]))
            queues.delete_message(QueueUrl=urls["dead"], ReceiptHandle=message["ReceiptHandle"])
        return events.accepted - dead

    _until(undead)

    def left() -> list[int]:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = [
            queues.get_queue_attributes(QueueUrl=urls[name], AttributeNames=names)["Attributes"]
            for name in ("plain", "ordered.fifo")
        ]
        return [int(number) for each in found for number in each.values() if int(number)]

    _until(left)
