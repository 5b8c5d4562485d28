"""DynamoDB Streams from outside, with boto3 as anybody uses it. Would pass on AWS, but for the waits of some."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_dynamodb import refused
from tests.conformance.test_enforcement import User, allow, deny, document
from tests.conftest import Server
from tests.support.processes import wait_until

Streamed = Callable[..., tuple[Any, str]]
KEY = {"id": "Fred"}


@pytest.fixture
def streamed(aws: Server) -> Iterator[Streamed]:
    """Creates a table with the key `id` and a stream; gives the table and the stream's ARN."""
    resource = aws.resource("dynamodb")
    made = []

    def make(view: str = "NEW_AND_OLD_IMAGES") -> tuple[Any, str]:
        table = resource.create_table(
            TableName=f"streamed-{uuid4()}",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
        )
        made.append(table)
        table.wait_until_exists()
        return table, table.latest_stream_arn

    yield make
    for table in made:
        table.delete()


def records_of(aws: Server, arn: str, *, count: int) -> list[dict[str, Any]]:
    """The records of all shards, once there are so many."""
    streams = aws.client("dynamodbstreams")
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + 10
    while len(found) < count and time.monotonic() < deadline:
        found = []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            start = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterator = streams.get_shard_iterator(**start)["ShardIterator"]
            found += streams.get_records(ShardIterator=iterator)["Records"]
    assert len(found) == count
    return found


def test_a_stream_is_described(aws: Server, streamed: Streamed) -> None:
    """Source: recordings `test_batch_write_items_streaming`, `test_table_v2_stream`."""
    table, arn = streamed()
    assert table.stream_specification == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert arn == f"{table.table_arn}/stream/{table.latest_stream_label}"
    streams = aws.client("dynamodbstreams")
    described = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    (shard,) = described.pop("Shards")
    assert described.pop("CreationRequestDateTime").timestamp() == pytest.approx(time.time(), abs=60)
    assert described == {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "StreamArn": arn,
        "StreamLabel": table.latest_stream_label,
        "StreamStatus": "ENABLED",
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        "TableName": table.name,
    }
    assert shard["ShardId"].startswith("shardId-")
    assert shard["SequenceNumberRange"].keys() == {"StartingSequenceNumber"}
    assert streams.list_streams(TableName=table.name)["Streams"] == [
        {"StreamArn": arn, "TableName": table.name, "StreamLabel": table.latest_stream_label}
    ]


def test_writes_of_each_kind_are_streamed(aws: Server, streamed: Streamed) -> None:
    """Batches, transactions and statements end in the same log, in the order of their commits.

    Source: recordings `test_batch_write_items_streaming`, `test_transact_write_items_streaming`.
    """
    table, arn = streamed()
    client = aws.client("dynamodb")
    table.put_item(Item=KEY)
    with table.batch_writer() as batch:
        batch.put_item(Item=KEY)  # as it is: no record
        batch.put_item(Item={"id": "NewKey"})
    table.delete_item(Key={"id": "NewKey"})
    client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": table.name, "Item": {"id": {"S": "other"}, "n": {"N": "1.0"}}}},
            {
                "Update": {
                    "TableName": table.name,
                    "Key": {"id": {"S": "Fred"}},
                    "UpdateExpression": "SET #n = :n",
                    "ExpressionAttributeNames": {"#n": "name"},
                    "ExpressionAttributeValues": {":n": {"S": "Fred"}},
                }
            },
        ]
    )
    client.execute_statement(Statement=f"DELETE FROM \"{table.name}\" WHERE id = 'other'")
    records = records_of(aws, arn, count=6)
    seen = [(record["eventName"], record["dynamodb"]["Keys"]["id"]["S"]) for record in records]
    assert seen[:3] == [("INSERT", "Fred"), ("INSERT", "NewKey"), ("REMOVE", "NewKey")]
    assert set(seen[3:5]) == {("INSERT", "other"), ("MODIFY", "Fred")}
    assert seen[5] == ("REMOVE", "other")
    assert [record["dynamodb"]["SizeBytes"] for record in records[:3]] == [12, 16, 16]
    modified = next(record["dynamodb"] for record in records if record["eventName"] == "MODIFY")
    modified.pop("ApproximateCreationDateTime")
    modified.pop("SequenceNumber")
    assert modified == {
        "Keys": {"id": {"S": "Fred"}},
        "OldImage": {"id": {"S": "Fred"}},
        "NewImage": {"id": {"S": "Fred"}, "name": {"S": "Fred"}},
        "SizeBytes": 26,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    for record in records:
        assert (record["eventVersion"], record["eventSource"], record["awsRegion"]) == (
            "1.1",
            "aws:dynamodb",
            "us-east-1",
        )
        assert "userIdentity" not in record


@pytest.mark.parametrize(
    ("view", "sizes"), [("KEYS_ONLY", [12, 12, 12]), ("NEW_IMAGE", [36, 36, 12]), ("OLD_IMAGE", [12, 36, 36])]
)
def test_views(aws: Server, streamed: Streamed, view: str, sizes: list[int]) -> None:
    """Sizes count what is shown. Source: recording `test_dynamodb_stream_stream_view_type`, with longer names."""
    table, arn = streamed(view)
    key = {"id": "0123456789"}
    table.put_item(Item={**key, "name": "01234567"})
    table.put_item(Item={**key, "name": "76543210"})
    table.delete_item(Key=key)
    records = records_of(aws, arn, count=3)
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert [record["dynamodb"]["SizeBytes"] for record in records] == sizes


def test_a_consumer_follows_with_latest(aws: Server, streamed: Streamed) -> None:
    """The loop that every consumer runs: an iterator, records, the next iterator."""
    table, arn = streamed()
    streams = aws.client("dynamodbstreams")
    table.put_item(Item={"id": "before"})
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="LATEST")
    following = iterator["ShardIterator"]
    assert following.startswith(f"{arn}|")
    seen = []
    for name in ("a", "b"):
        table.put_item(Item={"id": name})
        page = streams.get_records(ShardIterator=following, Limit=10)
        seen += [record["dynamodb"]["Keys"]["id"]["S"] for record in page["Records"]]
        following = page["NextShardIterator"]
    assert seen == ["a", "b"]


