"""ExecuteStatement; and all operations of PartiQL together.

Source: API_ExecuteStatement.
"""

from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.service import Encoded
from pileus.kernel.storage.seam import Transaction
from pileus.services.dynamodb import capacity
from pileus.services.dynamodb.errors import ConditionalCheckFailedException, ValidationException
from pileus.services.dynamodb.operations.base import answer
from pileus.services.dynamodb.partiql.batches import StatementBatches
from pileus.services.dynamodb.partiql.checked import ExistsStatement, SelectStatement
from pileus.services.dynamodb.partiql.checks import bind, legal_parameters
from pileus.services.dynamodb.partiql.next_tokens import Position, next_token, position_of, statement_digest
from pileus.services.dynamodb.partiql.selection import planned
from pileus.services.dynamodb.partiql.transactions import StatementTransactions
from pileus.services.dynamodb.partiql.writes import Write, returned
from pileus.services.dynamodb.shapes import ExecuteStatementInput
from pileus.services.dynamodb.store import Table
from pileus.services.dynamodb.writing import Written

_encode: Final = msgspec.json.Encoder().encode


class PartiQlOperations(StatementBatches, StatementTransactions):
    async def execute_statement(self, context: RequestContext, request: ExecuteStatementInput) -> Encoded:
        started_s = self._clock.monotonic()
        parameters = legal_parameters(request.parameters)
        bound = bind(request.statement, parameters)
        start = Position()
        if request.next_token is not None:
            start = position_of(request.next_token, statement_digest(context, request.statement, parameters))
        statement, option = bound.statement, request.return_consumed_capacity
        if isinstance(statement, ExistsStatement):
            raise ValidationException("EXISTS can only be used in ExecuteTransaction write requests.")
        if not isinstance(statement, SelectStatement):
            shows_item = request.return_values_on_condition_check_failure == "ALL_OLD"
            write = Write(statement=statement, values=bound.values, shows_item=shows_item)
            return await self._write(context, write, option, started_s)
        table = await self._open(context, statement.table, self._snapshot)
        plan = planned(statement, bound.values, table, consistent=bool(request.consistent_read))
        page = await plan.page(self._snapshot, start, request.limit or 0)
        table.metrics.done("ExecuteStatement", page.units, started_s, writing=False)
        table.metrics.returned_items("ExecuteStatement", len(page.items))
        token = last = None
        if (more := page.next) is not None:
            token = _encode(next_token(more, statement_digest(context, request.statement, parameters)))
            last = None if more.after is None else _encode(more.after)
        return answer(
            {
                "Items": b"[" + b",".join(page.items) + b"]",
                "NextToken": token,
                "LastEvaluatedKey": last,
                "ConsumedCapacity": capacity.consumed(statement.table, page.units, option),
            }
        )

    async def _write(self, context: RequestContext, write: Write, option: str | None, started_s: float) -> Encoded:
        now_s = self._clock.timestamp()

        async def work(tx: Transaction) -> tuple[Table, Written]:
            table = await self._open(context, write.statement.table, tx)
            try:
                return table, await write.perform(tx, table, now_s=now_s)
            except ConditionalCheckFailedException:
                table.metrics.check_failed()  # whoever counts failures does not know a statement's table
                raise

        table, written = await self._store.run(work)
        table.metrics.done("ExecuteStatement", written.units, started_s, writing=True)
        item = returned(write.statement, written)
        return answer(
            {
                "Items": b"[]" if item is None else b"[" + item + b"]",
                "ConsumedCapacity": capacity.consumed(write.statement.table, written.units, option),
            }
        )
