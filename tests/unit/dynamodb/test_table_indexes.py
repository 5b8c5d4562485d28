"""Tables with secondary indexes: which may be created, how they are described, that they answer."""

from typing import Any

import pytest

from tests.unit.dynamodb.conftest import Dynamo

Shape = dict[str, Any]
INVALID = "ValidationException: One or more parameter values were invalid: "


def schema(*names: str) -> list[Shape]:
    """`a` is a HASH key, `+a` a RANGE key."""
    return [{"AttributeName": name.lstrip("+"), "KeyType": "RANGE" if name[0] == "+" else "HASH"} for name in names]


def attributes(*names: str) -> list[Shape]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


def index(name: str, *keys: str, projection: Shape | None = None, **more: Any) -> Shape:
    shown = {"ProjectionType": "ALL"} if projection is None else projection
    return {"IndexName": name, "KeySchema": schema(*keys), "Projection": shown, **more}


def request(*defined: str, **changes: Any) -> Shape:
    """A table `pk`, `sk` on demand."""
    return {
        "TableName": "notes",
        "KeySchema": schema("pk", "+sk"),
        "AttributeDefinitions": attributes("pk", "sk", *defined),
        "BillingMode": "PAY_PER_REQUEST",
        **changes,
    }


async def test_indexes_are_described(dynamo: Dynamo) -> None:
    """Source: recording `test_gsi_with_billing_mode`; order of definitions and of projected attributes by name."""
    included = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["z", "y"]}
    answer = await dynamo.call(
        "CreateTable",
        **request(
            "b",
            "a",
            LocalSecondaryIndexes=[index("local", "pk", "+a", projection={"ProjectionType": "KEYS_ONLY"})],
            GlobalSecondaryIndexes=[index("later", "b", projection=included), index("earlier", "a", "+pk")],
        ),
    )
    created = answer["TableDescription"]
    assert created["AttributeDefinitions"] == attributes("a", "b", "pk", "sk")
    arn = created["TableArn"]
    local = {
        "IndexName": "local",
        "KeySchema": schema("pk", "+a"),
        "Projection": {"ProjectionType": "KEYS_ONLY"},
        "IndexSizeBytes": 0,
        "ItemCount": 0,
        "IndexArn": f"{arn}/index/local",
    }
    assert created["LocalSecondaryIndexes"] == [local]
    throughput = {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
    later = {
        "IndexName": "later",
        "KeySchema": schema("b"),
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["y", "z"]},
        "IndexStatus": "CREATING",
        "ProvisionedThroughput": throughput,
        "IndexSizeBytes": 0,
        "ItemCount": 0,
        "IndexArn": f"{arn}/index/later",
    }
    assert created["GlobalSecondaryIndexes"][0] == later
    assert [one["IndexName"] for one in created["GlobalSecondaryIndexes"]] == ["later", "earlier"]
    described = (await dynamo.call("DescribeTable", TableName="notes"))["Table"]
    warm = {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}
    assert described["GlobalSecondaryIndexes"][0] == {**later, "IndexStatus": "ACTIVE", "WarmThroughput": warm}
    assert described["LocalSecondaryIndexes"] == [local]


async def test_indexes_answer(dynamo: Dynamo) -> None:
    """What CreateTable made is maintained and read: by a key of several attributes too."""
    await dynamo.call(
        "CreateTable",
        **request(
            "a",
            "b",
            "c",
            LocalSecondaryIndexes=[index("local", "pk", "+a")],
            GlobalSecondaryIndexes=[index("many", "a", "b", "+c", "+sk")],
        ),
    )
    for at in range(4):
        item = {"pk": "p", "sk": f"s{at}", "a": f"a{3 - at}", "b": "b", "c": "c"}
        await dynamo.call("PutItem", TableName="notes", Item={name: {"S": value} for name, value in item.items()})
    values = {":p": {"S": "p"}}
    answer = await dynamo.call(
        "Query",
        TableName="notes",
        IndexName="local",
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues=values,
    )
    assert [item["sk"]["S"] for item in answer["Items"]] == ["s3", "s2", "s1", "s0"]
    answer = await dynamo.call(
        "Query",
        TableName="notes",
        IndexName="many",
        KeyConditionExpression="a = :a AND b = :b AND c = :c",
        ExpressionAttributeValues={":a": {"S": "a2"}, ":b": {"S": "b"}, ":c": {"S": "c"}},
    )
    assert [item["sk"]["S"] for item in answer["Items"]] == ["s1"]


