"""What CloudWatch is told of DynamoDB: names, dimensions and units as in "DynamoDB metrics and dimensions"."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from pileus.kernel.clock import Clock, MovableClock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.errors import AnyServiceError, NotImplementedByPileus, ServiceError
from pileus.kernel.ids import SeededIds
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.sqlite import open_store
from pileus.services.dynamodb.api import DynamoDbApi
from pileus.services.dynamodb.capacity import Units
from pileus.services.dynamodb.errors import (
    ConditionalCheckFailedException,
    ResourceNotFoundException,
    TransactionCanceledException,
)
from pileus.services.dynamodb.metrics import PLACES_MAX, DynamoDbMetrics, TableMetrics
from pileus.services.dynamodb.shapes import (
    BatchGetItemInput,
    CancellationReason,
    ConditionCheck,
    Get,
    GetItemInput,
    KeysAndAttributes,
    ListTablesInput,
    Put,
    PutItemInput,
    TransactGetItem,
    TransactGetItemsInput,
    TransactWriteItem,
    TransactWriteItemsInput,
)
from tests.support.time import JumpingClock
from tests.unit.dynamodb.conftest import Dynamo

ACCOUNT: Final = "111111111111"
REGION: Final = "eu-west-1"
ARN: Final = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"


class Counting:
    """The metrics of one Pileus, in few words."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self.metrics = metrics
        self.clock = clock
        self.dynamodb = DynamoDbMetrics(metrics, clock)

    @property
    def orders(self) -> TableMetrics:
        return self.dynamodb.table(ACCOUNT, REGION, "orders")

    def fail(self, operation: str, given: object, error: ServiceError) -> None:
        self.dynamodb.note_failure(context(operation), given, error)

    async def told(self, account_id: str = ACCOUNT) -> dict[str, tuple[float, float]]:
        """`Metric Dimension=value ... Unit` -> samples and sum."""
        found = {}
        now = self.clock.now().replace(second=0, microsecond=0)
        for metric, unit, _ in await self.metrics.list_series(account_id, REGION, "AWS/DynamoDB"):
            minute = timedelta(minutes=1)
            [point] = await self.metrics.read(metric, start=now, end=now + minute, period=minute, unit=unit)
            words = [metric.name, *(f"{name}={value}" for name, value in metric.dimensions), unit]
            found[" ".join(words)] = (point.statistics.samples, round(point.statistics.sum, 6))
        return found


@pytest.fixture
async def counting(tmp_path: Path) -> AsyncIterator[Counting]:
    clock = JumpingClock()
    store = open_store(tmp_path, clock=clock)
    yield Counting(Metrics(store, clock), clock)
    await store.close()


