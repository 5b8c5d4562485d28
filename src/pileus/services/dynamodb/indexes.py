"""Which entries does an item have in the secondary indexes of its table, and what do they cost?

An entry's key in the store is the index's prefix, eight bytes of a hash of the partition key's attributes, these with
their length, the sort key's attributes, each escaped and ended so that they sort in turn, and the item's own key, which
makes it unique. Its value is the projected item, kept like an item. An item without one of the index's key attributes
has no entry (a sparse index).

A large entry that would repeat much of its item refers to it instead, and is made of it by whoever reads. An item
of 400 KB in a table with twenty indexes that keep everything would else be written twenty-one times in one commit, for
which everybody waits.

Source: Developer Guide, "Using Global Secondary Indexes", "Local secondary indexes" (costs of writes).
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, Literal

from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.dynamodb.capacity import started_write_units
from pileus.services.dynamodb.errors import EmptyKeyValue, ValidationException, invalid_parameter, key_mismatch
from pileus.services.dynamodb.model import (
    HASH_BYTES,
    KeyAttribute,
    KeySchema,
    check_partition_size,
    check_sort_size,
    segment,
)
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.stored import Stored, pack_item, pack_reference
from pileus.services.dynamodb.table_records import IndexRecord
from pileus.services.dynamodb.values import Item, check_one_type, kind_of, size_of_members

_END: Final = b"\x00\x00"
_AFTER_END: Final = b"\x00\x01"
"""What sorts after everything that equals an attribute, and before everything that only begins with it."""

REFERS_FROM_BYTES: Final = 2048
REFERS_FROM_SHARE: Final = 1 / 4
"""How much an entry must weigh, also of its item, to refer to that: small ones are read without a second look."""

Writer = Literal["put", "update", "transacted update"]
"""Who writes an item: DynamoDB says in different words what is wrong with a key of an index.

