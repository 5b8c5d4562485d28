"""Tables: which may be created, how they are described, and that nothing of a deleted one is left."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.clock import MovableClock
from pileus.kernel.storage import records
from pileus.kernel.storage.sqlite import open_store
from pileus.services.dynamodb.table_records import TableRecord
from tests.unit.dynamodb.conftest import Dynamo

HASH = [{"AttributeName": "id", "KeyType": "HASH"}]
ID = [{"AttributeName": "id", "AttributeType": "S"}]
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}


async def test_life_of_a_provisioned_table(dynamo: Dynamo) -> None:
    """Every field, as in the recording `test_table_crud`."""
    answer = await dynamo.call(
        "CreateTable", TableName="users", KeySchema=HASH, AttributeDefinitions=ID, ProvisionedThroughput=UNITS
    )
    table = answer["TableDescription"]
    throughput = {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    assert table == {
        "AttributeDefinitions": ID,
        "CreationDateTime": table["CreationDateTime"],
        "DeletionProtectionEnabled": False,
        "ItemCount": 0,
        "KeySchema": HASH,
        "ProvisionedThroughput": throughput,
        "TableArn": "arn:aws:dynamodb:us-east-1:000000000000:table/users",
        "TableId": table["TableId"],
        "TableName": "users",
        "TableSizeBytes": 0,
        "TableStatus": "CREATING",
    }
    described = (await dynamo.call("DescribeTable", TableName="users"))["Table"]
    warm = {"ReadUnitsPerSecond": 5, "Status": "ACTIVE", "WriteUnitsPerSecond": 5}
    assert described == {**table, "TableStatus": "ACTIVE", "WarmThroughput": warm}
    deleted = (await dynamo.call("DeleteTable", TableName="users"))["TableDescription"]
    absent = {"AttributeDefinitions", "CreationDateTime", "KeySchema"}
    kept = {name: value for name, value in table.items() if name not in absent}
    assert deleted == {**kept, "TableStatus": "DELETING"}


async def test_on_demand_table(dynamo: Dynamo) -> None:
    """Source: recording `test_gsi_with_billing_mode[PAY_PER_REQUEST]`."""
    created = (
        await dynamo.call(
            "CreateTable", TableName="users", KeySchema=HASH, AttributeDefinitions=ID, BillingMode="PAY_PER_REQUEST"
        )
    )["TableDescription"]
    assert created["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"}
    assert created["ProvisionedThroughput"] == {
        "NumberOfDecreasesToday": 0,
        "ReadCapacityUnits": 0,
        "WriteCapacityUnits": 0,
    }
    described = (await dynamo.call("DescribeTable", TableName="users"))["Table"]
    assert set(described["BillingModeSummary"]) == {"BillingMode", "LastUpdateToPayPerRequestDateTime"}
    assert described["WarmThroughput"] == {
        "ReadUnitsPerSecond": 12000,
        "Status": "ACTIVE",
        "WriteUnitsPerSecond": 4000,
    }


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (
            {"BillingMode": "PAY_PER_REQUEST"},
            "ValidationException: One or more parameter values were invalid: Neither ReadCapacityUnits nor "
            "WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"ProvisionedThroughput": None},
            "ValidationException: One or more parameter values were invalid: ReadCapacityUnits and "
            "WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        ),
        (
            {"ProvisionedThroughput": {"ReadCapacityUnits": 1000000000001, "WriteCapacityUnits": 1}},
            "ValidationException: Given value 1000000000001 for ReadCapacityUnits is out of bounds",
        ),
        (
            {"AttributeDefinitions": []},
            "ValidationException: Invalid KeySchema: Some index key attribute have no definition",
        ),
        (
            {"AttributeDefinitions": [{"AttributeName": "x", "AttributeType": "S"}]},
            "ValidationException: One or more parameter values were invalid: Some index key attributes are not "
            "defined in AttributeDefinitions. Keys: [id], AttributeDefinitions: [x]",
        ),
        (
            {"AttributeDefinitions": [*ID, {"AttributeName": "x", "AttributeType": "S"}]},
            "ValidationException: One or more parameter values were invalid: Number of attributes in KeySchema does "
            "not exactly match number of attributes defined in AttributeDefinitions",
        ),
        (
            {"KeySchema": [{"AttributeName": "id", "KeyType": "RANGE"}]},
            "ValidationException: Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ),
        (
            {
                "KeySchema": [*HASH, {"AttributeName": "x", "KeyType": "HASH"}],
                "AttributeDefinitions": [*ID, {"AttributeName": "x", "AttributeType": "S"}],
            },
            "ValidationException: Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
        ),
        (
            {"TableName": "ab"},
            "ValidationException: 1 validation error detected: Value 'ab' at 'tableName' failed to satisfy "
            "constraint: Member must have length greater than or equal to 3",
        ),
        (
            {"TableName": "a b"},
            "ValidationException: 1 validation error detected: Value 'a b' at 'tableName' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": True}},
            "ValidationException: One or more parameter values were invalid: Table is being created with a stream "
            "enabled, UpdateViewType is required",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"}},
            "ValidationException: One or more parameter values were invalid: Table is being created with a stream "
            "disabled, UpdateViewType should not be specified",
        ),
        (
            {"GlobalTableSourceArn": "arn:aws:dynamodb:eu-west-1:000000000000:table/users"},
            "NotImplemented: CreateTable with GlobalTableSourceArn is not implemented",
        ),
    ],
)
async def test_tables_that_cannot_be(dynamo: Dynamo, change: dict[str, Any], error: str) -> None:
    """AWS's words; and what Pileus lacks it names instead of leaving it out."""
    request: dict[str, Any] = {
        "TableName": "users",
        "KeySchema": HASH,
        "AttributeDefinitions": ID,
        "ProvisionedThroughput": UNITS,
        **change,
    }
    assert await dynamo.error("CreateTable", **request) == error
    assert (await dynamo.call("ListTables"))["TableNames"] == []


