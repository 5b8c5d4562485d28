"""CreateTable, DescribeTable, ListTables, DeleteTable."""

from typing import Final

from msgspec.structs import replace

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.storage import records
from pileus.kernel.storage.seam import Transaction
from pileus.services.dynamodb import table_work
from pileus.services.dynamodb.contents import contents_of
from pileus.services.dynamodb.errors import ResourceInUseException, ValidationException, in_use
from pileus.services.dynamodb.limits import LIST_TABLES_MAX
from pileus.services.dynamodb.operations.base import DynamoDbBase
from pileus.services.dynamodb.resource_policies import attach_policy, detach_policy
from pileus.services.dynamodb.shapes import (
    CreateTableInput,
    CreateTableOutput,
    DeleteTableInput,
    DeleteTableOutput,
    DescribeTableInput,
    DescribeTableOutput,
    ListTablesInput,
    ListTablesOutput,
    StreamViewType,
)
from pileus.services.dynamodb.store import Table, names_after, other_tables, spans_of, write_table
from pileus.services.dynamodb.streams.records import (
    StreamRecord,
    close_stream,
    free_label,
    open_stream,
    streams_of_region,
)
from pileus.services.dynamodb.table_records import EncryptionSetting, StreamReference, TableRecord
from pileus.services.dynamodb.tables.admission import check_deletable
from pileus.services.dynamodb.tables.creation import new_table, new_view
from pileus.services.dynamodb.tables.descriptions import Describer
from pileus.services.dynamodb.tables.encryption import wanted
from pileus.services.dynamodb.tables.names import TablePlace, own_table_name, table_arn
from pileus.services.dynamodb.tables.quotas import check_account, units_of
from pileus.services.dynamodb.tables.states import gone, state_of

REMOVED_AT_ONCE: Final = 100
"""Pairs of keys and values of a table that go in the transaction that deletes it; more are removed step by step."""


