"""Events and changes that were accepted reach their functions, however often the server is killed on the way."""

import json
import random
import time
import urllib.request
from typing import Any, Final

import pytest

from tests.conftest import Server
from tests.support.functions import archive, make_role
from tests.support.workers import WITHIN_S, Worker

EFFECTS: Final = "effects"
SOURCE: Final = "source"
NOTES_EVENTS: Final = f"""
import boto3
table = boto3.resource("dynamodb").Table("{EFFECTS}")
def handler(event, context):
    table.put_item(Item={{"pk": event["id"]}})
    return event["id"]
"""
NOTES_RECORDS: Final = f"""
import boto3
table = boto3.resource("dynamodb").Table("{EFFECTS}")
def handler(event, context):
    if "requestContext" in event:  # the record of an event's success
        table.put_item(Item={{"pk": "told-" + event["responsePayload"]}})
        return
    for record in event["Records"]:
        number = int(record["dynamodb"]["NewImage"]["n"]["N"])
        table.update_item(
            Key={{"pk": record["dynamodb"]["Keys"]["pk"]["S"]}},
            UpdateExpression="SET seen = list_append(if_not_exists(seen, :none), :n)",
            ExpressionAttributeValues={{":none": [], ":n": [number]}},
        )
"""


class Events(Worker):
    """Sends events as fast as they are accepted."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self.accepted: set[str] = set()
        self._asked = 0

    def connect(self) -> None:
        self._client = self.server.client("lambda")

    def work(self) -> None:
        self._asked += 1
        name = f"event-{self._number}-{self._asked}"
        self._client.invoke(FunctionName="events", InvocationType="Event", Payload=json.dumps({"id": name}))
        self.accepted.add(name)

    def check(self, server: Server) -> None:
        """Nothing yet: they are delivered later."""


class Changes(Worker):
    """Counts an item of its own up."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.name = f"item-{number}"
        self.written = 0

    def connect(self) -> None:
        self._client = self.server.client("dynamodb")

    def work(self) -> None:
        answer = self._client.update_item(
            TableName=SOURCE,
            Key={"pk": {"S": self.name}},
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="UPDATED_NEW",
        )
        self.written = int(answer["Attributes"]["n"]["N"])

    def check(self, server: Server) -> None:
        """Nothing yet."""


def _prepare(server: Server, lanes: int) -> None:
    dynamodb = server.client("dynamodb")
    for name in (EFFECTS, SOURCE):
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": name == SOURCE, "StreamViewType": "NEW_IMAGE"}
            if name == SOURCE
            else {"StreamEnabled": False},
        )
    stream = dynamodb.describe_table(TableName=SOURCE)["Table"]["LatestStreamArn"]
    role = make_role(server)
    functions = server.client("lambda")
    arns = {}
    for name, text in (("events", NOTES_EVENTS), ("records", NOTES_RECORDS)):
        arns[name] = functions.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role,
            Handler="index.handler",
            Code={"ZipFile": archive(text)},
            Timeout=20,
            MemorySize=512,
        )["FunctionArn"]
    functions.put_function_event_invoke_config(
        FunctionName="events", DestinationConfig={"OnSuccess": {"Destination": arns["records"]}}
    )
    functions.create_event_source_mapping(
        FunctionName="records",
        EventSourceArn=stream,
        StartingPosition="TRIM_HORIZON",
        BatchSize=5,
        ParallelizationFactor=lanes,
    )


def _effects(server: Server) -> dict[str, list[int]]:
    pages = server.client("dynamodb").get_paginator("scan").paginate(TableName=EFFECTS)
    return {
        item["pk"]["S"]: [int(each["N"]) for each in item.get("seen", {"L": []})["L"]]
        for page in pages
        for item in page["Items"]
    }


def _until(server: Server, true: Any) -> None:
    """Return once `true` is of the effects; a failed attempt is made again after minutes, which pass quickly."""
    deadline_s = time.monotonic() + WITHIN_S
    while missing := true(_effects(server)):
        assert time.monotonic() < deadline_s, missing
        time.sleep(0.25)
        advance = urllib.request.Request(f"{server.url}/_pileus/clock", data=b'{"advance_s": 60}', method="POST")
        urllib.request.urlopen(advance, timeout=10).close()


@pytest.mark.parametrize("lanes", [pytest.param(1, marks=pytest.mark.slow), 4])
def test_what_was_accepted_reaches_its_function(own_server: Server, lanes: int) -> None:
    """Each event, the record of its success, and each change of each item: at least once.

    Changes of an item come in order: a kill repeats some, but what is new is always the next one.
    """
    own_server.start()
    _prepare(own_server, lanes)
    events = [Events(number) for number in range(4)]
    changes = [Changes(number) for number in range(3)]
    chosen = random.Random(lanes)
    for turn in range(3):
        for worker in (*events, *changes):
            worker.begin(own_server, turn)
        time.sleep(chosen.uniform(0.3, 0.7))  # any instant is as good as another
        own_server.kill()
        for worker in (*events, *changes):
            worker.end()
        own_server.start()
    accepted = set().union(*(each.accepted for each in events))
    expected = accepted | {f"told-{name}" for name in accepted}
    _until(own_server, lambda effects: expected - effects.keys())

    def behind(effects: dict[str, list[int]]) -> list[str]:
        return [each.name for each in changes if each.written not in effects.get(each.name, ())]

    _until(own_server, behind)
    for name, seen in _effects(own_server).items():
        newest = 0
        for number in seen:
            assert number <= newest + 1, f"{name}: {number} came before {newest + 1}"
            newest = max(newest, number)
