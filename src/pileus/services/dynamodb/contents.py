"""How much does a table hold, and each of its indexes?

AWS counts about every six hours, and tells what it counted last. So does the duty here, a step at a time; but what is
small is counted when it is described, and then is exact.

    (dynamodb, account, region, "contents", table id) -> ContentsRecord
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.storage import records
from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.seam import Snapshot, Store, Transaction
from pileus.services.dynamodb.steps import STEP_PAIRS, Span, step
from pileus.services.dynamodb.store import Table, TableDirectory, index_prefix, items_span, whole
from pileus.services.dynamodb.stored import item_size
from pileus.services.dynamodb.tables.descriptions import Contents, Counted

COUNT_EVERY: Final = timedelta(hours=6)
SMALL_ITEMS: Final = 1_000
SMALL_BYTES: Final = 4 * 1024 * 1024
"""Up to both, a table, or an index, is counted when it is described."""

_ROOT: Final = Subspace("dynamodb")


class ContentsRecord(msgspec.Struct, frozen=True, kw_only=True, tag="contents.v1"):
    """What was counted at a moment (seconds since 1970). indexes: by id."""

    counted_at_s: float
    items: int
    size_bytes: int
    indexes: dict[str, tuple[int, int]] = {}


def _key(region: Subspace, table_id: str) -> bytes:
    return region.pack("contents", table_id)


def _spans(table: Table) -> dict[str, Span]:
    """Where to count: the indexes by id, and the items under no id."""
    table_id = table.record.id
    spans = {index.id: whole(index_prefix(table.region, table_id, index.id)) for index in table.record.indexes}
    return {"": items_span(table.region, table_id), **spans}


async def contents_of(reader: Snapshot, table: Table) -> Contents:
    """What is told of a table: exact where it is small, else as it was counted last."""
    data = await reader.get(_key(table.region, table.record.id))
    last = None if data is None else records.decode(data, ContentsRecord)
    counted: dict[str, Counted] = {}
    for name, span in _spans(table).items():
        small = await _count_small(reader, span)
        counted[name] = small if small is not None else _last(last, name)
    return Contents(table=counted.pop(""), indexes=counted)


def _last(record: ContentsRecord | None, name: str) -> Counted:
    if record is None:
        return Counted()
    return Counted(record.items, record.size_bytes) if not name else Counted(*record.indexes.get(name, (0, 0)))


async def _count_small(reader: Snapshot, span: Span) -> Counted | None:
    """All that lies there; None when it is too much to count at once."""
    begin, end = span
    items = size_bytes = 0
    while items <= SMALL_ITEMS and size_bytes <= SMALL_BYTES:
        pairs = await step(reader, begin, end)
        if not pairs:
            return Counted(items, size_bytes)
        items += len(pairs)
        size_bytes += sum(item_size(data) for _, data in pairs)
        begin = after(pairs[-1][0])
        await asyncio.sleep(0)  # with twenty indexes there may be twenty times as much
    return None


class TableCensus:
    """Counts what tables hold; `run` is a duty."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._tables = TableDirectory()

    async def run(self) -> None:
        """Count now and then, until cancelled."""
        while True:
            await self.count()
            await self._clock.sleep(COUNT_EVERY)

    async def count(self) -> None:
        """Count every table once."""
        async for account_id, region_name, name in every_table(self._store.snapshot()):
            table = await self._tables.read_of(account_id, region_name, name, self._store.snapshot())
            if table is not None:
                await self._count(table)

    async def _count(self, table: Table) -> None:
        snapshot = self._store.snapshot()
        counted: dict[str, tuple[int, int]] = {}
        for name, (begin, end) in _spans(table).items():
            items = size_bytes = 0
            while pairs := await step(snapshot, begin, end):
                items += len(pairs)
                size_bytes += sum(item_size(data) for _, data in pairs)
                begin = after(pairs[-1][0])
                await asyncio.sleep(0)
            counted[name] = items, size_bytes
        items, size_bytes = counted.pop("")
        record = ContentsRecord(
            counted_at_s=self._clock.timestamp(), items=items, size_bytes=size_bytes, indexes=counted
        )

        async def keep(tx: Transaction) -> None:
            now = await self._tables.read_of(table.account_id, table.region_name, table.name, tx)
            if now is not None and now.record.id == table.record.id:
                tx.set(_key(table.region, table.record.id), records.encode(record))

        await self._store.run(keep)


async def every_table(reader: Snapshot) -> AsyncIterator[tuple[str, str, str]]:
    """Account, region and name of each table of the server."""
    begin, end = _ROOT.range()
    while found := await reader.range(begin, end, limit=1):
        # The first two parts are texts without a zero byte inside; what follows may be no tuple.
        account_id, region_name = (part[1:].decode() for part in found[0][0][len(_ROOT.prefix) :].split(b"\x00", 2)[:2])
        region = _ROOT.subspace(account_id, region_name)
        start, stop = region.range("table")
        while page := await reader.range(start, stop, limit=STEP_PAIRS):
            for key, _ in page:
                name = region.unpack(key)[1]
                assert isinstance(name, str)
                yield account_id, region_name, name
            start = after(page[-1][0])
        begin = region.range()[1]
