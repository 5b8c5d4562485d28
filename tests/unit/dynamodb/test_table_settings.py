"""What else is kept about a table: time to live, tags, and what is told of features that are not there."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.clock import MovableClock
from pileus.kernel.storage.sqlite import open_store
from pileus.services.dynamodb.expiry import EXPIRIES, second_of
from pileus.services.dynamodb.limits import TTL_CHANGE_PAUSE_S
from tests.unit.dynamodb.conftest import Dynamo

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/notes"
MISSING = "ResourceNotFoundException: Requested resource not found"


def ttl(attribute: str = "at", *, enabled: bool = True) -> dict[str, Any]:
    return {"TableName": "notes", "TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": enabled}}


async def expiries(dynamo: Dynamo) -> list[int]:
    """The seconds at which something expires, in order."""
    return [
        second_of(key) for key, _ in await dynamo.store.snapshot().range(EXPIRIES.prefix, EXPIRIES.prefix + b"\xff")
    ]


async def put(dynamo: Dynamo, name: str, at: str) -> None:
    await dynamo.call("PutItem", TableName="notes", Item={"pk": {"S": name}, "at": {"N": at}, "until": {"N": "7"}})


async def test_time_to_live_of_items_that_are_there(dynamo: Dynamo) -> None:
    """Enabled, existing items get their entries in steps; disabled, they lose them; deleted, nothing is left."""
    await dynamo.table("notes")
    for at in range(1100):
        await put(dynamo, f"p{at}", str(9_000_000_000 + at))
    await dynamo.call("PutItem", TableName="notes", Item={"pk": {"S": "text"}, "at": {"S": "9000000000"}})
    described = await dynamo.call("DescribeTimeToLive", TableName="notes")
    assert described == {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    answer = await dynamo.call("UpdateTimeToLive", **ttl())
    assert answer == {"TimeToLiveSpecification": {"AttributeName": "at", "Enabled": True}}
    await put(dynamo, "p3", "9000005000")
    await dynamo.settle()
    assert await expiries(dynamo) == [*(9_000_000_000 + at for at in range(1100) if at != 3), 9_000_005_000]
    described = await dynamo.call("DescribeTimeToLive", TableName="notes")
    assert described == {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "at"}}
    dynamo.clock.advance(timedelta(seconds=TTL_CHANGE_PAUSE_S))
    await dynamo.call("UpdateTimeToLive", **ttl(enabled=False))
    await dynamo.settle()
    assert await expiries(dynamo) == []
    described = await dynamo.call("DescribeTimeToLive", TableName="notes")
    assert described == {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    dynamo.clock.advance(timedelta(seconds=TTL_CHANGE_PAUSE_S))
    await dynamo.call("UpdateTimeToLive", **ttl("until"))
    await dynamo.settle()
    assert await expiries(dynamo) == [7] * 1100
    await dynamo.call("DeleteTable", TableName="notes")
    await dynamo.settle()
    assert await dynamo.store.snapshot().range(b"\x02dynamodb", b"\x02dynamodc") == []


async def test_time_to_live_cannot_be(dynamo: Dynamo) -> None:
    """What is wrong with the request comes before the pause between two changes."""
    await dynamo.table("notes")
    already = "ValidationException: TimeToLive is already "
    assert await dynamo.error("UpdateTimeToLive", **ttl(enabled=False)) == f"{already}disabled"
    await dynamo.call("UpdateTimeToLive", **ttl())
    assert await dynamo.error("UpdateTimeToLive", **ttl()) == f"{already}enabled"
    for enabled in (True, False):
        assert await dynamo.error("UpdateTimeToLive", **ttl("other", enabled=enabled)) == (
            "ValidationException: TimeToLive is active on a different AttributeName: current AttributeName is at"
        )
    assert await dynamo.error("UpdateTimeToLive", **ttl(enabled=False)) == (
        "ValidationException: Time to live has been modified multiple times within a fixed interval"
    )
    gone = f"{MISSING}: Table: gone not found"
    assert await dynamo.error("UpdateTimeToLive", **{**ttl(), "TableName": "gone"}) == gone
    assert await dynamo.error("DescribeTimeToLive", TableName="gone") == gone


async def test_time_to_live_takes_its_time(tmp_path: Path) -> None:
    """ENABLING and DISABLING by the clock; not while the table comes or goes."""
    clock = MovableClock()
    store = open_store(tmp_path, clock=clock)
    dynamo = Dynamo(store, clock=clock, changes_take=timedelta(seconds=10))
    await dynamo.table("notes")
    assert await dynamo.error("DescribeTimeToLive", TableName="notes") == (
        "ValidationException: Cannot describe time to live while table is in CREATING state: Current table state is "
        "CREATING"
    )
    assert await dynamo.error("UpdateTimeToLive", **ttl()) == (
        "ResourceInUseException: Attempt to change a resource which is still in use: Table notes is being created"
    )
    states = []
    clock.advance(timedelta(seconds=10))
    for enabled in (True, False):
        await dynamo.call("UpdateTimeToLive", **ttl(enabled=enabled))
        for _ in range(2):
            description = (await dynamo.call("DescribeTimeToLive", TableName="notes"))["TimeToLiveDescription"]
            states.append(description["TimeToLiveStatus"])
            clock.advance(timedelta(seconds=TTL_CHANGE_PAUSE_S))
    assert states == ["ENABLING", "ENABLED", "DISABLING", "DISABLED"]
    await store.close()


async def test_tags(dynamo: Dynamo) -> None:
    """Given with the table, added, replaced, taken away."""
    await dynamo.call(
        "CreateTable",
        TableName="notes",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": "team", "Value": "blue"}, {"Key": "größe", "Value": "a+b-c=d.e_f:g/h@i"}],
    )
    await dynamo.call("TagResource", ResourceArn=ARN, Tags=[{"Key": "team", "Value": "red"}, {"Key": "n", "Value": ""}])
    await dynamo.call("UntagResource", ResourceArn=ARN, TagKeys=["größe", "nowhere"])
    answer = await dynamo.call("ListTagsOfResource", ResourceArn=ARN)
    assert answer == {"Tags": [{"Key": "team", "Value": "red"}, {"Key": "n", "Value": ""}]}


def _tags(*keys: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": "v"} for key in keys]


@pytest.mark.parametrize(
    ("operation", "request_", "error"),
    [
        ("TagResource", {"Tags": []}, "ValidationException: Atleast one Tag needs to be provided as Input."),
        ("UntagResource", {"TagKeys": []}, "ValidationException: Atleast one Tag Key needs to be provided as Input."),
        (
            "TagResource",
            {"Tags": _tags("aws:x")},
            "ValidationException: Tag Key cannot be prefixed with aws:, Key: aws:x",
        ),
        ("TagResource", {"Tags": _tags("a,b")}, "ValidationException: The Tag Key provided is invalid, Key: a,b"),
        (
            "TagResource",
            {"Tags": [{"Key": "k", "Value": "100%"}]},
            "ValidationException: The Tag Value provided is invalid, Value: 100%",
        ),
        (
            "TagResource",
            {"Tags": _tags("dup", "dup")},
            "ValidationException: Duplicate Tag Keys provided as input: Duplicate Tag Key found dup",
        ),
        (
            "TagResource",
            {"Tags": _tags(*(f"k{at}" for at in range(51)))},
            "ValidationException: Number of Tags exceed the current limit for the provided ResourceArn",
        ),
        (
            "UntagResource",
            {"TagKeys": [f"k{at}" for at in range(51)]},
            "ValidationException: Number of Tags exceed the current limit for the provided ResourceArn",
        ),
        (
            "ListTagsOfResource",
            {"ResourceArn": "notes"},
            "ValidationException: One or more parameter values were invalid: ARNs must start with 'arn:': notes",
        ),
        (
            "ListTagsOfResource",
            {"ResourceArn": "arn:aws:sqs:us-east-1:000000000000:notes"},
            "ValidationException: One or more parameter values were invalid: Provided Arn is not a DynamoDB resource "
            "arn: arn:aws:sqs:us-east-1:000000000000:notes",
        ),
        (
            "ListTagsOfResource",
            {"ResourceArn": f"{ARN}/index/i"},
            "ValidationException: One or more parameter values were invalid: Invalid resource arn provided, only table "
            f"or stream is accepted. Provided resource arn: {ARN}/index/i",
        ),
        ("ListTagsOfResource", {"ResourceArn": f"{ARN}s"}, f"{MISSING}: ResourceArn: {ARN}s not found"),
        (
            "ListTagsOfResource",
            {"ResourceArn": ARN.replace("000000000000", "111111111111")},
            "ValidationException: This action is only supported by accounts that match the resource owner’s account.",
        ),
    ],
)
async def test_tags_that_cannot_be(dynamo: Dynamo, operation: str, request_: dict[str, Any], error: str) -> None:
    """AWS's words, from the lab notes of ack-api-quirks (2026-10, DDB-TABLE-107, -372); all or nothing."""
    await dynamo.table("notes")
    assert await dynamo.error(operation, **{"ResourceArn": ARN, **request_}) == error
    assert await dynamo.call("ListTagsOfResource", ResourceArn=ARN) == {"Tags": []}


