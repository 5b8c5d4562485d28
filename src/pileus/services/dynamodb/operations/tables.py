"""CreateTable, DescribeTable, ListTables, DeleteTable."""

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.dynamodb.errors import ResourceInUseException, ValidationException
from pileus.services.dynamodb.limits import LIST_TABLES_MAX
from pileus.services.dynamodb.operations.base import DynamoDbBase
from pileus.services.dynamodb.shapes import (
    CreateTableInput,
    CreateTableOutput,
    DeleteTableInput,
    DeleteTableOutput,
    DescribeTableInput,
    DescribeTableOutput,
    ListTablesInput,
    ListTablesOutput,
)
from pileus.services.dynamodb.store import Table, delete_table, names_after, write_table
from pileus.services.dynamodb.table_records import TableRecord
from pileus.services.dynamodb.tables.creation import new_table
from pileus.services.dynamodb.tables.descriptions import EMPTY, Describer
from pileus.services.dynamodb.tables.names import TablePlace, own_table_name
from pileus.services.dynamodb.tables.states import gone, state_of

IN_USE = "Attempt to change a resource which is still in use: "


class TableOperations(DynamoDbBase):
    async def create_table(self, context: RequestContext, request: CreateTableInput) -> CreateTableOutput:
        now_s = self._clock.timestamp()
        place = TablePlace(context.account_id, context.region, own_table_name(context, request.table_name))
        record = new_table(
            request,
            place=place,
            partition=context.partition,
            ids=self._ids,
            now_s=now_s,
            active_at_s=now_s + self._changes_take_s,
        )

        async def create(tx: Transaction) -> None:
            before = await self._at(place, tx)
            if before is not None and not gone(before.record, now_s):
                if state_of(before.record, now_s) == "CREATING":
                    raise ResourceInUseException(f"{IN_USE}Table is being created: {record.name}")
                raise ResourceInUseException(f"Table already exists: {record.name}")
            write_table(tx, self._tables.region(context), record)

        await self._store.run(create)
        return CreateTableOutput(table_description=self._describer(context, place, record).created())

    async def describe_table(self, context: RequestContext, request: DescribeTableInput) -> DescribeTableOutput:
        table = await self._named(context, request.table_name, self._snapshot)
        return DescribeTableOutput(table=self._describer(context, table.place, table.record).described(EMPTY))

    async def list_tables(self, context: RequestContext, request: ListTablesInput) -> ListTablesOutput:
        limit = request.limit or LIST_TABLES_MAX
        region = self._tables.region(context)
        names = await names_after(self._snapshot, region, request.exclusive_start_table_name, limit + 1)
        return ListTablesOutput(
            table_names=names[:limit], last_evaluated_table_name=names[limit - 1] if len(names) > limit else None
        )

    async def delete_table(self, context: RequestContext, request: DeleteTableInput) -> DeleteTableOutput:
        async def delete(tx: Transaction) -> Table:
            table = await self._named(context, request.table_name, tx)
            if not self._active(table):
                raise ResourceInUseException(f"{IN_USE}Table is being created: {table.name}")
            if table.record.deletion_protected:
                raise ValidationException(
                    "Resource cannot be deleted as it is currently protected against deletion. "
                    "Disable deletion protection first."
                )
            delete_table(tx, table)
            return table

        table = await self._store.run(delete)
        self._tables.forget(table)
        return DeleteTableOutput(table_description=self._describer(context, table.place, table.record).deleted())

    def _describer(self, context: RequestContext, place: TablePlace, record: TableRecord) -> Describer:
        return Describer(place, context.partition, record, now_s=self._clock.timestamp())
