"""TransactWriteItems and TransactGetItems.

Each action of a transaction has its own reason why it cannot be done; the others' reason is `None`. All are looked at
before the transaction is given up. Transactions here come one after another, so none ever conflicts with another, and
none is ever found in progress.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.service import Encoded
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.dynamodb import capacity, writing
from pileus.services.dynamodb.capacity import TRANSACTION_FACTOR, Units, consumed_shape
from pileus.services.dynamodb.errors import (
    ConditionalCheckFailedException,
    DuplicateItemException,
    EmptyKeyValue,
    ItemCollectionSizeLimitExceededException,
    ResourceNotFoundException,
    TransactionCanceledException,
    ValidationException,
)
from pileus.services.dynamodb.index_rules import check_nested_in_indexes
from pileus.services.dynamodb.limits import TRANSACTION_BYTES_MAX
from pileus.services.dynamodb.operations.base import EMPTY, DynamoDbBase, answer
from pileus.services.dynamodb.operations.items import collection_metrics
from pileus.services.dynamodb.requests import WritePlan, check_nested, get_projection, transact_write_plan
from pileus.services.dynamodb.shapes import (
    CancellationReason,
    ConditionCheck,
    Delete,
    ItemCollectionMetrics,
    Put,
    TransactGetItemsInput,
    TransactWriteItem,
    TransactWriteItemsInput,
    Update,
)
from pileus.services.dynamodb.store import Table
from pileus.services.dynamodb.stored import Stored, found
from pileus.services.dynamodb.tokens import digest_of, was_done
from pileus.services.dynamodb.values import Item
from pileus.services.dynamodb.writing import Written

T = TypeVar("T")
Action = Put | Delete | Update | ConditionCheck

_NO_REASON: Final = CancellationReason(code="None")
_encode: Final = msgspec.json.Encoder().encode


class Outcome(NamedTuple):
    """What a transaction answers, and what it consumed of its tables by name. writing: or only read."""

    answer: Encoded
    tables: Sequence[Table]
    units: Mapping[str, Units]
    writing: bool

    def told(self, operation: str, started_s: float) -> Encoded:
        """The answer, once the transaction is committed: then its tables count it. started_s: see `TableMetrics`."""
        for table in {table.name: table for table in self.tables}.values():
            table.metrics.done(
                operation, self.units[table.name], started_s, writing=self.writing, factor=TRANSACTION_FACTOR
            )
        return self.answer


class TransactionOperations(DynamoDbBase):
    async def transact_write_items(self, context: RequestContext, request: TransactWriteItemsInput) -> Encoded:
        started_s = self._clock.monotonic()
        actions = [_only_action(one) for one in request.transact_items]
        plans = [transact_write_plan(action) for action in actions]
        token = request.client_request_token
        digest = b"" if token is None else digest_of(request.transact_items)
        now_s = self._clock.timestamp()

        async def work(tx: Transaction) -> Outcome:
            tables = [await self._open(context, action.table_name, tx) for action in actions]
            ids = (table.record.id for table in tables)
            if token is not None and await was_done(tx, context, token, digest, tables=ids, now_s=now_s):
                return await _done_before(tx, tables, actions, request.return_consumed_capacity)

            def perform(number: int) -> Awaitable[Written]:
                return _perform(tx, tables[number], actions[number], plans[number], now_s=now_s)

            check_distinct(tables, [_key_members(action) for action in actions])
            written = await each(perform, len(actions))
            if sum(max(_size(one.old), _size(one.new)) for one in written) > TRANSACTION_BYTES_MAX:
                raise ValidationException("Aggregate size of items in the transaction exceeds the limit of 4 MB")
            return _written_outcome(request, written)

        return (await self._store.run(work)).told("TransactWriteItems", started_s)

    async def transact_get_items(self, context: RequestContext, request: TransactGetItemsInput) -> Encoded:
        started_s = self._clock.monotonic()
        gets = [one.get for one in request.transact_items]
        projections = [get_projection(get) for get in gets]

        async def work(tx: Transaction) -> Outcome:
            tables = [await self._open(context, get.table_name, tx) for get in gets]
            units: dict[str, Units] = {}

            async def read(number: int) -> Stored | None:
                table, projection = tables[number], projections[number]
                if projection is not None:
                    check_nested(projection, table.key.names)
                    check_nested_in_indexes(projection, table.indexes)
                return found(await tx.get(table.key.key(gets[number].key)))

            check_distinct(tables, [get.key for get in gets])
            images = await each(read, len(gets))
            if sum(map(_size, images)) > TRANSACTION_BYTES_MAX:
                raise ValidationException("Aggregate size of items in the transaction exceeds the limit of 4 MB")
            responses = []
            for table, projection, image in zip(tables, projections, images, strict=True):
                units.setdefault(table.name, Units()).table += capacity.read_units(_size(image), consistent=True)
                json = None
                if image is not None:
                    json = image.json if projection is None else _encode(projection.project(image.item))
                responses.append(b"{}" if json is None else b'{"Item":' + json + b"}")
            told = answer(
                {
                    "Responses": b"[" + b",".join(responses) + b"]",
                    "ConsumedCapacity": consumed(units, request.return_consumed_capacity, "read"),
                }
            )
            return Outcome(told, tables, units, writing=False)

        return (await self._store.run(work)).told("TransactGetItems", started_s)


async def each(perform: Callable[[int], Awaitable[T]], count: int) -> list[T]:
    """Do each action, and give up all when one fails: `TransactionCanceledException` with each one's reason."""
    done: list[T] = []
    reasons: list[CancellationReason] = []
    for number in range(count):
        try:
            done.append(await perform(number))
        except EmptyKeyValue:
            raise  # refused as a whole, whatever the others' reasons
        except ServiceError as error:
            reasons.append(_reason(error))
        else:
            reasons.append(_NO_REASON)
    if len(done) < count:
        raise TransactionCanceledException(reasons)
    return done


