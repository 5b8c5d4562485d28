"""UpdateTable."""

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.dynamodb import table_work
from pileus.services.dynamodb.contents import contents_of
from pileus.services.dynamodb.keys_of_kms import TableKey
from pileus.services.dynamodb.operations.tables import TableOperations
from pileus.services.dynamodb.shapes import UpdateTableInput, UpdateTableOutput
from pileus.services.dynamodb.store import Table, write_table
from pileus.services.dynamodb.tables.changing import Change, change, described
from pileus.services.dynamodb.tables.encryption import check_change, wanted
from pileus.services.dynamodb.tables.names import table_place
from pileus.services.dynamodb.tables.update_checks import check_request


class TableUpdateOperations(TableOperations):
    async def update_table(self, context: RequestContext, request: UpdateTableInput) -> UpdateTableOutput:
        place = table_place(context, request.table_name)
        check_request(request)
        now_s = self._clock.timestamp()

        async def update(tx: Transaction) -> tuple[Table, Change]:
            table = await self._named(context, request.table_name, tx)
            key = await self._new_key(context, table, request, now_s=now_s)
            planned = change(
                table.record,
                request,
                place=place,
                ids=self._ids,
                now_s=now_s,
                settled_at_s=now_s + self._changes_take_s,
                key=key,
            )
            await self._check_account(tx, place, planned.before, planned.after)
            return table, await self._write_down(tx, table, planned, now_s=now_s)

        table, done = await self._store.run(update)
        contents = await contents_of(self._snapshot, table)
        return UpdateTableOutput(
            table_description=described(
                done, contents, request, place=place, partition=context.partition, now_s=self._clock.timestamp()
            )
        )

    async def _new_key(
        self, context: RequestContext, table: Table, request: UpdateTableInput, *, now_s: float
    ) -> TableKey | None:
        """The key that the table is to have; what it has now must still open, to be sealed anew (DDB-TABLE-333)."""
        specification = request.sse_specification
        if specification is None:
            return None
        check_change(table.record, specification, now_s=now_s)
        if table.sealed:
            await self._keys.open(None, self._snapshot, table.place, table.sealed)
        if not wanted(specification):
            return None
        return await self._keys.seal(context, table.place, specification.kms_master_key_id)

    async def _write_down(self, tx: Transaction, table: Table, planned: Change, *, now_s: float) -> Change:
        """Write the change down, with what has to be done for it later; the change as it was written."""
        record = planned.after
        if planned.opens is not None:
            record = await self._with_stream(tx, table.place, record, planned.opens, now_s=now_s)
        elif planned.closes:
            record = await self._without_stream(tx, table, record, now_s=now_s)
        at_s = now_s + self._changes_take_s if self._changes_take_s else None
        if planned.created is not None:
            table_work.emit(tx, table_work.task_of(table, "fill index", index_id=planned.created.id), at_s=at_s)
        if planned.deleted is not None:
            table_work.emit(tx, table_work.task_of(table, "clear index", index_id=planned.deleted.id), at_s=at_s)
        write_table(tx, table.region, record)
        return Change(before=planned.before, after=record, created=planned.created, deleted=planned.deleted)