async def test_limits_and_endpoints(dynamo: Dynamo) -> None:
    """AWS's defaults, which hold; the endpoint is this server."""
    assert await dynamo.call("DescribeLimits") == {
        "AccountMaxReadCapacityUnits": 80000,
        "AccountMaxWriteCapacityUnits": 80000,
        "TableMaxReadCapacityUnits": 40000,
        "TableMaxWriteCapacityUnits": 40000,
    }
    answer = await dynamo.call("DescribeEndpoints")
    assert answer == {"Endpoints": [{"Address": "localhost", "CachePeriodInMinutes": 1440}]}


async def test_what_a_table_does_not_have(dynamo: Dynamo) -> None:
    """Truly nothing is switched on; what would switch it on says that it cannot."""
    await dynamo.table("notes")
    off = {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "DISABLED",
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"},
        }
    }
    assert await dynamo.call("DescribeContinuousBackups", TableName="notes") == off
    to_off: dict[str, Any] = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}}
    assert await dynamo.call("UpdateContinuousBackups", TableName="notes", **to_off) == off
    to_on: dict[str, Any] = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    error = await dynamo.error("UpdateContinuousBackups", TableName="notes", **to_on)
    assert error.startswith("NotImplemented: ")
    error = await dynamo.error("DescribeContinuousBackups", TableName="gone")
    assert error == "TableNotFoundException: Table not found: gone"
    answer = await dynamo.call("DescribeKinesisStreamingDestination", TableName="notes")
    assert answer == {"TableName": "notes", "KinesisDataStreamDestinations": []}
    answer = await dynamo.call("DescribeContributorInsights", TableName="notes")
    assert answer == {"TableName": "notes", "ContributorInsightsStatus": "DISABLED"}
