"""How do tables and items lie in the store?

    (dynamodb, account, region, "table", name)          -> TableRecord
    (dynamodb, account, region, "item", id) + key        -> item (the key is `model.KeySchema`'s)

An item's value is a version byte, its size in DynamoDB's count (three bytes), and its JSON as it goes over the wire, so
that a read hands out stored bytes and knows what they cost without looking into them.

Tables are compiled once and kept. A kept table is only ever trusted after a look at its record: writers read the
record in their transaction, and readers who found nothing read it before they say so. An item that is found proves its
table by itself, for a table's items go in the transaction that deletes it, and no table's id comes back.
"""

from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage import records
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.dynamodb.model import KeyAttribute, KeySchema
from pileus.services.dynamodb.shapes import AttributeValue, BillingMode, KeyType, ScalarAttributeType, TableClass
from pileus.services.dynamodb.values import Item

TABLES_KEPT_MAX: Final = 4096

ITEM_VERSION: Final = 1
HEADER_BYTES: Final = 4
"""Before an item's JSON: the version, and the size."""

_encode_json: Final = msgspec.json.Encoder().encode
_decode_json: Final = msgspec.json.Decoder(dict[str, AttributeValue]).decode


class TableRecord(msgspec.Struct, frozen=True, kw_only=True, tag="table.v1"):
    """A table as it is kept.

    key_schema: name and type (`HASH`, `RANGE`), in order. attribute_definitions: name and type (`S`, `N`, `B`).
    created_at_s, active_at_s: seconds since 1970; before the second the table is CREATING.
    """

    name: str
    id: str
    key_schema: list[tuple[str, KeyType]]
    attribute_definitions: list[tuple[str, ScalarAttributeType]]
    created_at_s: float
    active_at_s: float
    billing_mode: BillingMode
    read_units: int = 0
    write_units: int = 0
    deletion_protected: bool = False
    table_class: TableClass | None = None
    max_read_units: int = -1
    max_write_units: int = -1
    tags: list[tuple[str, str]] = []  # a struct copies an empty default


class Table:
    """A table ready for use: its record, the bytes of it, and its key.

    active: whether it is known to be past CREATING.
    """

    __slots__ = ("active", "key", "name", "raw", "record", "record_key")

    def __init__(self, region: Subspace, record: TableRecord, raw: bytes) -> None:
        kinds = dict(record.attribute_definitions)
        attributes = [KeyAttribute(name, kinds[name]) for name, _ in record.key_schema]
        self.record = record
        self.raw = raw
        self.name = record.name
        self.record_key = table_key(region, record.name)
        self.key = KeySchema(
            items_subspace(region, record.id).prefix, attributes[0], attributes[1] if len(attributes) > 1 else None
        )
        self.active = False


def region_subspace(account_id: str, region: str) -> Subspace:
    """All of one account's DynamoDB in one region."""
    return Subspace("dynamodb", account_id, region)


def table_key(region: Subspace, name: str) -> bytes:
    return region.pack("table", name)


def items_subspace(region: Subspace, table_id: str) -> Subspace:
    return region.subspace("item", table_id)


class TableDirectory:
    """The tables of all accounts and regions, found by name."""

    def __init__(self) -> None:
        self._regions: dict[tuple[str, str], Subspace] = {}
        self._kept: dict[tuple[str, str, str], Table] = {}

    def region(self, context: RequestContext) -> Subspace:
        """Where the caller's tables lie."""
        place = (context.account_id, context.region)
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
        place = (context.account_id, context.region, name)
        region = self.region(context)
        kept = self._kept.get(place)
        raw = await reader.get(table_key(region, name) if kept is None else kept.record_key)
        if raw is None:
            self._kept.pop(place, None)
            return None
        if kept is not None and kept.raw == raw:
            return kept
        if len(self._kept) >= TABLES_KEPT_MAX:
            self._kept.clear()
        table = self._kept[place] = Table(region, records.decode(raw, TableRecord), raw)
        return table


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


def create_table(tx: Transaction, region: Subspace, record: TableRecord) -> None:
    tx.set(table_key(region, record.name), records.encode(record))


def delete_table(tx: Transaction, table: Table) -> None:
    """The table with everything in it."""
    tx.clear(table.record_key)
    tx.clear_range(*table.key.segment(0, 1))


def pack_item(item: Item, size_bytes: int) -> bytes:
    """The bytes to keep. size_bytes: in DynamoDB's count."""
    return (ITEM_VERSION << 24 | size_bytes).to_bytes(HEADER_BYTES, "big") + _encode_json(item)


def item_size(data: bytes) -> int:
    """What an item weighs in DynamoDB's count."""
    head = int.from_bytes(data[:HEADER_BYTES], "big")
    assert head >> 24 == ITEM_VERSION, "an item of a version that this program does not know"
    return head & 0xFFFFFF


def item_json(data: bytes) -> bytes:
    """An item as it goes over the wire."""
    assert data[0] == ITEM_VERSION, "an item of a version that this program does not know"
    return data[HEADER_BYTES:]


def unpack_item(data: bytes) -> dict[str, AttributeValue]:
    return _decode_json(item_json(data))