async def test_names_are_unique_and_must_exist(dynamo: Dynamo) -> None:
    """Source: recordings `test_create_duplicate_table`, `test_table_crud`."""
    await dynamo.table("notes")
    assert (
        await dynamo.error(
            "CreateTable", TableName="notes", KeySchema=HASH, AttributeDefinitions=ID, ProvisionedThroughput=UNITS
        )
        == "ResourceInUseException: Table already exists: notes"
    )
    missing = "ResourceNotFoundException: Requested resource not found: Table: nowhere not found"
    assert await dynamo.error("DescribeTable", TableName="nowhere") == missing
    assert await dynamo.error("DeleteTable", TableName="nowhere") == missing
    for operation in ("GetItem", "DeleteItem", "UpdateItem"):
        error = await dynamo.error(operation, TableName="nowhere", Key={"pk": {"S": "a"}})
        assert error == "ResourceNotFoundException: Requested resource not found"


async def test_creating_takes_its_time(tmp_path: Path) -> None:
    """While a table is CREATING it holds no items and cannot be deleted; the clock makes it ACTIVE."""
    clock = MovableClock()
    store = open_store(tmp_path, clock=clock)
    dynamo = Dynamo(store, clock=clock, changes_take=timedelta(seconds=10))
    await dynamo.table("notes")
    assert (await dynamo.call("DescribeTable", TableName="notes"))["Table"]["TableStatus"] == "CREATING"
    item = {"pk": {"S": "a"}}
    not_found = "ResourceNotFoundException: Requested resource not found"
    assert await dynamo.error("PutItem", TableName="notes", Item=item) == not_found
    assert await dynamo.error("GetItem", TableName="notes", Key=item) == not_found
    assert (await dynamo.error("DeleteTable", TableName="notes")).startswith("ResourceInUseException: ")
    clock.advance(timedelta(seconds=10))
    assert (await dynamo.call("DescribeTable", TableName="notes"))["Table"]["TableStatus"] == "ACTIVE"
    await dynamo.call("PutItem", TableName="notes", Item=item)
    await store.close()


