"""Transactions: all or nothing, once, and why not."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from pileus.kernel.clock import MovableClock
from pileus.kernel.errors import ServiceError
from pileus.kernel.storage.keys import Subspace
from pileus.services.dynamodb.tokens import sweep_always, sweep_tokens
from tests.unit.dynamodb.conftest import Dynamo

ADD_ONE = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}


def update(pk: str, **more: Any) -> dict[str, Any]:
    return {"Update": {"TableName": "notes", "Key": {"pk": {"S": pk}}, **ADD_ONE, **more}}


def put(pk: str, **more: Any) -> dict[str, Any]:
    return {"Put": {"TableName": "notes", "Item": {"pk": {"S": pk}}, **more}}


async def canceled(dynamo: Dynamo, *items: dict[str, Any]) -> list[Any]:
    """The reasons of a transaction that must be cancelled."""
    with pytest.raises(ServiceError) as caught:
        await dynamo.call("TransactWriteItems", TransactItems=list(items))
    assert caught.value.error_code == "TransactionCanceledException", caught.value.message
    reasons = caught.value.members["CancellationReasons"]
    assert isinstance(reasons, list)
    return [(reason.code, reason.message) for reason in reasons]


async def names(dynamo: Dynamo) -> set[str]:
    return {item["pk"]["S"] for item in (await dynamo.call("Scan", TableName="notes"))["Items"]}


async def test_all_or_nothing(dynamo: Dynamo) -> None:
    """One false condition undoes what came before it, and each action tells its own reason."""
    await dynamo.table()
    await dynamo.call("PutItem", TableName="notes", Item={"pk": {"S": "old"}, "n": {"S": "text"}})
    reasons = await canceled(
        dynamo,
        put("new"),
        put("old", ConditionExpression="attribute_not_exists(pk)"),
        update("old2", ConditionExpression="attribute_not_exists(pk)"),
        {
            "ConditionCheck": {
                "TableName": "notes",
                "Key": {"wrong": {"S": "x"}},
                "ConditionExpression": "attribute_exists(pk)",
            }
        },
    )
    assert reasons == [
        ("None", None),
        ("ConditionalCheckFailed", "The conditional request failed"),
        ("None", None),
        ("ValidationError", "The provided key element does not match the schema"),
    ]
    assert await names(dynamo) == {"old"}
    assert await canceled(dynamo, update("old")) == [
        ("ValidationError", "An operand in the update expression has an incorrect data type")
    ]


async def test_four_kinds_of_actions(dynamo: Dynamo) -> None:
    """Put, Update, Delete and ConditionCheck in one; what they cost is double, by table."""
    await dynamo.table()
    for pk in ("checked", "deleted"):
        await dynamo.call("PutItem", TableName="notes", Item={"pk": {"S": pk}})
    check = {"TableName": "notes", "Key": {"pk": {"S": "checked"}}, "ConditionExpression": "attribute_exists(pk)"}
    answer = await dynamo.call(
        "TransactWriteItems",
        TransactItems=[
            put("put"),
            update("updated"),
            {"Delete": {"TableName": "notes", "Key": {"pk": {"S": "deleted"}}}},
            {"ConditionCheck": check},
        ],
        ReturnConsumedCapacity="INDEXES",
    )
    units = {"CapacityUnits": 8.0, "WriteCapacityUnits": 8.0}
    assert answer == {"ConsumedCapacity": [{"TableName": "notes", **units, "Table": units}]}
    assert await names(dynamo) == {"put", "updated", "checked"}


async def test_a_token_counts_for_ten_minutes(dynamo: Dynamo, clock: MovableClock) -> None:
    """Asked again it is not done again, and costs what reading costs; for something else it is refused."""
    await dynamo.table()
    once: dict[str, Any] = {"TransactItems": [update("a")], "ClientRequestToken": "token"}
    assert await dynamo.call("TransactWriteItems", **once) == {}
    clock.advance(timedelta(minutes=9, seconds=59))
    answer = await dynamo.call("TransactWriteItems", **once, ReturnConsumedCapacity="TOTAL")
    assert answer == {"ConsumedCapacity": [{"TableName": "notes", "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0}]}
    other = {**once, "TransactItems": [update("b")]}
    assert (await dynamo.error("TransactWriteItems", **other)).startswith("IdempotentParameterMismatchException: ")
    item = (await dynamo.call("GetItem", TableName="notes", Key={"pk": {"S": "a"}}))["Item"]
    assert item["n"] == {"N": "1"}
    clock.advance(timedelta(seconds=1))
    assert await dynamo.call("TransactWriteItems", **other) == {}
    assert await sweep_tokens(dynamo.store, now_s=clock.timestamp()) == 0
    clock.advance(timedelta(minutes=20))
    assert await sweep_tokens(dynamo.store, now_s=clock.timestamp()) == 2
    assert await sweep_tokens(dynamo.store, now_s=clock.timestamp()) == 0


async def test_tokens_are_swept_by_the_clock(dynamo: Dynamo, clock: MovableClock) -> None:
    """The duty forgets those of generations ago, and keeps those that count."""
    await dynamo.table()
    duty = asyncio.create_task(sweep_always(dynamo.store, clock))
    await asyncio.sleep(0)
    await dynamo.call("TransactWriteItems", TransactItems=[put("a")], ClientRequestToken="old")
    clock.advance(timedelta(minutes=25))
    await dynamo.call("TransactWriteItems", TransactItems=[put("b")], ClientRequestToken="new")
    begin, end = Subspace("dynamodb-token").range()
    for _ in range(1_000):
        kept = await dynamo.store.snapshot().range(begin, end)
        if len(kept) == 1:
            break
        await asyncio.sleep(0.001)
    duty.cancel()
    assert [b"new" in key for key, _ in kept] == [True]


async def test_a_token_of_what_was_not_done(dynamo: Dynamo) -> None:
    """A cancelled transaction leaves its token free."""
    await dynamo.table()
    refused = put("a", ConditionExpression="attribute_exists(pk)")
    for _ in range(2):
        error = await dynamo.error("TransactWriteItems", TransactItems=[refused], ClientRequestToken="token")
        assert error.startswith("TransactionCanceledException: ")
    assert await dynamo.call("TransactWriteItems", TransactItems=[put("a")], ClientRequestToken="token") == {}


@pytest.mark.parametrize(
    ("items", "error"),
    [
        ([put("a"), update("a")], "Transaction request cannot include multiple operations on one item"),
        ([{**put("a"), **update("b")}], "TransactItems can only contain one of Check, Put, Update or Delete"),
        ([{}], "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"),
    ],
)
async def test_wrong_transactions(dynamo: Dynamo, items: list[Any], error: str) -> None:
    """What is refused as a whole, and before any condition is looked at."""
    await dynamo.table()
    await dynamo.call("PutItem", TableName="notes", Item={"pk": {"S": "a"}})
    assert await dynamo.error("TransactWriteItems", TransactItems=items) == f"ValidationException: {error}"


async def test_transactions_of_absent_tables(dynamo: Dynamo) -> None:
    """AWS's answer is the table's, not the transaction's (recording `test_batch_write_not_existing_table`)."""
    error = "ResourceNotFoundException: Requested resource not found"
    assert await dynamo.error("TransactWriteItems", TransactItems=[put("a")]) == error