async def test_provisioned_index(dynamo: Dynamo) -> None:
    """Source: recording `test_gsi_with_billing_mode[PROVISIONED]`."""
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}
    await dynamo.call(
        "CreateTable",
        **request(
            "a",
            BillingMode="PROVISIONED",
            ProvisionedThroughput=units,
            GlobalSecondaryIndexes=[index("byA", "a", ProvisionedThroughput=units)],
        ),
    )
    described = (await dynamo.call("DescribeTable", TableName="notes"))["Table"]["GlobalSecondaryIndexes"][0]
    assert described["ProvisionedThroughput"] == {"NumberOfDecreasesToday": 0, **units}
    assert described["WarmThroughput"] == {"ReadUnitsPerSecond": 1, "WriteUnitsPerSecond": 2, "Status": "ACTIVE"}


UNITS = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
PROVISIONED: Shape = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS}
NARROW: Shape = {"KeySchema": schema("pk")}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (request(GlobalSecondaryIndexes=[]), f"{INVALID}List of GlobalSecondaryIndexes is empty"),
        (request(LocalSecondaryIndexes=[]), f"{INVALID}List of LocalSecondaryIndexes is empty"),
        (
            request(GlobalSecondaryIndexes=[index("byQ", "q")]),
            f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. Keys: [q], "
            "AttributeDefinitions: [sk, pk]",
        ),
        (
            request("a", "b", "c", GlobalSecondaryIndexes=[index("byA", "a", projection={})]),
            f"{INVALID}Some AttributeDefinitions are not used. AttributeDefinitions: [sk, a, b, pk, c], "
            "keys used: [a, sk, pk]",
        ),
        (request("pk"), "ValidationException: Attribute Name is duplicated: pk"),
        (
            request(AttributeDefinitions=attributes("pk", "a"), LocalSecondaryIndexes=[index("loc", "pk", "+a")])
            | NARROW,
            f"{INVALID}Table KeySchema does not have a range key, which is required when specifying a "
            "LocalSecondaryIndex",
        ),
        (
            request("a", LocalSecondaryIndexes=[index("loc", "a", "+sk")]),
            f"{INVALID}Index KeySchema does not have the same leading hash key as table KeySchema for index: loc. "
            "index hash key: a, table hash key: pk",
        ),
        (
            request(LocalSecondaryIndexes=[index("loc", "pk")]),
            f"{INVALID}Index KeySchema does not have a range key for index: loc",
        ),
        (
            request(LocalSecondaryIndexes=[index("loc", "pk", "+pk")]),
            "ValidationException: Both the Hash Key and the Range Key element in the KeySchema have the same name",
        ),
        (
            request("a", LocalSecondaryIndexes=[index("loc", "pk", "+sk", "+a")]),
            "ValidationException: 1 validation error detected: Value '[KeySchemaElement(attributeName=pk, "
            "keyType=HASH), KeySchemaElement(attributeName=sk, keyType=RANGE), KeySchemaElement(attributeName=a, "
            "keyType=RANGE)]' at 'localSecondaryIndexes.1.member.keySchema' failed to satisfy constraint: Member "
            "must have length less than or equal to 2",
        ),
        (
            request(LocalSecondaryIndexes=[index(f"loc{at}", "pk", "+sk") for at in range(6)]),
            f"{INVALID}Number of LocalSecondaryIndexes exceeds per-table limit of 5",
        ),
        (
            request(GlobalSecondaryIndexes=[index(f"all{at}", "sk") for at in range(21)]),
            f"{INVALID}GlobalSecondaryIndex count exceeds the per-table limit of 20",
        ),
        (
            request(LocalSecondaryIndexes=[index("dup", "pk", "+sk")], GlobalSecondaryIndexes=[index("dup", "sk")]),
            f"{INVALID}Duplicate index name: dup",
        ),
        (
            request(GlobalSecondaryIndexes=[index("bySk", "+sk")]),
            "ValidationException: Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ),
        (
            request("a", GlobalSecondaryIndexes=[index("bySk", "sk", "+pk", "a")]),
            f"{INVALID}All HASH key attributes must precede RANGE key attributes in the KeySchema",
        ),
        (
            request("a", GlobalSecondaryIndexes=[index("bySk", "sk", "sk", "+a")]),
            "ValidationException: The KeySchema contains multiple key attributes with the same name",
        ),
        (
            request("a", "b", "c", GlobalSecondaryIndexes=[index("hashes", "pk", "sk", "a", "b", "c")]),
            f"{INVALID}The KeySchema exceeds the maximum allowed number of HASH key attributes",
        ),
        (
            request("a", "b", "c", "d", GlobalSecondaryIndexes=[index("ranges", "pk", "+sk", "+a", "+b", "+c", "+d")]),
            f"{INVALID}The KeySchema exceeds the maximum allowed number of RANGE key attributes",
        ),
        (
            request(GlobalSecondaryIndexes=[index("bySk", "sk", projection={})]),
            f"{INVALID}Unknown ProjectionType: null",
        ),
        (
            request(GlobalSecondaryIndexes=[index("bySk", "sk", projection={"ProjectionType": "INCLUDE"})]),
            f"{INVALID}ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
        ),
        (
            request(
                GlobalSecondaryIndexes=[
                    index("bySk", "sk", projection={"ProjectionType": "KEYS_ONLY", "NonKeyAttributes": ["x"]})
                ]
            ),
            f"{INVALID}ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified",
        ),
        (
            request(
                GlobalSecondaryIndexes=[
                    index("bySk", "sk", projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "x"]})
                ]
            ),
            f"{INVALID}Duplicate element in NonKeyAttributes: x",
        ),
        (
            request(GlobalSecondaryIndexes=[index("bySk", "sk", ProvisionedThroughput=UNITS)]),
            f"{INVALID}ProvisionedThroughput should not be specified for index: bySk when BillingMode is "
            "PAY_PER_REQUEST",
        ),
        (
            request(GlobalSecondaryIndexes=[index("bySk", "sk")], **PROVISIONED),
            f"{INVALID}ProvisionedThroughput is not specified for index: bySk",
        ),
        (
            request(
                GlobalSecondaryIndexes=[
                    index(
                        "bySk", "sk", ProvisionedThroughput={"ReadCapacityUnits": 10**12 + 1, "WriteCapacityUnits": 1}
                    )
                ],
                **PROVISIONED,
            ),
            "ValidationException: Given value 1000000000001 for ReadCapacityUnits is out of bounds for index bySk",
        ),
        (
            request(
                GlobalSecondaryIndexes=[
                    index("bySk", "sk", ProvisionedThroughput=UNITS, OnDemandThroughput={"MaxReadRequestUnits": 10})
                ],
                **PROVISIONED,
            ),
            f"{INVALID}MaxReadRequestUnits for OnDemandThroughput for index: bySk cannot be specified when table "
            "BillingMode is PROVISIONED.",
        ),
        (
            request(GlobalSecondaryIndexes=[index("bySk", "sk", OnDemandThroughput={"MaxReadRequestUnits": 0})]),
            f"{INVALID}Requested MaxReadRequestUnits for OnDemandThroughput for index : bySk is outside of valid range",
        ),
        (
            request(GlobalSecondaryIndexes=[index("bySk", "sk", WarmThroughput={"WriteUnitsPerSecond": 3999})]),
            f"{INVALID}Requested WriteUnitsPerSecond for WarmThroughput for index bySk is lower than initial "
            "throughput for OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
            "on-demand-capacity-mode.html#on-demand-capacity-mode-initial",
        ),
    ],
)
async def test_indexes_that_cannot_be(dynamo: Dynamo, change: Shape, error: str) -> None:
    """AWS's words: seen on AWS by the lab notes of ack-api-quirks (2026-10) and by dynalite's own tests."""
    assert await dynamo.error("CreateTable", **change) == error
    assert (await dynamo.call("ListTables"))["TableNames"] == []
