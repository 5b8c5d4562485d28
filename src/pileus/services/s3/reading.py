"""Which bytes of which version does a read get, and what is told with them?

Sources: API_GetObject, API_HeadObject; RFC 9110, section 14; recordings s3/s3_api (test_get_object_range) and s3/s3
(test_get_object_part, test_get_object_part_checksum).
"""

import re
from typing import Final

import msgspec

from pileus.kernel.blobs.segments import BlobDamaged, BlobMissing
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.http.messages import FileBody
from pileus.kernel.storage.seam import Snapshot, Store
from pileus.kernel.wire import checksums
from pileus.services.s3.asked import DeleteMarkerMet, asked_version
from pileus.services.s3.bodies import Bodies, Content, damaged, part_range
from pileus.services.s3.describing import http_date
from pileus.services.s3.encryption import ObjectKeys, check_customer_key
from pileus.services.s3.errors import InvalidArgument, InvalidRequest, NoSuchKey
from pileus.services.s3.model import NULL_VERSION, BucketRecord, Checksum, LaidPart, ObjectRecord
from pileus.services.s3.object_errors import InvalidPartNumber, InvalidRange
from pileus.services.s3.object_records import find_current, find_version, parts_of

_RANGE: Final = re.compile(r"\s*bytes\s*=\s*([0-9]*)\s*-\s*([0-9]*)\s*", re.IGNORECASE | re.ASCII)
_DIGITS_MAX: Final = 18
_TRIES: Final = 3
VERIFIED_BYTES_MAX: Final = 1024 * 1024
"""Whole reads that ask for the checksum are verified up to this; longer ones are the scrub's."""
PART_NUMBER_MAX: Final = 10_000


class Range(msgspec.Struct, frozen=True):
    """The bytes that are read. partial: the answer is 206. part: the place of the part that was asked for, from 1."""

    offset: int
    size_bytes: int
    partial: bool = False
    part: int = 0

    def headers(self, record: ObjectRecord) -> list[tuple[str, str]]:
        """`Content-Range`, where only a range is told."""
        if not self.partial:
            return []
        last = self.offset + self.size_bytes - 1
        return [("Content-Range", f"bytes {self.offset}-{last}/{record.size_bytes}")] if self.size_bytes else []


def range_of(asked: str | None, size_bytes: int) -> Range:
    """What a `Range` header means; what it cannot mean is as if it were not there. InvalidRange."""
    found = _RANGE.fullmatch(asked) if asked is not None else None
    if found is None or asked is None:
        return Range(0, size_bytes)
    first, last = found.groups()
    if len(first) > _DIGITS_MAX or len(last) > _DIGITS_MAX or not (first or last):
        return Range(0, size_bytes)
    if not first:
        suffix = min(int(last), size_bytes)
        if not suffix:
            raise InvalidRange(asked, size_bytes)
        return Range(size_bytes - suffix, suffix, partial=True)
    begin = int(first)
    end = int(last) if last else size_bytes - 1
    if last and end < begin:
        return Range(0, size_bytes)
    if begin >= size_bytes:
        raise InvalidRange(asked, size_bytes)
    return Range(begin, min(end, size_bytes - 1) - begin + 1, partial=True)


class Found(msgspec.Struct, frozen=True):
    """A version that is read. parts: of one that was uploaded in parts, if a part was asked for."""

    bucket: BucketRecord
    record: ObjectRecord
    range: Range
    parts: tuple[LaidPart, ...] = ()

    @property
    def checksum(self) -> Checksum | None:
        """What may be told with these bytes: that of the whole, of the whole only, or that of the part."""
        whole = self.record.checksum
        if self.range.part and self.parts:
            value = self.parts[self.range.part - 1].checksum
            if whole is not None and value:
                return Checksum(algorithm=whole.algorithm, value=value, kind=whole.kind)
            if whole is None or whole.kind == "COMPOSITE":
                return None
        return whole if self.range.size_bytes == self.record.size_bytes else None