async def test_nothing_of_a_deleted_table_is_left(dynamo: Dynamo) -> None:
    """A later table of the same name sees nothing, whatever was kept in memory."""
    await dynamo.table("notes", sort="N")
    await dynamo.table("other", sort="N")
    for index in range(50):
        for table in ("notes", "other"):
            item = {"pk": {"S": f"p{index % 7}"}, "sk": {"N": str(index)}}
            await dynamo.call("PutItem", TableName=table, Item=item)
    key = {"pk": {"S": "p1"}, "sk": {"N": "1"}}
    assert "Item" in await dynamo.call("GetItem", TableName="notes", Key=key)
    await dynamo.call("DeleteTable", TableName="notes")
    error = await dynamo.error("GetItem", TableName="notes", Key=key)
    assert error == "ResourceNotFoundException: Requested resource not found"
    await dynamo.table("notes", sort="N")
    assert await dynamo.call("GetItem", TableName="notes", Key=key) == {}
    assert (await dynamo.call("Scan", TableName="notes"))["Count"] == 0
    assert (await dynamo.call("Scan", TableName="other"))["Count"] == 50
    await dynamo.call("DeleteTable", TableName="notes")
    await dynamo.call("DeleteTable", TableName="other")
    assert await dynamo.store.snapshot().range(b"\x02dynamodb", b"\x02dynamodc") == []


async def test_reset_is_noticed(dynamo: Dynamo) -> None:
    """When the store forgets everything, no operation goes on with a table from memory."""
    await dynamo.table("notes")
    await dynamo.call("PutItem", TableName="notes", Item={"pk": {"S": "a"}})
    await dynamo.store.clear_all()
    not_found = "ResourceNotFoundException: Requested resource not found"
    assert await dynamo.error("GetItem", TableName="notes", Key={"pk": {"S": "a"}}) == not_found
    assert await dynamo.error("PutItem", TableName="notes", Item={"pk": {"S": "a"}}) == not_found
    assert await dynamo.error("Scan", TableName="notes") == not_found


async def test_a_key_schema_may_change_with_the_name(dynamo: Dynamo) -> None:
    """A kept table is compared with its record, so the new one's key is used."""
    await dynamo.table("notes")
    await dynamo.call("PutItem", TableName="notes", Item={"pk": {"S": "a"}})
    await dynamo.call("DeleteTable", TableName="notes")
    await dynamo.table("notes", sort="S")
    item = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    await dynamo.call("PutItem", TableName="notes", Item=item)
    assert (await dynamo.call("GetItem", TableName="notes", Key=item))["Item"] == item


_ANOTHER_KEY: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}],
    "BillingMode": "PAY_PER_REQUEST",
}


async def test_a_key_is_judged_by_the_table_that_is(dynamo: Dynamo) -> None:
    """The kept record may be of a table that had the name before: what it refuses, the present one may take."""
    await dynamo.table("notes")
    await dynamo.call("PutItem", TableName="notes", Item={"pk": {"S": "a"}})
    await dynamo.call("GetItem", TableName="notes", Key={"pk": {"S": "a"}})
    await dynamo.call("DeleteTable", TableName="notes")
    absent = "ResourceNotFoundException: Requested resource not found"
    for key in ({"id": {"N": "1"}}, {"pk": {"S": "a"}}, {}):
        assert await dynamo.error("GetItem", TableName="notes", Key=key) == absent
    await dynamo.call("CreateTable", TableName="notes", **_ANOTHER_KEY)
    assert await dynamo.call("GetItem", TableName="notes", Key={"id": {"N": "1"}}) == {}
    refused = await dynamo.error("GetItem", TableName="notes", Key={"pk": {"S": "a"}})
    assert refused == "ValidationException: The provided key element does not match the schema"