Source: paritysuite/dynamodb-conformance, tests/tier3/error-messages/transactIndexKeys.test.ts (2026);
architect/dynalite, test/updateItem.js.
"""


def escaped(part: bytes) -> bytes:
    """So that `ended` parts sort one after another as they do alone."""
    return part.replace(b"\x00", b"\x00\xff")


def ended(part: bytes) -> bytes:
    return escaped(part) + _END


def most_kept_bytes(size_bytes: int) -> int:
    """How much an entry of an item of this size may weigh without referring to it."""
    return min(size_bytes, max(REFERS_FROM_BYTES, int(size_bytes * REFERS_FROM_SHARE)))


def _refers(image: Stored, entry: Stored) -> bool:
    """Whether the entry of `image` is kept as a reference. None is where this is not so: see `Index.maintain`."""
    return entry.size >= max(REFERS_FROM_BYTES, image.size * REFERS_FROM_SHARE)


def _after_ended(key: bytes, at: int) -> int:
    """Where the part of a key ends, with its end, that begins at `at`."""
    while key[(at := key.index(b"\x00", at)) + 1]:
        at += 2
    return at + len(_END)


class Index:
    """A secondary index ready for use.

    names: its key attributes and the table's, without repetition: what a page's last key is made of.
    """

    __slots__ = ("_projected", "local", "name", "names", "partition", "prefix", "record", "sort", "table")

    def __init__(self, record: IndexRecord, kinds: dict[str, str], prefix: bytes, table: KeySchema) -> None:
        self.record = record
        self.name = record.name
        self.local = record.local
        self.prefix = prefix
        self.table = table
        self.partition = tuple(KeyAttribute(name, kinds[name]) for name in record.partition)
        self.sort = tuple(KeyAttribute(name, kinds[name]) for name in record.sort)
        self.names = tuple(dict.fromkeys((*record.partition, *record.sort, *table.names)))
        self._projected = None if record.projection == "ALL" else frozenset((*self.names, *record.attributes))

    # Keys

    @property
    def partition_attributes(self) -> tuple[KeyAttribute, ...]:
        return self.partition

    @property
    def sort_attributes(self) -> tuple[KeyAttribute, ...]:
        return self.sort

    def segment(self, index: int, count: int) -> tuple[bytes, bytes]:
        """Begin and end of the keys that segment `index` of `count` scans."""
        return segment(self.prefix, index, count)

    def partition_end(self, partition_start: bytes) -> bytes:
        """The first key after those that begin with `partition_start`."""
        return partition_start[:-1] + b"\x02"

    def after_equal(self, leading: Sequence[bytes], bound: bytes) -> tuple[bytes, bytes]:
        """Begin and end, below the partition, of the entries whose sort attributes are `leading` and `bound`."""
        stem = b"".join(map(ended, leading)) + escaped(bound)
        return stem + _END, stem + _AFTER_END

    def after_prefix(self, leading: Sequence[bytes], bound: bytes) -> bytes:
        """What entries begin with, below the partition, whose last sort attribute begins with `bound`."""
        return b"".join(map(ended, leading)) + escaped(bound)

    def key(self, start: Item) -> bytes:
        """Where the entry of these key attributes lies; `ValidationException` unless they are exactly those."""
        if start.keys() != set(self.names):
            raise key_mismatch()
        for value in start.values():
            check_one_type(value)
        own = self.table.key({name: start[name] for name in self.table.names})
        try:
            key = self.entry_key(start, own)
        except ValidationException:
            raise key_mismatch() from None
        assert key is not None
        return key

    def partition_start(self, encoded: Sequence[bytes]) -> bytes:
        """What the keys of one partition's entries begin with. encoded: one value for each partition attribute."""
        joined = encoded[0] if len(encoded) == 1 else b"".join(map(ended, encoded))
        digest = blake2b(joined, digest_size=HASH_BYTES).digest()
        return b"".join((self.prefix, digest, len(joined).to_bytes(2, "big"), joined, b"\x01"))

    def entry_key(self, item: Item, item_key: bytes, *, writer: Writer = "put") -> bytes | None:
        """Where the item's entry lies; None when it has none.

        item_key: where the item lies. `ValidationException` when a key attribute is of another type, or empty.
        """
        partition = self._encoded(item, self.partition, writer)
        sort = self._encoded(item, self.sort, writer)
        if partition is None or sort is None:
            return None
        for part in partition:
            check_partition_size(part)
        for part in sort:
            check_sort_size(part)
        own = item_key[len(self.table.prefix) :]
        return b"".join((self.partition_start(partition), *map(ended, sort), own))

    def _encoded(self, item: Item, attributes: Sequence[KeyAttribute], writer: Writer) -> list[bytes] | None:
        found = []
        for attribute in attributes:
            value = item.get(attribute.name)
            if value is None:
                return None
            encoded = attribute.encode(value)
            if encoded is None:
                raise self._mismatch(attribute, value, writer)
            if not encoded:
                raise self._empty(attribute, writer)
            found.append(encoded)
        return found

    def _mismatch(self, attribute: KeyAttribute, value: AttributeValue, writer: Writer) -> ValidationException:
        if writer == "update":
            return ValidationException(
                "The update expression attempted to update the secondary index key to unsupported type"
            )
        return invalid_parameter(
            f"Type mismatch for Index Key {attribute.name} Expected: {attribute.kind} Actual: {kind_of(value)} "
            f"IndexName: {self.name}"
        )

    def _empty(self, attribute: KeyAttribute, writer: Writer) -> EmptyKeyValue:
        content = "string" if attribute.kind == "S" else "binary"
        if writer != "put":
            return EmptyKeyValue(
                "One or more parameter values are not valid. The update expression attempted to update a secondary "
                "index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an "
                f"empty {content} value."
            )
        return EmptyKeyValue(
            "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
            f"The AttributeValue for a key attribute cannot contain an empty {content} value. "
            f"IndexName: {self.name}, IndexKey: {attribute.name}"
        )

    def pick(self, item: Item) -> dict[str, AttributeValue]:
        """The key attributes of an entry: the index's and the table's."""
        return {name: item[name] for name in self.names}

    def item_key(self, entry: Item) -> bytes:
        """Where the item of an entry lies."""
        return self.table.key_of(entry)

    # Entries

    @property
    def projects_all(self) -> bool:
        return self._projected is None

    def projects(self, names: frozenset[str]) -> bool:
        """Whether entries hold all of these attributes."""
        return self._projected is None or names <= self._projected

    def entry(self, image: Stored) -> Stored:
        """What the index keeps of an item."""
        kept = self._projected
        if kept is None:
            return image
        item = {name: value for name, value in image.item.items() if name in kept}
        if len(item) == len(image.item):
            return image
        return Stored(pack_item(item, size_of_members(item)), item)

    def _kept(self, image: Stored, entry: Stored) -> bytes:
        """What lies in the store of the entry of `image`."""
        return pack_reference(entry.size) if _refers(image, entry) else entry.data

    async def referred(self, reader: Snapshot, entry_key: bytes) -> bytes | None:
        """What an entry at `entry_key` stands for that refers to its item.

        None where that is gone: an entry goes with its item, but for a table or an index that is deleted while somebody
        reads it.
        """
        at = len(self.prefix) + HASH_BYTES
        at += 2 + int.from_bytes(entry_key[at : at + 2], "big") + 1
        for _ in self.sort:
            at = _after_ended(entry_key, at)
        data = await reader.get(self.table.prefix + entry_key[at:])
        if data is None or self._projected is None:
            return data
        return self.entry(Stored(data)).data

    def maintain(
        self, tx: Transaction, item_key: bytes, old: Stored | None, new: Stored | None, *, writer: Writer = "put"
    ) -> tuple[float, int]:
        """Make the entry of `old` that of `new`: the write units it costs, and by how many bytes the index grows."""
        new_key = None if new is None else self.entry_key(new.item, item_key, writer=writer)
        old_key = None if old is None else self._old_key(old.item, item_key)
        before = self.entry(old) if old is not None and old_key is not None else None
        after = self.entry(new) if new is not None and new_key is not None else None
        grown = (0 if after is None else after.size) - (0 if before is None else before.size)
        if old_key == new_key:
            if before is None or after is None:
                return 0.0, grown
            assert old is not None
            assert new is not None
            assert new_key is not None
            if before.same_as(after):
                if _refers(old, before) and not _refers(new, after):
                    tx.set(new_key, after.data)  # else who reads little entries would look into items of any size
                return 0.0, grown
            tx.set(new_key, self._kept(new, after))
            return started_write_units(max(before.size, after.size)), grown
        units = 0.0
        if before is not None and old_key is not None:
            tx.clear(old_key)
            units += started_write_units(before.size)
        if new is not None and after is not None and new_key is not None:
            tx.set(new_key, self._kept(new, after))
            units += started_write_units(after.size)
        return units, grown

    def _old_key(self, item: Item, item_key: bytes) -> bytes | None:
        """An item from before the index may not fit it, and then has no entry."""
        try:
            return self.entry_key(item, item_key)
        except ValidationException:
            return None

    def fill(self, tx: Transaction, item_key: bytes, image: Stored) -> None:
        """Give an item from before the index its entry, unless it does not fit."""
        key = self._old_key(image.item, item_key)
        if key is not None:
            tx.set(key, self._kept(image, self.entry(image)))
