"""Streams: what is recorded of a change, and how it is read back."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from pileus.kernel.clock import MovableClock
from tests.unit.dynamodb.conftest import Dynamo
from tests.unit.dynamodb.streaming import ACCOUNT, REGION, Streams

ONE = {"pk": {"S": "one"}}


@pytest.fixture
async def streams(dynamo: Dynamo) -> Streams:
    """A table `notes`, without a stream."""
    dynamo.clock.restore(offset=timedelta(0), frozen_at=datetime(2026, 11, 23, 15, 31, 6, tzinfo=UTC))
    await dynamo.table()
    return Streams(dynamo)


async def put(streams: Streams, name: str = "one", **more: Any) -> None:
    await streams.dynamo.call("PutItem", TableName="notes", Item={"pk": {"S": name}, **more})


# --- what is recorded ------------------------------------------------------------------------------------------------


async def test_each_kind_of_change_is_recorded(streams: Streams) -> None:
    """Members and sizes as AWS sent them. Source: recordings `test_batch_write_items_streaming`,
    `test_dynamodb_stream_records_with_update_item`."""
    arn = await streams.enable()
    call = streams.dynamo.call
    key = {"pk": {"S": "my-item-id"}}
    attributes = {"attr1": {"S": "value1"}, "attr2": {"S": "value2"}}
    await call("PutItem", TableName="notes", Item=key | attributes)
    await call(
        "UpdateItem",
        TableName="notes",
        Key=key,
        UpdateExpression="SET attr1 = :1, attr2 = :2",
        ExpressionAttributeValues={":1": {"S": "value2"}, ":2": {"S": "value3"}},
    )
    await call("DeleteItem", TableName="notes", Key=key)
    changed = {"attr1": {"S": "value2"}, "attr2": {"S": "value3"}}
    records = await streams.all_records(arn)
    numbers = [record["dynamodb"].pop("SequenceNumber") for record in records]
    ids = [record.pop("eventID") for record in records]
    common = {"eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": REGION}
    at = {"ApproximateCreationDateTime": int(streams.clock.timestamp()), "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert records == [
        {
            **common,
            "eventName": "INSERT",
            "dynamodb": {**at, "Keys": key, "NewImage": key | attributes, "SizeBytes": 46},
        },
        {
            **common,
            "eventName": "MODIFY",
            "dynamodb": {
                **at,
                "Keys": key,
                "NewImage": key | changed,
                "OldImage": key | attributes,
                "SizeBytes": 80,
            },
        },
        {
            **common,
            "eventName": "REMOVE",
            "dynamodb": {**at, "Keys": key, "OldImage": key | changed, "SizeBytes": 46},
        },
    ]
    assert numbers == sorted(set(numbers))
    assert all(number.isdecimal() and 21 <= len(number) <= 40 for number in numbers)
    assert len(set(ids)) == 3
    again = await streams.all_records(arn)
    assert [record["eventID"] for record in again] == ids


@pytest.mark.parametrize(
    ("view", "images", "size"),
    [
        ("KEYS_ONLY", set(), 5),
        ("NEW_IMAGE", {"NewImage"}, 5 + 7),
        ("OLD_IMAGE", {"OldImage"}, 5 + 8),
        ("NEW_AND_OLD_IMAGES", {"NewImage", "OldImage"}, 5 + 7 + 8),
    ],
)
async def test_a_view_shows_what_it_says(streams: Streams, view: Any, images: set[str], size: int) -> None:
    """SizeBytes counts what is shown. Source: recording `test_dynamodb_stream_stream_view_type`."""
    await put(streams, a={"S": "xy"})
    arn = await streams.enable(view=view)
    await put(streams, b={"S": "x"})
    (record,) = await streams.all_records(arn)
    assert record["dynamodb"].keys() & {"NewImage", "OldImage"} == images
    assert (record["dynamodb"]["SizeBytes"], record["dynamodb"]["StreamViewType"]) == (size, view)


async def test_what_changes_nothing_is_not_recorded(streams: Streams) -> None:
    """AWS records a change only when an attribute changed; sets have no order, and a missing item stays missing.

    Source: Developer Guide, "Change data capture for DynamoDB Streams".
    """
    call = streams.dynamo.call
    item = {**ONE, "n": {"N": "10"}, "s": {"SS": ["a", "b"]}, "l": {"L": [{"NS": ["1", "2"]}]}, "e": {"S": ""}}
    await call("PutItem", TableName="notes", Item=item)
    arn = await streams.enable()
    same = {"e": {"S": ""}, "l": {"L": [{"NS": ["2.0", "1e0"]}]}, "s": {"SS": ["b", "a"]}, "n": {"N": "1e1"}, **ONE}
    await call("PutItem", TableName="notes", Item=same)
    await call(
        "UpdateItem",
        TableName="notes",
        Key=ONE,
        UpdateExpression="SET n = :n REMOVE nothing ADD s :s",
        ExpressionAttributeValues={":n": {"N": "10.0"}, ":s": {"SS": ["a"]}},
    )
    await call("UpdateItem", TableName="notes", Key=ONE)
    await call("DeleteItem", TableName="notes", Key={"pk": {"S": "missing"}})
    assert await streams.all_records(arn) == []
    await call("PutItem", TableName="notes", Item={**item, "l": {"L": [{"NS": ["1", "3"]}]}})
    assert len(await streams.all_records(arn)) == 1


async def test_a_refused_write_is_not_recorded(streams: Streams) -> None:
    """What was never committed has no change."""
    arn = await streams.enable()
    await streams.dynamo.error("PutItem", TableName="notes", Item=ONE, ConditionExpression="attribute_exists(pk)")
    assert await streams.all_records(arn) == []


# --- reading ---------------------------------------------------------------------------------------------------------


async def test_iterators_begin_where_they_say(streams: Streams) -> None:
    """Each of the five types; numbers and times are inclusive but for AFTER."""
    arn = await streams.enable()
    for name in ("a", "b", "c"):
        await put(streams, name)
        streams.clock.advance(timedelta(seconds=1.5))
    records = await streams.all_records(arn)
    number = records[1]["dynamodb"]["SequenceNumber"]
    made = streams.clock.now() - timedelta(seconds=3)

    async def names(kind: str, **more: Any) -> str:
        page = await streams.call("GetRecords", ShardIterator=await streams.iterator(arn, kind, **more))
        return "".join(record["dynamodb"]["Keys"]["pk"]["S"] for record in page["Records"])

    assert await names("TRIM_HORIZON") == "abc"
    assert await names("LATEST") == ""
    assert await names("AT_SEQUENCE_NUMBER", SequenceNumber=number) == "bc"
    assert await names("AFTER_SEQUENCE_NUMBER", SequenceNumber=number) == "c"
    assert await names("AT_TIMESTAMP", Timestamp=made) == "bc"
    assert await names("AT_TIMESTAMP", Timestamp=made + timedelta(milliseconds=1)) == "c"
    assert await names("AT_TIMESTAMP", Timestamp=datetime(2001, 1, 1, tzinfo=UTC)) == "abc"
    assert await names("AT_TIMESTAMP", Timestamp=streams.clock.now()) == ""
    start = (await streams.shards(arn))[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    assert await names("AT_SEQUENCE_NUMBER", SequenceNumber=start) == "abc"
    assert await names("AFTER_SEQUENCE_NUMBER", SequenceNumber=start) == "abc"


async def test_an_open_shard_is_followed(streams: Streams) -> None:
    """LATEST sees what comes next; every answer has a next iterator, and each record is there once."""
    arn = await streams.enable()
    await put(streams, "before")
    iterator = await streams.iterator(arn, "LATEST")
    seen = []
    for name in ("a", "b", "c", "d"):
        await put(streams, name)
        if name in "bd":
            page = await streams.call("GetRecords", ShardIterator=iterator)
            seen.append([record["dynamodb"]["Keys"]["pk"]["S"] for record in page["Records"]])
            iterator = page["NextShardIterator"]
    assert seen == [["a", "b"], ["c", "d"]]
    assert (await streams.call("GetRecords", ShardIterator=iterator))["Records"] == []


async def test_pages_end_at_the_limit_and_at_a_megabyte(streams: Streams) -> None:
    """1,000 records or 1 MB, whichever comes first, but never nothing; no record is lost between pages."""
    arn = await streams.enable()
    big = {"S": "x" * 390_000}
    for name in range(5):
        await put(streams, str(name), text=big)
    for name in range(5, 1100):
        await put(streams, str(name))
    counts, names = [], []
    iterator = await streams.iterator(arn)
    while True:
        page = await streams.call("GetRecords", ShardIterator=iterator)
        if not page["Records"]:
            break
        counts.append(len(page["Records"]))
        names += [record["dynamodb"]["Keys"]["pk"]["S"] for record in page["Records"]]
        iterator = page["NextShardIterator"]
    assert names == [str(name) for name in range(1100)]
    assert counts == [2, 2, 1000, 96]
    page = await streams.call("GetRecords", ShardIterator=await streams.iterator(arn), Limit=1)
    assert len(page["Records"]) == 1


async def test_a_closed_shard_is_read_to_its_end_and_no_further(streams: Streams) -> None:
    """Without a next iterator, consumers go on with the children; a record appears in one shard only."""
    arn = await streams.enable()
    await put(streams, "a")
    await put(streams, "b")
    streams.clock.advance(timedelta(hours=4))
    iterator = await streams.iterator(arn)
    await put(streams, "c")
    first = await streams.call("GetRecords", ShardIterator=iterator, Limit=1)
    second = await streams.call("GetRecords", ShardIterator=first["NextShardIterator"], Limit=1)
    assert [page["Records"][0]["dynamodb"]["Keys"]["pk"]["S"] for page in (first, second)] == ["a", "b"]
    assert "NextShardIterator" not in second
    latest = await streams.call("GetRecords", ShardIterator=await streams.iterator(arn, "LATEST"))
    assert latest == {"Records": []}
    names = [record["dynamodb"]["Keys"]["pk"]["S"] for record in await streams.all_records(arn)]
    assert names == ["a", "b", "c"]


async def test_iterators_expire_after_fifteen_minutes(streams: Streams) -> None:
    """By the clock; a fresh one is made from the last sequence number."""
    arn = await streams.enable()
    iterator = await streams.iterator(arn)
    streams.clock.advance(timedelta(minutes=15))
    iterator = (await streams.call("GetRecords", ShardIterator=iterator))["NextShardIterator"]
    streams.clock.advance(timedelta(minutes=15, milliseconds=1))
    assert await streams.error("GetRecords", ShardIterator=iterator) == (
        "ExpiredIteratorException: The provided iterator exceeds the maximum age allowed."
    )


# --- shards ----------------------------------------------------------------------------------------------------------


async def test_a_stream_is_described(streams: Streams) -> None:
    """Source: recording `test_batch_write_items_streaming`."""
    arn = await streams.enable()
    description = (await streams.call("DescribeStream", StreamArn=arn))["StreamDescription"]
    (shard,) = description.pop("Shards")
    assert datetime.fromisoformat(description.pop("CreationRequestDateTime")) == streams.clock.now()
    assert description == {
        "StreamArn": arn,
        "StreamLabel": arn.rpartition("/")[2],
        "StreamStatus": "ENABLED",
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        "TableName": "notes",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    }
    assert shard.keys() == {"ShardId", "SequenceNumberRange"}
    assert shard["SequenceNumberRange"].keys() == {"StartingSequenceNumber"}


async def test_shards_roll_and_know_their_parents(streams: Streams) -> None:
    """Every four hours by the clock, whether anything was written or not; ranges neither overlap nor are empty."""
    arn = await streams.enable()
    for _ in range(3):
        streams.clock.advance(timedelta(hours=4))
        await streams.shards(arn)
    shards = await streams.shards(arn)
    assert len(shards) == 4
    assert [shard.get("ParentShardId") for shard in shards] == [None, *(shard["ShardId"] for shard in shards[:-1])]
    ranges = [shard["SequenceNumberRange"] for shard in shards]
    assert ["EndingSequenceNumber" in one for one in ranges] == [True, True, True, False]
    for one, following in pairwise(ranges):
        assert one["StartingSequenceNumber"] <= one["EndingSequenceNumber"] < following["StartingSequenceNumber"]


async def test_shards_come_in_pages_and_by_parent(streams: Streams) -> None:
    """ExclusiveStartShardId continues; one that does not exist, or no more, is no error on AWS."""
    arn = await streams.enable()
    for _ in range(3):
        streams.clock.advance(timedelta(hours=4))
        await streams.shards(arn)
    ids = [shard["ShardId"] for shard in await streams.shards(arn)]

    async def page(**more: Any) -> tuple[list[str], str | None]:
        described = (await streams.call("DescribeStream", StreamArn=arn, **more))["StreamDescription"]
        return [shard["ShardId"] for shard in described["Shards"]], described.get("LastEvaluatedShardId")

    assert await page(Limit=3) == (ids[:3], ids[2])
    assert await page(Limit=3, ExclusiveStartShardId=ids[2]) == (ids[3:], None)
    assert await page(ExclusiveStartShardId=ids[3]) == ([], None)
    assert await page(ExclusiveStartShardId="z" * 40) == ([], None)
    assert await page(ExclusiveStartShardId="shardId-00000000000000000001-00000000") == (ids, None)
    assert await page(ShardFilter={"Type": "CHILD_SHARDS", "ShardId": ids[1]}) == ([ids[2]], None)
    assert await page(ShardFilter={"Type": "CHILD_SHARDS", "ShardId": ids[3]}) == ([], None)


async def test_a_read_of_an_open_shard_goes_on_in_its_child(streams: Streams) -> None:
    """An iterator taken before the roll gives what is left of its shard, then ends; the child has the rest."""
    arn = await streams.enable()
    await put(streams, "a")
    streams.clock.advance(timedelta(hours=3, minutes=55))
    iterator = await streams.iterator(arn)
    streams.clock.advance(timedelta(minutes=10))
    await put(streams, "b")  # nobody has looked since: still in the old shard
    page = await streams.call("GetRecords", ShardIterator=iterator)
    assert [record["dynamodb"]["Keys"]["pk"]["S"] for record in page["Records"]] == ["a", "b"]
    assert "NextShardIterator" not in page
    await put(streams, "c")
    page = await streams.call("GetRecords", ShardIterator=await streams.iterator(arn, shard=1))
    assert [record["dynamodb"]["Keys"]["pk"]["S"] for record in page["Records"]] == ["c"]


# --- a day later -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("swept", [False, True])
async def test_records_are_trimmed_after_a_day(streams: Streams, swept: bool) -> None:
    """From that moment on nobody reads them, whether they were removed or not."""
    arn = await streams.enable()
    await put(streams, "a")
    await put(streams, "b")
    streams.clock.advance(timedelta(hours=3, minutes=59))
    await put(streams, "c")
    numbers = [record["dynamodb"]["SequenceNumber"] for record in await streams.all_records(arn)]
    streams.clock.advance(timedelta(hours=20, seconds=30))
    fresh = await streams.iterator(arn, "AT_SEQUENCE_NUMBER", SequenceNumber=numbers[1])
    streams.clock.advance(timedelta(minutes=1))
    if swept:
        await streams.retention.sweep()
        log = await streams.log()
        assert len(await log.read(streams.store.snapshot(), 0, 1000, limit=0)) == 1
    assert [record["dynamodb"]["Keys"]["pk"]["S"] for record in await streams.all_records(arn)] == ["c"]
    trimmed = "TrimmedDataAccessException: The data you are trying to access has been trimmed"
    assert await streams.error("GetRecords", ShardIterator=fresh) == trimmed
    shard = (await streams.shards(arn))[0]["ShardId"]
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        for number in numbers[:2]:
            request = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": kind, "SequenceNumber": number}
            assert await streams.error("GetShardIterator", **request) == trimmed
    page = await streams.call(
        "GetRecords", ShardIterator=await streams.iterator(arn, "AT_SEQUENCE_NUMBER", SequenceNumber=numbers[2])
    )
    assert len(page["Records"]) == 1


async def test_a_new_stream_is_not_taken_for_trimmed(streams: Streams) -> None:
    """Its table may have had a stream that nobody can read any more."""
    await streams.enable()
    await put(streams, "a")
    await streams.disable()
    streams.clock.advance(timedelta(days=3))
    await streams.retention.sweep()
    arn = await streams.enable()
    iterator = await streams.iterator(arn)
    (shard,) = await streams.shards(arn)
    start = shard["SequenceNumberRange"]["StartingSequenceNumber"]
    other = await streams.iterator(arn, "AT_SEQUENCE_NUMBER", SequenceNumber=start)
    await put(streams, "b")
    for each in (iterator, other):
        page = await streams.call("GetRecords", ShardIterator=each)
        assert [record["dynamodb"]["Keys"]["pk"]["S"] for record in page["Records"]] == ["b"]


@pytest.mark.parametrize("how", ["disabled", "deleted"])
@pytest.mark.parametrize("swept", [False, True])
async def test_what_ended_is_readable_for_a_day(streams: Streams, how: str, swept: bool) -> None:
    """A consumer that lags still gets everything; then stream and changes are gone."""
    arn = await streams.enable()
    await put(streams, "a")
    log = await streams.log()
    await (streams.disable() if how == "disabled" else streams.delete_table())
    streams.clock.advance(timedelta(hours=23, minutes=59))
    await streams.retention.sweep()
    assert len(await streams.all_records(arn)) == 1
    description = (await streams.call("DescribeStream", StreamArn=arn))["StreamDescription"]
    assert description["StreamStatus"] == "DISABLED"
    assert "EndingSequenceNumber" in description["Shards"][-1]["SequenceNumberRange"]
    iterator = await streams.iterator(arn, "LATEST")
    streams.clock.advance(timedelta(minutes=1))
    if swept:
        await streams.retention.sweep()
        assert await log.read(streams.store.snapshot(), 0, 1000, limit=0) == []
        assert (await log.last(streams.store.snapshot()) == 0) == (how == "deleted")
    gone = f"ResourceNotFoundException: Requested resource not found: Stream: {arn} not found"
    assert await streams.error("DescribeStream", StreamArn=arn) == gone
    assert await streams.error("GetRecords", ShardIterator=iterator) == gone
    assert await streams.call("ListStreams") == {"Streams": []}


async def test_enabled_again_a_table_has_two_streams(streams: Streams) -> None:
    """Each keeps its own records; what happened between belongs to none."""
    first = await streams.enable(view="KEYS_ONLY")
    await put(streams, "a")
    await streams.disable()
    await put(streams, "between")
    second = await streams.enable(view="NEW_IMAGE")
    await put(streams, "b")
    assert first != second
    for arn, name in ((first, "a"), (second, "b")):
        (record,) = await streams.all_records(arn)
        assert record["dynamodb"]["Keys"] == {"pk": {"S": name}}
    assert [one["StreamArn"] for one in (await streams.call("ListStreams"))["Streams"]] == [first, second]
    streams.clock.advance(timedelta(hours=25))
    await put(streams, "c")
    await streams.retention.sweep()
    assert [one["StreamArn"] for one in (await streams.call("ListStreams"))["Streams"]] == [second]
    assert len(await streams.all_records(second)) == 1


async def test_a_table_made_anew_shares_nothing_with_the_old(streams: Streams, dynamo: Dynamo) -> None:
    """Under the name of a deleted table there is another log; forgetting the old one leaves the new one alone."""
    old = await streams.enable()
    await put(streams, "old")
    log = await streams.log()
    await streams.delete_table()
    streams.clock.advance(timedelta(hours=20))
    await dynamo.table()
    new = await streams.enable()
    await put(streams, "new")
    for arn, name in ((old, "old"), (new, "new")):
        (record,) = await streams.all_records(arn)
        assert record["dynamodb"]["Keys"] == {"pk": {"S": name}}
    streams.clock.advance(timedelta(hours=4))
    await streams.retention.sweep()
    snapshot = streams.store.snapshot()
    assert (await log.last(snapshot), await log.read(snapshot, 0, 100, limit=0)) == (0, [])
    assert len(await streams.all_records(new)) == 1
    assert [one["StreamArn"] for one in (await streams.call("ListStreams"))["Streams"]] == [new]


async def test_the_sweep_trims_long_logs_a_few_at_a_time(streams: Streams) -> None:
    """Many more changes than one transaction removes, of a stream that rolled unseen."""
    arn = await streams.enable(view="KEYS_ONLY")
    for name in range(450):
        await put(streams, str(name))
    streams.clock.advance(timedelta(hours=25))
    await put(streams, "last")
    await streams.retention.sweep()
    log = await streams.log()
    assert len(await log.read(streams.store.snapshot(), 0, 10_000, limit=0)) == 1
    assert len(await streams.shards(arn)) == 2
    assert len(await streams.all_records(arn)) == 1


# --- lists -----------------------------------------------------------------------------------------------------------


async def test_streams_are_listed_in_pages_and_by_table(streams: Streams, dynamo: Dynamo) -> None:
    """A table's name is no prefix of another's; each stream is listed once; other regions have their own."""
    arns = []
    for name in ("a.b", "a.b-c", "notes"):
        if name != "notes":
            await dynamo.table(name)
        arns.append(await streams.enable(name))
    found: list[str] = []
    more: dict[str, Any] = {}
    for _ in range(4):
        page = await streams.call("ListStreams", Limit=2, **more)
        found += [one["StreamArn"] for one in page["Streams"]]
        if "LastEvaluatedStreamArn" not in page:
            break
        more = {"ExclusiveStartStreamArn": page["LastEvaluatedStreamArn"]}
    assert found == arns
    assert (await streams.call("ListStreams", TableName="a.b"))["Streams"] == [
        {"StreamArn": arns[0], "TableName": "a.b", "StreamLabel": arns[0].rpartition("/")[2]}
    ]
    assert await streams.call("ListStreams", TableName="a.b", ExclusiveStartStreamArn=arns[0]) == {"Streams": []}
    assert await streams.call("ListStreams", TableName="a.b", ExclusiveStartStreamArn=arns[2]) == {"Streams": []}
    assert await streams.call("ListStreams", TableName="missing") == {"Streams": []}
    assert await streams.call("ListStreams", region="eu-west-1") == {"Streams": []}
    assert await streams.call("ListStreams", account_id="111111111111") == {"Streams": []}


# --- what is refused -------------------------------------------------------------------------------------------------

ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/notes/stream/2026-01-01T00:00:00.000"


@pytest.mark.parametrize(
    ("operation", "request_", "error"),
    [
        ("DescribeStream", {"StreamArn": "x" * 40}, "ValidationException: Invalid StreamArn"),
        (
            "DescribeStream",
            {"StreamArn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/notes"},
            "ValidationException: Invalid StreamArn",
        ),
        (
            "DescribeStream",
            {"StreamArn": ARN, "Limit": 101},
            "ValidationException: One or more parameter values were invalid: "
            "Limit cannot be greater than the maximum: 100",
        ),
        (
            "DescribeStream",
            {"StreamArn": ARN, "ShardFilter": {"Type": "CHILD_SHARDS"}},
            "ValidationException: One or more parameter values were invalid: "
            "ShardFilter requires both Type and ShardId",
        ),
        (  # recording test_non_existent_stream
            "DescribeStream",
            {"StreamArn": ARN},
            f"ResourceNotFoundException: Requested resource not found: Stream: {ARN} not found",
        ),
        (
            "ListStreams",
            {"Limit": 101},
            "ValidationException: One or more parameter values were invalid: "
            "Limit cannot be greater than the maximum allowed size: 100",
        ),
        ("ListStreams", {"ExclusiveStartStreamArn": "x" * 40}, "ValidationException: Invalid StreamArn"),
        (
            "GetShardIterator",
            {"StreamArn": ARN, "ShardId": "s" * 30, "ShardIteratorType": "LATEST"},
            f"ResourceNotFoundException: Requested resource not found: Stream: {ARN} not found",
        ),
        ("GetRecords", {"ShardIterator": "x"}, "ValidationException: Invalid ShardIterator"),
        ("GetRecords", {"ShardIterator": f"{ARN}|1|AAAA"}, "ValidationException: Invalid ShardIterator"),
        ("GetRecords", {"ShardIterator": f"{ARN}|1|é"}, "ValidationException: Invalid ShardIterator"),
        (
            "GetRecords",
            {"ShardIterator": f"{ARN}|1|{'A' * 80}"},
            "ValidationException: Invalid ShardIterator",
        ),
        (
            "GetRecords",
            {"ShardIterator": "x", "Limit": 1001},
            "ValidationException: One or more parameter values were invalid: "
            "Limit should be less than or equal to 1000",
        ),
    ],
)
async def test_refusals(streams: Streams, operation: str, request_: dict[str, Any], error: str) -> None:
    """Each with AWS's code, and AWS's words where they are known."""
    assert await streams.error(operation, **request_) == error


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"ShardIteratorType": "AT_SEQUENCE_NUMBER"}, "ValidationException"),
        ({"ShardIteratorType": "AFTER_SEQUENCE_NUMBER"}, "ValidationException"),
        ({"ShardIteratorType": "LATEST", "SequenceNumber": "1" * 21}, "ValidationException"),
        ({"ShardIteratorType": "TRIM_HORIZON", "SequenceNumber": "1" * 21}, "ValidationException"),
        ({"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": "0" * 21}, "ValidationException"),
        ({"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": "9" * 40}, "ValidationException"),
        ({"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": "x" * 21}, "ValidationException"),
        ({"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": "٣" * 21}, "ValidationException"),
        ({"ShardIteratorType": "AT_TIMESTAMP"}, "ValidationException"),
        ({"ShardIteratorType": "LATEST", "Timestamp": datetime(2020, 1, 1, tzinfo=UTC)}, "ValidationException"),
        ({"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": datetime(9000, 1, 1, tzinfo=UTC)}, "ValidationException"),
        (
            {"ShardIteratorType": "LATEST", "ShardId": "shardId-00000000000000000001-00000000"},
            "ResourceNotFoundException: Requested resource not found: Shard does not exist",
        ),
    ],
)
async def test_iterators_that_cannot_be(streams: Streams, request_: dict[str, Any], error: str) -> None:
    """A number or time where none belongs, none where one does, or one from elsewhere."""
    arn = await streams.enable()
    await put(streams)
    (shard,) = await streams.shards(arn)
    request = {"StreamArn": arn, "ShardId": shard["ShardId"], **request_}
    assert (await streams.error("GetShardIterator", **request)).startswith(error)


async def test_iterators_cannot_be_made_up_or_moved(streams: Streams, dynamo: Dynamo) -> None:
    """A reader who may read one stream must not come to another by editing its iterator."""
    arn = await streams.enable()
    await dynamo.table("other")
    other = await streams.enable("other")
    iterator = await streams.iterator(arn)
    invalid = "ValidationException: Invalid ShardIterator"
    assert await streams.error("GetRecords", ShardIterator=iterator.replace(arn, other)) == invalid
    assert await streams.error("GetRecords", ShardIterator=iterator[:-8] + "AAAAAAAA") == invalid
    not_found = f"ResourceNotFoundException: Requested resource not found: Stream: {arn} not found"
    assert await streams.error("GetRecords", ShardIterator=iterator, account_id="111111111111") == not_found
    for where in ({"account_id": "111111111111"}, {"region": "eu-west-1"}):
        assert await streams.error("DescribeStream", StreamArn=arn, **where) == not_found
    elsewhere = arn.replace("arn:aws:", "arn:aws-cn:")
    assert (await streams.error("DescribeStream", StreamArn=elsewhere)).startswith("ResourceNotFoundException")


async def test_iterators_outlive_the_process(streams: Streams, dynamo: Dynamo, clock: MovableClock) -> None:
    """Nothing of them is kept in memory, so consumers do not notice a restart."""
    arn = await streams.enable()
    await put(streams)
    iterator = await streams.iterator(arn)
    page = await Streams(dynamo).call("GetRecords", ShardIterator=iterator)
    assert len(page["Records"]) == 1
