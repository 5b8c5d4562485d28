"""CreateTable, DescribeTable, ListTables, DeleteTable."""

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.dynamodb import tables
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
from pileus.services.dynamodb.store import Table, delete_table, names_after, table_key, write_table


class TableOperations(DynamoDbBase):
    async def create_table(self, context: RequestContext, request: CreateTableInput) -> CreateTableOutput:
        now_s = self._clock.timestamp()
        record = tables.new_table(
            request,
            name=tables.table_name(context, request.table_name),
            table_id=self._ids.uuid(),
            now_s=now_s,
            active_at_s=now_s + self._changes_take_s,
        )
        region = self._tables.region(context)

        async def create(tx: Transaction) -> None:
            if await tx.get(table_key(region, record.name)) is not None:
                raise ResourceInUseException(f"Table already exists: {record.name}")
            write_table(tx, region, record)

        await self._store.run(create)
        return CreateTableOutput(table_description=tables.created(context, record))

    async def describe_table(self, context: RequestContext, request: DescribeTableInput) -> DescribeTableOutput:
        table = await self._named(context, request.table_name, self._snapshot)
        return DescribeTableOutput(table=tables.described(context, table.record, active=self._active(table)))

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
                raise ResourceInUseException(
                    f"Attempt to change a resource which is still in use: Table is being created: {table.name}"
                )
            if table.record.deletion_protected:
                raise ValidationException(
                    "Resource cannot be deleted as it is currently protected against deletion. "
                    "Disable deletion protection first."
                )
            delete_table(tx, table)
            return table

        table = await self._store.run(delete)
        self._tables.forget(table)
        return DeleteTableOutput(table_description=tables.deleted(context, table.record))
