"""What does one page of a Query or Scan hold?

A page ends at the client's limit or at 1 MB, both counted before the filter; then its last key says where the next one
begins, even when nothing follows. Items that nobody filters or projects are never decoded.

A page of small items holds tens of thousands, so others have their turn while it is read: after each chunk but the
first. What they commit meanwhile the rest of the page may show, as on AWS, which reads no page at one instant either.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from pileus.kernel.storage.seam import Snapshot
from pileus.services.dynamodb.key_ranges import Keyed, KeyRange
from pileus.services.dynamodb.limits import PAGE_BYTES_MAX
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.stored import is_reference, item_json, item_size, unpack_item
from pileus.services.dynamodb.values import Item

FIRST_CHUNK: Final = 32
"""Items read at once before anything is known of their size; 400 KiB each at the most."""
CHUNK_MAX: Final = 1024
LOOKED_INTO_CHUNK_MAX: Final = 128
"""Items read at once that are filtered, projected or fetched: a long filter costs some 50 us an item."""

_encode: Final = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Page:
    """items: JSON of each that the filter let through, empty when only counted. scanned: before the filter.

    size_bytes: of all that were read. fetched_bytes: of each item that was fetched besides.
    last: the key after which the next page goes on; None at the end.
    """

    items: list[bytes]
    count: int = 0
    scanned: int = 0
    size_bytes: int = 0
    fetched_bytes: list[int] = field(default_factory=list)
    last: Mapping[str, AttributeValue] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is kept of the items that are read. limit: 0 means none.

    refer: of an index, what the entry under a key stands for that refers to its item; None where that is gone.
    fetch: the whole item of an index's entry, where entries do not hold all that is asked for.
    """

    limit: int = 0
    size_bytes_max: int = PAGE_BYTES_MAX
    reverse: bool = False
    refer: Callable[[bytes], Awaitable[bytes | None]] | None = None
    fetch: Callable[[Item], Awaitable[bytes | None]] | None = None
    keeps: Callable[[Item], bool] | None = None
    project: Callable[[Item], Item] | None = None
    count_only: bool = False


async def read_page(reader: Snapshot, keyed: Keyed, asked: KeyRange, selection: Selection) -> Page:
    """Read until the page is full or the range ends."""
    page = Page([])
    chunk = FIRST_CHUNK
    plain = selection.keeps is None and selection.project is None and selection.fetch is None
    chunk_max = CHUNK_MAX if plain else LOOKED_INTO_CHUNK_MAX
    while True:
        if selection.limit:
            chunk = min(chunk, selection.limit - page.scanned)
        pairs = await reader.range(asked.begin, asked.end, limit=chunk, reverse=selection.reverse)
        for key, kept in pairs:
            # At once, so that the item is still that of the entry.
            data = await selection.refer(key) if selection.refer is not None and is_reference(kept) else kept
            if data is None:
                continue
            page.size_bytes += item_size(kept)
            if selection.fetch is not None:
                whole = await selection.fetch(unpack_item(data))
                if whole is not None:
                    page.fetched_bytes.append(item_size(whole))
                    page.size_bytes += item_size(whole)
                    _take(page, whole, selection)
            else:
                _take(page, data, selection)
            page.scanned += 1
            if page.scanned == selection.limit or page.size_bytes >= selection.size_bytes_max:
                item = unpack_item(data)
                if item.keys() >= set(keyed.names):  # else of an index that is deleted meanwhile, and nothing follows
                    page.last = keyed.pick(item)
                return page
        if len(pairs) < chunk:
            return page
        asked = asked.beyond(pairs[-1][0], reverse=selection.reverse)
        average_bytes = max(1, page.size_bytes // max(1, page.scanned))
        await asyncio.sleep(0)
        chunk = min(chunk_max, (selection.size_bytes_max - page.size_bytes) // average_bytes + 1)


def _take(page: Page, data: bytes, selection: Selection) -> None:
    if selection.keeps is None and selection.project is None:
        page.count += 1
        if not selection.count_only:
            page.items.append(item_json(data))
        return
    item: Item = unpack_item(data)
    if selection.keeps is not None and not selection.keeps(item):
        return
    page.count += 1
    if not selection.count_only:
        page.items.append(item_json(data) if selection.project is None else _encode(selection.project(item)))
