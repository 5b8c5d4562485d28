"""DynamoDB's operations.

Writers run in a transaction which reads the table's record first, so a table that is deleted meanwhile is noticed.
Answers are put together from stored JSON; see `store.py`.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.ids import Ids
from pileus.kernel.service import Encoded
from pileus.kernel.storage.seam import Snapshot, Store, Transaction
from pileus.services.dynamodb import capacity, tables
from pileus.services.dynamodb.errors import (
    ConditionalCheckFailedException,
    ResourceInUseException,
    ResourceNotFoundException,
    ValidationException,
)
from pileus.services.dynamodb.key_ranges import KeyRange, query_range, query_start, scan_start
from pileus.services.dynamodb.limits import LIST_TABLES_MAX
from pileus.services.dynamodb.model import canonical_key
from pileus.services.dynamodb.pages import Page, Selection, read_page
from pileus.services.dynamodb.requests import (
    ReadPlan,
    WritePlan,
    check_against_key,
    check_nested,
    get_projection,
    legal_item,
    plain_put,
    query_plan,
    scan_plan,
    write_plan,
)
from pileus.services.dynamodb.shapes import (
    AttributeValue,
    CreateTableInput,
    CreateTableOutput,
    DeleteItemInput,
    DeleteTableInput,
    DeleteTableOutput,
    DescribeTableInput,
    DescribeTableOutput,
    GetItemInput,
    ListTablesInput,
    ListTablesOutput,
    PutItemInput,
    QueryInput,
    ScanInput,
    UpdateItemInput,
)
from pileus.services.dynamodb.store import (
    Table,
    TableDirectory,
    create_table,
    delete_table,
    item_json,
    item_size,
    names_after,
    pack_item,
    table_key,
    unpack_item,
)
from pileus.services.dynamodb.values import Item

_EMPTY: Final = Encoded(b"{}")
_ITEM_TOO_LARGE: Final = "Item size has exceeded the maximum allowed size"
_UPDATED_ITEM_TOO_LARGE: Final = "Item size to update has exceeded the maximum allowed size"

_encode: Final = msgspec.json.Encoder().encode


def _answer(members: Mapping[str, bytes | None]) -> Encoded:
    """An answer of members that are JSON already; what is None is left out."""
    return Encoded(
        b"{%s}" % b",".join(b'"%s":%s' % (name.encode(), json) for name, json in members.items() if json is not None)
    )


PARTIAL: Final = {
    "CreateTable": "no secondary indexes, streams, encryption settings, resource policy",
    "PutItem": "no legacy parameters",
    "GetItem": "no legacy parameters",
    "DeleteItem": "no legacy parameters",
    "UpdateItem": "no legacy parameters",
    "Query": "no legacy parameters, no secondary indexes",
    "Scan": "no legacy parameters, no secondary indexes",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""


class DynamoDbApi:
    """creating_takes: how long a new table stays CREATING, by the clock."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, creating_takes: timedelta = timedelta(0)) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._creating_s = creating_takes.total_seconds()
        self._tables = TableDirectory()
        self._snapshot = store.snapshot()

    # Tables

    async def create_table(self, context: RequestContext, request: CreateTableInput) -> CreateTableOutput:
        now_s = self._clock.timestamp()
        record = tables.new_table(
            request,
            name=tables.table_name(context, request.table_name),
            table_id=self._ids.uuid(),
            now_s=now_s,
            active_at_s=now_s + self._creating_s,
        )
        region = self._tables.region(context)

        async def create(tx: Transaction) -> None:
            if await tx.get(table_key(region, record.name)) is not None:
                raise ResourceInUseException(f"Table already exists: {record.name}")
            create_table(tx, region, record)

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
        return DeleteTableOutput(table_description=tables.deleted(context, table.record))

    # Items

    async def get_item(self, context: RequestContext, request: GetItemInput) -> Encoded:
        projection = None
        if (
            request.projection_expression is not None
            or request.expression_attribute_names is not None
            or request.attributes_to_get is not None
        ):
            projection = get_projection(request)
        data, looked = None, False
        table = kept = self._tables.kept(context, request.table_name)
        if kept is not None and kept.active:
            try:
                data = await self._snapshot.get(kept.key.key(request.key))
                looked = True
            except ValidationException:
                pass  # the key may fit the table that has the name now
        if data is None or table is None:  # only an item that is found proves the kept table
            table = await self._open(context, request.table_name, self._snapshot)
            if table is not kept or not looked:
                data = await self._snapshot.get(table.key.key(request.key))
        if projection is not None:
            check_nested(projection, table.key.names)
        if request.return_consumed_capacity is None and projection is None:
            return _EMPTY if data is None else Encoded(b'{"Item":' + item_json(data) + b"}")
        item = None
        if data is not None:
            item = item_json(data) if projection is None else _encode(projection.project(unpack_item(data)))
        size = 0 if data is None else item_size(data)
        units = capacity.read_units(size, consistent=bool(request.consistent_read))
        return _answer({"Item": item, "ConsumedCapacity": _consumed(table, units, request.return_consumed_capacity)})

    async def put_item(self, context: RequestContext, request: PutItemInput) -> Encoded:
        plan = None if plain_put(request) else write_plan(request)
        item, size = legal_item(request.item, _ITEM_TOO_LARGE)

        async def put(tx: Transaction) -> Encoded:
            table = await self._open(context, request.table_name, tx)
            key = table.key.key_of(item)
            if plan is None:
                tx.set(key, pack_item(item, size))
                return _EMPTY
            check_against_key(plan, table.key)
            old = await tx.get(key)
            _check_condition(plan, old)
            tx.set(key, pack_item(item, size))
            return _written(table, plan, old, new_size=size)

        return await self._store.run(put)

    async def delete_item(self, context: RequestContext, request: DeleteItemInput) -> Encoded:
        plan = write_plan(request)

        async def delete(tx: Transaction) -> Encoded:
            table = await self._open(context, request.table_name, tx)
            key = table.key.key(request.key)
            check_against_key(plan, table.key)
            old = await tx.get(key)
            _check_condition(plan, old)
            if old is not None:
                tx.clear(key)
            return _written(table, plan, old, new_size=0)

        return await self._store.run(delete)

    async def update_item(self, context: RequestContext, request: UpdateItemInput) -> Encoded:
        plan = write_plan(request)

        async def update(tx: Transaction) -> Encoded:
            table = await self._open(context, request.table_name, tx)
            key = table.key.key(request.key)
            check_against_key(plan, table.key)
            data = await tx.get(key)
            _check_condition(plan, data)
            old = canonical_key(request.key) if data is None else unpack_item(data)
            changed = old if plan.update is None else plan.update.apply(old, plan.values)
            item, size = legal_item(changed, _UPDATED_ITEM_TOO_LARGE)
            tx.set(key, pack_item(item, size))
            return _written(table, plan, data, new_size=size, old=old, new=item)

        return await self._store.run(update)

    async def query(self, context: RequestContext, request: QueryInput) -> Encoded:
        plan = query_plan(request)
        table = await self._open(context, request.table_name, self._snapshot)
        _check_index(request, table)
        assert plan.key is not None
        asked, partition = query_range(table.key, plan.key, plan.values)
        _check_read_plan(plan, table)
        if plan.filter is not None:
            for name in table.key.names:
                if name in plan.filter.usage.heads:
                    raise ValidationException(
                        f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}"
                    )
        reverse = request.scan_index_forward is False
        if request.exclusive_start_key is not None:
            start = query_start(table.key, request.exclusive_start_key, asked=asked, partition=partition)
            asked = asked.beyond(start, reverse=reverse)
        page = await read_page(self._snapshot, table.key, asked, _selection(request, plan, reverse=reverse))
        return _page_answer(table, request, page)

    async def scan(self, context: RequestContext, request: ScanInput) -> Encoded:
        plan = scan_plan(request)
        table = await self._open(context, request.table_name, self._snapshot)
        _check_index(request, table)
        _check_read_plan(plan, table)
        segment, segments = request.segment or 0, request.total_segments or 1
        asked = KeyRange(*table.key.segment(segment, segments))
        if request.exclusive_start_key is not None:
            start = scan_start(table.key, request.exclusive_start_key, asked=asked, segment=segment, segments=segments)
            asked = asked.beyond(start, reverse=False)
        page = await read_page(self._snapshot, table.key, asked, _selection(request, plan, reverse=False))
        return _page_answer(table, request, page)

    # Finding tables

    async def _open(self, context: RequestContext, given: str, reader: Snapshot) -> Table:
        """The table whose items are wanted; `ResourceNotFoundException` when there is none that is ACTIVE."""
        table = await self._tables.read(context, given, reader)
        if table is None:
            name = tables.table_name(context, given)
            table = None if name == given else await self._tables.read(context, name, reader)
        if table is None or not (table.active or self._active(table)):
            raise ResourceNotFoundException("Requested resource not found")
        return table

    async def _named(self, context: RequestContext, given: str, reader: Snapshot) -> Table:
        """The table itself; `ResourceNotFoundException` when there is none."""
        name = tables.table_name(context, given)
        table = await self._tables.read(context, name, reader)
        if table is None:
            raise ResourceNotFoundException(f"Requested resource not found: Table: {name} not found")
        return table

    def _active(self, table: Table) -> bool:
        if not table.active:
            table.active = self._clock.timestamp() >= table.record.active_at_s
        return table.active


