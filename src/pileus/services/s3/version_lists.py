"""Which versions and delete markers stand in one page of a list of versions?

Two spaces are read side by side: a key's current version, where it is an object, is in one, all else in the other. Of a
key the current version comes first, then the others as they lie, newest first. A page that begins inside a key begins
with versions that are not its latest.

Sources: API_ListObjectVersions; recordings s3/s3_list_operations, TestS3ListObjectVersions.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pileus.kernel.storage.keys import after
from pileus.kernel.storage.seam import Snapshot
from pileus.services.s3.errors import InvalidArgument
from pileus.services.s3.list_texts import (
    ListedRecord,
    Texts,
    checksum_elements,
    decode_listed,
    element,
    moment,
    owner_element,
    restore_element,
)
from pileus.services.s3.listing import KeyReader, Listed, Pair, common_prefix
from pileus.services.s3.model import NULL_VERSION, BucketRecord
from pileus.services.s3.names import order_of
from pileus.services.s3.object_records import OBJECTS, VERSIONS, find_current, find_version


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsAsked:
    """listed: `after` is the key marker. version_marker: of that key, the version after which to begin; "" for none."""

    listed: Listed
    version_marker: str = ""


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version. latest: whether it is its key's current one."""

    key: bytes
    record: ListedRecord
    latest: bool


@dataclass(frozen=True, slots=True)
class VersionPage:
    """last_version: "" when the last thing that is told is a common prefix."""

    rows: list[VersionRow]
    prefixes: list[bytes]
    last_key: bytes
    last_version: str
    more: bool


async def version_page(snapshot: Snapshot, bucket: BucketRecord, asked: VersionsAsked) -> VersionPage:
    """One page. InvalidArgument, for a marker that is no version's id."""
    listed = asked.listed
    rows: list[VersionRow] = []
    prefixes: list[bytes] = []
    last_key, last_version = b"", ""
    if not listed.limit:
        return VersionPage(rows, prefixes, last_key, last_version, more=False)
    start = await _start(snapshot, bucket, asked)
    bare = _without_marker(listed)
    current = _Peeked(KeyReader(snapshot, OBJECTS, bucket.serial, bare, begin=start.current))
    others = _Peeked(KeyReader(snapshot, VERSIONS, bucket.serial, bare, begin=start.others))
    seen = listed.after if start.latest_told else None
    while True:
        one, other = await current.peek(), await others.peek()
        if one is None and other is None:
            return VersionPage(rows, prefixes, last_key, last_version, more=False)
        taken = current if other is None or (one is not None and one[0] <= other[0]) else others
        key, value = await taken.take()
        found = common_prefix(key, listed)
        if found is not None:
            current.skip(found)
            others.skip(found)
            if found <= listed.after:
                continue
        if len(rows) + len(prefixes) == listed.limit:
            return VersionPage(rows, prefixes, last_key, last_version, more=True)
        if found is not None:
            prefixes.append(found)
            last_key, last_version = found, ""
            continue
        record = decode_listed(value)
        rows.append(VersionRow(key, record, latest=key != seen))
        seen = key
        last_key, last_version = key, record.version_id


def version_rows(page: VersionPage, texts: Texts, *, now_s: float | None) -> str:
    """A page's versions and delete markers, in XML. now_s: None to tell nothing of copies of archived ones."""
    return "".join(_written(row, texts, now_s=now_s) for row in page.rows)


def _written(row: VersionRow, texts: Texts, *, now_s: float | None) -> str:
    record = row.record
    named = (
        f"<Key>{texts.of(row.key)}</Key><VersionId>{record.version_id}</VersionId>"
        f"<IsLatest>{'true' if row.latest else 'false'}</IsLatest>"
        f"<LastModified>{moment(int(record.modified_at_s))}</LastModified>"
    )
    owner = owner_element(record.owner)
    if record.delete_marker:
        return f"<DeleteMarker>{named}{owner}</DeleteMarker>"
    restored = restore_element(record, now_s=now_s) if now_s is not None else ""
    summed = record.checksum
    told = "" if summed is None else checksum_elements(summed.algorithm, summed.kind)
    return (
        f"<Version>{named}<ETag>&quot;{record.etag}&quot;</ETag>{told}"
        f"{element('Size', record.size_bytes)}{owner}{element('StorageClass', record.storage_class)}{restored}"
        "</Version>"
    )


@dataclass(frozen=True, slots=True)
class _Start:
    """Where the two spaces begin. latest_told: the latest version of the key in which the page begins is behind it."""

    current: bytes | None = None
    others: bytes | None = None
    latest_told: bool = False


async def _start(snapshot: Snapshot, bucket: BucketRecord, asked: VersionsAsked) -> _Start:
    """Behind the marker's version, or behind all of its key.

    Who empties a bucket deletes what a page told before the next is asked for: then what is left of the marker's key
    begins with its latest version (recording s3/s3_list_operations,
    test_list_objects_versions_with_prefix_only_and_pagination).
    """
    if not asked.listed.after:
        return _Start()
    key = asked.listed.after.decode()
    place = OBJECTS.pack(bucket.serial, key)
    if not asked.version_marker:
        return _Start(after(place), VERSIONS.range(bucket.serial, key)[1])
    order = await _order(snapshot, bucket, key, asked.version_marker)
    newest = await find_current(snapshot, bucket, key)
    if order is None:  # of a null version that is gone nobody knows where it was: rather twice than never
        return _Start(place, VERSIONS.range(bucket.serial, key)[0])
    told = newest is not None and newest.order >= order
    return _Start(after(place) if told else place, after(VERSIONS.pack(bucket.serial, key, -order)), told)


async def _order(snapshot: Snapshot, bucket: BucketRecord, key: str, version_id: str) -> int | None:
    if version_id == NULL_VERSION:
        found = await find_version(snapshot, bucket, key, NULL_VERSION)
        return None if found is None else found.order
    told = order_of(version_id)
    if told is None:
        raise InvalidArgument("Invalid version id specified", name="version-id-marker", value=version_id)
    return told


def _without_marker(listed: Listed) -> Listed:
    return Listed(prefix=listed.prefix, delimiter=listed.delimiter, limit=listed.limit)


class _Peeked:
    """Rows of a reader, with a look at the next one."""

    def __init__(self, reader: KeyReader) -> None:
        self._reader = reader
        self._rows: AsyncIterator[Pair] = aiter(reader)
        self._next: Pair | None = None
        self._over = False
        self._skipped = b""

    async def peek(self) -> Pair | None:
        """The next row; None at the end."""
        while not self._over and (self._next is None or (self._skipped and self._next[0].startswith(self._skipped))):
            try:
                self._next = await anext(self._rows)
            except StopAsyncIteration:
                self._over, self._next = True, None
        return self._next

    async def take(self) -> Pair:
        taken = await self.peek()
        assert taken is not None
        self._next = None
        return taken

    def skip(self, prefix: bytes) -> None:
        self._skipped = prefix
        self._reader.skip(prefix)
