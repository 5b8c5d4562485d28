"""Where are uploads under way and their parts kept?

Below `(s3, upload, bucket's serial, key, upload id)` an upload; below `(s3, part, upload id, number)` its parts, whose
files belong to it (`object_records.own`); below `(s3, part-count, upload id)` a number that changes with every part, so
that who works out a large object beforehand knows whether it is still right. Below `(s3, completed, upload id)` for a
while what came of an upload, so that completing it again answers the same.

Argument for parts that race with an end: a part is written by the transaction that has read its upload, and the one
that ends an upload removes it and all its parts. So a part is there before the end and goes with it, or finds no
upload, and its file is removed by who wrote it (if the process dies before, by the sweep: no row refers to it).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Snapshot, Transaction
from pileus.services.s3.model import BucketRecord, Checksum, PartRecord, UploadRecord
from pileus.services.s3.object_records import disown, own
from pileus.services.s3.uploads.errors import NoSuchUpload
from pileus.services.s3.uploads.naming import order_of, upload_id

_UPLOADS: Final = Subspace("s3", "upload")
_PARTS: Final = Subspace("s3", "part")
_CHANGES: Final = Subspace("s3", "part-count")
_COMPLETED: Final = Subspace("s3", "completed")

FORGET_TOPIC: Final = "s3.completed"
"""It is long enough ago that an upload was completed; the payload is its id."""
ABANDON_TOPIC: Final = "s3.abandon"
"""The uploads of a bucket that is no more; the payload is its serial in decimal."""
PARTS_TOPIC: Final = "s3.parts"
"""The parts of an upload that is over; the payload is its id."""
REMEMBERED: Final = timedelta(hours=24)
"""AWS answers the same again for a while of which it does not tell the length."""
_ABANDON_COUNT: Final = 100
_AT_ONCE: Final = 500
"""Parts that one transaction gives up, so that it does not hold up others."""


class CompletedRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="s3.completed.v1"):
    """What completing an upload gave. asked: SHA-256 of what was asked for. checksum: None where none was told."""

    serial: int
    key: str
    asked: bytes
    etag: str
    version_id: str
    checksum: Checksum | None = None
    algorithm: str = "AES256"
    key_arn: str = ""
    bucket_key: bool = False
    expiration: str = ""


async def find_upload(snapshot: Snapshot, bucket: BucketRecord, key: str, upload: str) -> UploadRecord | None:
    value = await snapshot.get(_UPLOADS.pack(bucket.serial, key, upload))
    return None if value is None else decode(value, UploadRecord)


async def get_upload(snapshot: Snapshot, bucket: BucketRecord, key: str, upload: str) -> UploadRecord:
    """Or NoSuchUpload: also for an upload of another key."""
    found = await find_upload(snapshot, bucket, key, upload)
    if found is None:
        raise NoSuchUpload(upload)
    return found


async def uploads_of(
    snapshot: Snapshot, bucket: BucketRecord, *, prefix: str = "", begin: bytes = b"", limit: int = 0
) -> list[tuple[str, str, UploadRecord]]:
    """Keys, ids and uploads, by key, of one key the oldest first. begin: from `behind_upload` or `behind_prefix`."""
    first, end = _UPLOADS.range_starting(bucket.serial, prefix=prefix)
    rows = await snapshot.range(max(begin, first), end, limit=limit)
    found: list[tuple[str, str, UploadRecord]] = []
    for packed, value in rows:
        _, key, upload = _UPLOADS.unpack(packed)
        found.append((str(key), str(upload), decode(value, UploadRecord)))
    return found


def behind_upload(bucket: BucketRecord, key: str, upload: str) -> bytes:
    """Where those begin that follow an upload; "" for all uploads of the key."""
    if not upload:
        return _UPLOADS.range(bucket.serial, key)[1]
    return after(_UPLOADS.pack(bucket.serial, key, upload))


def behind_prefix(bucket: BucketRecord, prefix: str) -> bytes:
    """Where those begin that follow all keys which begin with `prefix`."""
    return _UPLOADS.range_starting(bucket.serial, prefix=prefix)[1]


async def put_new(
    tx: Transaction, bucket: BucketRecord, key: str, record: UploadRecord, *, now_s: float, random: bytes
) -> str:
    """Begin an upload; gives its id, which follows on those of the key's other uploads."""
    order = int(now_s * 1_000_000)
    newest = await tx.range(*_UPLOADS.range(bucket.serial, key), limit=1, reverse=True)
    if newest:
        order = max(order, order_of(str(_UPLOADS.unpack(newest[0][0])[-1])) + 1)
    upload = upload_id(order, random)
    tx.set(_UPLOADS.pack(bucket.serial, key, upload), encode(record))
    return upload


