"""How much do tables hold, as AWS charges for it?

Their items and those of their indexes, each with 100 bytes more, by class of table; of large tables what was counted
last, see `contents`. Streams are free.
Source: DynamoDB Developer Guide, "DynamoDB item sizes and formats"; Amazon DynamoDB Pricing, "Data storage".
"""

from collections.abc import AsyncIterator
from typing import Final

from pileus.kernel.metrics.holding import Held
from pileus.kernel.metrics.metering import BYTES_PER_GB, TABLE_GB_HOURS, TABLE_IA_GB_HOURS
from pileus.kernel.storage.seam import Store
from pileus.services.dynamodb.contents import contents_of, every_table
from pileus.services.dynamodb.store import TableDirectory

_ITEM_MORE_BYTES: Final = 100


async def held_by_tables(store: Store) -> AsyncIterator[Held]:
    """In gigabytes."""
    tables = TableDirectory()
    async for account_id, region, name in every_table(store.snapshot()):
        snapshot = store.snapshot()
        table = await tables.read_of(account_id, region, name, snapshot)
        if table is None:
            continue
        contents = await contents_of(snapshot, table)
        size_bytes = sum(
            counted.size_bytes + counted.items * _ITEM_MORE_BYTES
            for counted in (contents.table, *contents.indexes.values())
        )
        seldom = table.record.table_class == "STANDARD_INFREQUENT_ACCESS"
        what = TABLE_IA_GB_HOURS if seldom else TABLE_GB_HOURS
        yield Held(account_id, region, what, (("TableName", name),), size_bytes / BYTES_PER_GB)
