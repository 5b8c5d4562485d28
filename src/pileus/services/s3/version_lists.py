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
from pileus.services.s3.object_records import OBJECTS, VERSIONS, find_version


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
    current = _Peeked(KeyReader(snapshot, OBJECTS, bucket.serial, listed))
    begin = await _begin(snapshot, bucket, asked)
    others = _Peeked(KeyReader(snapshot, VERSIONS, bucket.serial, _without_marker(listed), begin=begin))
    # Of the key in which the page begins, the latest version is told already.
    seen = listed.after if asked.version_marker else None
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


async def _begin(snapshot: Snapshot, bucket: BucketRecord, asked: VersionsAsked) -> bytes | None:
    """Where the other versions begin: behind the marker's version, or behind all of its key."""
    if not asked.listed.after:
        return None
    key = asked.listed.after.decode()
    if not asked.version_marker:
        return VERSIONS.range(bucket.serial, key)[1]
    if asked.version_marker == NULL_VERSION:
        found = await find_version(snapshot, bucket, key, NULL_VERSION)
        order = found.order if found is not None else 0
    else:
        told = order_of(asked.version_marker)
        if told is None:
            raise InvalidArgument("Invalid version id specified", name="version-id-marker", value=asked.version_marker)
        order = told
    return after(VERSIONS.pack(bucket.serial, key, -order))


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
