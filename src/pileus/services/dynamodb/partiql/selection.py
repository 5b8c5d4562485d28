"""What does one page of a SELECT hold?

Its reads follow one another until the page is full. A page ends at the client's limit or at 1 MB, both counted before
the filter, and after ten reads of certain partitions.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from pileus.kernel.storage.seam import Snapshot
from pileus.services.dynamodb.capacity import Units
from pileus.services.dynamodb.expressions.checks import Values
from pileus.services.dynamodb.indexes import Index
from pileus.services.dynamodb.key_ranges import Keyed, KeyRange
from pileus.services.dynamodb.limits import PAGE_BYTES_MAX
from pileus.services.dynamodb.operations.queries import page_units
from pileus.services.dynamodb.pages import Page, Selection, read_page
from pileus.services.dynamodb.partiql.checked import SelectStatement, condition_test
from pileus.services.dynamodb.partiql.next_tokens import Position, invalid_token
from pileus.services.dynamodb.partiql.reads import (
    Reads,
    beyond_index,
    check_filter_projected,
    check_scalar_keys,
    index_of,
    reads_of,
)
from pileus.services.dynamodb.store import Table
from pileus.services.dynamodb.values import Item

READS_PER_PAGE: Final = 10
"""Source: Developer Guide, "PartiQL arithmetic, comparison, and logical operators", IN: "pages of up to 10 items"."""


@dataclass(slots=True)
class SelectPage:
    """items: JSON of each. next: where the next page begins, None at the end."""

    units: Units = field(default_factory=Units)
    items: list[bytes] = field(default_factory=list)
    next: Position | None = None


@dataclass(frozen=True, slots=True)
class PlannedSelect:
    """A SELECT of a certain table, ready to be read."""

    select: SelectStatement
    values: Values
    table: Table
    index: Index | None
    keyed: Keyed
    reads: Reads
    fetches: bool
    consistent: bool

    async def page(self, reader: Snapshot, start: Position, limit: int) -> SelectPage:
        """One page from `start` on. limit: 0 means none."""
        if start.read >= len(self.reads.ranges) and start != Position():
            raise invalid_token()
        page = SelectPage()
        scanned = size_bytes = 0
        for number in range(start.read, len(self.reads.ranges)):
            full = number - start.read == READS_PER_PAGE or size_bytes >= PAGE_BYTES_MAX
            if full or (limit and scanned == limit):
                page.next = Position(number)
                return page
            asked = self.reads.ranges[number]
            if number == start.read and start.after is not None:
                asked = self._beyond(asked, start.after)
            selection = self._selection(reader, limit - scanned if limit else 0, PAGE_BYTES_MAX - size_bytes)
            part = await read_page(reader, self.keyed, asked, selection)
            page.items += part.items
            page.units.add(page_units(self.index, part, consistent=self.consistent))
            scanned += part.scanned
            size_bytes += part.size_bytes
            if part.last is not None and not self._exhausted(asked, part):
                page.next = Position(number, dict(part.last))
                return page
        return page

    def _exhausted(self, asked: KeyRange, part: Page) -> bool:
        """Whether there can be nothing more: a table has one item under a whole key."""
        whole_key = not self.keyed.sort_attributes or asked.end == asked.begin + b"\x00"
        return self.index is None and self.reads.keyed and whole_key and part.scanned > 0

    def _beyond(self, asked: KeyRange, after: Item) -> KeyRange:
        key = self.keyed.key(after)
        if key not in asked:
            raise invalid_token()
        return asked.beyond(key, reverse=self.reads.reverse)

    def _selection(self, reader: Snapshot, limit: int, size_bytes_max: int) -> Selection:
        keeps = None
        if self.select.where is not None and not self.reads.exact:
            test, values = condition_test(self.select.where), self.values

            def keeps(item: Item) -> bool:
                return test(item, values)

        return Selection(
            limit=limit,
            size_bytes_max=size_bytes_max,
            reverse=self.reads.reverse,
            refer=None if self.index is None else partial(self.index.referred, reader),
            fetch=None if self.index is None or not self.fetches else _fetch(reader, self.index),
            keeps=keeps,
            project=None if self.select.columns is None else self.select.project,
        )


def _fetch(reader: Snapshot, index: Index) -> Callable[[Item], Awaitable[bytes | None]]:
    def fetch(entry: Item) -> Awaitable[bytes | None]:
        return reader.get(index.item_key(entry))

    return fetch


def planned(select: SelectStatement, values: Values, table: Table, *, consistent: bool) -> PlannedSelect:
    """What a SELECT reads; `ValidationException` when the table cannot answer it."""
    index = index_of(table, select, consistent=consistent)
    keyed: Keyed = index or table.key
    check_scalar_keys(select, keyed.names)
    reads = reads_of(select, keyed, values)
    fetches = False
    if index is not None:
        fetches = beyond_index(select, index)
        check_filter_projected(select, index, values)
    return PlannedSelect(select, values, table, index, keyed, reads, fetches, consistent)
