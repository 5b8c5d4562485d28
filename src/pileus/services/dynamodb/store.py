"""How do tables and items lie in the store?

    (dynamodb, account, region, "table", name)           -> TableRecord
    (dynamodb, account, region, "item", table id) + key   -> item (the key is `model.KeySchema`'s)
    (dynamodb, account, region, "index", table id, index id) + key -> entry (`indexes.py`)
    (dynamodb, account, region, "contents", table id)    -> ContentsRecord (`contents.py`)
    (dynamodb, account, region, "policy", table id)      -> PolicyRecord (`resource_policies.py`)

Beside them `collections.py`, `changes.py` and `expiry.py` keep theirs.

Tables are compiled once and kept. A kept table is only ever trusted after a look at its record: writers read the
record in their transaction, and readers who found nothing read it before they say so. An item that is found proves its
table by itself: whoever deletes a table calls `TableDirectory.forget` with the commit, and no table's id comes back.
"""

from operator import attrgetter
from typing import Final

from pileus.kernel.context import RequestContext
from pileus.kernel.storage import records
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.dynamodb.changes import ChangeLog, LogNeeds
from pileus.services.dynamodb.collections import CollectionSizes
from pileus.services.dynamodb.expiry import Expiry
from pileus.services.dynamodb.indexes import Index, most_kept_bytes
from pileus.services.dynamodb.metrics import TableMetrics
from pileus.services.dynamodb.model import HASH_BYTES, KeyAttribute, KeySchema
from pileus.services.dynamodb.table_records import TableRecord
from pileus.services.dynamodb.tables.names import TablePlace

TABLES_KEPT_MAX: Final = 4096


class Table:
    """A table ready for use: its record, the bytes of it, its key, and what hangs on its items.

    active: whether it is known to be past CREATING. plain: whether an item is all that a write has to touch.
    indexes: those that are maintained, by name, as DynamoDB blames the first; one that is being deleted is not.
    metrics: of a table that is active.
    sealed: the table's own key, where it must be opened before anybody uses the items.
    """

    __slots__ = (
        "account_id",
        "active",
        "collections",
        "indexes",
        "key",
        "log",
        "metrics",
        "name",
        "plain",
        "raw",
        "record",
        "record_key",
        "region",
        "region_name",
        "sealed",
        "ttl",
    )
    metrics: TableMetrics

    def __init__(self, region: Subspace, record: TableRecord, raw: bytes, *, account_id: str, region_name: str) -> None:
        kinds: dict[str, str] = dict(record.attribute_definitions)
        attributes = [KeyAttribute(name, kinds[name]) for name, _ in record.key_schema]
        self.record = record
        self.raw = raw
        self.name = record.name
        self.account_id = account_id
        self.region_name = region_name
        self.region = region
        self.record_key = table_key(region, record.name)
        self.key = KeySchema(
            items_subspace(region, record.id).prefix, attributes[0], attributes[1] if len(attributes) > 1 else None
        )
        self.active = False
        self.indexes = tuple(
            Index(one, kinds, index_prefix(region, record.id, one.id), self.key)
            for one in sorted(record.indexes, key=attrgetter("name"))
            if one.state != "DELETING"
        )
        local = any(index.local for index in self.indexes)
        self.sealed = b"" if record.encryption is None else record.encryption.sealed
        self.collections = CollectionSizes(region, record.id) if local else None
        self.ttl = record.ttl.attribute if record.ttl is not None and record.ttl.enabled else None
        self.log = ChangeLog(region, record.id, log_needs(record))
        self.plain = not self.indexes and self.ttl is None and self.log.needs is None

    @property
    def place(self) -> TablePlace:
        return TablePlace(self.account_id, self.region_name, self.name)

    def kept_bytes(self, size_bytes: int) -> int:
        """How much an item of this size may take, with its entries."""
        return size_bytes + len(self.indexes) * most_kept_bytes(size_bytes)

    def index(self, name: str) -> Index | None:
        return next((index for index in self.indexes if index.name == name), None)

    def expiry(self, item_key: bytes) -> Expiry:
        return Expiry(
            account_id=self.account_id,
            region=self.region_name,
            table=self.name,
            table_id=self.record.id,
            key=item_key,
        )


def log_needs(record: TableRecord) -> LogNeeds | None:
    """Which images the change log of a table keeps; None when nothing reads it."""
    if record.stream is None:
        return None
    view = record.stream.view
    return LogNeeds(
        old=view in {"OLD_IMAGE", "NEW_AND_OLD_IMAGES"},
        new=view in {"NEW_IMAGE", "NEW_AND_OLD_IMAGES"},
    )


