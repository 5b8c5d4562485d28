"""Which versions does a bucket have, a page at a time?

Each page is read from the store as it is then, so that a list of a large bucket holds nobody up. What changes meanwhile
may be in the list or not, as on AWS, whose lists are of the past too.

Source: S3 User Guide, "Cataloging and analyzing your data with S3 Inventory", "Inventory consistency".
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from pileus.kernel.storage.keys import after
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Snapshot, Store
from pileus.services.s3.inventories.columns import Listed
from pileus.services.s3.listing import KeyReader, Pair, page
from pileus.services.s3.listing import Listed as Asked
from pileus.services.s3.model import BucketRecord, ObjectRecord
from pileus.services.s3.object_records import OBJECTS, VERSIONS

_PAGE: Final = 1000


class StoredVersions:
    """An `InventoryListing` of a bucket of this server."""

    def __init__(self, store: Store, bucket: BucketRecord, *, page_rows: int = _PAGE) -> None:
        self._store = store
        self._bucket = bucket
        self._page_rows = page_rows

    async def versions(self, *, prefix: str, all_versions: bool) -> AsyncIterator[Sequence[Listed]]:
        last: Listed | None = None
        while True:
            snapshot = self._store.snapshot()
            asked = Asked(
                prefix=prefix.encode(), after=last.key.encode() if last is not None else b"", limit=self._page_rows
            )
            rows = await (self._all(snapshot, asked, last) if all_versions else self._current(snapshot, asked))
            if not rows:
                return
            yield rows
            last = rows[-1]

    async def _current(self, snapshot: Snapshot, asked: Asked) -> list[Listed]:
        found = await page(snapshot, OBJECTS, self._bucket.serial, asked)
        return [Listed(key=key.decode(), record=decode(value, ObjectRecord)) for key, value in found.rows]

    async def _all(self, snapshot: Snapshot, asked: Asked, last: Listed | None) -> list[Listed]:
        """Of each key what `OBJECTS` holds comes before what `VERSIONS` holds; the first one is the latest."""
        serial = self._bucket.serial
        without_marker = Asked(prefix=asked.prefix, limit=asked.limit)
        current = aiter(KeyReader(snapshot, OBJECTS, serial, asked))
        others = aiter(KeyReader(snapshot, VERSIONS, serial, without_marker, begin=self._behind(last)))
        one, other = await _next(current), await _next(others)
        rows: list[Listed] = []
        seen = asked.after if last is not None else None
        while len(rows) < self._page_rows and (one is not None or other is not None):
            if other is None or (one is not None and one[0] <= other[0]):
                assert one is not None
                (key, value), one = one, await _next(current)
            else:
                (key, value), other = other, await _next(others)
            rows.append(Listed(key=key.decode(), record=decode(value, ObjectRecord), is_latest=key != seen))
            seen = key
        return rows

    def _behind(self, last: Listed | None) -> bytes | None:
        """Where the other versions go on: those of the last key too, after the last of them that was told."""
        if last is None:
            return None
        return after(VERSIONS.pack(self._bucket.serial, last.key, -last.record.order))


async def _next(rows: AsyncIterator[Pair]) -> Pair | None:
    return await anext(rows, None)
