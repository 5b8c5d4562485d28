"""Which keys stand in one page of a list, and where does the next page begin?

Keys are read in their order, a stretch at a time. Behind a key that falls into a common prefix the reading goes on at
the end of that prefix, wherever that is: a list by folders costs what it tells, not what the folders hold. How much is
read at once follows from how much of the last stretch was of use.

A common prefix is told if it comes after the marker; so a marker inside of one passes over it (recording
s3/s3_list_operations, test_list_objects_marker_common_prefixes).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.seam import Snapshot

KEYS_MAX: Final = 1000
"""Of one page. Source: API_ListObjectsV2, "MaxKeys"."""
_STRETCH_MIN: Final = 8
Pair = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What is asked for. after: the last key or common prefix of the page before; "" for the first page."""

    prefix: bytes = b""
    delimiter: bytes = b""
    after: bytes = b""
    limit: int = KEYS_MAX


@dataclass(frozen=True, slots=True)
class Page:
    """rows: keys (bare) and values. last: the last thing that is told; more: whether something follows it."""

    rows: list[Pair]
    prefixes: list[bytes]
    last: bytes
    more: bool


def bare_key(packed: bytes, start: int) -> bytes:
    """A key in UTF-8, from the part of a packed one whose text begins at `start`."""
    end = start
    while True:
        end = packed.index(0, end)
        if packed[end + 1 : end + 2] != b"\xff":
            break
        end += 2
    text = packed[start:end]
    return text.replace(b"\x00\xff", b"\x00") if b"\x00" in text else text


def successor(prefix: bytes) -> bytes | None:
    """The smallest bytes that come after everything with this prefix; None when nothing does."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes((stem[-1] + 1,)) if stem else None


def common_prefix(key: bytes, listed: Listed) -> bytes | None:
    """What a key is told as, when it holds the delimiter behind the prefix."""
    if not listed.delimiter:
        return None
    at = key.find(listed.delimiter, len(listed.prefix))
    return None if at < 0 else key[: at + len(listed.delimiter)]


async def page(snapshot: Snapshot, space: Subspace, serial: int, listed: Listed) -> Page:
    """One page of the rows below `(serial, key)` of a space."""
    if not listed.limit:
        return Page([], [], b"", more=False)
    if not listed.delimiter:
        return await _flat(snapshot, space, serial, listed)
    rows: list[Pair] = []
    prefixes: list[bytes] = []
    last = b""
    reader = KeyReader(snapshot, space, serial, listed)
    async for key, value in reader:
        found = common_prefix(key, listed)
        if found is not None:
            reader.skip(found)
            if found <= listed.after:
                continue
        if len(rows) + len(prefixes) == listed.limit:
            return Page(rows, prefixes, last, more=True)
        if found is None:
            rows.append((key, value))
            last = key
        else:
            prefixes.append(found)
            last = found
    return Page(rows, prefixes, last, more=False)


async def _flat(snapshot: Snapshot, space: Subspace, serial: int, listed: Listed) -> Page:
    begin, end = bounds(space, serial, listed)
    found = await snapshot.range(begin, end, limit=listed.limit + 1)
    start = len(space.pack(serial)) + 1
    more = len(found) > listed.limit
    if more:
        del found[listed.limit :]
    rows = [(key[start:-1], value) if b"\x00\xff" not in key else (bare_key(key, start), value) for key, value in found]
    return Page(rows, [], rows[-1][0] if rows else b"", more=more)


def bounds(space: Subspace, serial: int, listed: Listed) -> tuple[bytes, bytes]:
    """Where the rows begin and end that a list may tell of."""
    stem = space.pack(serial) + b"\x02"
    begin = stem + _escaped(listed.prefix)
    end = successor(begin)
    assert end is not None
    if listed.after:
        begin = max(begin, after(stem + _escaped(listed.after) + b"\x00"))
    return begin, end


class KeyReader:
    """The rows of a space in their order, each with its bare key; may be told to pass over a prefix."""

    def __init__(
        self, snapshot: Snapshot, space: Subspace, serial: int, listed: Listed, *, begin: bytes | None = None
    ) -> None:
        """begin: where to begin, if that is later than what `listed` says: of a space whose keys are longer."""
        self._snapshot = snapshot
        self._stem = space.pack(serial) + b"\x02"
        self._begin, self._end = bounds(space, serial, listed)
        if begin is not None:
            self._begin = max(self._begin, begin)
        self._stretch = min(listed.limit + 1, KEYS_MAX + 1)
        self._skipped = b""

    def skip(self, prefix: bytes) -> None:
        """Go on behind everything that begins with this."""
        self._skipped = self._stem + _escaped(prefix)

    async def __aiter__(self) -> AsyncIterator[Pair]:
        start = len(self._stem)
        while True:
            found = await self._snapshot.range(self._begin, self._end, limit=self._stretch)
            used = 0
            for packed, value in found:
                if self._skipped and packed.startswith(self._skipped):
                    continue
                used += 1
                yield bare_key(packed, start), value
            if len(found) < self._stretch:
                return
            last = found[-1][0]
            if self._skipped and last.startswith(self._skipped):
                beyond = successor(self._skipped)
                assert beyond is not None
                self._begin = beyond
            else:
                self._begin = after(last)
            wanted = used * 4
            self._stretch = max(_STRETCH_MIN, min(KEYS_MAX + 1, wanted))


def _escaped(text: bytes) -> bytes:
    return text.replace(b"\x00", b"\x00\xff")