def test_a_consumer_begins_at_a_time(aws: Server, streamed: Streamed) -> None:
    """AT_TIMESTAMP, and AFTER_SEQUENCE_NUMBER with what a record said."""
    table, arn = streamed("KEYS_ONLY")
    streams = aws.client("dynamodbstreams")
    for name in ("a", "b"):
        table.put_item(Item={"id": name})
    first, second = records_of(aws, arn, count=2)
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]

    def names(kind: str, **more: Any) -> list[str]:
        start = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": kind, **more}
        page = streams.get_records(ShardIterator=streams.get_shard_iterator(**start)["ShardIterator"])
        return [record["dynamodb"]["Keys"]["id"]["S"] for record in page["Records"]]

    assert names("AT_TIMESTAMP", Timestamp=first["dynamodb"]["ApproximateCreationDateTime"]) == ["a", "b"]
    assert names("AFTER_SEQUENCE_NUMBER", SequenceNumber=first["dynamodb"]["SequenceNumber"]) == ["b"]
    assert names("AFTER_SEQUENCE_NUMBER", SequenceNumber=second["dynamodb"]["SequenceNumber"]) == []


def test_a_stream_is_disabled_and_enabled_again(aws: Server, streamed: Streamed) -> None:
    """The old one stays readable, with an end to its shards; the new one has its own label and records."""
    table, first = streamed()
    streams = aws.client("dynamodbstreams")
    table.put_item(Item={"id": "a"})
    table.update(StreamSpecification={"StreamEnabled": False})
    table.wait_until_exists()
    wait_until(lambda: streams.describe_stream(StreamArn=first)["StreamDescription"]["StreamStatus"] == "DISABLED")
    table.reload()
    assert table.stream_specification is None
    table.put_item(Item={"id": "between"})
    table.update(StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    table.wait_until_exists()
    table.reload()
    second = table.latest_stream_arn
    assert second != first
    table.put_item(Item={"id": "b"})
    assert [record["dynamodb"]["Keys"]["id"]["S"] for record in records_of(aws, first, count=1)] == ["a"]
    assert [record["dynamodb"]["Keys"]["id"]["S"] for record in records_of(aws, second, count=1)] == ["b"]
    (shard,) = streams.describe_stream(StreamArn=first)["StreamDescription"]["Shards"]
    assert shard["SequenceNumberRange"].keys() == {"StartingSequenceNumber", "EndingSequenceNumber"}
    assert {one["StreamArn"] for one in streams.list_streams(TableName=table.name)["Streams"]} == {first, second}


def test_a_deleted_tables_stream_is_readable(aws: Server) -> None:
    """A consumer that lags behind the deletion gets what was written before it."""
    table = aws.resource("dynamodb").create_table(
        TableName=f"deleted-{uuid4()}",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )
    table.wait_until_exists()
    arn = table.latest_stream_arn
    table.put_item(Item=KEY)
    table.delete()
    table.wait_until_not_exists()
    assert len(records_of(aws, arn, count=1)) == 1
    description = aws.client("dynamodbstreams").describe_stream(StreamArn=arn)["StreamDescription"]
    assert description["StreamStatus"] in {"DISABLING", "DISABLED"}


def test_what_is_not_there(aws: Server, streamed: Streamed) -> None:
    """Source: recording `test_non_existent_stream`."""
    table, arn = streamed("KEYS_ONLY")
    streams = aws.client("dynamodbstreams")
    missing = f"{table.table_arn}/stream/2024-11-18T14:36:44.149"
    code, message, _ = refused(streams.describe_stream, StreamArn=missing)
    assert (code, message) == (
        "ResourceNotFoundException",
        f"Requested resource not found: Stream: {missing} not found",
    )
    code, message, _ = refused(
        streams.get_shard_iterator, StreamArn=arn, ShardId="shardId-" + "0" * 29, ShardIteratorType="LATEST"
    )
    assert (code, message) == ("ResourceNotFoundException", "Requested resource not found: Shard does not exist")
    assert refused(streams.get_records, ShardIterator="x" * 60)[0] == "ValidationException"
    assert refused(streams.describe_stream, StreamArn="x" * 60)[0] == "ValidationException"
    assert refused(streams.list_streams, Limit=101)[0] == "ValidationException"


def test_items_expire(aws: Server, streamed: Streamed) -> None:
    """An item past its time goes, with a record that names the service. AWS takes up to some days."""
    table, arn = streamed()
    client = aws.client("dynamodb")
    client.update_time_to_live(TableName=table.name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    table.put_item(Item={"id": "mortal", "ttl": int(time.time()) - 5})
    table.put_item(Item={"id": "immortal", "ttl": "never"})
    wait_until(lambda: table.scan()["Count"] == 1)
    expired = records_of(aws, arn, count=3)[-1]
    assert (expired["eventName"], expired["dynamodb"]["Keys"]) == ("REMOVE", {"id": {"S": "mortal"}})
    assert expired["userIdentity"] == {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}


def test_another_account_sees_nothing(aws: Server, streamed: Streamed) -> None:
    """Streams are of one account and region; an iterator that leaked opens nothing elsewhere."""
    _, arn = streamed()
    (shard,) = aws.client("dynamodbstreams").describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    start = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = aws.client("dynamodbstreams").get_shard_iterator(**start)["ShardIterator"]
    for elsewhere in ({"aws_access_key_id": "222222222222"}, {"region_name": "eu-west-1"}):
        streams = aws.client("dynamodbstreams", **elsewhere)
        for call, given in (
            (streams.describe_stream, {"StreamArn": arn}),
            (streams.get_shard_iterator, start),
            (streams.get_records, {"ShardIterator": iterator}),
        ):
            with pytest.raises(ClientError):
                call(**given)
        assert all(one["StreamArn"] != arn for one in streams.list_streams()["Streams"])


def test_policies_are_about_streams(aws: Server, streamed: Streamed) -> None:
    """Whoever may read one table's streams reads no other's; GetRecords is asked by the stream of its iterator.

    Source: Developer Guide, "Using IAM policies to control access to DynamoDB Streams", whose example is this policy.
    """
    (table, arn), (_, other) = streamed(), streamed()
    actions = [f"dynamodb:{name}" for name in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")]
    user = User(aws).may(allow(actions, f"{table.table_arn}/stream/*"))
    theirs, ours = user.client("dynamodbstreams"), aws.client("dynamodbstreams")
    (shard,) = theirs.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    start = {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = theirs.get_shard_iterator(StreamArn=arn, **start)["ShardIterator"]
    assert theirs.get_records(ShardIterator=iterator)["Records"] == []
    assert len(theirs.list_streams(TableName=table.name)["Streams"]) == 1
    (shard,) = ours.describe_stream(StreamArn=other)["StreamDescription"]["Shards"]
    foreign = ours.get_shard_iterator(StreamArn=other, ShardId=shard["ShardId"], ShardIteratorType="LATEST")
    for call, action, parameters in (
        (theirs.describe_stream, "DescribeStream", {"StreamArn": other}),
        (theirs.get_shard_iterator, "GetShardIterator", {"StreamArn": other, **start}),
        (theirs.get_records, "GetRecords", {"ShardIterator": foreign["ShardIterator"]}),
        (theirs.list_streams, "ListStreams", {}),
    ):
        code, message, _ = refused(call, **parameters)
        assert code == "AccessDeniedException"
        assert f"is not authorized to perform: dynamodb:{action} on resource: " in message
    user.may(allow("dynamodb:*"), deny("dynamodb:GetRecords", f"{table.table_arn}/stream/*"))
    assert refused(theirs.get_records, ShardIterator=iterator)[0] == "AccessDeniedException"


def test_a_tables_policy_is_not_its_streams(aws: Server, streamed: Streamed) -> None:
    """Streams have resource policies of their own on AWS; whom only the table's lets in may not read its changes.

    Source: Developer Guide, "Resource-based policies for DynamoDB".
    """
    table, arn = streamed()
    user = User(aws)
    statement = allow("dynamodb:*", "*") | {"Principal": {"AWS": user.arn}}
    aws.client("dynamodb").put_resource_policy(ResourceArn=table.table_arn, Policy=document(statement))
    user.client("dynamodb").put_item(TableName=table.name, Item={"id": {"S": "a"}})
    assert refused(user.client("dynamodbstreams").describe_stream, StreamArn=arn)[0] == "AccessDeniedException"
