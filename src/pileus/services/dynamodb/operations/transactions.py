"""TransactWriteItems and TransactGetItems.

Each action of a transaction has its own reason why it cannot be done; the others' reason is `None`. All are looked at
before the transaction is given up. Transactions here come one after another, so none ever conflicts with another, and
none is ever found in progress.

While a transaction is open nobody else has a turn, so that none meets another. One that takes long, of a hundred large
items, is therefore given up after a turn; then its items are looked into one by one, outside of a transaction and with
rests in between (`Action.foresee`), and it is done again: what was found out counts where an item is still the same.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.service import Encoded
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.dynamodb import capacity
from pileus.services.dynamodb.capacity import TRANSACTION_FACTOR
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
from pileus.services.dynamodb.operations.actions import Action, only_action
from pileus.services.dynamodb.operations.base import EMPTY, DynamoDbBase, answer
from pileus.services.dynamodb.operations.items import collection_metrics
from pileus.services.dynamodb.operations.spending import Spending
from pileus.services.dynamodb.operations.turns import Turn
from pileus.services.dynamodb.requests import check_nested, get_projection
from pileus.services.dynamodb.shapes import (
    CancellationReason,
    ItemCollectionMetrics,
    TransactGetItemsInput,
    TransactWriteItemsInput,
)
from pileus.services.dynamodb.store import Table
from pileus.services.dynamodb.stored import Stored, found
from pileus.services.dynamodb.tokens import Digest, was_done
from pileus.services.dynamodb.values import Item
from pileus.services.dynamodb.writing import Written

T = TypeVar("T")

_NO_REASON: Final = CancellationReason(code="None")
_encode: Final = msgspec.json.Encoder().encode


class TakesLong(Exception):
    """A transaction has held up the others for a turn, and has more to do."""


class Outcome(NamedTuple):
    """What a transaction answers, and what it consumed. writing: or only read."""

    answer: Encoded
    spending: Spending
    writing: bool

    def told(self, operation: str, started_s: float) -> Encoded:
        """The answer, once the transaction is committed: then its tables count it. started_s: see `TableMetrics`."""
        self.spending.count(operation, started_s, writing=self.writing, factor=TRANSACTION_FACTOR)
        return self.answer


class TransactionOperations(DynamoDbBase):
    async def transact_write_items(self, context: RequestContext, request: TransactWriteItemsInput) -> Encoded:
        started_s = self._clock.monotonic()
        turn = Turn(self._clock)
        actions: list[Action] = []
        for asked in [only_action(one) for one in request.transact_items]:
            actions.append(Action(asked))
            if turn.over:
                await turn.rest()
        token, digest = request.client_request_token, b""
        if token is not None:
            digest = await digest_by_turns(request.transact_items, turn)
        now_s = self._clock.timestamp()

        async def attempt(tx: Transaction, turn: Turn | None) -> Outcome:
            tables = await self._open_all(context, [action.table_name for action in actions], tx)
            if token is not None:
                ids = (table.record.id for table in tables)
                if await was_done(tx, context, token, digest, tables=ids, now_s=now_s):
                    return await _done_before(tx, tables, actions, request.return_consumed_capacity)
            places = [action.place(table) for action, table in zip(actions, tables, strict=True)]
            if None in places:
                check_distinct(tables, [action.key for action in actions])
            elif len(set(places)) < len(places):
                raise twice()

            def perform(number: int) -> Awaitable[Written]:
                if turn is not None and turn.over:
                    raise TakesLong
                return actions[number].perform(tx, tables[number], places[number], now_s=now_s)

            written = await each(perform, len(actions))
            if sum([max(_size(one.old), _size(one.new)) for one in written]) > TRANSACTION_BYTES_MAX:
                raise too_large()
            return _written_outcome(request, actions, written)

        try:
            turn = Turn(self._clock)
            done = await self._store.run(lambda tx: attempt(tx, turn))
        except TakesLong:
            await self._foresee(context, actions)
            done = await self._store.run(lambda tx: attempt(tx, None))
        return done.told("TransactWriteItems", started_s)

    async def _foresee(self, context: RequestContext, actions: Sequence[Action]) -> None:
        turn = Turn(self._clock)
        await turn.rest()
        for action in actions:
            await action.foresee(self._snapshot, await self._open(context, action.table_name, self._snapshot))
            if turn.over:
                await turn.rest()

    async def _open_all(self, context: RequestContext, names: Sequence[str], reader: Snapshot) -> list[Table]:
        """The table of each name; each is looked for once."""
        tables = {name: await self._open(context, name, reader) for name in dict.fromkeys(names)}
        return [tables[name] for name in names]

    async def transact_get_items(self, context: RequestContext, request: TransactGetItemsInput) -> Encoded:
        started_s = self._clock.monotonic()
        gets = [one.get for one in request.transact_items]
        projections = [get_projection(get) for get in gets]

        async def work(tx: Transaction) -> tuple[list[Table], list[Stored | None]]:
            tables = await self._open_all(context, [get.table_name for get in gets], tx)

            async def read(number: int) -> Stored | None:
                table, projection = tables[number], projections[number]
                if projection is not None:
                    check_nested(projection, table.key.names)
                    check_nested_in_indexes(projection, table.indexes)
                return found(await tx.get(table.key.key(gets[number].key)))

            check_distinct(tables, [get.key for get in gets])
            return tables, await each(read, len(gets))

        tables, images = await self._store.run(work)
        if sum(map(_size, images)) > TRANSACTION_BYTES_MAX:
            raise too_large()
        spending, responses, turn = Spending(), [], Turn(self._clock)
        for get, table, projection, image in zip(gets, tables, projections, images, strict=True):
            spending.of(get.table_name, table).table += capacity.read_units(_size(image), consistent=True)
            json = None
            if image is not None:
                json = image.json if projection is None else _encode(projection.project(image.item))
            responses.append(b"{}" if json is None else b'{"Item":' + json + b"}")
            if turn.over:
                await turn.rest()
        told = answer(
            {
                "Responses": b"[" + b",".join(responses) + b"]",
                "ConsumedCapacity": consumed(spending, request.return_consumed_capacity, "read"),
            }
        )
        return Outcome(told, spending, writing=False).told("TransactGetItems", started_s)


async def digest_by_turns(asked: Iterable[object], turn: Turn) -> bytes:
    """What a token stands for."""
    digest = Digest()
    for one in asked:
        digest.add(one)
        if turn.over:
            await turn.rest()
    return digest.done()


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


def check_distinct(tables: Sequence[Table], members: Sequence[Item]) -> None:
    """`ValidationException` when two actions are about one item. members: those of the key are among them."""
    places = set[bytes]()
    for table, given in zip(tables, members, strict=True):
        try:
            place = table.key.key({name: given[name] for name in table.key.names if name in given})
        except ValidationException:
            continue  # its own reason will say so
        if place in places:
            raise twice()
        places.add(place)


def twice() -> ValidationException:
    return ValidationException("Transaction request cannot include multiple operations on one item")


def too_large() -> ValidationException:
    return ValidationException("Aggregate size of items in the transaction exceeds the limit of 4 MB")


def _size(image: Stored | None) -> int:
    return 0 if image is None else image.size


def consumed(spending: Spending, option: str | None, kind: str) -> bytes | None:
    """`ConsumedCapacity` of a transaction as JSON. kind: read or write."""
    return spending.told(option, factor=TRANSACTION_FACTOR, transaction=kind)


async def _done_before(
    reader: Snapshot, tables: Sequence[Table], actions: Sequence[Action], option: str | None
) -> Outcome:
    """What a transaction answers that was done: it costs to read its items."""
    spending = Spending()
    for table, action in zip(tables, actions, strict=True):
        image = found(await reader.get(table.key.key({name: action.key[name] for name in table.key.names})))
        spending.of(action.table_name, table).table += capacity.read_units(_size(image), consistent=True)
    spent = consumed(spending, option, "read")
    told = EMPTY if spent is None else answer({"ConsumedCapacity": spent})
    return Outcome(told, spending, writing=False)


def _written_outcome(
    request: TransactWriteItemsInput, actions: Sequence[Action], written: Sequence[Written]
) -> Outcome:
    spending = Spending()
    collections: dict[str, list[ItemCollectionMetrics]] = {}
    for action, one in zip(actions, written, strict=True):
        spending.of(action.table_name, one.table).add(one.units)
        if one.collection_bytes is not None and (metrics := collection_metrics(one.table, one)) is not None:
            collections.setdefault(action.table_name, []).append(metrics)
    spent = consumed(spending, request.return_consumed_capacity, "write")
    wants_collections = request.return_item_collection_metrics == "SIZE" and collections
    told = EMPTY
    if spent is not None or wants_collections:
        told = answer(
            {"ConsumedCapacity": spent, "ItemCollectionMetrics": _encode(collections) if wants_collections else None}
        )
    return Outcome(told, spending, writing=True)
