"""How do items go whose time has come?

AWS deletes them within a few days, this duty within a second or so. What the entry says is looked at again in the
transaction that deletes: the table may be another, TTL off or on another attribute, the item gone or its time changed.
Such an entry is dropped. The deletion is a write like any other (`writing.py`), but one that nobody asked for.
"""

import asyncio
from collections import Counter
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.dynamodb import writing
from pileus.services.dynamodb.expiry import Expiry, expired, expires_at, second_of, until_expired
from pileus.services.dynamodb.metrics import DynamoDbMetrics
from pileus.services.dynamodb.store import Table, TableDirectory
from pileus.services.dynamodb.stored import found

ITEMS_PER_TRANSACTION: Final = 50
"""Some milliseconds."""

Deleted = Counter[tuple[str, str, str]]
"""How many items, by account, region and name of the table."""


class ItemExpiry:
    """Deletes items whose time has come; `run` is a duty."""

    def __init__(self, *, store: Store, clock: Clock, metrics: DynamoDbMetrics | None = None) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._tables = TableDirectory()
        self._snapshot = store.snapshot()

    async def run(self) -> None:
        """Delete what expires when it does, until cancelled."""
        while True:
            await until_expired(self._snapshot, self._clock)
            await self.sweep()

    async def sweep(self) -> None:
        """Delete what has expired by now."""
        more = True
        while more:
            more, deleted = await self._store.run(self._delete_some)
            self._count(deleted)
            await asyncio.sleep(0)

    async def _delete_some(self, tx: Transaction) -> tuple[bool, Deleted]:
        """Whether there may be more, and what was deleted."""
        deleted = Deleted()
        now_s = self._clock.timestamp()
        entries = await expired(tx, now_s, limit=ITEMS_PER_TRANSACTION)
        for key, expiry in entries:
            table = await self._expiring(tx, expiry)
            item = None if table is None else found(await tx.get(expiry.key))
            if table is None or item is None or expires_at(item.item, table.ttl or "") != second_of(key):
                tx.clear(key)
                continue
            await writing.write(tx, table, expiry.key, item, None, now_s=now_s, by_ttl=True)
            deleted[expiry.account_id, expiry.region, expiry.table] += 1
        return len(entries) == ITEMS_PER_TRANSACTION, deleted

    async def _expiring(self, tx: Transaction, expiry: Expiry) -> Table | None:
        """The entry's table, if it is still that, and its items still expire."""
        table = await self._tables.read_of(expiry.account_id, expiry.region, expiry.table, tx)
        if table is None or table.record.id != expiry.table_id or table.record.deleting_until_s is not None:
            return None
        return None if table.ttl is None else table

    def _count(self, deleted: Deleted) -> None:
        if self._metrics is not None:
            for (account_id, region, table), count in deleted.items():
                self._metrics.table(account_id, region, table).expired(count)
