"""Days of a table's life in a second: what DynamoDB does by itself follows the clock that somebody moves."""

import json
import urllib.request
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server
from tests.support.processes import wait_until

HOUR = 3600


def advance(server: Server, seconds: float) -> None:
    body = json.dumps({"advance_s": seconds}).encode()
    with urllib.request.urlopen(f"{server.url}/_pileus/clock", data=body, timeout=10) as answer:
        assert answer.status == 200


def second(server: Server) -> int:
    """Of the server's clock."""
    with urllib.request.urlopen(f"{server.url}/_pileus/clock", timeout=10) as answer:
        told: dict[str, Any] = json.load(answer)
    return int(datetime.fromisoformat(told["now"]).timestamp())


@pytest.fixture
def table(own_server: Server) -> Any:
    """With a stream, and items that expire by `ttl`."""
    own_server.start()
    made = own_server.resource("dynamodb").create_table(
        TableName="sessions",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )
    made.wait_until_exists()
    own_server.client("dynamodb").update_time_to_live(
        TableName="sessions", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    )
    return made


def records(server: Server, arn: str) -> list[tuple[str, str, bool]]:
    """Event, key, and whether it was an expiry: of all shards, in order."""
    streams = server.client("dynamodbstreams")
    found = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        start = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        page = streams.get_records(ShardIterator=streams.get_shard_iterator(**start)["ShardIterator"])
        found += [
            (record["eventName"], record["dynamodb"]["Keys"]["id"]["S"], "userIdentity" in record)
            for record in page["Records"]
        ]
    return found


def test_items_expire_when_the_clock_is_moved(own_server: Server, table: Any) -> None:
    """Whoever tests sessions moves the clock; also after a kill, each item goes once, at its time."""
    now = second(own_server)
    table.put_item(Item={"id": "hour", "ttl": now + HOUR})
    table.put_item(Item={"id": "day", "ttl": now + 20 * HOUR})
    table.put_item(Item={"id": "week", "ttl": now + 168 * HOUR})
    advance(own_server, HOUR)
    wait_until(lambda: table.scan()["Count"] == 2)
    own_server.kill()
    own_server.start()
    table = own_server.resource("dynamodb").Table("sessions")
    assert table.scan()["Count"] == 2
    advance(own_server, 19 * HOUR)
    wait_until(lambda: table.scan()["Count"] == 1)
    assert records(own_server, table.latest_stream_arn) == [
        ("INSERT", "hour", False),
        ("INSERT", "day", False),
        ("INSERT", "week", False),
        ("REMOVE", "hour", True),
        ("REMOVE", "day", True),
    ]


def test_what_expires_before_ttl_is_enabled_goes_with_it(own_server: Server, table: Any) -> None:
    """Enabling looks at the items that are there; disabling lets the rest live."""
    client = own_server.client("dynamodb")
    now = second(own_server)
    other = own_server.resource("dynamodb").create_table(
        TableName="others",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    other.wait_until_exists()
    for name, hours in (("past", -1), ("soon", 1), ("never", 100)):
        other.put_item(Item={"id": name, "ttl": now + hours * HOUR})
    setting = {"Enabled": True, "AttributeName": "ttl"}
    client.update_time_to_live(TableName="others", TimeToLiveSpecification=setting)
    wait_until(lambda: other.scan()["Count"] == 2)
    advance(own_server, HOUR + 1)
    wait_until(lambda: other.scan()["Count"] == 1)
    client.update_time_to_live(TableName="others", TimeToLiveSpecification=setting | {"Enabled": False})
    table.put_item(Item={"id": "also", "ttl": now + 101 * HOUR})  # of the table whose items still expire
    advance(own_server, 101 * HOUR)
    wait_until(lambda: table.scan()["Count"] == 0)
    assert other.scan()["Count"] == 1


def test_a_stream_lives_and_ends_by_the_clock(own_server: Server, table: Any) -> None:
    """Shards roll after four hours, iterators end after fifteen minutes, and everything is gone after a day."""
    streams = own_server.client("dynamodbstreams")
    arn = table.latest_stream_arn
    table.put_item(Item={"id": "first"})
    advance(own_server, 4 * HOUR)
    first, second_ = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    assert second_["ParentShardId"] == first["ShardId"]
    table.put_item(Item={"id": "second"})
    start = {"StreamArn": arn, "ShardId": second_["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = streams.get_shard_iterator(**start)["ShardIterator"]
    advance(own_server, 16 * 60)
    with pytest.raises(ClientError) as caught:
        streams.get_records(ShardIterator=iterator)
    assert caught.value.response["Error"]["Code"] == "ExpiredIteratorException"
    advance(own_server, 21 * HOUR)
    assert records(own_server, arn) == [("INSERT", "second", False)]
    table.delete()
    advance(own_server, 2 * HOUR)
    assert records(own_server, arn) == [("INSERT", "second", False)]
    advance(own_server, 23 * HOUR)
    with pytest.raises(ClientError) as caught:
        streams.describe_stream(StreamArn=arn)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert streams.list_streams()["Streams"] == []