# --- writes ----------------------------------------------------------------------------------------------------------


def _check_condition(plan: WritePlan, data: bytes | None) -> None:
    if plan.condition is None:
        return
    item = {} if data is None else unpack_item(data)
    if not plan.condition.test(item, plan.values):
        raise ConditionalCheckFailedException(item if data is not None and plan.shows_item_on_failure else None)


def _written(
    table: Table,
    plan: WritePlan,
    data: bytes | None,
    *,
    new_size: int,
    old: Item | None = None,
    new: Mapping[str, AttributeValue] | None = None,
) -> Encoded:
    """What a write answers. data: the item that was there; old, new: before and after, of an update."""
    attributes = None
    match plan.returns:
        case "ALL_OLD":
            attributes = None if data is None else item_json(data)
        case "ALL_NEW":
            attributes = _encode(new)
        case "UPDATED_OLD" | "UPDATED_NEW" if plan.update is not None:
            image = new if plan.returns == "UPDATED_NEW" else old
            touched = plan.update.touched(image) if image is not None else None
            attributes = _encode(touched) if touched else None
    if attributes is None and not capacity.wanted(plan.capacity):
        return _EMPTY
    units = capacity.write_units(before_bytes=0 if data is None else item_size(data), after_bytes=new_size)
    return _answer({"Attributes": attributes, "ConsumedCapacity": _consumed(table, units, plan.capacity)})


