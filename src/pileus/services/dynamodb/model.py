"""What is a table, and which key does an item have in it?

An item's key in the store is the table's prefix, eight bytes of a hash of the partition key, the partition key with its
length, and the sort key in its order: so partitions lie scattered, as on AWS, a scan's segments are ranges of hashes,
and within a partition the items lie sorted. Strings sort by UTF-8, numbers by value (`numbers.sortable`), binary by
bytes. The sort key is last, so that it needs no end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from pileus.services.dynamodb import numbers
from pileus.services.dynamodb.errors import EmptyKeyValue, ValidationException, invalid_parameter, key_mismatch
from pileus.services.dynamodb.limits import PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.values import Item, check_one_type, kind_of, legal

HASH_BYTES: Final = 8
_LENGTHS: Final = tuple(size.to_bytes(2, "big") for size in range(PARTITION_KEY_BYTES_MAX + 1))
_SORT_KEYS: Final = b"\x01"
_AFTER_SORT_KEYS: Final = b"\x02"


@dataclass(frozen=True, slots=True)
class KeyAttribute:
    """name, and kind: S, N or B."""

    name: str
    kind: str

    def encode(self, value: AttributeValue) -> bytes | None:
        """Bytes in the order of the values; None when the value is of another type."""
        if self.kind == "S":
            return None if value.s is None else value.s.encode()
        if self.kind == "N":
            return None if value.n is None else numbers.sortable(value.n)
        return value.b

    def check_empty(self, encoded: bytes) -> None:
        if not encoded:
            content = "string" if self.kind == "S" else "binary"
            raise EmptyKeyValue(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                f"empty {content} value. Key: {self.name}"
            )


def check_partition_size(encoded: bytes) -> None:
    if len(encoded) > PARTITION_KEY_BYTES_MAX:
        raise invalid_parameter("Size of hashkey has exceeded the maximum size limit of2048 bytes")


def check_sort_size(encoded: bytes) -> None:
    if len(encoded) > SORT_KEY_BYTES_MAX:
        raise invalid_parameter("Aggregated size of all range keys has exceeded the size limit of 1024 bytes")


def segment(prefix: bytes, index: int, count: int) -> tuple[bytes, bytes]:
    """Begin and end of the hashed keys that segment `index` of `count` scans; each hash is in exactly one."""
    bits = HASH_BYTES * 8
    first = -(-(index << bits) // count)
    last = -(-((index + 1) << bits) // count)
    begin = prefix + first.to_bytes(HASH_BYTES, "big")
    if last >> bits:
        return begin, prefix + b"\xff" * (HASH_BYTES + 1)
    return begin, prefix + last.to_bytes(HASH_BYTES, "big")


class KeySchema:
    """The key of a table: a partition key, and perhaps a sort key.

    prefix: what all keys of the table begin with. names: of its attributes.
    partition_attributes, sort_attributes: what a Query needs to know; an index has the same (`indexes.Index`).
    """

    __slots__ = ("names", "partition", "partition_attributes", "prefix", "sort", "sort_attributes")

    def __init__(self, prefix: bytes, partition: KeyAttribute, sort: KeyAttribute | None) -> None:
        self.prefix = prefix
        self.partition = partition
        self.sort = sort
        self.partition_attributes = (partition,)
        self.sort_attributes = () if sort is None else (sort,)
        self.names = tuple(attribute.name for attribute in (*self.partition_attributes, *self.sort_attributes))

    def partition_prefix(self, encoded: bytes) -> bytes:
        """What the keys of one partition begin with."""
        digest = blake2b(encoded, digest_size=HASH_BYTES).digest()
        return b"".join((self.prefix, digest, _LENGTHS[len(encoded)], encoded, _SORT_KEYS))

    def partition_of(self, key: bytes) -> bytes:
        """The part of an item's key that all of its partition share, without the table's prefix."""
        start = len(self.prefix) + HASH_BYTES
        return key[len(self.prefix) : start + 2 + int.from_bytes(key[start : start + 2], "big")]

    def partition_end(self, partition_prefix: bytes) -> bytes:
        """The first key after those that begin with `partition_prefix`."""
        return partition_prefix[:-1] + _AFTER_SORT_KEYS

    def segment(self, index: int, count: int) -> tuple[bytes, bytes]:
        """Begin and end of the keys that segment `index` of `count` scans."""
        return segment(self.prefix, index, count)

    # What a Query needs to know; an index answers the same (`indexes.Index`).

    def partition_start(self, encoded: Sequence[bytes]) -> bytes:
        """What the keys of one partition begin with. encoded: one value for each partition attribute."""
        return self.partition_prefix(encoded[0])

    def after_equal(self, leading: Sequence[bytes], bound: bytes) -> tuple[bytes, bytes]:
        """Begin and end, below the partition, of the sort keys that equal `bound`. leading: none in a table."""
        return bound, bound + b"\x00"

    def after_prefix(self, leading: Sequence[bytes], bound: bytes) -> bytes:
        """What the sort keys that begin with `bound` begin with, below the partition."""
        return bound

    def key(self, key: Mapping[str, AttributeValue]) -> bytes:
        """Where the item of this key lies; `ValidationException` unless it is exactly the table's key."""
        sort_attribute = self.sort
        value = key.get(self.partition.name)
        if value is None or len(key) != (1 if sort_attribute is None else 2):
            raise _wrong_key(key)
        check_one_type(value)
        partition = self.partition.encode(value)
        sort: bytes | None = b""
        if sort_attribute is not None:
            value = key.get(sort_attribute.name)
            if value is None:
                raise _wrong_key(key)
            check_one_type(value)
            sort = sort_attribute.encode(value)
        if partition is None or sort is None:
            raise _wrong_key(key)
        return self._join(partition, sort)

    def key_of(self, item: Item) -> bytes:
        """Where a legal item belongs; `ValidationException` when it lacks a key attribute or has it in another type."""
        partition = _encode_of(item, self.partition)
        if self.sort is None and 0 < len(partition) <= PARTITION_KEY_BYTES_MAX:
            return self.partition_prefix(partition)
        return self._join(partition, b"" if self.sort is None else _encode_of(item, self.sort))

    def _join(self, partition: bytes, sort: bytes) -> bytes:
        if not 0 < len(partition) <= PARTITION_KEY_BYTES_MAX:
            self.partition.check_empty(partition)
            check_partition_size(partition)
        if self.sort is not None and not 0 < len(sort) <= SORT_KEY_BYTES_MAX:
            self.sort.check_empty(sort)
            check_sort_size(sort)
        return self.partition_prefix(partition) + sort

    def pick(self, item: Item) -> dict[str, AttributeValue]:
        """The key attributes of an item."""
        return {name: item[name] for name in self.names}


def _wrong_key(key: Mapping[str, AttributeValue]) -> ValidationException:
    """A value that is none at all, or no number or set, is named before the mismatch."""
    try:
        for value in key.values():
            legal(value)
    except ValidationException as error:
        return error
    return key_mismatch()


def _encode_of(item: Item, attribute: KeyAttribute) -> bytes:
    value = item.get(attribute.name)
    if value is not None and value.s is not None and attribute.kind == "S":
        return value.s.encode()
    if value is None:
        raise invalid_parameter(f"Missing the key {attribute.name} in the item")
    encoded = attribute.encode(value)
    if encoded is None:
        raise invalid_parameter(
            f"Type mismatch for key {attribute.name} expected: {attribute.kind} actual: {kind_of(value)}"
        )
    return encoded


def canonical_key(key: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    """A key as an item would hold it: its numbers in canonical text."""
    return {
        name: AttributeValue(n=numbers.canonical(value.n)) if value.n is not None else value
        for name, value in key.items()
    }
