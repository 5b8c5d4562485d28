"""What was acknowledged is there after `kill -9` at any instant, once."""

import random
import threading
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.conftest import Server

_WRITERS = 6
_TABLE = "kept"


class Writer(threading.Thread):
    """Counts an item of its own up and writes distinct items, remembering what was acknowledged."""

    def __init__(self, client: Any, number: int, round_number: int) -> None:
        super().__init__()
        self.client = client
        self.counter_key = f"counter-{number}"
        self.round_number = round_number
        self.counted = 0
        self.asked = 0
        self.put: list[str] = []

    def run(self) -> None:
        try:
            while True:
                self.asked += 1
                self.client.update_item(
                    TableName=_TABLE,
                    Key={"pk": {"S": self.counter_key}},
                    UpdateExpression="SET n = if_not_exists(n, :zero) + :one",
                    ExpressionAttributeValues={":zero": {"N": "0"}, ":one": {"N": "1"}},
                )
                self.counted += 1
                key = f"{self.counter_key}/{self.round_number}/{self.counted}"
                self.client.put_item(TableName=_TABLE, Item={"pk": {"S": key}, "text": {"S": key * 3}})
                self.put.append(key)
        except (BotoCoreError, ClientError):
            return  # the server was killed


def _scan(client: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for page in client.get_paginator("scan").paginate(TableName=_TABLE):
        items += page["Items"]
    return items


def _kill_and_look(server: Server, kills: int, seed: int) -> None:
    random_ = random.Random(seed)
    server.start()
    server.client("dynamodb").create_table(
        TableName=_TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    acknowledged: set[str] = set()
    counted_min: Counter[str] = Counter()
    counted_max: Counter[str] = Counter()
    for round_number in range(kills):
        writers = [Writer(server.client("dynamodb"), number, round_number) for number in range(_WRITERS)]
        for writer in writers:
            writer.start()
        killer = threading.Timer(random_.uniform(0.02, 0.4), server.kill)
        killer.start()
        killer.join()
        for writer in writers:
            writer.join()
        server.start()
        items = _scan(server.client("dynamodb"))
        keys = [item["pk"]["S"] for item in items]
        assert len(keys) == len(set(keys)), "an item is there twice"
        for writer in writers:
            acknowledged.update(writer.put)
            # The one request in flight at the kill may or may not have happened.
            counted_min[writer.counter_key] += writer.counted
            counted_max[writer.counter_key] += writer.asked
        assert acknowledged <= set(keys), "an acknowledged write is gone"
        for item in items:
            if "n" in item:
                key, number = item["pk"]["S"], int(item["n"]["N"])
                assert counted_min[key] <= number <= counted_max[key], key
                # From here on, what is there is known exactly.
                counted_min[key] = counted_max[key] = number
            else:
                assert item["text"]["S"] == item["pk"]["S"] * 3, "half an item"
        for key, number in counted_min.items():
            assert number == 0 or any(item["pk"]["S"] == key for item in items)
    assert acknowledged, "the writers never came to write"


def test_acknowledged_writes_survive_kills(own_server: Server) -> None:
    """A developer's laptop kills processes all day; ten of those here, in every run of the tests."""
    _kill_and_look(own_server, kills=10, seed=1)


@pytest.mark.slow
def test_acknowledged_writes_survive_fifty_kills(own_server: Server) -> None:
    """The same, fifty times, at other instants."""
    _kill_and_look(own_server, kills=50, seed=2)