async def find_part(snapshot: Snapshot, upload: str, number: int) -> PartRecord | None:
    value = await snapshot.get(_PARTS.pack(upload, number))
    return None if value is None else decode(value, PartRecord)


async def parts_of(snapshot: Snapshot, upload: str, *, beyond: int = 0, limit: int = 0) -> list[tuple[int, PartRecord]]:
    """Numbers and parts, in their order, those whose number is greater than `beyond`."""
    _, end = _PARTS.range(upload)
    rows = await snapshot.range(after(_PARTS.pack(upload, beyond)), end, limit=limit)
    return [(number_of(key), decode(value, PartRecord)) for key, value in rows]


def number_of(key: bytes) -> int:
    number = _PARTS.unpack(key)[-1]
    assert isinstance(number, int)
    return number


async def changes_of(snapshot: Snapshot, upload: str) -> bytes | None:
    """Something that differs whenever a part has come or was replaced."""
    return await snapshot.get(_CHANGES.pack(upload))


async def put_part(tx: Transaction, upload: str, number: int, part: PartRecord) -> None:
    """Write a part of an upload that this transaction has read; one of the same number is replaced, its file freed."""
    before = await find_part(tx, upload, number)
    if before is not None:
        disown(tx, (before.segment,))
    own(tx, (part.segment,))
    tx.set(_PARTS.pack(upload, number), encode(part))
    changes = await changes_of(tx, upload)
    tx.set(_CHANGES.pack(upload), (int.from_bytes(changes or b"") + 1).to_bytes(8))


def end_upload(tx: Transaction, bucket: BucketRecord, key: str, upload: str, left: Iterable[PartRecord]) -> None:
    """Forget an upload and all its parts. left: those whose files are to go too."""
    tx.clear(_UPLOADS.pack(bucket.serial, key, upload))
    tx.clear(_CHANGES.pack(upload))
    tx.clear_range(*_PARTS.range(upload))
    disown(tx, tuple(part.segment for part in left))


async def abort(tx: Transaction, bucket: BucketRecord, key: str, upload: str) -> None:
    """End an upload that this transaction has read, and give up what it holds: of many parts, by the outbox."""
    left = await parts_of(tx, upload, limit=_AT_ONCE + 1)
    if len(left) <= _AT_ONCE:
        end_upload(tx, bucket, key, upload, [part for _, part in left])
        return
    tx.clear(_UPLOADS.pack(bucket.serial, key, upload))
    tx.clear(_CHANGES.pack(upload))
    tx.emit(Event(topic=PARTS_TOPIC, payload=upload.encode()))


async def remove_some_parts(tx: Transaction, upload: str) -> bool:
    """Give up a few parts of an upload that is over; gives whether there may be others."""
    left = await parts_of(tx, upload, limit=_AT_ONCE)
    if left:
        begin, _ = _PARTS.range(upload)
        tx.clear_range(begin, after(_PARTS.pack(upload, left[-1][0])))
    disown(tx, tuple(part.segment for _, part in left))
    return len(left) == _AT_ONCE


def remember(tx: Transaction, upload: str, completed: CompletedRecord, *, now: datetime) -> None:
    tx.set(_COMPLETED.pack(upload), encode(completed))
    tx.emit(Event(topic=FORGET_TOPIC, payload=upload.encode()), at=now + REMEMBERED)


async def find_completed(snapshot: Snapshot, bucket: BucketRecord, key: str, upload: str) -> CompletedRecord | None:
    value = await snapshot.get(_COMPLETED.pack(upload))
    if value is None:
        return None
    found = decode(value, CompletedRecord)
    return found if (found.serial, found.key) == (bucket.serial, key) else None


def forget_completed(tx: Transaction, upload: str) -> None:
    tx.clear(_COMPLETED.pack(upload))


def abandon(tx: Transaction, bucket: BucketRecord) -> None:
    """The bucket goes, in this transaction; its uploads follow, by the outbox."""
    tx.emit(Event(topic=ABANDON_TOPIC, payload=str(bucket.serial).encode()))


async def abandon_some(tx: Transaction, serial: int) -> bool:
    """Abort a few uploads of a bucket that is no more; gives whether there may be others."""
    rows = await tx.range(*_UPLOADS.range(serial), limit=_ABANDON_COUNT)
    for key, _ in rows:
        upload = str(_UPLOADS.unpack(key)[-1])
        tx.clear(key)
        tx.clear(_CHANGES.pack(upload))
        tx.emit(Event(topic=PARTS_TOPIC, payload=upload.encode()))
    return len(rows) == _ABANDON_COUNT
