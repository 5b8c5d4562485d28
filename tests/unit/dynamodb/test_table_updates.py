"""UpdateTable: what changes, what waits for what, and that existing items get entries in a new index."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.clock import MovableClock
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.sqlite import open_store
from tests.unit.dynamodb.conftest import Dynamo
from tests.unit.dynamodb.test_table_indexes import INVALID, attributes, index, request

Shape = dict[str, Any]
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
IN_USE = "ResourceInUseException: Attempt to change a resource which is still in use: "


def units(reads: int, writes: int) -> Shape:
    return {"ReadCapacityUnits": reads, "WriteCapacityUnits": writes}


def create(name: str, *keys: str, **more: Any) -> Shape:
    return {"GlobalSecondaryIndexUpdates": [{"Create": index(name, *keys, **more)}]}


async def provisioned(dynamo: Dynamo, **changes: Any) -> None:
    parameters = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS, **changes}
    await dynamo.call("CreateTable", **request(**parameters))


async def described(dynamo: Dynamo) -> Shape:
    table: Shape = (await dynamo.call("DescribeTable", TableName="notes"))["Table"]
    return table


async def update(dynamo: Dynamo, **changes: Any) -> Shape:
    table: Shape = (await dynamo.call("UpdateTable", TableName="notes", **changes))["TableDescription"]
    return table


async def refusal(dynamo: Dynamo, **changes: Any) -> str:
    return await dynamo.error("UpdateTable", TableName="notes", **changes)


async def index_states(dynamo: Dynamo) -> dict[str, str]:
    return {one["IndexName"]: one["IndexStatus"] for one in (await described(dynamo)).get("GlobalSecondaryIndexes", ())}


async def put(dynamo: Dynamo, **attributes_: str) -> None:
    await dynamo.call("PutItem", TableName="notes", Item={name: {"S": value} for name, value in attributes_.items()})


async def query(dynamo: Dynamo, index_name: str, key: str, value: str) -> list[str]:
    answer = await dynamo.call(
        "Query",
        TableName="notes",
        IndexName=index_name,
        KeyConditionExpression=f"{key} = :v",
        ExpressionAttributeValues={":v": {"S": value}},
    )
    return sorted(item["sk"]["S"] for item in answer["Items"])


async def test_a_new_index_is_filled(dynamo: Dynamo) -> None:
    """In several steps, while items come, change and go; what does not fit has no entry and stops nothing."""
    await dynamo.call("CreateTable", **request())
    for at in range(1200):
        await put(dynamo, pk=f"p{at % 7}", sk=f"{at:04}", a="x")
    await dynamo.call("PutItem", TableName="notes", Item={"pk": {"S": "p"}, "sk": {"S": "odd"}, "a": {"N": "1"}})
    await put(dynamo, pk="p", sk="sparse")
    answer = await update(dynamo, AttributeDefinitions=attributes("a"), **create("byA", "a"))
    assert answer["TableStatus"] == "UPDATING"
    shown = answer["GlobalSecondaryIndexes"][0]
    assert (shown["IndexStatus"], shown["Backfilling"]) == ("CREATING", False)
    assert (
        await dynamo.error("Scan", TableName="notes", IndexName="byA")
        == "ValidationException: Cannot read from backfilling global secondary index: byA"
    )
    await put(dynamo, pk="p0", sk="0000", a="y")
    await put(dynamo, pk="new", sk="new", a="y")
    await dynamo.call("DeleteItem", TableName="notes", Key={"pk": {"S": "p1"}, "sk": {"S": "0001"}})
    refused = await dynamo.error(
        "PutItem", TableName="notes", Item={"pk": {"S": "p"}, "sk": {"S": "q"}, "a": {"N": "1"}}
    )
    assert refused.startswith(f"{INVALID}Type mismatch for Index Key a Expected: S Actual: N")
    await dynamo.settle()
    assert await index_states(dynamo) == {"byA": "ACTIVE"}
    assert (await described(dynamo))["AttributeDefinitions"] == attributes("a", "pk", "sk")
    assert await query(dynamo, "byA", "a", "y") == ["0000", "new"]
    assert await query(dynamo, "byA", "a", "x") == [f"{at:04}" for at in range(2, 1200)]
    assert "Backfilling" not in (await described(dynamo))["GlobalSecondaryIndexes"][0]


async def test_filling_goes_on_after_a_restart(tmp_path: Path) -> None:
    """The task for the rest is written with each step, so another process goes on from there."""
    clock = MovableClock()
    store = open_store(tmp_path, clock=clock)
    dynamo = Dynamo(store, clock=clock)
    await dynamo.call("CreateTable", **request())
    for at in range(1200):
        await put(dynamo, pk="p", sk=f"{at:04}", a="x")
    await update(dynamo, AttributeDefinitions=attributes("a"), **create("byA", "a"))
    await store.close()
    store = open_store(tmp_path, clock=clock)
    dynamo = Dynamo(store, clock=clock)
    assert await index_states(dynamo) == {"byA": "CREATING"}
    await dynamo.settle()
    assert len(await query(dynamo, "byA", "a", "x")) == 1200
    await store.close()


async def test_an_index_is_deleted_and_its_name_free(dynamo: Dynamo) -> None:
    """Its entries go, the attributes that only it needed too; a later index of the name begins empty."""
    await dynamo.call("CreateTable", **request("a", GlobalSecondaryIndexes=[index("byA", "a")]))
    for at in range(700):
        await put(dynamo, pk="p", sk=f"{at:04}", a="x")
    answer = await update(dynamo, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "byA"}}])
    assert answer["GlobalSecondaryIndexes"][0]["IndexStatus"] == "DELETING"
    assert (await refusal(dynamo, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "byA"}}])) == (
        f"{IN_USE}Index is being deleted. Table: notes Index: byA"
    )
    assert await dynamo.error("DeleteTable", TableName="notes") == (
        f"{IN_USE}Cannot delete table while indexes are being created, updated, or deleted."
    )
    await dynamo.settle()
    table = await described(dynamo)
    assert "GlobalSecondaryIndexes" not in table
    assert table["AttributeDefinitions"] == attributes("pk", "sk")
    assert await dynamo.error("Scan", TableName="notes", IndexName="byA") == (
        "ValidationException: The table does not have the specified index: byA"
    )
    entries = Subspace("dynamodb", "000000000000", "us-east-1").range("index")
    assert await dynamo.store.snapshot().range(*entries) == []
    await update(dynamo, AttributeDefinitions=attributes("b"), **create("byA", "b"))
    await dynamo.settle()
    assert (await dynamo.call("Scan", TableName="notes", IndexName="byA"))["Count"] == 0


async def test_making_an_index_is_cancelled(tmp_path: Path) -> None:
    """Not while it is set up, but from the first step of filling on (AWS: Backfilling true)."""
    clock = MovableClock()
    store = open_store(tmp_path, clock=clock)
    dynamo = Dynamo(store, clock=clock, changes_take=timedelta(seconds=10))
    await dynamo.call("CreateTable", **request())
    clock.advance(timedelta(seconds=10))
    await put(dynamo, pk="p", sk="s", a="x")
    await update(dynamo, AttributeDefinitions=attributes("a"), **create("byA", "a"))
    delete: Shape = {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "byA"}}]}
    assert await refusal(dynamo, **delete) == (
        f"{IN_USE}Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the "
        "index is active. Table: notes Index: byA"
    )
    assert await refusal(dynamo, BillingMode="PROVISIONED", ProvisionedThroughput=UNITS) == (
        f"{IN_USE}Can't change table IOPS when an index is being created. Table: notes Indexes: [byA]"
    )
    assert (await refusal(dynamo, AttributeDefinitions=attributes("b"), **create("byB", "b"))) == (
        "LimitExceededException: Subscriber limit exceeded: Only 1 online index can be created or deleted "
        "simultaneously per table"
    )
    clock.advance(timedelta(seconds=10))
    await dynamo.settle()
    assert await index_states(dynamo) == {"byA": "ACTIVE"}
    await update(dynamo, **delete)
    assert (await described(dynamo))["TableStatus"] == "UPDATING"
    clock.advance(timedelta(seconds=10))
    await dynamo.settle()
    assert await index_states(dynamo) == {}
    await store.close()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (
            {},
            "ValidationException: At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
            "GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, "
            "ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, OnDemandThroughput, "
            "WarmThroughput or TableClass is required",
        ),
        ({"GlobalSecondaryIndexUpdates": []}, "ValidationException: At least one of "),
        (
            {"GlobalSecondaryIndexUpdates": [], "DeletionProtectionEnabled": True},
            f"{INVALID}List of GlobalSecondaryIndexUpdates is empty",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{}]},
            f"{INVALID}One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
            "GlobalSecondaryIndexUpdate.Delete must not be null",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "byA"}}, {"Delete": {"IndexName": "byA"}}]},
            f"{INVALID}Only one global secondary index update per index is allowed simultaneously. Index: byA",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "byA"}, "Update": {"IndexName": "byA"}}]},
            f"{INVALID}Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "byA"}}, {"Delete": {"IndexName": "byB"}}]},
            "LimitExceededException: Subscriber limit exceeded: Only 1 online index can be created or deleted "
            "simultaneously per table",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "nowhere"}}]},
            "ResourceNotFoundException: Requested resource not found: Index nowhere for table notes",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "local"}}]},
            "ValidationException: Cannot delete an index that is not a GlobalSecondaryIndex: local",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "local", "ProvisionedThroughput": UNITS}}]},
            "ValidationException: Cannot update an index that is not a GlobalSecondaryIndex: local",
        ),
        (create("byA", "sk"), "ValidationException: Attempting to create an index which already exists"),
        (create("byB", "b"), f"{INVALID}AttributeDefinitions is not specified for index: byB"),
        (
            {"AttributeDefinitions": attributes("c"), **create("byB", "b")},
            f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. Keys: [b], "
            "AttributeDefinitions: [sk, a, pk, c]",
        ),
        (
            {"AttributeDefinitions": attributes("b"), **create("byB", "b", ProvisionedThroughput=UNITS)},
            f"{INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: byB when "
            "BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "byA", "ProvisionedThroughput": UNITS}}]},
            f"{INVALID}The only Updates for index: byA when TableThroughputMode is PAY_PER_REQUEST can be to "
            "OnDemandThroughput, WarmThroughput",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "byA", "OnDemandThroughput": {}}}]},
            f"{INVALID}The only Updates for index: byA when TableThroughputMode is PAY_PER_REQUEST can be to "
            "OnDemandThroughput, WarmThroughput",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "nowhere", "WarmThroughput": {}}}]},
            f"{INVALID}WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified "
            "for index: nowhere",
        ),
        (
            {"ProvisionedThroughput": UNITS},
            f"{INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
            "PAY_PER_REQUEST",
        ),
        (
            {"ProvisionedThroughput": units(10**12 + 1, 1)},
            "ValidationException: Given value 1000000000001 for ReadCapacityUnits is out of bounds",
        ),
        (
            {"BillingMode": "PROVISIONED"},
            f"{INVALID}ProvisionedThroughput must be specified when BillingMode is PROVISIONED",
        ),
        (
            {"BillingMode": "PAY_PER_REQUEST", "ProvisionedThroughput": UNITS},
            f"{INVALID}ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS},
            f"{INVALID}ProvisionedThroughput must be specified for index: byA",
        ),
        (
            {"SSESpecification": {"Enabled": True}, "DeletionProtectionEnabled": True},
            f"{INVALID}Server-Side Encryption modification must be the only operation in the request",
        ),
        (
            {"TableClass": "STANDARD", "DeletionProtectionEnabled": True},
            f"{INVALID}TableClass modification must be the only operation in the request",
        ),
        (
            {"DeletionProtectionEnabled": True, "WarmThroughput": {"ReadUnitsPerSecond": 13000}},
            f"{INVALID}DeletionProtection modification must be the only operation in the request",
        ),
        (
            {
                "WarmThroughput": {"ReadUnitsPerSecond": 13000},
                "AttributeDefinitions": attributes("b"),
                **create("byB", "b"),
            },
            f"{INVALID}Create global secondary index cannot be specified when updating WarmThroughput",
        ),
        (
            {"OnDemandThroughput": {"MaxReadRequestUnits": 5}, "WarmThroughput": {"ReadUnitsPerSecond": 13000}},
            f"{INVALID}WarmThroughput must be the only operation in the request",
        ),
        (
            {"OnDemandThroughput": {"MaxReadRequestUnits": 5}, "StreamSpecification": {"StreamEnabled": False}},
            f"{INVALID}OnDemandThroughput can only be combined with BillingMode in an UpdateTable request",
        ),
        (
            {"OnDemandThroughput": {"MaxReadRequestUnits": 0}},
            f"{INVALID}Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range",
        ),
        (
            {"WarmThroughput": {"ReadUnitsPerSecond": 11999}},
            f"{INVALID}Requested ReadUnitsPerSecond for WarmThroughput for table is lower than current "
            "WarmThroughput, decreasing WarmThroughput is not supported",
        ),
        (
            {
                "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
                "ProvisionedThroughput": UNITS,
            },
            f"{INVALID}You cannot modify stream status while updating table IOPS",
        ),
        (
            {
                "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
                "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "byA"}}],
            },
            f"{INVALID}You cannot create or delete index while changing stream status",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": True}},
            f"{INVALID}If stream is being enabled then UpdateViewType is required",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"}},
            f"{INVALID}If stream is being disabled, then UpdateViewType must not be specified",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": False}},
            "ValidationException: Table has no stream to disable: TableName: notes",
        ),
        (
            {"SSESpecification": {"Enabled": False}},
            f"{INVALID}Table is already encrypted by default",
        ),
        (
            {"SSESpecification": {"Enabled": True, "SSEType": "AES256"}},
            f"{INVALID}SSEType AES256 is not supported",
        ),
        (
            {"SSESpecification": {"Enabled": True, "KMSMasterKeyId": "k"}},
            f"{INVALID}SSEType KMS is required if KMSMasterKeyId is specified",
        ),
        (
            {"ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}]},
            "NotImplemented: UpdateTable with ReplicaUpdates is not implemented",
        ),
    ],
)
async def test_what_cannot_be_changed(dynamo: Dynamo, change: Shape, error: str) -> None:
    """AWS's words, from the lab notes of ack-api-quirks (2026-10); nothing changes."""
    await dynamo.call(
        "CreateTable",
        **request(
            "a",
            LocalSecondaryIndexes=[index("local", "pk", "+a")],
            GlobalSecondaryIndexes=[index("byA", "a")],
        ),
    )
    before = await described(dynamo)
    assert (await refusal(dynamo, **change)).startswith(error)
    assert await described(dynamo) == before


