"""Where are the versions of objects kept, and which is the current one?

Below `(s3, object, bucket's serial, key)` the current version of a key, if that is no delete marker: what lists of
objects read, and nothing else. Below `(s3, version, serial, key, -order)` all other versions and delete markers, newest
first. Below `(s3, null, serial, key)` the order of the version `null`, while that is among the others. The newest of
the others is a key's current version where there is no object: then it is a delete marker.

Bytes: below `(s3, bytes, id)` those of small objects; below `(s3, layout, id)` the parts of an object; below
`(s3, blob, id)` that a file of `kernel.blobs` belongs to somebody. Whoever removes a version calls `release`, which
forgets all that and leaves the files to the outbox (topic `s3.free`).

Argument for the order of versions: `next_order` is greater than that of every version which the key has, in the
transaction that writes, so the newest first is the order of commits whatever the clock does.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from pileus.kernel.blobs.segments import Segment
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Snapshot, Transaction
from pileus.services.s3.model import (
    NULL_VERSION,
    BlobRecord,
    BucketRecord,
    LaidPart,
    LayoutRecord,
    ObjectRecord,
)
from pileus.services.s3.names import order_of

OBJECTS: Final = Subspace("s3", "object")
VERSIONS: Final = Subspace("s3", "version")
_NULLS: Final = Subspace("s3", "null")
_BYTES: Final = Subspace("s3", "bytes")
_LAYOUTS: Final = Subspace("s3", "layout")
BLOBS: Final = Subspace("s3", "blob")
FREE_TOPIC: Final = "s3.free"
"""Blobs that belong to nobody any more; the payload is a `Freed`."""


_KEPT_BYTES_MAX: Final = 1024
"""Longer records, with much metadata, are decoded each time."""

UNLAY_TOPIC: Final = "s3.unlay"
"""A layout that belongs to nobody any more; the payload is its id."""


class Freed(msgspec.Struct, frozen=True, tag="s3.freed.v1"):
    """Ids of blobs to remove."""

    blobs: tuple[str, ...]


async def find_object(snapshot: Snapshot, bucket: BucketRecord, key: str) -> ObjectRecord | None:
    """The current version; None when there is none, or a delete marker."""
    value = await snapshot.get(OBJECTS.pack(bucket.serial, key))
    return None if value is None else decode(value, ObjectRecord)


async def read_object(snapshot: Snapshot, bucket: BucketRecord, key: str) -> ObjectRecord | None:
    """`find_object`, for readers: they come back to the same objects, of which the records are kept decoded."""
    value = await snapshot.get(OBJECTS.pack(bucket.serial, key))
    if value is None:
        return None
    return _read(value) if len(value) <= _KEPT_BYTES_MAX else decode(value, ObjectRecord)


@lru_cache(maxsize=512)
def _read(value: bytes) -> ObjectRecord:
    return decode(value, ObjectRecord)


async def find_current(snapshot: Snapshot, bucket: BucketRecord, key: str) -> ObjectRecord | None:
    """The current version, be it a delete marker."""
    found = await find_object(snapshot, bucket, key)
    if found is not None or not bucket.versioning:
        return found
    return await _newest_other(snapshot, bucket, key)


async def find_version(snapshot: Snapshot, bucket: BucketRecord, key: str, version_id: str) -> ObjectRecord | None:
    """A version by its id, be it a delete marker."""
    current = await find_object(snapshot, bucket, key)
    if current is not None and current.version_id == version_id:
        return current
    if version_id == NULL_VERSION:
        order = await _null_order(snapshot, bucket, key)
    else:
        order = order_of(version_id)
    if order is None:
        return None
    value = await snapshot.get(VERSIONS.pack(bucket.serial, key, -order))
    if value is None:
        return None
    found = decode(value, ObjectRecord)
    return found if found.version_id == version_id else None


async def next_order(snapshot: Snapshot, bucket: BucketRecord, key: str, *, now_s: float) -> int:
    """The order of a version that is written now: microseconds, and more than any that the key has."""
    return order_after(await find_current(snapshot, bucket, key), now_s=now_s)


def order_after(current: ObjectRecord | None, *, now_s: float) -> int:
    """The same, of a key whose current version, be it a delete marker, is known."""
    order = int(now_s * 1_000_000)
    return order if current is None else max(order, current.order + 1)


async def put_version(tx: Transaction, bucket: BucketRecord, key: str, record: ObjectRecord) -> None:
    """Make a version or delete marker the current one of its key; what it replaces is gone or becomes noncurrent.

    record: its id is `null` exactly if versioning is not enabled, its order from `next_order`.
    """
    await put_over(tx, bucket, key, record, current=await find_object(tx, bucket, key))


async def put_over(
    tx: Transaction, bucket: BucketRecord, key: str, record: ObjectRecord, *, current: ObjectRecord | None
) -> None:
    """`put_version`, of a key of which `find_object` is known in the same transaction."""
    assert (record.version_id == NULL_VERSION) == (bucket.versioning != "Enabled")
    here = OBJECTS.pack(bucket.serial, key)
    if current is not None:
        if current.version_id == record.version_id:
            release(tx, current)
        else:
            _put_other(tx, bucket, key, current)
    if bucket.versioning == "Suspended":
        await _forget_null(tx, bucket, key)
    if not record.delete_marker:
        tx.set(here, encode(record))
        return
    if current is not None:
        tx.clear(here)
    if bucket.versioning:
        _put_other(tx, bucket, key, record)


async def insert_version(tx: Transaction, bucket: BucketRecord, key: str, record: ObjectRecord) -> None:
    """Put a version of another bucket where its order says; one that is there is told anew, but for its bytes."""
    assert record.version_id != NULL_VERSION
    here = await find_version(tx, bucket, key, record.version_id)
    current = await find_current(tx, bucket, key)
    if here is not None:
        told = msgspec.structs.replace(
            record, inline=here.inline, segment=here.segment, layout=here.layout, encryption=here.encryption
        )
        replace_version(tx, bucket, key, told, current=current == here and not here.delete_marker)
    elif current is None or record.order > current.order:
        await put_version(tx, bucket, key, record)
    else:
        _put_other(tx, bucket, key, record)


def replace_version(tx: Transaction, bucket: BucketRecord, key: str, record: ObjectRecord, *, current: bool) -> None:
    """Write a version again, with other tags, say. current: whether it is what `find_object` finds."""
    if current:
        tx.set(OBJECTS.pack(bucket.serial, key), encode(record))
    else:
        tx.set(VERSIONS.pack(bucket.serial, key, -record.order), encode(record))


async def delete_object(tx: Transaction, bucket: BucketRecord, key: str) -> ObjectRecord | None:
    """Remove the object of a bucket that never had versions; gives what was there."""
    assert not bucket.versioning
    current = await find_object(tx, bucket, key)
    if current is not None:
        tx.clear(OBJECTS.pack(bucket.serial, key))
        release(tx, current)
    return current


async def delete_version(tx: Transaction, bucket: BucketRecord, key: str, version_id: str) -> ObjectRecord | None:
    """Remove a version for good; the newest of those that are left becomes the current one. Gives what was there."""
    found = await find_version(tx, bucket, key, version_id)
    if found is None:
        return None
    release(tx, found)
    here = OBJECTS.pack(bucket.serial, key)
    current = await find_object(tx, bucket, key)
    if current is not None and current.version_id == version_id:
        tx.clear(here)
    else:
        _clear_other(tx, bucket, key, found)
        if current is not None:
            return found
    newest = await _newest_other(tx, bucket, key)
    if newest is not None and not newest.delete_marker:
        _clear_other(tx, bucket, key, newest)
        tx.set(here, encode(newest))
    return found


async def parts_of(snapshot: Snapshot, record: ObjectRecord) -> Sequence[LaidPart]:
    """The parts of an object that was uploaded in parts; none of another."""
    if not record.layout:
        return ()
    value = await snapshot.get(_LAYOUTS.pack(record.layout))
    assert value is not None, "a layout goes with its object"
    return decode(value, LayoutRecord).parts


def put_layout(tx: Transaction, layout_id: str, parts: Sequence[LaidPart]) -> None:
    tx.set(_LAYOUTS.pack(layout_id), encode(LayoutRecord(parts=tuple(parts))))


async def unlay(tx: Transaction, layout_id: str, *, limit: int) -> bool:
    """Give up so many parts of a layout; whether there are more."""
    key = _LAYOUTS.pack(layout_id)
    value = await tx.get(key)
    if value is None:
        return False
    parts = decode(value, LayoutRecord).parts
    disown(tx, [part.segment for part in parts[:limit]])
    if len(parts) <= limit:
        tx.clear(key)
        return False
    tx.set(key, encode(LayoutRecord(parts=parts[limit:])))
    return True


async def inline_bytes(snapshot: Snapshot, record: ObjectRecord) -> bytes:
    """The bytes of an object that lies in the store."""
    value = await snapshot.get(_BYTES.pack(record.inline))
    assert value is not None, "bytes go with their object"
    return value


def put_inline(tx: Transaction, inline_id: str, data: bytes) -> None:
    tx.set(_BYTES.pack(inline_id), data)


def own(tx: Transaction, segments: Sequence[Segment]) -> None:
    """Say that these blobs belong to somebody, in the transaction that refers to them."""
    for segment in segments:
        tx.set(BLOBS.pack(segment.blob), encode(BlobRecord(segment=segment)))


def disown(tx: Transaction, segments: Sequence[Segment]) -> None:
    """Say that nobody refers to these blobs any more."""
    if not segments:
        return
    for segment in segments:
        tx.clear(BLOBS.pack(segment.blob))
    tx.emit(Event(topic=FREE_TOPIC, payload=encode(Freed(tuple(segment.blob for segment in segments)))))


def release(tx: Transaction, record: ObjectRecord) -> None:
    """Give up the bytes of a version that is removed."""
    if record.inline:
        tx.clear(_BYTES.pack(record.inline))
    if record.segment is not None:
        disown(tx, (record.segment,))
    if record.layout:
        tx.emit(Event(topic=UNLAY_TOPIC, payload=record.layout.encode()))


async def _newest_other(snapshot: Snapshot, bucket: BucketRecord, key: str) -> ObjectRecord | None:
    rows = await snapshot.range(*VERSIONS.range(bucket.serial, key), limit=1)
    return decode(rows[0][1], ObjectRecord) if rows else None


async def _null_order(snapshot: Snapshot, bucket: BucketRecord, key: str) -> int | None:
    value = await snapshot.get(_NULLS.pack(bucket.serial, key))
    return None if value is None else int.from_bytes(value, "big")


def _put_other(tx: Transaction, bucket: BucketRecord, key: str, record: ObjectRecord) -> None:
    tx.set(VERSIONS.pack(bucket.serial, key, -record.order), encode(record))
    if record.version_id == NULL_VERSION:
        tx.set(_NULLS.pack(bucket.serial, key), record.order.to_bytes(9, "big"))


def _clear_other(tx: Transaction, bucket: BucketRecord, key: str, record: ObjectRecord) -> None:
    tx.clear(VERSIONS.pack(bucket.serial, key, -record.order))
    if record.version_id == NULL_VERSION:
        tx.clear(_NULLS.pack(bucket.serial, key))


async def _forget_null(tx: Transaction, bucket: BucketRecord, key: str) -> None:
    """Remove the version `null` among the others, which the new one replaces."""
    order = await _null_order(tx, bucket, key)
    if order is None:
        return
    value = await tx.get(VERSIONS.pack(bucket.serial, key, -order))
    assert value is not None, "the pointer goes with its version"
    old = decode(value, ObjectRecord)
    release(tx, old)
    _clear_other(tx, bucket, key, old)