class ObjectReader:
    """Reads objects, for requests and for other services."""

    def __init__(self, *, store: Store, clock: Clock, bodies: Bodies, keys: ObjectKeys) -> None:
        self._store = store
        self._clock = clock
        self._bodies = bodies
        self._keys = keys

    async def find(
        self, snapshot: Snapshot, bucket: BucketRecord, key: str, version_id: str | None, *, method: str
    ) -> ObjectRecord:
        """A version to be read; a delete marker is told by its headers too (test_delete_object_versioned)."""
        try:
            return (await asked_version(snapshot, bucket, key, version_id, method=method)).record
        except NoSuchKey as error:
            if bucket.versioning:
                await _tell_marker(snapshot, bucket, key, error)
            raise
        except DeleteMarkerMet as error:
            marker = await find_version(snapshot, bucket, key, version_id or NULL_VERSION)
            assert marker is not None
            error.headers = (
                *_of_marker(marker),
                ("Last-Modified", http_date(int(marker.modified_at_s))),
                ("Allow", "DELETE"),
            )
            raise

    async def ranged(
        self, snapshot: Snapshot, record: ObjectRecord, *, asked: str | None, part_number: int | None
    ) -> tuple[Range, tuple[LaidPart, ...]]:
        """The range that a request means. InvalidRange, InvalidPartNumber."""
        if part_number is None:
            return range_of(asked, record.size_bytes), ()
        if asked is not None:
            raise InvalidRequest("Cannot specify both Range header and partNumber query parameter")
        if not 1 <= part_number <= PART_NUMBER_MAX:
            raise InvalidArgument(
                f"Part number must be an integer between 1 and {PART_NUMBER_MAX}, inclusive",
                name="partNumber",
                value=part_number,
            )
        parts = tuple(await parts_of(snapshot, record))
        if not parts:
            if part_number > 1:
                raise InvalidPartNumber(part_number, 1)
            return Range(0, record.size_bytes, partial=True, part=1), ()
        found = part_range(parts, part_number)
        if found is None:
            raise InvalidPartNumber(part_number, len(parts))
        return Range(*found, partial=True, part=part_number), parts

    async def content(
        self,
        context: RequestContext | None,
        key: str,
        found: Found,
        *,
        customer_key: bytes = b"",
        verify: bool = False,
    ) -> Content:
        """The bytes of a range; `BlobMissing` when the version was removed meanwhile. verify: see if they are it."""
        record, snapshot = found.record, self._store.snapshot()
        data_key = (
            await self._keys.open(context, found.bucket, key, record, customer_key) if record.encryption else None
        )
        bytes_range = found.range
        try:
            content = await self._bodies.content(
                snapshot, record, key=data_key, offset=bytes_range.offset, size_bytes=bytes_range.size_bytes
            )
        except BlobDamaged:
            raise damaged(f"{found.bucket.name}/{key}") from None
        whole = bytes_range.size_bytes == record.size_bytes
        if verify and whole and record.segment is not None and record.size_bytes <= VERIFIED_BYTES_MAX:
            if type(content) is FileBody:
                await self._check(record, found.bucket, key)
        elif whole and type(content) is bytes and record.checksum is not None:
            _verify(record.checksum, content, f"{found.bucket.name}/{key}")
        return content

    async def read(
        self,
        context: RequestContext | None,
        bucket: BucketRecord,
        key: str,
        *,
        version_id: str | None = None,
        range_header: str | None = None,
        customer_key: bytes = b"",
    ) -> tuple[ObjectRecord, Content]:
        """An object's record and bytes, for readers in this process. NoSuchKey, and all that GetObject answers."""
        for _ in range(_TRIES):
            snapshot = self._store.snapshot()
            record = await self.find(snapshot, bucket, key, version_id, method="GET")
            check_customer_key(record, customer_key)
            found = Found(bucket, record, range_of(range_header, record.size_bytes))
            try:
                return record, await self.content(context, key, found, customer_key=customer_key)
            except BlobMissing:
                continue
        raise damaged(f"{bucket.name}/{key}")

    async def _check(self, record: ObjectRecord, bucket: BucketRecord, key: str) -> None:
        assert record.segment is not None
        try:
            await self._bodies.blobs.check(record.segment)
        except BlobDamaged:
            raise damaged(f"{bucket.name}/{key}") from None


def _verify(told: Checksum, content: bytes, what: str) -> None:
    """Bytes from the store are so few that they are always looked at."""
    if told.kind != "FULL_OBJECT":
        return
    if checksums.summed(told.algorithm, content) != told.value:
        raise damaged(what)


async def _tell_marker(snapshot: Snapshot, bucket: BucketRecord, key: str, error: NoSuchKey) -> None:
    marker = await find_current(snapshot, bucket, key)
    if marker is not None:
        error.headers = _of_marker(marker)


def _of_marker(marker: ObjectRecord) -> tuple[tuple[str, str], ...]:
    return ("x-amz-delete-marker", "true"), ("x-amz-version-id", marker.version_id)
