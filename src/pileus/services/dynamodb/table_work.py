"""What is still to be done for a table after its operation has answered?

A new index is filled with entries of the items that are there, an old one emptied; items get expiry entries, or lose
them; what a deleted table held is removed. Each is a task, an event of the outbox, committed with its cause. Its steps
are short transactions, so that nobody waits long, and none is lost or done twice in a way that shows:

- *Filling* goes through the items in order of keys. A step handles some items and writes down the task for the rest,
  from the key it has reached, in one transaction: a kill between two steps loses nothing, one that repeats a step sets
  the same entries again. An item that is written meanwhile has its entries maintained by that write (`writing.py`),
  whether its key was reached or not.
- *Emptying* removes what it finds until nothing is left, so it needs to write nothing down.

Tasks of one table and purpose are of one group, and follow each other. A task whose cause is gone (the index deleted,
the table replaced by another of its name) does nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from pileus.kernel.outbox import Delivery
from pileus.kernel.storage import records
from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.seam import Event, Store, Transaction
from pileus.services.dynamodb.expiry import expires_at, expiry_key, maintain_expiry
from pileus.services.dynamodb.steps import Span, step
from pileus.services.dynamodb.store import (
    Table,
    TableDirectory,
    index_prefix,
    items_span,
    region_subspace,
    spans_of,
    table_key,
    whole,
    write_table,
)
from pileus.services.dynamodb.stored import Stored, unpack_item
from pileus.services.dynamodb.table_records import IndexRecord, TableRecord
from pileus.services.dynamodb.tables.index_changes import with_index, without_index

TOPIC: Final = "dynamodb.tables"

Purpose = Literal["fill index", "clear index", "fill expiries", "clear expiries", "remove table"]


class TableTask(msgspec.Struct, frozen=True, kw_only=True, tag="table-task.v1"):
    """reached: the last key of an item that was handled. attribute: of TTL."""

    purpose: Purpose
    account_id: str
    region: str
    table: str
    table_id: str
    index_id: str = ""
    attribute: str = ""
    reached: bytes = b""


def task_of(table: Table, purpose: Purpose, *, index_id: str = "", attribute: str = "") -> TableTask:
    return TableTask(
        purpose=purpose,
        account_id=table.account_id,
        region=table.region_name,
        table=table.name,
        table_id=table.record.id,
        index_id=index_id,
        attribute=attribute,
    )


def emit(tx: Transaction, task: TableTask, *, at_s: float | None = None) -> None:
    """Write a task down. at_s: not before, seconds since 1970."""
    group = "expiries" if "expiries" in task.purpose else task.index_id
    event = Event(topic=TOPIC, payload=records.encode(task), group=f"{task.table_id}/{group}")
    tx.emit(event, at=None if at_s is None else datetime.fromtimestamp(at_s, UTC))


class TableWork:
    """The outbox's handler of the topic, which tries for ever: only a disk that refuses makes a step fail."""

    def __init__(self, *, store: Store) -> None:
        self._store = store
        self._tables = TableDirectory()

    async def deliver(self, delivery: Delivery) -> None:
        task = records.decode(delivery.event.payload, TableTask)
        match task.purpose:
            case "fill index":
                await self._store.run(lambda tx: self._fill_index(tx, task))
            case "clear index":
                await self._clear_index(task)
            case "fill expiries" | "clear expiries":
                await self._store.run(lambda tx: self._change_expiries(tx, task))
            case "remove table":
                await self._remove_table(task)

    async def _table(self, tx: Transaction, task: TableTask) -> Table | None:
        """The task's table, if it still is that."""
        table = await self._tables.read_of(task.account_id, task.region, task.table, tx)
        if table is None or table.record.id != task.table_id or table.record.deleting_until_s is not None:
            return None
        return table

    # Indexes

    async def _fill_index(self, tx: Transaction, task: TableTask) -> None:
        table = await self._table(tx, task)
        index = None if table is None else next((one for one in table.indexes if one.record.id == task.index_id), None)
        if table is None or index is None or index.record.state != "CREATING":
            return
        span = items_span(table.region, task.table_id)
        rest = await self._step(tx, task, span, lambda key, data: index.fill(tx, key, Stored(data)))
        if rest is None:
            self._write_index(tx, table, replace(index.record, state="ACTIVE", backfilling=None))
            return
        if not index.record.backfilling:
            self._write_index(tx, table, replace(index.record, backfilling=True))
        emit(tx, rest)

    def _write_index(self, tx: Transaction, table: Table, index: IndexRecord) -> None:
        write_table(tx, table.region, with_index(table.record, index))

    async def _clear_index(self, task: TableTask) -> None:
        region = region_subspace(task.account_id, task.region)
        await self._clear(whole(index_prefix(region, task.table_id, task.index_id)))

        async def forget(tx: Transaction) -> None:
            table = await self._table(tx, task)
            if table is not None:
                write_table(tx, region, without_index(table.record, task.index_id))

        await self._store.run(forget)

    # Expiry

    async def _change_expiries(self, tx: Transaction, task: TableTask) -> None:
        table = await self._table(tx, task)
        if table is None or (task.purpose == "fill expiries") != (table.ttl == task.attribute):
            return  # the setting has changed again, and has its own task
        setting = table.ttl

        def fill(key: bytes, data: bytes) -> None:
            maintain_expiry(tx, table.expiry(key), None, expires_at(unpack_item(data), task.attribute))

        def clear(key: bytes, data: bytes) -> None:
            item = unpack_item(data)
            second = expires_at(item, task.attribute)
            if second is not None and (setting is None or expires_at(item, setting) != second):
                tx.clear(expiry_key(second, key))

        handle = fill if task.purpose == "fill expiries" else clear
        rest = await self._step(tx, task, items_span(table.region, task.table_id), handle)
        if rest is not None:
            emit(tx, rest)

    # Tables

    async def _remove_table(self, task: TableTask) -> None:
        region = region_subspace(task.account_id, task.region)
        name_key = table_key(region, task.table)

        async def free_name(tx: Transaction) -> None:
            data = await tx.get(name_key)
            if data is not None and records.decode(data, TableRecord).id == task.table_id:
                tx.clear(name_key)

        await self._store.run(free_name)
        if task.attribute:
            await self._clear_expiries(task, region)
        for span in spans_of(region, task.table_id):
            await self._clear(span)

    async def _clear_expiries(self, task: TableTask, region: Subspace) -> None:
        """Nobody is to look for the items of a table that is gone."""
        begin, end = items_span(region, task.table_id)

        async def clear(tx: Transaction) -> bool:
            pairs = await step(tx, begin, end)
            for key, data in pairs:
                second = expires_at(unpack_item(data), task.attribute)
                if second is not None:
                    tx.clear(expiry_key(second, key))
            if pairs:
                tx.clear_range(begin, after(pairs[-1][0]))
            return bool(pairs)

        await self._repeat(clear)

    # Steps

    async def _step(
        self, tx: Transaction, task: TableTask, span: Span, handle: Callable[[bytes, bytes], None]
    ) -> TableTask | None:
        """Handle some of the items that are left; the task for the rest, None when that was all."""
        begin, end = span
        pairs = await step(tx, after(task.reached) if task.reached else begin, end)
        for key, data in pairs:
            handle(key, data)
        return replace(task, reached=pairs[-1][0]) if pairs else None

    async def _clear(self, span: Span) -> None:
        """Remove all that lies there."""
        begin, end = span

        async def clear(tx: Transaction) -> bool:
            pairs = await step(tx, begin, end)
            if pairs:
                tx.clear_range(begin, after(pairs[-1][0]))
            return bool(pairs)

        await self._repeat(clear)

    async def _repeat(self, work: Callable[[Transaction], Awaitable[bool]]) -> None:
        """Until it says that nothing is left."""
        more = True
        while more:
            more = await self._store.run(work)
            await asyncio.sleep(0)  # others have their turn
