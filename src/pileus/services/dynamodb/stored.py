"""How is an item kept, and what is known of it without looking inside?

An item's value is a version byte, its size in DynamoDB's count (three bytes), and its JSON as it goes over the wire, so
that a read hands out stored bytes and knows what they cost without decoding them. Entries of indexes look the same, or
are of another version, which ends after the size: whoever reads them looks at the item (`indexes.py`).
"""

from typing import Final

import msgspec

from pileus.services.dynamodb.comparisons import equal
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.values import Item

ITEM_VERSION: Final = 1
REFERENCE_VERSION: Final = 2
HEADER_BYTES: Final = 4
"""Before an item's JSON: the version, and the size."""

_encode_json: Final = msgspec.json.Encoder().encode
_decode_json: Final = msgspec.json.Decoder(dict[str, AttributeValue]).decode


def pack_item(item: Item, size_bytes: int) -> bytes:
    """The bytes to keep. size_bytes: in DynamoDB's count."""
    return (ITEM_VERSION << 24 | size_bytes).to_bytes(HEADER_BYTES, "big") + _encode_json(item)


def pack_reference(size_bytes: int) -> bytes:
    """An entry that does not repeat what the item says. size_bytes: of what it stands for."""
    return (REFERENCE_VERSION << 24 | size_bytes).to_bytes(HEADER_BYTES, "big")


def is_reference(data: bytes) -> bool:
    return data[0] == REFERENCE_VERSION


def item_size(data: bytes) -> int:
    """What an item weighs in DynamoDB's count."""
    head = int.from_bytes(data[:HEADER_BYTES], "big")
    assert 0 < head >> 24 <= REFERENCE_VERSION, "an item of a version that this program does not know"
    return head & 0xFFFFFF


def item_json(data: bytes) -> bytes:
    """An item as it goes over the wire."""
    assert data[0] == ITEM_VERSION, "an item of a version that this program does not know"
    return data[HEADER_BYTES:]


def unpack_item(data: bytes) -> dict[str, AttributeValue]:
    return _decode_json(item_json(data))


class Stored:
    """An item as it is kept, decoded when somebody looks inside.

    data: what the store holds. size: bytes in DynamoDB's count.
    """

    __slots__ = ("_compared", "_item", "_same", "data", "size")

    def __init__(self, data: bytes, item: dict[str, AttributeValue] | None = None) -> None:
        self.data = data
        self.size = item_size(data)
        self._item = item
        self._compared: Stored | None = None
        self._same = False

    @property
    def item(self) -> dict[str, AttributeValue]:
        if self._item is None:
            self._item = unpack_item(self.data)
        return self._item

    @property
    def json(self) -> bytes:
        return item_json(self.data)

    def same_as(self, other: "Stored") -> bool:
        """Whether both are of equal attributes. Kept, since every index of a table asks it of the same two images."""
        if self._compared is not other:
            self._compared = other
            self._same = self.data == other.data or self._equal(other.item)
        return self._same

    def _equal(self, others: Item) -> bool:
        mine = self.item
        return mine.keys() == others.keys() and all(equal(value, others[name]) for name, value in mine.items())


def stored(item: dict[str, AttributeValue], size_bytes: int) -> Stored:
    """A legal item on its way into the store."""
    return Stored(pack_item(item, size_bytes), item)


def found(data: bytes | None) -> Stored | None:
    """What a read of the store has found."""
    return None if data is None else Stored(data)
