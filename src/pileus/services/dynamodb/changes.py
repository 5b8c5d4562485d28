"""Which changes did a table see, in which order?

    (dynamodb, account, region, "changed", table id)            -> the last number, eight bytes
    (dynamodb, account, region, "change", table id) + number    -> Change
    (dynamodb, account, region, "forgotten", table id)          -> the first number that is kept, eight bytes

A change is written in the transaction that makes it, and takes the next number there; so numbers are in the order of
commits, whichever process wrote them. A reader may take a number too (`mark`), to divide what was before from what
comes; no change has that. A table keeps its changes while something reads them (a stream; later point-in-time
recovery, replicas and exports): `LogNeeds` says who needs which images. What nobody needs any more is forgotten from
the front, by `streams/retention.py`. A number is never given twice while the table lives.
"""

from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from pileus.kernel.storage import records
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.seam import Snapshot, Transaction

NUMBER_BYTES: Final = 8

ChangeKind = Literal["INSERT", "MODIFY", "REMOVE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNeeds:
    """Which images the readers of a log need; the keys are always there."""

    old: bool = False
    new: bool = False


class Change(msgspec.Struct, frozen=True, kw_only=True, tag="change.v1"):
    """One committed change of one item.

    keys: JSON of the key attributes. old, new: the images as they were kept (`stored.py`), where the log needs them.
    at_ms: milliseconds since 1970. by_ttl: made by the expiry of the item, by nobody's request.
    """

    kind: ChangeKind
    keys: bytes
    at_ms: int
    old: bytes | None = None
    new: bytes | None = None
    by_ttl: bool = False


class ChangeLog:
    """The changes of one table."""

    __slots__ = ("_forgotten", "_last", "_prefix", "needs")

    def __init__(self, region: Subspace, table_id: str, needs: LogNeeds | None) -> None:
        self._last = region.pack("changed", table_id)
        self._prefix = region.pack("change", table_id)
        self._forgotten = region.pack("forgotten", table_id)
        self.needs = needs

    @property
    def last_key(self) -> bytes:
        """The key that changes with every change: to be watched."""
        return self._last

    async def append(self, tx: Transaction, change: Change) -> int:
        """Write a change down; gives its number."""
        number = await self.mark(tx)
        tx.set(self._key(number), records.encode(change))
        return number

    async def mark(self, tx: Transaction) -> int:
        """Take the next number, without a change."""
        number = await self.last(tx) + 1
        tx.set(self._last, number.to_bytes(NUMBER_BYTES, "big"))
        return number

    async def last(self, reader: Snapshot) -> int:
        """The last number taken; 0 before the first."""
        return _number(await reader.get(self._last))

    async def forgotten(self, reader: Snapshot) -> int:
        """All changes with a number less than this are forgotten."""
        return _number(await reader.get(self._forgotten))

    async def read(self, reader: Snapshot, first: int, last: int, *, limit: int) -> list[tuple[int, Change]]:
        """At most `limit` changes with `first <= number <= last`, in order."""
        pairs = await reader.range(self._key(first), self._key(last + 1), limit=limit)
        skip = len(self._prefix)
        return [(int.from_bytes(key[skip:], "big"), records.decode(data, Change)) for key, data in pairs]

    async def number_at(self, reader: Snapshot, at_ms: int) -> int:
        """The number after the last change that was made before `at_ms`; every change from there on is not older."""
        low, high = await self.forgotten(reader), await self.last(reader) + 1
        while low < high:
            middle = (low + high) // 2
            found = await self.read(reader, middle, high - 1, limit=1)
            if found and found[0][1].at_ms < at_ms:
                low = found[0][0] + 1
            else:
                high = middle
        return low

    def forget(self, tx: Transaction, before: int) -> None:
        """Forget all changes with a number less than `before`."""
        tx.clear_range(self._key(0), self._key(before))
        tx.set(self._forgotten, before.to_bytes(NUMBER_BYTES, "big"))

    def forget_all(self, tx: Transaction) -> None:
        """The table is gone, and everybody who read."""
        tx.clear(self._last)
        tx.clear(self._forgotten)
        tx.clear_range(self._prefix, self._prefix + b"\xff" * (NUMBER_BYTES + 1))

    def _key(self, number: int) -> bytes:
        return self._prefix + number.to_bytes(NUMBER_BYTES, "big")


def _number(data: bytes | None) -> int:
    return 0 if data is None else int.from_bytes(data, "big")
