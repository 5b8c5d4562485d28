"""ExecuteTransaction.

Like TransactWriteItems and TransactGetItems, whose rules it shares. What is wrong with a statement by itself is wrong
with the request; what only its table or its item can tell is a reason to cancel the transaction. One that takes long
is given up and done again, as those are (`operations/transactions.py`).

Source: API_ExecuteTransaction; Developer Guide, "Performing transactions with PartiQL for DynamoDB".
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple, TypeVar

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.service import Encoded
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.dynamodb import capacity
from pileus.services.dynamodb.errors import (
    ResourceNotFoundException,
    ValidationException,
)
from pileus.services.dynamodb.limits import TRANSACTION_BYTES_MAX
from pileus.services.dynamodb.operations.base import DynamoDbBase, answer
from pileus.services.dynamodb.operations.spending import Spending
from pileus.services.dynamodb.operations.transactions import (
    Outcome,
    TakesLong,
    consumed,
    digest_by_turns,
    each,
    too_large,
    twice,
)
from pileus.services.dynamodb.operations.turns import Turn
from pileus.services.dynamodb.partiql.checked import DeleteStatement, SelectStatement, UpdateStatement
from pileus.services.dynamodb.partiql.checks import bind, legal_parameters
from pileus.services.dynamodb.partiql.reads import PointRead
from pileus.services.dynamodb.partiql.writes import Write
from pileus.services.dynamodb.shapes import AttributeValue, ExecuteTransactionInput, ParameterizedStatement
from pileus.services.dynamodb.store import Table
from pileus.services.dynamodb.stored import Stored, found
from pileus.services.dynamodb.tokens import was_done
from pileus.services.dynamodb.writing import Images, Written

Action = PointRead | Write
T = TypeVar("T")

_encode: Final = msgspec.json.Encoder().encode


class _Found(NamedTuple):
    """What a transaction that reads has found."""

    tables: Sequence[Table]
    reads: Sequence[PointRead]
    images: Sequence[Stored | None]


class StatementTransactions(DynamoDbBase):
    async def execute_transaction(self, context: RequestContext, request: ExecuteTransactionInput) -> Encoded:
        started_s = self._clock.monotonic()
        statements = request.transact_statements
        turn = Turn(self._clock)
        parameters: list[Sequence[AttributeValue]] = []
        for one in statements:
            parameters.append(legal_parameters(one.parameters))
            if turn.over:
                await turn.rest()
        actions: list[Action] = []
        for number, (one, given) in enumerate(zip(statements, parameters, strict=True)):
            actions.append(_of_statement(number, partial(_action, one, given)))
            if turn.over:
                await turn.rest()
        if len({isinstance(action, PointRead) for action in actions}) > 1:
            raise ValidationException(
                "ExecuteTransaction API does not support both read and write operations in the same request."
            )
        token, option = request.client_request_token, request.return_consumed_capacity
        digest = b"" if token is None else await digest_by_turns(statements, turn)
        now_s = self._clock.timestamp()

        async def attempt(tx: Transaction, turn: Turn | None) -> Outcome | _Found:
            tables = await self._opened(context, actions, tx)

            async def place_of(number: int) -> bytes:
                place = actions[number].place(tables[number])
                assert place is not None, "checked before"
                return place

            places = await each(place_of, len(actions))
            if len(set(places)) < len(places):
                raise twice()
            reads = [action for action in actions if isinstance(action, PointRead)]
            if reads:
                return _Found(tables, reads, [found(await tx.get(place)) for place in places])
            ids = (table.record.id for table in tables)
            if token is not None and await was_done(tx, context, token, digest, tables=ids, now_s=now_s):
                return _done_answer(tables, actions, [found(await tx.get(place)) for place in places], option)
            writes = [action for action in actions if isinstance(action, Write)]

            def perform(number: int) -> Awaitable[Written]:
                if turn is not None and turn.over:
                    raise TakesLong
                return writes[number].perform(tx, tables[number], now_s=now_s)

            return _written_answer(writes, await each(perform, len(writes)), option)

        turn = Turn(self._clock)
        try:
            done = await self._store.run(lambda tx: attempt(tx, turn))
        except TakesLong:
            actions = [replace(one, images=Images()) if isinstance(one, Write) else one for one in actions]
            await self._foresee_statements(context, actions)
            done = await self._store.run(lambda tx: attempt(tx, None))
        if isinstance(done, _Found):
            done = await _read_answer(done, option, turn)
        return done.told("ExecuteTransaction", started_s)

    async def _foresee_statements(self, context: RequestContext, actions: Sequence[Action]) -> None:
        turn = Turn(self._clock)
        await turn.rest()
        for action in actions:
            assert isinstance(action, Write), "what reads takes no turn in its transaction"
            await action.foresee(self._snapshot, await self._open(context, action.statement.table, self._snapshot))
            if turn.over:
                await turn.rest()

    async def _opened(self, context: RequestContext, actions: Sequence[Action], reader: Snapshot) -> list[Table]:
        """The table of each statement. A statement of a table that there is not is not looked at any further."""
        tables: dict[str, Table | ResourceNotFoundException] = {}
        for name in dict.fromkeys(action.statement.table for action in actions):
            try:
                tables[name] = await self._open(context, name, reader)
            except ResourceNotFoundException as error:
                tables[name] = error
        for number, action in enumerate(actions):
            table = tables[action.statement.table]
            if isinstance(table, Table):
                _of_statement(number, partial(_check, action, table))

        async def open_(number: int) -> Table:
            table = tables[actions[number].statement.table]
            if isinstance(table, Table):
                return table
            raise table

        return await each(open_, len(actions))


def _of_statement(number: int, look: Callable[[], T]) -> T:
    """What is found out about one statement; an error says which one it is of."""
    try:
        return look()
    except ValidationException as error:
        raise ValidationException(f"Validation failed in TransactStatements[{number}]: {error.message}") from None


def _action(one: ParameterizedStatement, parameters: Sequence[AttributeValue]) -> Action:
    bound = bind(one.statement, parameters)
    if isinstance(bound.statement, SelectStatement):
        return PointRead(bound.statement, bound.values, transacted=True)
    shows_item = one.return_values_on_condition_check_failure == "ALL_OLD"
    return Write(statement=bound.statement, values=bound.values, transacted=True, shows_item=shows_item)


def _check(action: Action, table: Table) -> None:
    """What no statement of a transaction may say, whatever the items."""
    statement = action.statement
    if isinstance(action, Write):
        if isinstance(statement, UpdateStatement | DeleteStatement) and statement.returning is not None:
            raise ValidationException("RETURNING clause is not supported in ExecuteTransaction.")
        action.check_exists(table)
        return
    if action.statement.index is not None:
        raise ValidationException("Reads on indices are not supported within transactions.")
    if not action.names_key(table):
        raise ValidationException(
            "Select statements within ExecuteTransaction must specify the primary key in the where clause."
        )


# --- answers ---------------------------------------------------------------------------------------------------------


def _check_size(sizes: Sequence[int]) -> None:
    if sum(sizes) > TRANSACTION_BYTES_MAX:
        raise too_large()


def _size(image: Stored | None) -> int:
    return 0 if image is None else image.size


def _read_spending(tables: Sequence[Table], actions: Sequence[Action], images: Sequence[Stored | None]) -> Spending:
    spending = Spending()
    for table, action, image in zip(tables, actions, images, strict=True):
        spending.of(action.statement.table, table).table += capacity.read_units(_size(image), consistent=True)
    return spending


async def _read_answer(found: _Found, option: str | None, turn: Turn) -> Outcome:
    tables, reads, images = found
    _check_size([_size(image) for image in images])
    responses = []
    for read, image in zip(reads, images, strict=True):
        responses.append(b"{}" if image is None else b'{"Item":' + read.json(image) + b"}")
        if turn.over:
            await turn.rest()
    spending = _read_spending(tables, reads, images)
    told = answer(
        {"Responses": b"[" + b",".join(responses) + b"]", "ConsumedCapacity": consumed(spending, option, "read")}
    )
    return Outcome(told, spending, writing=False)


def _done_answer(
    tables: Sequence[Table], actions: Sequence[Action], images: Sequence[Stored | None], option: str | None
) -> Outcome:
    """What a transaction answers that was done: it costs to read its items."""
    spending = _read_spending(tables, actions, images)
    told = answer({"Responses": b"[]", "ConsumedCapacity": consumed(spending, option, "read")})
    return Outcome(told, spending, writing=False)


def _written_answer(writes: Sequence[Write], written: Sequence[Written], option: str | None) -> Outcome:
    """Writes answer nothing, not even an empty response each."""
    _check_size([max(_size(one.old), _size(one.new)) for one in written])
    spending = Spending()
    for write, one in zip(writes, written, strict=True):
        spending.of(write.statement.table, one.table).add(one.units)
    told = answer({"Responses": b"[]", "ConsumedCapacity": consumed(spending, option, "write")})
    return Outcome(told, spending, writing=True)