async def test_items_read_at_one_instant(dynamo: Dynamo) -> None:
    """In order of the request; an absent item leaves its place empty."""
    await dynamo.table()
    await dynamo.call("PutItem", TableName="notes", Item={"pk": {"S": "a"}, "n": {"N": "1"}})
    gets = [
        {"Get": {"TableName": "notes", "Key": {"pk": {"S": "none"}}}},
        {"Get": {"TableName": "notes", "Key": {"pk": {"S": "a"}}, "ProjectionExpression": "n"}},
    ]
    answer = await dynamo.call("TransactGetItems", TransactItems=gets, ReturnConsumedCapacity="TOTAL")
    assert answer == {
        "Responses": [{}, {"Item": {"n": {"N": "1"}}}],
        "ConsumedCapacity": [{"TableName": "notes", "CapacityUnits": 4.0, "ReadCapacityUnits": 4.0}],
    }
    twice = [gets[1], gets[1]]
    assert await dynamo.error("TransactGetItems", TransactItems=twice) == (
        "ValidationException: Transaction request cannot include multiple operations on one item"
    )


async def test_four_megabytes(dynamo: Dynamo) -> None:
    """No more than 4 MB in one transaction."""
    await dynamo.table()
    big = {"S": "x" * 390_000}
    items = [{"Put": {"TableName": "notes", "Item": {"pk": {"S": str(n)}, "big": big}}} for n in range(11)]
    assert (await dynamo.error("TransactWriteItems", TransactItems=items)).startswith("ValidationException: ")
    assert await names(dynamo) == set()


EMPTY_KEY = (
    "ValidationException: One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
    "contain an empty string value. Key: pk"
)


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (put(""), EMPTY_KEY),
        (update(""), EMPTY_KEY),
        ({"Delete": {"TableName": "notes", "Key": {"pk": {"S": ""}}}}, EMPTY_KEY),
        (
            {
                "ConditionCheck": {
                    "TableName": "notes",
                    "Key": {"pk": {"S": ""}},
                    "ConditionExpression": "attribute_exists(pk)",
                }
            },
            EMPTY_KEY,
        ),
        (
            {"Put": {"TableName": "notes", "Item": {"pk": {"S": "large"}, "p": {"S": "x" * 409_600}}}},
            "ValidationException: Item size has exceeded the maximum allowed size",
        ),
    ],
)
async def test_refused_as_a_whole(dynamo: Dynamo, action: dict[str, Any], error: str) -> None:
    """What the request alone tells to be wrong is no reason of one action, even beside an action that has one.

    Source: paritysuite/dynamodb-conformance, tests/tier3/error-messages/transactWriteItems.test.ts and
    tests/tier3/limits/itemSizeBySurface.test.ts (2026).
    """
    await dynamo.table()
    failing = update("other", ConditionExpression="attribute_exists(pk)")
    for actions in ([action], [failing, action], [action, failing]):
        assert await dynamo.error("TransactWriteItems", TransactItems=actions) == error
    assert await names(dynamo) == set()


async def test_a_token_counts_for_the_tables_that_it_was_used_with(dynamo: Dynamo) -> None:
    """Or a transaction on a table that was made anew would be said to be done, and nothing written."""
    written: dict[str, Any] = {"TransactItems": [put("a")], "ClientRequestToken": "token"}
    statement = {"Statement": "INSERT INTO notes VALUE {'pk': 'b'}"}
    stated: dict[str, Any] = {"TransactStatements": [statement], "ClientRequestToken": "other"}
    for _ in range(2):
        await dynamo.table("notes")
        for _ in range(2):
            await dynamo.call("TransactWriteItems", **written)
            await dynamo.call("ExecuteTransaction", **stated)
        assert await names(dynamo) == {"a", "b"}
        await dynamo.call("DeleteTable", TableName="notes")
    await dynamo.table("notes", sort="N")
    with pytest.raises(ServiceError, match="ValidationError"):  # the key is another: once this was our own failure
        await dynamo.call("TransactWriteItems", **written)