def context(operation: str) -> RequestContext:
    return RequestContext(
        service="dynamodb",
        operation=operation,
        request_id="request-1",
        account_id=ACCOUNT,
        region=REGION,
        principal=Principal(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:root", user_id=ACCOUNT),
        source_ip="127.0.0.1",
        host="localhost:4566",
    )


def elapsing(clock: Clock) -> float:
    """When an operation began that took 2.5 ms."""
    return clock.monotonic() - 0.0025


async def test_nothing_is_told_of_what_never_happened(counting: Counting) -> None:
    """A table that nobody uses has no metrics, as on AWS: there are no zeros."""
    assert counting.orders is not None
    assert await counting.told() == {}


async def test_a_read_and_a_write(counting: Counting) -> None:
    """Units by table, latency by table and operation, in milliseconds."""
    orders = counting.orders
    orders.read("GetItem", 0.5, elapsing(counting.clock))
    orders.read("GetItem", 1.0, elapsing(counting.clock))
    orders.wrote("PutItem", 3.0, elapsing(counting.clock))
    assert await counting.told() == {
        "ConsumedReadCapacityUnits TableName=orders Count": (2, 1.5),
        "ConsumedWriteCapacityUnits TableName=orders Count": (1, 3.0),
        "SuccessfulRequestLatency Operation=GetItem TableName=orders Milliseconds": (2, 5.0),
        "SuccessfulRequestLatency Operation=PutItem TableName=orders Milliseconds": (1, 2.5),
    }


async def test_indexes(counting: Counting) -> None:
    """A global index is counted by itself, a local one with its table."""
    orders = counting.orders
    orders.consumed(Units(2.0, local={"by-date": 1.0}, globally={"by-customer": 4.0}), writing=True, factor=2)
    orders.consumed(Units(0.0, globally={"by-customer": 0.5}), writing=False)
    orders.returned_items("Query", 7)
    orders.succeeded("Query", elapsing(counting.clock))
    assert await counting.told() == {
        "ConsumedReadCapacityUnits GlobalSecondaryIndexName=by-customer TableName=orders Count": (1, 0.5),
        "ConsumedWriteCapacityUnits GlobalSecondaryIndexName=by-customer TableName=orders Count": (1, 8.0),
        "ConsumedWriteCapacityUnits TableName=orders Count": (1, 6.0),
        "ReturnedItemCount Operation=Query TableName=orders Count": (1, 7.0),
        "SuccessfulRequestLatency Operation=Query TableName=orders Milliseconds": (1, 2.5),
    }


async def test_streams_and_ttl(counting: Counting) -> None:
    """GetRecords is told by stream."""
    label = "2026-06-01T12:00:00.000"
    began_s = elapsing(counting.clock)
    counting.orders.returned_records(label, count=3, size_bytes=1_200, started_s=began_s)
    counting.orders.expired(25)
    of_stream = f"Operation=GetRecords StreamLabel={label} TableName=orders"
    assert await counting.told() == {
        f"ReturnedBytes {of_stream} Bytes": (1, 1_200.0),
        f"ReturnedRecordsCount {of_stream} Count": (1, 3.0),
        f"SuccessfulRequestLatency {of_stream} Milliseconds": (1, 2.5),
        "TimeToLiveDeletedItemCount TableName=orders Count": (1, 25.0),
    }


PUT: Final = PutItemInput(table_name="orders", item={})


@pytest.mark.parametrize(
    ("operation", "given", "error", "told"),
    [
        ("GetItem", GetItemInput(table_name="gone", key={}), ResourceNotFoundException(), "UserErrors Count"),
        ("ListTables", ListTablesInput(), AnyServiceError("ValidationException"), "UserErrors Count"),
        ("PutItem", None, AnyServiceError("SerializationException"), "UserErrors Count"),
        (
            "PutItem",
            PUT,
            ConditionalCheckFailedException(),
            "ConditionalCheckFailedRequests TableName=orders Count",
        ),
        (
            "PutItem",
            PutItemInput(table_name=ARN, item={}),
            ConditionalCheckFailedException(),
            "ConditionalCheckFailedRequests TableName=orders Count",
        ),
        (
            "PutItem",
            PUT,
            AnyServiceError("ProvisionedThroughputExceededException"),
            "ThrottledRequests Operation=PutItem TableName=orders Count",
        ),
        (
            "PutItem",
            PUT,
            AnyServiceError("InternalServerError", status=500),
            "SystemErrors Operation=PutItem TableName=orders Count",
        ),
        (
            "BatchGetItem",
            BatchGetItemInput(request_items={"orders": KeysAndAttributes(keys=[])}),
            AnyServiceError("InternalServerError", status=500),
            "SystemErrors Operation=BatchGetItem TableName=orders Count",
        ),
    ],
)
async def test_failures(counting: Counting, operation: str, given: object, error: ServiceError, told: str) -> None:
    """Each failure is one metric: what AWS counts by itself is not among the UserErrors."""
    counting.fail(operation, given, error)
    assert await counting.told() == {told: (1, 1.0)}


async def test_what_pileus_lacks_is_no_error_of_awss(counting: Counting) -> None:
    """`NotImplemented` is ours; AWS would have answered."""
    counting.fail("ExportTableToPointInTime", None, NotImplementedByPileus("not yet"))
    assert await counting.told() == {}


@pytest.mark.parametrize("canceled", [True, False])
async def test_conflicts_of_transactions(counting: Counting, canceled: bool) -> None:
    """One request that met others: a sample for each table, the sum says how many of its actions were refused."""
    operation: str
    given: Any
    if canceled:
        operation = "TransactWriteItems"
        given = TransactWriteItemsInput(
            transact_items=[
                TransactWriteItem(put=Put(table_name="orders", item={})),
                TransactWriteItem(put=Put(table_name="orders", item={})),
                TransactWriteItem(
                    condition_check=ConditionCheck(table_name="stock", key={}, condition_expression="x = y")
                ),
            ]
        )
    else:
        operation = "TransactGetItems"
        given = TransactGetItemsInput(
            transact_items=[TransactGetItem(get=Get(table_name=name, key={})) for name in ("orders", "orders", "stock")]
        )
    codes = ("TransactionConflict", "TransactionConflict", "None")
    counting.fail(operation, given, TransactionCanceledException([CancellationReason(code=code) for code in codes]))
    assert await counting.told() == {
        "TransactionConflict TableName=orders Count": (1, 2.0),
        "UserErrors Count": (1, 1.0),
    }


async def test_accounts_that_somebody_invents(counting: Counting) -> None:
    """Where any account may be named, errors fill neither memory nor disk with metrics of places that nobody has."""
    error = AnyServiceError("ValidationException")
    for number in range(PLACES_MAX + 3):
        invented = replace(context("ListTables"), account_id=f"{number:012}")
        counting.dynamodb.note_failure(invented, ListTablesInput(), error)
    first, last = (f"{number:012}" for number in (0, PLACES_MAX + 2))
    assert len(await counting.metrics.list_series(first, REGION)) == 1
    assert await counting.metrics.list_series(last, REGION) == []
    counting.dynamodb.note_failure(replace(context("ListTables"), account_id=first), ListTablesInput(), error)
    assert await counting.told(first) == {"UserErrors Count": (2, 2.0)}


async def test_another_accounts_table(counting: Counting) -> None:
    """What fails at a table is counted where the table is, also when somebody else asked for it by its ARN."""
    arn = "arn:aws:dynamodb:us-west-2:222222222222:table/theirs"
    counting.fail("PutItem", PutItemInput(table_name=arn, item={}), ConditionalCheckFailedException())
    assert await counting.told() == {}
    [found] = await counting.metrics.list_series("222222222222", "us-west-2")
    assert (found.metric.name, found.metric.dimensions) == (
        "ConditionalCheckFailedRequests",
        (("TableName", "theirs"),),
    )


async def test_a_conflict_of_a_single_write(counting: Counting) -> None:
    """A PutItem that meets a transaction is a user's error and a conflict ("UserErrors" names it)."""
    counting.fail("PutItem", PUT, AnyServiceError("TransactionConflictException"))
    assert await counting.told() == {
        "TransactionConflict TableName=orders Count": (1, 1.0),
        "UserErrors Count": (1, 1.0),
    }


@pytest.fixture
async def dynamo(tmp_path: Path) -> AsyncIterator[tuple[Dynamo, Counting]]:
    """Two tables, `plain` and `orders` with an index, and what is counted of them."""
    clock = MovableClock()
    clock.freeze()
    store = open_store(tmp_path, clock=clock)
    counting = Counting(Metrics(store, clock), clock)
    dynamo = Dynamo(store, clock=clock)
    dynamo.api = DynamoDbApi(store=store, clock=clock, ids=SeededIds(), metrics=counting.dynamodb)
    by_who = {
        "IndexName": "by-who",
        "KeySchema": [{"AttributeName": "who", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    more: dict[str, Any]
    for name, attributes, more in (
        ("plain", ("pk",), {}),
        ("orders", ("pk", "who"), {"GlobalSecondaryIndexes": [by_who]}),
    ):
        await dynamo.call(
            "CreateTable",
            region=REGION,
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": one, "AttributeType": "S"} for one in attributes],
            BillingMode="PAY_PER_REQUEST",
            **more,
        )
    yield dynamo, counting
    await store.close()


async def test_operations_tell_what_they_did(dynamo: tuple[Dynamo, Counting]) -> None:
    """Every operation on items counts its units by table and index, and each page what it returned."""
    server, counting = dynamo

    async def call(operation: str, **request: Any) -> None:
        await server.call(operation, region=REGION, **request)

    one = {"pk": {"S": "1"}}
    hers = one | {"who": {"S": "ada"}, "text": {"S": "x" * 1_500}}
    by_pk = {"KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": {"S": "1"}}}
    by_who = {"KeyConditionExpression": "who = :v", "ExpressionAttributeValues": {":v": {"S": "ada"}}}
    await call("PutItem", TableName="plain", Item=hers)
    await call("PutItem", TableName="orders", Item=hers)  # 2 units, and 2 of the index
    await call("GetItem", TableName="orders", Key=one)
    await call("GetItem", TableName="orders", Key=one, ConsistentRead=True)
    await call("GetItem", TableName="orders", Key={"pk": {"S": "none"}})
    await call("Query", TableName="orders", **by_pk)
    await call("Query", TableName="orders", IndexName="by-who", **by_who)
    await call("Scan", TableName="plain")
    await call("BatchGetItem", RequestItems={"orders": {"Keys": [one]}, "plain": {"Keys": [one, {"pk": {"S": "2"}}]}})
    await call("BatchWriteItem", RequestItems={"plain": [{"PutRequest": {"Item": hers}}]})
    await call(
        "UpdateItem",
        TableName="plain",
        Key=one,
        UpdateExpression="SET a = :a",
        ExpressionAttributeValues={":a": {"S": "b"}},
    )
    await call("DeleteItem", TableName="plain", Key=one)
    assert await numbers(counting) == {
        "ConsumedReadCapacityUnits TableName=orders Count": (5, 3.0),
        "ConsumedReadCapacityUnits TableName=plain Count": (2, 1.5),
        "ConsumedReadCapacityUnits GlobalSecondaryIndexName=by-who TableName=orders Count": (1, 0.5),
        "ConsumedWriteCapacityUnits TableName=orders Count": (1, 2.0),
        "ConsumedWriteCapacityUnits TableName=plain Count": (4, 8.0),
        "ConsumedWriteCapacityUnits GlobalSecondaryIndexName=by-who TableName=orders Count": (1, 2.0),
        "ReturnedItemCount Operation=Query TableName=orders Count": (2, 2.0),
        "ReturnedItemCount Operation=Scan TableName=plain Count": (1, 1.0),
        "SuccessfulRequestLatency Operation=BatchGetItem TableName=orders": 1,
        "SuccessfulRequestLatency Operation=BatchGetItem TableName=plain": 1,
        "SuccessfulRequestLatency Operation=BatchWriteItem TableName=plain": 1,
        "SuccessfulRequestLatency Operation=DeleteItem TableName=plain": 1,
        "SuccessfulRequestLatency Operation=GetItem TableName=orders": 3,
        "SuccessfulRequestLatency Operation=PutItem TableName=orders": 1,
        "SuccessfulRequestLatency Operation=PutItem TableName=plain": 1,
        "SuccessfulRequestLatency Operation=Query TableName=orders": 2,
        "SuccessfulRequestLatency Operation=Scan TableName=plain": 1,
        "SuccessfulRequestLatency Operation=UpdateItem TableName=plain": 1,
    }


async def test_transactions(dynamo: tuple[Dynamo, Counting]) -> None:
    """A transaction costs double; what is asked for again costs a read."""
    server, counting = dynamo

    async def call(operation: str, **request: Any) -> None:
        await server.call(operation, region=REGION, **request)

    hers = {"pk": {"S": "1"}, "who": {"S": "ada"}}
    puts = [{"Put": {"TableName": "orders", "Item": hers}}, {"Put": {"TableName": "plain", "Item": hers}}]
    for _ in range(2):
        await call("TransactWriteItems", TransactItems=puts, ClientRequestToken="once")
    await call("TransactGetItems", TransactItems=[{"Get": {"TableName": "plain", "Key": {"pk": {"S": "1"}}}}])
    assert await numbers(counting) == {
        "ConsumedWriteCapacityUnits TableName=orders Count": (1, 2.0),
        "ConsumedWriteCapacityUnits GlobalSecondaryIndexName=by-who TableName=orders Count": (1, 2.0),
        "ConsumedWriteCapacityUnits TableName=plain Count": (1, 2.0),
        "ConsumedReadCapacityUnits TableName=orders Count": (1, 2.0),
        "ConsumedReadCapacityUnits TableName=plain Count": (2, 4.0),
        "SuccessfulRequestLatency Operation=TransactWriteItems TableName=orders": 2,
        "SuccessfulRequestLatency Operation=TransactWriteItems TableName=plain": 2,
        "SuccessfulRequestLatency Operation=TransactGetItems TableName=plain": 1,
    }


async def test_statements(dynamo: tuple[Dynamo, Counting]) -> None:
    """PartiQL's operations count like others."""
    server, counting = dynamo

    async def call(operation: str, **request: Any) -> None:
        await server.call(operation, region=REGION, **request)

    insert = "INSERT INTO plain VALUE {'pk': '%s'}"
    await call("ExecuteStatement", Statement=insert % "1")
    await call("ExecuteStatement", Statement="SELECT * FROM plain")
    await call("BatchExecuteStatement", Statements=[{"Statement": insert % number} for number in (2, 3)])
    await call("ExecuteTransaction", TransactStatements=[{"Statement": insert % number} for number in (4, 5)])
    assert await numbers(counting) == {
        "ConsumedWriteCapacityUnits TableName=plain Count": (3, 7.0),
        "ConsumedReadCapacityUnits TableName=plain Count": (1, 0.5),
        "ReturnedItemCount Operation=ExecuteStatement TableName=plain Count": (1, 1.0),
        "SuccessfulRequestLatency Operation=ExecuteStatement TableName=plain": 2,
        "SuccessfulRequestLatency Operation=BatchExecuteStatement TableName=plain": 1,
        "SuccessfulRequestLatency Operation=ExecuteTransaction TableName=plain": 1,
    }


async def numbers(counting: Counting) -> dict[str, object]:
    """What was told; of latencies only how many."""
    told = await counting.told("000000000000")
    return {
        name.removesuffix(" Milliseconds"): found[0] if name.endswith("Milliseconds") else found
        for name, found in told.items()
    }