def _reason(error: ServiceError) -> CancellationReason:
    """Source: API_TransactWriteItems, "Cancellation Codes"."""
    match error:
        case ConditionalCheckFailedException():
            return CancellationReason(code="ConditionalCheckFailed", message=error.message, item=error.item)
        case ItemCollectionSizeLimitExceededException():
            return CancellationReason(code="ItemCollectionSizeLimitExceeded", message="Collection size limit exceeded.")
        case ValidationException():
            return CancellationReason(code="ValidationError", message=error.message)
        case DuplicateItemException():
            return CancellationReason(code="DuplicateItem", message=error.message)
        case ResourceNotFoundException():
            return CancellationReason(code="ResourceNotFound", message=error.message)
        case _:
            raise error


def _only_action(one: TransactWriteItem) -> Action:
    actions = [action for action in (one.condition_check, one.put, one.delete, one.update) if action is not None]
    if len(actions) > 1:
        raise ValidationException("TransactItems can only contain one of Check, Put, Update or Delete")
    if not actions:
        raise ValidationException(
            "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"
        )
    return actions[0]


async def _perform(tx: Transaction, table: Table, action: Action, plan: WritePlan, *, now_s: float) -> Written:
    match action:
        case Put():
            assert plan.item is not None, "a Put's plan has its item"
            return await writing.put(tx, table, *plan.item, plan, now_s=now_s)
        case Delete():
            return await writing.delete(tx, table, action.key, plan, now_s=now_s)
        case Update():
            return await writing.update(tx, table, action.key, plan, now_s=now_s, transacted=True)
        case ConditionCheck():
            return await writing.check(tx, table, action.key, plan)


def _key_members(action: Action) -> Item:
    """Where the key of an action is among: its Key, or its Item."""
    return action.item if isinstance(action, Put) else action.key


def check_distinct(tables: Sequence[Table], members: Sequence[Item]) -> None:
    """`ValidationException` when two actions are about one item. members: those of the key are among them."""
    places = set[bytes]()
    for table, given in zip(tables, members, strict=True):
        try:
            place = table.key.key({name: given[name] for name in table.key.names if name in given})
        except ValidationException:
            continue  # its own reason will say so
        if place in places:
            raise ValidationException("Transaction request cannot include multiple operations on one item")
        places.add(place)


def _size(image: Stored | None) -> int:
    return 0 if image is None else image.size


def consumed(units: dict[str, Units], option: str | None, kind: str) -> bytes | None:
    """`ConsumedCapacity` of a transaction as JSON, by tables. kind: read or write."""
    if not capacity.wanted(option):
        return None
    return _encode(
        [
            consumed_shape(name, spent, option, factor=TRANSACTION_FACTOR, transaction=kind)
            for name, spent in units.items()
        ]
    )


async def _done_before(
    reader: Snapshot, tables: Sequence[Table], actions: Sequence[Action], option: str | None
) -> Outcome:
    """What a transaction answers that was done: it costs to read its items."""
    units: dict[str, Units] = {}
    for table, action in zip(tables, actions, strict=True):
        key = _key_members(action)
        image = found(await reader.get(table.key.key({name: key[name] for name in table.key.names})))
        units.setdefault(table.name, Units()).table += capacity.read_units(_size(image), consistent=True)
    spent = consumed(units, option, "read")
    told = EMPTY if spent is None else answer({"ConsumedCapacity": spent})
    return Outcome(told, tables, units, writing=False)


def _written_outcome(request: TransactWriteItemsInput, written: Sequence[Written]) -> Outcome:
    units: dict[str, Units] = {}
    collections: dict[str, list[ItemCollectionMetrics]] = {}
    for one in written:
        units.setdefault(one.table.name, Units()).add(one.units)
        if (metrics := collection_metrics(one.table, one)) is not None:
            collections.setdefault(one.table.name, []).append(metrics)
    spent = consumed(units, request.return_consumed_capacity, "write")
    wants_collections = request.return_item_collection_metrics == "SIZE" and collections
    told = EMPTY
    if spent is not None or wants_collections:
        told = answer(
            {"ConsumedCapacity": spent, "ItemCollectionMetrics": _encode(collections) if wants_collections else None}
        )
    return Outcome(told, [one.table for one in written], units, writing=True)
