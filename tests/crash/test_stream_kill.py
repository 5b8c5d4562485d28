"""A server that is killed again and again: its streams still tell exactly what happened to its tables."""

import random
import time
from typing import Any, Final

import pytest

from tests.conftest import Server
from tests.support.workers import Worker

TABLE: Final = "followed"
ROUNDS: Final = 3
WRITERS: Final = 3
KEYS: Final = 6


class Writer(Worker):
    """Changes items at random."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chosen = random.Random(seed)
        self._client: Any = None

    def connect(self) -> None:
        self._client = self.server.client("dynamodb")

    def work(self) -> None:
        match self._chosen.randrange(4):
            case 0:
                item = {**self._key(), "n": {"N": str(self._chosen.randrange(3))}}
                self._client.put_item(TableName=TABLE, Item=item)
            case 1:
                self._client.update_item(**self._update(self._key()))
            case 2:
                self._client.delete_item(TableName=TABLE, Key=self._key())
            case _:
                two = self._chosen.sample(range(KEYS), 2)
                actions = [{"Update": self._update({"id": {"S": str(name)}})} for name in two]
                self._client.transact_write_items(TransactItems=actions)

    def check(self, server: Server) -> None:
        """See `_replayed`."""

    def _key(self) -> dict[str, Any]:
        return {"id": {"S": str(self._chosen.randrange(KEYS))}}

    def _update(self, key: dict[str, Any]) -> dict[str, Any]:
        return {
            "TableName": TABLE,
            "Key": key,
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }


def _records(server: Server, arn: str) -> list[dict[str, Any]]:
    streams = server.client("dynamodbstreams")
    found: list[dict[str, Any]] = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while True:
            page = streams.get_records(ShardIterator=iterator)
            found += page["Records"]
            if not page["Records"] or "NextShardIterator" not in page:
                break
            iterator = page["NextShardIterator"]
    return found


def _replayed(records: list[dict[str, Any]]) -> dict[str, Any]:
    """The table that the records make; each must have seen the one before it."""
    state: dict[str, Any] = {}
    for record in records:
        change = record["dynamodb"]
        key = change["Keys"]["id"]["S"]
        assert state.get(key) == change.get("OldImage")
        state[key] = change.get("NewImage")
    return {key: item for key, item in state.items() if item is not None}


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_in_the_table_is_in_the_stream(own_server: Server, seed: int) -> None:
    """A change and its record are committed together: after a kill neither is without the other, and none is twice."""
    own_server.start()
    own_server.client("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    writers = [Writer(WRITERS * seed + index) for index in range(WRITERS)]
    seen = 0
    for turn in range(ROUNDS):
        for writer in writers:
            writer.begin(own_server, turn)
        time.sleep(random.Random(seed + turn).uniform(0.2, 0.6))  # any instant is as good as another
        own_server.kill()
        for writer in writers:
            writer.end()
        client = own_server.start().client("dynamodb")
        arn = client.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
        records = _records(own_server, arn)
        assert _replayed(records) == {item["id"]["S"]: item for item in client.scan(TableName=TABLE)["Items"]}
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        assert numbers == sorted(set(numbers))
        assert len(records) > seen
        seen = len(records)