@pytest.mark.parametrize("same_key", [True, False])
async def test_another_worker_replaces_a_table(dynamo: Dynamo, same_key: bool) -> None:
    """What another worker did to a table is seen at the next request, whatever this one had kept."""
    another = Dynamo(dynamo.store, clock=dynamo.clock)
    await dynamo.table("notes")
    old = {"pk": {"S": "a"}}
    new: dict[str, Any] = old if same_key else {"id": {"N": "1"}}
    assert await dynamo.call("GetItem", TableName="notes", Key=old) == {}
    await another.call("DeleteTable", TableName="notes")
    if same_key:
        await another.table("notes")
    else:
        await another.call("CreateTable", TableName="notes", **_ANOTHER_KEY)
    await another.call("PutItem", TableName="notes", Item={**new, "note": {"S": "new"}})
    if same_key:
        answer = await dynamo.call("GetItem", TableName="notes", Key=new, ProjectionExpression="note")
        assert answer == {"Item": {"note": {"S": "new"}}}
    answer = await dynamo.call("GetItem", TableName="notes", Key=new)
    assert answer == {"Item": {**new, "note": {"S": "new"}}}
    assert (await dynamo.call("Scan", TableName="notes"))["Count"] == 1


async def test_protection(dynamo: Dynamo) -> None:
    """DeletionProtectionEnabled holds."""
    await dynamo.call(
        "CreateTable",
        TableName="users",
        KeySchema=HASH,
        AttributeDefinitions=ID,
        ProvisionedThroughput=UNITS,
        DeletionProtectionEnabled=True,
    )
    assert (await dynamo.error("DeleteTable", TableName="users")).startswith("ValidationException: Resource cannot be")
    assert (await dynamo.call("DescribeTable", TableName="users"))["Table"]["DeletionProtectionEnabled"] is True


async def test_list_tables_in_pages(dynamo: Dynamo) -> None:
    """In order of names; each region has its own; the last name leads to the next page."""
    for name in ("ccc", "aaa", "bbb"):
        await dynamo.table(name)
    assert await dynamo.call("ListTables") == {"TableNames": ["aaa", "bbb", "ccc"]}
    first = await dynamo.call("ListTables", Limit=2)
    assert first == {"TableNames": ["aaa", "bbb"], "LastEvaluatedTableName": "bbb"}
    rest = await dynamo.call("ListTables", Limit=2, ExclusiveStartTableName="bbb")
    assert rest == {"TableNames": ["ccc"]}
    assert await dynamo.call("ListTables", region="eu-west-1") == {"TableNames": []}


async def test_a_table_by_its_arn(dynamo: Dynamo) -> None:
    """TableName takes an ARN of the same account and region."""
    await dynamo.table("notes")
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/notes"
    await dynamo.call("PutItem", TableName=arn, Item={"pk": {"S": "a"}})
    assert (await dynamo.call("GetItem", TableName=arn, Key={"pk": {"S": "a"}}))["Item"] == {"pk": {"S": "a"}}
    assert (await dynamo.call("DescribeTable", TableName=arn))["Table"]["TableName"] == "notes"
    elsewhere = arn.replace("us-east-1", "eu-west-1")
    error = await dynamo.error("GetItem", TableName=elsewhere, Key={"pk": {"S": "a"}})
    assert error == f"ValidationException: 1 validation error detected: Invalid AWS region in '{elsewhere}'"


def test_table_record_v1_is_still_readable() -> None:
    """Bytes that an earlier Pileus may have written."""
    written = bytes.fromhex(
        "8fa474797065a87461626c652e7631a46e616d65a56e6f746573a26964a169aa6b65795f736368656d619292a2706ba44841"
        "534892a2736ba552414e4745b56174747269627574655f646566696e6974696f6e739292a2706ba15392a2736ba14eac6372"
        "65617465645f61745f73cb3ff8000000000000ab6163746976655f61745f73cb4004000000000000ac62696c6c696e675f6d"
        "6f6465af5041595f5045525f52455155455354aa726561645f756e69747300ab77726974655f756e69747300b264656c6574"
        "696f6e5f70726f746563746564c2ab7461626c655f636c617373c0ae6d61785f726561645f756e697473ffaf6d61785f7772"
        "6974655f756e697473ffa4746167739192a16ba176"
    )
    assert records.decode(written, TableRecord) == TableRecord(
        name="notes",
        id="i",
        key_schema=[("pk", "HASH"), ("sk", "RANGE")],
        attribute_definitions=[("pk", "S"), ("sk", "N")],
        created_at_s=1.5,
        active_at_s=2.5,
        billing_mode="PAY_PER_REQUEST",
        tags=[("k", "v")],
    )