def _consumed(table: Table, units: float, option: str | None) -> bytes | None:
    return capacity.consumed(table.name, units, option) if capacity.wanted(option) else None


# --- reads -----------------------------------------------------------------------------------------------------------


def _check_index(request: QueryInput | ScanInput, table: Table) -> None:
    """No table has an index yet: CreateTable says so when it is asked for one."""
    if request.index_name is not None:
        raise ValidationException(f"The table does not have the specified index: {request.index_name}")


def _check_read_plan(plan: ReadPlan, table: Table) -> None:
    for expression in (plan.projection, plan.filter):
        if expression is not None:
            check_nested(expression, table.key.names)


def _selection(request: QueryInput | ScanInput, plan: ReadPlan, *, reverse: bool) -> Selection:
    keeps = None
    if plan.filter is not None:
        test, values = plan.filter.test, plan.values

        def keeps(item: Item) -> bool:
            return test(item, values)

    return Selection(
        limit=request.limit or 0,
        reverse=reverse,
        keeps=keeps,
        project=None if plan.projection is None else plan.projection.project,
        count_only=request.select == "COUNT",
    )


def _page_answer(table: Table, request: QueryInput | ScanInput, page: Page) -> Encoded:
    option = request.return_consumed_capacity
    units = capacity.read_units(page.size_bytes, consistent=bool(request.consistent_read))
    return _answer(
        {
            "Items": None if request.select == "COUNT" else b"[" + b",".join(page.items) + b"]",
            "Count": b"%d" % page.count,
            "ScannedCount": b"%d" % page.scanned,
            "LastEvaluatedKey": None if page.last is None else _encode(page.last),
            "ConsumedCapacity": _consumed(table, units, option),
        }
    )
