"""How large is an item collection: all items, and entries of local indexes, under one partition key?

    (dynamodb, account, region, "collection", table id) + partition -> bytes, eight bytes

Only tables with local indexes have collections, and only theirs are limited.
Source: Developer Guide, "Local secondary indexes", "Item collection size limit".
"""

from typing import Final

from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.dynamodb.errors import ItemCollectionSizeLimitExceededException
from pileus.services.dynamodb.limits import ITEM_COLLECTION_BYTES_MAX

_SIZE_BYTES: Final = 8
_GIB: Final = 1 << 30


class CollectionSizes:
    """Sizes of one table's item collections."""

    __slots__ = ("prefix",)

    def __init__(self, region: Subspace, table_id: str) -> None:
        self.prefix = region.pack("collection", table_id)

    async def read(self, reader: Snapshot, partition: bytes) -> int:
        data = await reader.get(self.prefix + partition)
        return 0 if data is None else int.from_bytes(data, "big")

    async def grow(self, tx: Transaction, partition: bytes, grown_bytes: int) -> int:
        """Count a write; gives the new size. Only growing over the limit is refused: deleting always works."""
        size = await self.read(tx, partition) + grown_bytes
        if grown_bytes > 0 and size > ITEM_COLLECTION_BYTES_MAX:
            raise ItemCollectionSizeLimitExceededException
        key = self.prefix + partition
        if size > 0:
            tx.set(key, size.to_bytes(_SIZE_BYTES, "big"))
        else:
            tx.clear(key)
        return max(size, 0)


def size_estimate(size_bytes: int) -> list[float]:
    """`SizeEstimateRangeGB`: two whole numbers with the size between them."""
    low = size_bytes // _GIB
    return [float(low), float(low + 1)]