def region_subspace(account_id: str, region: str) -> Subspace:
    """All of one account's DynamoDB in one region."""
    return Subspace("dynamodb", account_id, region)


def table_key(region: Subspace, name: str) -> bytes:
    return region.pack("table", name)


def items_subspace(region: Subspace, table_id: str) -> Subspace:
    return region.subspace("item", table_id)


def policy_key(region: Subspace, table_id: str) -> bytes:
    return region.pack("policy", table_id)


def index_prefix(region: Subspace, table_id: str, index_id: str) -> bytes:
    """What the keys of an index's entries begin with."""
    return region.pack("index", table_id, index_id)


class TableDirectory:
    """The tables of all accounts and regions, found by name."""

    def __init__(self) -> None:
        self._regions: dict[tuple[str, str], Subspace] = {}
        self._kept: dict[tuple[str, str, str], Table] = {}

    def region(self, context: RequestContext) -> Subspace:
        """Where the caller's tables lie."""
        return self.region_of(context.account_id, context.region)

    def region_of(self, account_id: str, region: str) -> Subspace:
        place = (account_id, region)
        subspace = self._regions.get(place)
        if subspace is None:
            if len(self._regions) >= TABLES_KEPT_MAX:
                self._regions.clear()
            subspace = self._regions[place] = region_subspace(*place)
        return subspace

    def kept(self, context: RequestContext, name: str) -> Table | None:
        """The table as last seen, if it was; it may be gone."""
        return self._kept.get((context.account_id, context.region, name))

    async def read(self, context: RequestContext, name: str, reader: Snapshot) -> Table | None:
        """The table as it is, or None."""
        return await self.read_of(context.account_id, context.region, name, reader)

    async def read_of(self, account_id: str, region_name: str, name: str, reader: Snapshot) -> Table | None:
        place = (account_id, region_name, name)
        kept = self._kept.get(place)
        region = self.region_of(account_id, region_name) if kept is None else kept.region
        raw = await reader.get(table_key(region, name) if kept is None else kept.record_key)
        if raw is None:
            self._kept.pop(place, None)
            return None
        if kept is not None and kept.raw == raw:
            return kept
        if len(self._kept) >= TABLES_KEPT_MAX:
            self._kept.clear()
        record = records.decode(raw, TableRecord)
        table = self._kept[place] = Table(region, record, raw, account_id=account_id, region_name=region_name)
        return table

    def forget(self, table: Table) -> None:
        """Its items prove nothing any more.

        Only this process hears of it. A second worker on the same store would have to: until it is told (by a watch on
        the table's record, or by reading that with each item), its GetItem could show what is left of a deleted table.
        """
        self._kept.pop((table.account_id, table.region_name, table.name), None)


async def names_after(reader: Snapshot, region: Subspace, start: str | None, limit: int) -> list[str]:
    """At most `limit` names of tables in order, from the one after `start`."""
    begin, end = region.range("table")
    if start is not None:
        begin = table_key(region, start) + b"\x00"
    names: list[str] = []
    for key, _ in await reader.range(begin, end, limit=limit):
        name = region.unpack(key)[1]
        assert isinstance(name, str)
        names.append(name)
    return names


async def other_tables(reader: Snapshot, region: Subspace, name: str) -> list[TableRecord]:
    """All tables of an account in a region but one."""
    found = [records.decode(data, TableRecord) for _, data in await reader.range(*region.range("table"))]
    return [record for record in found if record.name != name]


def write_table(tx: Transaction, region: Subspace, record: TableRecord) -> None:
    tx.set(table_key(region, record.name), records.encode(record))


def items_span(region: Subspace, table_id: str) -> tuple[bytes, bytes]:
    """Where a table's items lie."""
    return whole(items_subspace(region, table_id).prefix)


def spans_of(region: Subspace, table_id: str) -> list[tuple[bytes, bytes]]:
    """Where everything lies that goes with a table: items, entries of its indexes, sizes of its collections, counts."""
    contents = region.pack("contents", table_id)
    return [
        items_span(region, table_id),
        region.range("index", table_id),
        whole(region.pack("collection", table_id)),
        (contents, contents + b"\x00"),
    ]


def whole(prefix: bytes) -> tuple[bytes, bytes]:
    """Begin and end of all keys that go on after `prefix` with bytes of our own making."""
    return prefix, prefix + b"\xff" * (HASH_BYTES + 1)