class TableOperations(DynamoDbBase):
    async def create_table(self, context: RequestContext, request: CreateTableInput) -> CreateTableOutput:
        now_s = self._clock.timestamp()
        place = TablePlace(context.account_id, context.region, own_table_name(context, request.table_name))
        planned = new_table(
            request,
            place=place,
            ids=self._ids,
            now_s=now_s,
            active_at_s=now_s + self._changes_take_s,
        )
        view = new_view(request.stream_specification)
        if wanted(request.sse_specification):
            assert request.sse_specification is not None
            key = await self._keys.seal(context, place, request.sse_specification.kms_master_key_id)
            planned = replace(planned, encryption=EncryptionSetting(key_arn=key.arn, sealed=key.sealed))
        policy = _policy(context, place, request.resource_policy)

        async def create(tx: Transaction) -> TableRecord:
            before = await self._at(place, tx)
            if before is not None and not gone(before.record, now_s):
                if state_of(before.record, now_s) == "CREATING":
                    raise in_use(f"Table is being created: {place.name}")
                raise ResourceInUseException(f"Table already exists: {place.name}")
            await self._check_account(tx, place, None, planned)
            record = planned if view is None else await self._with_stream(tx, place, planned, view, now_s=now_s)
            region = self._tables.region(context)
            if policy is not None:
                record = await attach_policy(tx, region, record, policy, now_s=now_s)
            write_table(tx, region, record)
            return record

        record = await self._store.run(create)
        return CreateTableOutput(table_description=self._describer(context, place, record).created())

    async def _check_account(
        self, tx: Transaction, place: TablePlace, before: TableRecord | None, after: TableRecord
    ) -> None:
        """Only what asks for units has to know of all others."""
        if not after.on_demand and (before is None or units_of(before) != units_of(after)):
            region = self._tables.region_of(place.account_id, place.region)
            check_account(await other_tables(tx, region, place.name), before, after, place.region)

    async def _with_stream(
        self, tx: Transaction, place: TablePlace, record: TableRecord, view: StreamViewType, *, now_s: float
    ) -> TableRecord:
        """Begin a stream of a table; the record that refers to it."""
        label = await free_label(
            tx, account_id=place.account_id, region_name=place.region, table=place.name, now_s=now_s
        )
        await open_stream(
            tx,
            self._tables.region_of(place.account_id, place.region),
            record,
            account_id=place.account_id,
            region_name=place.region,
            label=label,
            view=view,
            now_s=now_s,
            ready_at_s=now_s + self._changes_take_s,
        )
        return replace(record, stream=StreamReference(label=label, view=view), last_stream_label=label)

    async def _without_stream(self, tx: Transaction, table: Table, record: TableRecord, *, now_s: float) -> TableRecord:
        """End the stream of a table, if it has one; the record without it."""
        await close_stream(
            tx,
            table.region,
            table.record,
            account_id=table.account_id,
            region_name=table.region_name,
            now_s=now_s,
            done_at_s=now_s + self._changes_take_s,
        )
        return replace(record, stream=None)

    async def describe_table(self, context: RequestContext, request: DescribeTableInput) -> DescribeTableOutput:
        table = await self._named(context, request.table_name, self._snapshot)
        if table.sealed:
            table = await self._looked_for_key(table)
        contents = await contents_of(self._snapshot, table)
        return DescribeTableOutput(table=self._describer(context, table.place, table.record).described(contents))

    async def _looked_for_key(self, table: Table) -> Table:
        """The table, after a look whether its key still opens: what has changed there is written down."""

        async def look(tx: Transaction) -> Table:
            found = await self._at(table.place, tx)
            if found is None:
                return table
            setting = found.record.encryption
            if setting is None or not setting.sealed:
                return found  # there is no key any more that could fail to open
            since_s: float | None = None
            try:
                await self._keys.open(None, tx, found.place, found.sealed)
            except ServiceError:
                since_s = setting.inaccessible_since_s or self._clock.timestamp()
            if since_s == setting.inaccessible_since_s:
                return found
            setting = replace(setting, inaccessible_since_s=since_s)
            write_table(tx, found.region, replace(found.record, encryption=setting))
            return await self._at(found.place, tx) or found

        return await self._store.run(look)

    async def list_tables(self, context: RequestContext, request: ListTablesInput) -> ListTablesOutput:
        limit = request.limit or LIST_TABLES_MAX
        region = self._tables.region(context)
        names = await names_after(self._snapshot, region, request.exclusive_start_table_name, limit + 1)
        return ListTablesOutput(
            table_names=names[:limit], last_evaluated_table_name=names[limit - 1] if len(names) > limit else None
        )

    async def delete_table(self, context: RequestContext, request: DeleteTableInput) -> DeleteTableOutput:
        now_s = self._clock.timestamp()

        async def delete(tx: Transaction) -> Table:
            table = await self._named(context, request.table_name, tx)
            check_deletable(table.record, now_s=now_s)
            if table.record.deletion_protected:
                raise ValidationException(
                    "Resource cannot be deleted as it is currently protected against deletion. "
                    "Disable deletion protection first."
                )
            await self._delete(tx, table, now_s=now_s)
            return table

        table = await self._store.run(delete)
        self._tables.forget(table)
        return DeleteTableOutput(table_description=self._describer(context, table.place, table.record).deleted())

    async def _delete(self, tx: Transaction, table: Table, *, now_s: float) -> None:
        """From now on nobody finds the table; what it held goes with it, or soon."""
        record = await self._without_stream(tx, table, table.record, now_s=now_s)
        if not await self._stream_left(tx, table):
            table.log.forget_all(tx)
        record = await detach_policy(tx, table.region, record)
        # Where TTL was just switched off, its entries may still be on their way out, and nobody will see to that now.
        expiring = None if record.ttl is None else record.ttl.attribute
        at_once = not self._changes_take_s and expiring is None and await _is_small(tx, table)
        if self._changes_take_s:
            write_table(tx, table.region, replace(record, deleting_until_s=now_s + self._changes_take_s))
        else:
            tx.clear(table.record_key)
        if at_once:
            for begin, end in spans_of(table.region, record.id):
                tx.clear_range(begin, end)
            return
        task = table_work.task_of(table, "remove table", attribute=expiring or "")
        table_work.emit(tx, task, at_s=now_s + self._changes_take_s if self._changes_take_s else None)

    async def _stream_left(self, tx: Transaction, table: Table) -> bool:
        """Whether a stream may still be read, and so needs the table's changes; it then removes them itself."""
        begin, end = streams_of_region(table.account_id, table.region_name).range(table.name)
        found = [records.decode(data, StreamRecord) for _, data in await tx.range(begin, end)]
        return any(stream.table_id == table.record.id for stream in found)

    def _describer(self, context: RequestContext, place: TablePlace, record: TableRecord) -> Describer:
        return Describer(place, context.partition, record, now_s=self._clock.timestamp())


async def _is_small(tx: Transaction, table: Table) -> bool:
    left = REMOVED_AT_ONCE
    for begin, end in spans_of(table.region, table.record.id):
        left -= len(await tx.range(begin, end, limit=left + 1))
        if left < 0:
            return False
    return True


def _policy(context: RequestContext, place: TablePlace, text: str | None) -> str | None:
    """The resource policy that a new table begins with."""
    if text is None:
        return None
    from pileus.services.dynamodb.policy_checks import policy_to_attach

    return policy_to_attach(text, context, table_arn(place, context.partition), confirmed=False)