async def test_provisioned_units(dynamo: Dynamo) -> None:
    """The answer tells the old units; decreases are counted, and after four of a day there is one an hour."""
    await provisioned(dynamo)
    answer = await update(dynamo, ProvisionedThroughput=units(8, 8))
    assert answer["TableStatus"] == "UPDATING"
    assert answer["ProvisionedThroughput"]["ReadCapacityUnits"] == 5
    assert "LastIncreaseDateTime" in answer["ProvisionedThroughput"]
    throughput = (await described(dynamo))["ProvisionedThroughput"]
    assert (throughput["ReadCapacityUnits"], throughput["NumberOfDecreasesToday"]) == (8, 0)
    assert "LastIncreaseDateTime" in throughput
    assert "LastDecreaseDateTime" not in throughput
    assert await refusal(dynamo, ProvisionedThroughput=units(8, 8)) == (
        "ValidationException: The provisioned throughput for the table will not change. The requested value equals "
        "the current value. Current ReadCapacityUnits provisioned for the table: 8. Requested ReadCapacityUnits: 8. "
        "Current WriteCapacityUnits provisioned for the table: 8. Requested WriteCapacityUnits: 8. Refer to the "
        "Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
    )
    dynamo.clock.freeze()
    seconds = int(dynamo.clock.timestamp()) % 86400
    dynamo.clock.advance(timedelta(seconds=86400 - seconds + 60))  # one minute past midnight
    for reads in (7, 6, 5, 4):
        await update(dynamo, ProvisionedThroughput=units(reads, 8))
    refused = await refusal(dynamo, ProvisionedThroughput=units(3, 8))
    assert refused.startswith(
        "LimitExceededException: Subscriber limit exceeded: Provisioned throughput decreases are limited within a "
        "given UTC day. After the first 4 decreases, each subsequent decrease in the same UTC day can be performed at "
        "most once every 3600 seconds. Number of decreases today: 4. Last decrease at "
    )
    assert refused.endswith("at 1:01:00 AM Coordinated Universal Time")
    dynamo.clock.advance(timedelta(hours=1))
    await update(dynamo, ProvisionedThroughput=units(3, 8))
    table = await described(dynamo)
    assert table["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 5
    assert table["WarmThroughput"] == {"ReadUnitsPerSecond": 8, "WriteUnitsPerSecond": 8, "Status": "ACTIVE"}
    dynamo.clock.advance(timedelta(days=1))
    assert (await described(dynamo))["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 0


async def test_more_units_than_an_account_may_give(dynamo: Dynamo) -> None:
    """What DescribeLimits tells, holds."""
    above = (
        "LimitExceededException: The requested ReadCapacityUnits{whose}, 40001, is above the per {what} maximum for "
        "the account in us-east-1. Per {what} maximum: 40000. Refer to the Amazon DynamoDB Developer Guide for current "
        "limits and how to request higher limits."
    )
    large = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(40001, 1)}
    assert await dynamo.error("CreateTable", **request(**large)) == above.format(whose="", what="table")
    await provisioned(dynamo)
    assert await refusal(dynamo, ProvisionedThroughput=units(40001, 1)) == above.format(whose="", what="table")
    new = create("byA", "a", ProvisionedThroughput=units(40001, 1))
    assert await refusal(dynamo, AttributeDefinitions=attributes("a"), **new) == above.format(
        whose=" for index byA", what="index"
    )
    blocked = (
        "ValidationException: This operation cannot be performed with given input values. Please contact DynamoDB "
        "service team for more info: Action Blocked: IndexUpdate"
    )
    huge = [{"Update": {"IndexName": "nowhere", "ProvisionedThroughput": units(1, 10**12 + 1)}}]
    assert await refusal(dynamo, GlobalSecondaryIndexUpdates=huge) == blocked
    await update(dynamo, ProvisionedThroughput=units(40000, 40000))
    await dynamo.call(
        "CreateTable", **request(**{**large, "TableName": "second", "ProvisionedThroughput": units(1, 39999)})
    )
    exceeded = (
        "LimitExceededException: This request would have caused the WriteCapacityUnits limit to be exceeded for the "
        "account in us-east-1. Current WriteCapacityUnits reserved by the account: 79999. Limit: 80000. Requested: 2. "
        "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
    )
    third = {**large, "TableName": "third", "ProvisionedThroughput": units(1, 2)}
    assert await dynamo.error("CreateTable", **request(**third)) == exceeded
    await dynamo.call("CreateTable", **request(**{**third, "ProvisionedThroughput": units(1, 1)}))
    await update(dynamo, ProvisionedThroughput=units(1, 1))


async def test_limits_above_those_of_the_account(dynamo: Dynamo) -> None:
    """Also of what is on demand, and of what is warm."""
    await dynamo.call("CreateTable", **request())
    told = "TableMaxReadCapacityUnits of the account in region us-east-1"
    assert await refusal(dynamo, OnDemandThroughput={"MaxReadRequestUnits": 40001}) == (
        "LimitExceededException: Subscriber limit exceeded: Requested MaxReadRequestUnits for OnDemandThroughput for "
        f"table exceeds {told}"
    )
    assert await refusal(dynamo, WarmThroughput={"ReadUnitsPerSecond": 40001}) == (
        "LimitExceededException: Subscriber limit exceeded: Requested ReadUnitsPerSecond for WarmThroughput for table "
        f"exceeds {told}"
    )


async def test_billing_modes(dynamo: Dynamo) -> None:
    """There and back: units go and have to be given again, also those of indexes; limits go; warmth stays."""
    await provisioned(
        dynamo,
        AttributeDefinitions=attributes("pk", "sk", "a"),
        GlobalSecondaryIndexes=[index("byA", "a", ProvisionedThroughput=UNITS)],
    )
    assert "BillingModeSummary" not in await described(dynamo)
    answer = await update(dynamo, BillingMode="PAY_PER_REQUEST", OnDemandThroughput={"MaxReadRequestUnits": 100})
    assert answer["TableStatus"] == "UPDATING"
    table = await described(dynamo)
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert table["OnDemandThroughput"] == {"MaxReadRequestUnits": 100}
    assert table["WarmThroughput"]["ReadUnitsPerSecond"] == 12000
    assert (await update(dynamo, BillingMode="PAY_PER_REQUEST"))["TableStatus"] == "UPDATING"
    update_index = {"Update": {"IndexName": "byA", "ProvisionedThroughput": units(2, 3)}}
    answer = await update(
        dynamo, BillingMode="PROVISIONED", ProvisionedThroughput=UNITS, GlobalSecondaryIndexUpdates=[update_index]
    )
    assert answer["ProvisionedThroughput"]["ReadCapacityUnits"] == 5
    table = await described(dynamo)
    assert table["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    assert table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["WriteCapacityUnits"] == 3
    assert "OnDemandThroughput" not in table
    assert table["WarmThroughput"]["ReadUnitsPerSecond"] == 12000
    assert (await refusal(dynamo, OnDemandThroughput={"MaxWriteRequestUnits": 5})) == (
        f"{INVALID}MaxWriteRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is "
        "PROVISIONED"
    )
    answer = await update(
        dynamo,
        GlobalSecondaryIndexUpdates=[{"Update": {"IndexName": "byA", "ProvisionedThroughput": units(4, 4)}}],
    )
    shown = answer["GlobalSecondaryIndexes"][0]
    assert (answer["TableStatus"], shown["IndexStatus"]) == ("ACTIVE", "UPDATING")
    assert shown["ProvisionedThroughput"]["ReadCapacityUnits"] == 2
    assert (await described(dynamo))["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 4


async def test_limits_and_warmth(dynamo: Dynamo) -> None:
    """Each member by itself; -1 takes a limit away, and what is warm stays warm."""
    await dynamo.call("CreateTable", **request())
    await update(dynamo, OnDemandThroughput={"MaxReadRequestUnits": 10})
    await update(dynamo, OnDemandThroughput={"MaxWriteRequestUnits": 20})
    limits = {"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 20}
    assert (await described(dynamo))["OnDemandThroughput"] == limits
    answer = await update(dynamo, OnDemandThroughput={"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1})
    assert answer["TableStatus"] == "ACTIVE"
    assert "OnDemandThroughput" not in await described(dynamo)
    await update(dynamo, WarmThroughput={"WriteUnitsPerSecond": 5000})
    warm = {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 5000, "Status": "ACTIVE"}
    assert (await described(dynamo))["WarmThroughput"] == warm


async def test_what_is_empty_asks_for_nothing(dynamo: Dynamo) -> None:
    """Beside something else it is passed over; alone, AWS answers an internal error, and we say what is missing."""
    await dynamo.call("CreateTable", **request())
    await update(dynamo, WarmThroughput={}, OnDemandThroughput={}, DeletionProtectionEnabled=True)
    assert (await described(dynamo))["DeletionProtectionEnabled"] is True
    assert (await refusal(dynamo, WarmThroughput={})).startswith("ValidationException: At least one of ")


async def test_streams_begin_and_end(dynamo: Dynamo) -> None:
    """An enabled stream stays as it is; the newest one's ARN is told also when it has ended."""
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    created = (await dynamo.call("CreateTable", **request(StreamSpecification=stream)))["TableDescription"]
    assert created["StreamSpecification"] == stream
    assert created["LatestStreamArn"] == f"{created['TableArn']}/stream/{created['LatestStreamLabel']}"
    again = {"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"}
    assert await refusal(dynamo, StreamSpecification=again) == (
        "ValidationException: Table already has an enabled stream: TableName: notes"
    )
    answer = await update(dynamo, StreamSpecification={"StreamEnabled": False})
    assert answer["TableStatus"] == "UPDATING"
    table = await described(dynamo)
    assert "StreamSpecification" not in table
    assert table["LatestStreamArn"] == created["LatestStreamArn"]
    await update(dynamo, StreamSpecification=again)
    table = await described(dynamo)
    assert table["StreamSpecification"] == again
    assert table["LatestStreamArn"] != created["LatestStreamArn"]
    await dynamo.call("DeleteTable", TableName="notes")


async def test_encryption(dynamo: Dynamo) -> None:
    """Source: recordings `test_dynamodb_create_table_with_partial_sse_specification`, `..._without_sse_...`."""
    created = (await dynamo.call("CreateTable", **request(SSESpecification={"Enabled": True})))["TableDescription"]
    arn = created["SSEDescription"]["KMSMasterKeyArn"]
    assert created["SSEDescription"] == {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": arn}
    assert arn.startswith("arn:aws:kms:us-east-1:000000000000:key/")
    await update(dynamo, BillingMode="PAY_PER_REQUEST")
    assert (await described(dynamo))["SSEDescription"] == created["SSEDescription"]
    same = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": arn}
    assert await refusal(dynamo, SSESpecification=same) == (
        f"{INVALID}Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to "
        "change Master Key"
    )
    answer = await update(dynamo, SSESpecification={"Enabled": False})
    assert answer["SSEDescription"] == {"Status": "UPDATING", "SSEType": "KMS", "KMSMasterKeyArn": arn}
    assert answer["TableStatus"] == "ACTIVE"
    assert "SSEDescription" not in await described(dynamo)


async def test_table_class(dynamo: Dynamo) -> None:
    """Twice in thirty days."""
    await dynamo.call("CreateTable", **request())
    await update(dynamo, TableClass="STANDARD")
    assert "TableClassSummary" not in await described(dynamo)
    await update(dynamo, TableClass="STANDARD_INFREQUENT_ACCESS")
    summary = (await described(dynamo))["TableClassSummary"]
    assert summary["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    await update(dynamo, TableClass="STANDARD")
    assert await refusal(dynamo, TableClass="STANDARD_INFREQUENT_ACCESS") == (
        "LimitExceededException: Subscriber limit exceeded: Updates to TableClass are limited to 2 times in 30 day(s)."
    )
    dynamo.clock.advance(timedelta(days=30, seconds=1))
    await update(dynamo, TableClass="STANDARD_INFREQUENT_ACCESS")


async def test_changes_take_their_time(tmp_path: Path) -> None:
    """States by the clock, and what has to wait meanwhile; a DELETING table keeps its name."""
    clock = MovableClock()
    store = open_store(tmp_path, clock=clock)
    dynamo = Dynamo(store, clock=clock, changes_take=timedelta(seconds=10))
    await dynamo.call("CreateTable", **request())
    assert await refusal(dynamo, DeletionProtectionEnabled=True) == f"{IN_USE}Table is being created: notes"
    assert await dynamo.error("CreateTable", **request()) == f"{IN_USE}Table is being created: notes"
    clock.advance(timedelta(seconds=10))
    await put(dynamo, pk="p", sk="s")
    await update(dynamo, BillingMode="PROVISIONED", ProvisionedThroughput=UNITS)
    assert (await described(dynamo))["TableStatus"] == "UPDATING"
    assert await refusal(dynamo, ProvisionedThroughput=units(9, 9)) == (
        f"{IN_USE}Table IOPS are currently being updated. Table: notes"
    )
    assert await dynamo.error("DeleteTable", TableName="notes") == (
        f"{IN_USE}Table: notes is in the process of being updated."
    )
    await put(dynamo, pk="p", sk="t")  # a table that is UPDATING is in use
    clock.advance(timedelta(seconds=10))
    await dynamo.call("DeleteTable", TableName="notes")
    assert (await described(dynamo))["TableStatus"] == "DELETING"
    gone = "ResourceNotFoundException: Requested resource not found"
    key = {"pk": {"S": "p"}, "sk": {"S": "s"}}
    assert await dynamo.error("GetItem", TableName="notes", Key=key) == gone
    assert await dynamo.error("CreateTable", **request()) == "ResourceInUseException: Table already exists: notes"
    assert await dynamo.error("DeleteTable", TableName="notes") == f"{IN_USE}Table is being deleted: notes"
    clock.advance(timedelta(seconds=10))
    assert await dynamo.error("DescribeTable", TableName="notes") == f"{gone}: Table: notes not found"
    await dynamo.call("CreateTable", **request())  # before what was left is removed
    await dynamo.settle()
    assert (await described(dynamo))["TableStatus"] == "CREATING"
    clock.advance(timedelta(seconds=10))
    assert await dynamo.call("GetItem", TableName="notes", Key=key) == {}
    await dynamo.call("DeleteTable", TableName="notes")
    clock.advance(timedelta(seconds=10))
    await dynamo.settle()
    assert await store.snapshot().range(b"\x02dynamodb", b"\x02dynamodc") == []
    await store.close()


async def test_a_large_table_goes_in_steps(dynamo: Dynamo) -> None:
    """It is gone at once, and its name free; everything it held is removed soon."""
    await dynamo.call("CreateTable", **request("a", LocalSecondaryIndexes=[index("local", "pk", "+a")]))
    for at in range(1100):
        await put(dynamo, pk=f"p{at % 11}", sk=f"{at}", a="x")
    assert (await described(dynamo))["ItemCount"] == 0  # more than is counted at once, and not counted yet
    await dynamo.call("DeleteTable", TableName="notes")
    assert await dynamo.call("ListTables") == {"TableNames": []}
    await dynamo.call("CreateTable", **request())
    await put(dynamo, pk="p0", sk="0")
    await dynamo.settle()
    assert (await dynamo.call("Scan", TableName="notes"))["Count"] == 1
    await dynamo.call("DeleteTable", TableName="notes")
    await dynamo.settle()
    assert await dynamo.store.snapshot().range(b"\x02dynamodb", b"\x02dynamodc") == []


async def test_counts(dynamo: Dynamo) -> None:
    """What is small is counted when it is described."""
    await dynamo.call(
        "CreateTable",
        **request("a", GlobalSecondaryIndexes=[index("byA", "a", projection={"ProjectionType": "KEYS_ONLY"})]),
    )
    await put(dynamo, pk="p", sk="1", a="x", more="12345")
    await put(dynamo, pk="p", sk="2")
    table = await described(dynamo)
    assert (table["ItemCount"], table["TableSizeBytes"]) == (2, (2 + 1 + 2 + 1 + 1 + 1 + 4 + 5) + (2 + 1 + 2 + 1))
    shown = table["GlobalSecondaryIndexes"][0]
    assert (shown["ItemCount"], shown["IndexSizeBytes"]) == (1, 2 + 1 + 2 + 1 + 1 + 1)
