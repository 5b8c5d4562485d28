"""BatchExecuteStatement.

A batch is no transaction: each statement succeeds or fails by itself, and each write is committed by itself.

Source: API_BatchExecuteStatement; Developer Guide, "Running batch operations with PartiQL for DynamoDB".
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.service import Encoded
from pileus.kernel.storage.seam import Transaction
from pileus.services.dynamodb import capacity
from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.operations.base import DynamoDbBase, answer
from pileus.services.dynamodb.operations.spending import Spending
from pileus.services.dynamodb.partiql.checked import ExistsStatement, SelectStatement
from pileus.services.dynamodb.partiql.checks import bind, legal_parameters
from pileus.services.dynamodb.partiql.reads import PointRead, index_of
from pileus.services.dynamodb.partiql.writes import Write, returned
from pileus.services.dynamodb.shapes import (
    BatchExecuteStatementInput,
    BatchStatementError,
    BatchStatementErrorCodeEnum,
    BatchStatementRequest,
)
from pileus.services.dynamodb.store import Table
from pileus.services.dynamodb.stored import found
from pileus.services.dynamodb.writing import Written

_CODES: Final[dict[str, BatchStatementErrorCodeEnum]] = {
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "DuplicateItemException": "DuplicateItem",
    "ItemCollectionSizeLimitExceededException": "ItemCollectionSizeLimitExceeded",
    "ResourceNotFoundException": "ResourceNotFound",
    "ValidationException": "ValidationError",
}

_encode: Final = msgspec.json.Encoder().encode


class _Member:
    """One statement of a batch on its way.

    action: what it does, once it is read. place: where its item lies, once its table is known. ran: whether it came so
    far that its table is named. error: why it goes no further.
    """

    __slots__ = ("action", "error", "item", "place", "ran", "request", "table")

    def __init__(self, request: BatchStatementRequest) -> None:
        self.request = request
        self.action: Write | PointRead | None = None
        self.table: Table | None = None
        self.place = b""
        self.ran = False
        self.item: bytes | None = None
        self.error: BatchStatementError | None = None

    def fail(self, error: ServiceError) -> None:
        """An error that no statement of a batch can have is one of the whole batch."""
        code = _CODES.get(error.error_code)
        if code is None:
            raise error
        if self.ran and self.table is not None and code == "ConditionalCheckFailed":
            self.table.metrics.check_failed()
        self.error = BatchStatementError(code=code, message=error.message)

    def read(self) -> None:
        """Understand the statement."""
        bound = bind(self.request.statement, legal_parameters(self.request.parameters))
        if isinstance(bound.statement, ExistsStatement):
            raise ValidationException("EXISTS can only be used in ExecuteTransaction write requests.")
        if isinstance(bound.statement, SelectStatement):
            self.action = PointRead(bound.statement, bound.values)
        else:
            self.action = Write(statement=bound.statement, values=bound.values)

    def find(self, table: Table) -> None:
        """Know which item it is about."""
        self.table = table
        if isinstance(self.action, PointRead):
            index_of(table, self.action.statement, consistent=False)
            place = self.action.place(table)
            if place is None:
                raise ValidationException(
                    "Select statements within BatchExecuteStatement must specify the primary key in the where clause."
                )
            self.place = place
        elif self.action is not None:
            self.place = self.action.place(table)

    def json(self) -> bytes:
        name = _encode(self.action.statement.table) if self.ran and self.action is not None else None
        error = None if self.error is None else _encode(self.error)
        return answer({"Error": error, "TableName": name, "Item": self.item}).body


class StatementBatches(DynamoDbBase):
    async def batch_execute_statement(self, context: RequestContext, request: BatchExecuteStatementInput) -> Encoded:
        started_s = self._clock.monotonic()
        members = [_Member(one) for one in request.statements]
        for member in members:
            try:
                member.read()
            except ServiceError as error:
                member.fail(error)
        if len({isinstance(member.action, PointRead) for member in members if member.action is not None}) > 1:
            raise ValidationException("Read and write requests together in the same batch is not supported.")
        for member in members:
            if member.action is not None:
                try:
                    member.find(await self._open(context, member.action.statement.table, self._snapshot))
                except ServiceError as error:
                    member.fail(error)
        _check_distinct(members)
        spending = Spending()
        for member in members:
            if member.error is None:
                member.ran = True
                try:
                    await self._perform(context, member, spending)
                except ServiceError as error:
                    member.fail(error)
        writing = any(isinstance(member.action, Write) for member in members)
        spending.count("BatchExecuteStatement", started_s, writing=writing)
        consumed = spending.told(request.return_consumed_capacity) if spending else None
        responses = b"[" + b",".join(member.json() for member in members) + b"]"
        return answer({"Responses": responses, "ConsumedCapacity": consumed})

    async def _perform(self, context: RequestContext, member: _Member, spending: Spending) -> None:
        action, table = member.action, member.table
        assert table is not None
        if isinstance(action, PointRead):
            image = found(await self._snapshot.get(member.place))
            member.item = None if image is None else action.json(image)
            size = 0 if image is None else image.size
            share = capacity.read_units(size, consistent=bool(member.request.consistent_read))
            spending.of(action.statement.table, table).table += share
            return
        assert action is not None
        write, now_s = action, self._clock.timestamp()

        async def work(tx: Transaction) -> Written:
            return await write.perform(tx, await self._open(context, write.statement.table, tx), now_s=now_s)

        written = await self._store.run(work)
        member.item = returned(write.statement, written)
        spending.of(action.statement.table, table).add(written.units)


def _check_distinct(members: Sequence[_Member]) -> None:
    places = [member.place for member in members if member.place]
    if len(set(places)) < len(places):
        raise ValidationException("Provided list of item keys contains duplicates")
