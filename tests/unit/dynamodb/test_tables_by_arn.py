"""Does a table that is named by its ARN count as the one that it is, and is it told of as it was named?

Source of the names in answers: API_ConsumedCapacity, TableName ("If you had specified the Amazon Resource Name (ARN) of
a table in the input, you'll see the table ARN in the response"); API_BatchGetItem, Responses.
"""

from typing import Any, Final

import msgspec
import pytest

from pileus.kernel.context import Principal, RequestContext
from pileus.services.dynamodb import shapes
from tests.unit.dynamodb.conftest import Dynamo

OWN: Final = "000000000000"
OTHER: Final = "111111111111"
ARN: Final = f"arn:aws:dynamodb:us-east-1:{OWN}:table/notes"
OTHERS_ARN: Final = f"arn:aws:dynamodb:us-east-1:{OTHER}:table/notes"
KEY: Final[dict[str, Any]] = {"pk": {"S": "a"}}


async def others_table(dynamo: Dynamo) -> None:
    """A table of another account, under the name that one of ours has."""
    context = RequestContext(
        service="dynamodb",
        operation="CreateTable",
        request_id="request",
        account_id=OTHER,
        region="us-east-1",
        principal=Principal(account_id=OTHER, arn=f"arn:aws:iam::{OTHER}:root", user_id=OTHER),
        source_ip="127.0.0.1",
        host="localhost",
    )
    attribute = shapes.AttributeDefinition(attribute_name="pk", attribute_type="S")
    request = shapes.CreateTableInput(
        table_name="notes",
        key_schema=[shapes.KeySchemaElement(attribute_name="pk", key_type="HASH")],
        attribute_definitions=[attribute],
        billing_mode="PAY_PER_REQUEST",
    )
    await dynamo.api.create_table(context, request)


def named(answer: dict[str, Any]) -> list[tuple[str, float]]:
    """What was consumed, by name."""
    return [(one["TableName"], one["CapacityUnits"]) for one in answer["ConsumedCapacity"]]


@pytest.mark.parametrize("given", ["notes", ARN])
async def test_what_was_consumed_is_told_under_the_name_that_was_given(dynamo: Dynamo, given: str) -> None:
    """Each operation on one table repeats the name, or the ARN."""
    await dynamo.table()
    told: dict[str, Any] = {"TableName": given, "ReturnConsumedCapacity": "TOTAL"}
    equal = {"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}
    for operation, more in (
        ("PutItem", {"Item": KEY}),
        ("GetItem", {"Key": KEY}),
        ("UpdateItem", {"Key": KEY, "UpdateExpression": "REMOVE n"}),
        ("Query", equal),
        ("Scan", {}),
        ("DeleteItem", {"Key": KEY}),
    ):
        answer = await dynamo.call(operation, **told, **more)
        assert answer["ConsumedCapacity"]["TableName"] == given, operation


async def test_tables_of_two_accounts_are_told_apart(dynamo: Dynamo) -> None:
    """They may have one name; what each consumed is its own."""
    await dynamo.table()
    await others_table(dynamo)
    both = ("notes", OTHERS_ARN)
    answer = await dynamo.call(
        "TransactWriteItems",
        TransactItems=[{"Put": {"TableName": name, "Item": KEY}} for name in both],
        ReturnConsumedCapacity="TOTAL",
    )
    assert named(answer) == [("notes", 2.0), (OTHERS_ARN, 2.0)]
    answer = await dynamo.call(
        "TransactGetItems",
        TransactItems=[{"Get": {"TableName": name, "Key": KEY}} for name in both],
        ReturnConsumedCapacity="TOTAL",
    )
    assert named(answer) == [("notes", 2.0), (OTHERS_ARN, 2.0)]
    puts = [{"PutRequest": {"Item": KEY}}]
    answer = await dynamo.call("BatchWriteItem", RequestItems=dict.fromkeys(both, puts), ReturnConsumedCapacity="TOTAL")
    assert named(answer) == [("notes", 1.0), (OTHERS_ARN, 1.0)]
    answer = await dynamo.call(
        "BatchGetItem", RequestItems={name: {"Keys": [KEY]} for name in both}, ReturnConsumedCapacity="TOTAL"
    )
    assert named(answer) == [("notes", 0.5), (OTHERS_ARN, 0.5)]
    assert answer["Responses"] == {"notes": [KEY], OTHERS_ARN: [KEY]}


@pytest.mark.parametrize(
    "kind",
    [
        {"PutRequest": {"Item": KEY}},
        {"DeleteRequest": {"Key": KEY}},
    ],
)
async def test_one_item_is_not_written_twice_under_two_names(dynamo: Dynamo, kind: dict[str, Any]) -> None:
    """A batch has each item once; by the ARN it is the same item."""
    await dynamo.table()
    asked = {"notes": [kind], ARN: [kind]}
    assert await dynamo.error("BatchWriteItem", RequestItems=asked) == (
        "ValidationException: Provided list of item keys contains duplicates"
    )


async def test_one_item_is_not_read_twice_under_two_names(dynamo: Dynamo) -> None:
    """The same of reading."""
    await dynamo.table()
    asked = {"notes": {"Keys": [KEY]}, ARN: {"Keys": [KEY]}}
    assert await dynamo.error("BatchGetItem", RequestItems=asked) == (
        "ValidationException: Provided list of item keys contains duplicates"
    )
    assert msgspec.json.encode(await dynamo.call("Scan", TableName=ARN)).startswith(b'{"Items":[]')
