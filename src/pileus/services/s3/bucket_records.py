"""Where are buckets and their configurations kept?

Below `(s3, bucket, name)` the bucket; below `(s3, owned, account, name)` an empty value, so that ListBuckets reads no
other's; below `(s3, setting, serial, kind, id)` its further configurations, whose kinds the bucket's record names;
below `(s3, with, kind, name)` an empty value for each bucket that has such a configuration, for who looks after them.
"""

from collections.abc import AsyncIterator, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.s3.access_points import bucket_behind, names_access_point
from pileus.services.s3.errors import NoSuchBucket
from pileus.services.s3.model import BucketRecord, SettingRecord

_BUCKETS: Final = Subspace("s3", "bucket")
_OWNED: Final = Subspace("s3", "owned")
_LAST_SERIAL: Final = Subspace("s3", "serial").pack()
_SETTINGS: Final = Subspace("s3", "setting")
_WITH: Final = Subspace("s3", "with")
_CHANGED: Final = Subspace("s3", "with-changed")
_PAGE: Final = 256


def bucket_key(name: str) -> bytes:
    """Where a bucket's record is, for who compares its bytes."""
    return _BUCKETS.pack(name)


def setting_key(bucket: BucketRecord, kind: str) -> bytes:
    """Where a configuration is, of a kind of which there is one."""
    return _SETTINGS.pack(bucket.serial, kind, "")


@lru_cache(maxsize=256)
def _read(value: bytes) -> BucketRecord:
    """Each request reads its bucket two or three times, and it seldom changes."""
    return decode(value, BucketRecord)


async def find_bucket(snapshot: Snapshot, name: str) -> BucketRecord | None:
    """By its name, or by that of an access point which leads to it."""
    value = await snapshot.get(_BUCKETS.pack(name))
    if value is not None:
        return _read(value)
    behind = await bucket_behind(snapshot, name) if names_access_point(name) else ""
    return await find_bucket(snapshot, behind) if behind else None


async def get_bucket(snapshot: Snapshot, name: str) -> BucketRecord:
    """Or NoSuchBucket."""
    found = await find_bucket(snapshot, name)
    if found is None:
        raise NoSuchBucket(name)
    return found


async def buckets_of(
    snapshot: Snapshot, account_id: str, *, prefix: str = "", beyond: str = "", limit: int = 0
) -> list[str]:
    """Names in their order, those that begin with `prefix` and follow `beyond`."""
    begin, end = _OWNED.range_starting(account_id, prefix=prefix)
    if beyond:
        begin = max(begin, after(_OWNED.pack(account_id, beyond)))
    return [str(_OWNED.unpack(key)[-1]) for key, _ in await snapshot.range(begin, end, limit=limit)]


async def find_buckets(snapshot: Snapshot, names: Sequence[str]) -> list[BucketRecord]:
    """Those of them that are there."""
    values = await snapshot.get_many([_BUCKETS.pack(name) for name in names])
    return [decode(value, BucketRecord) for value in values if value is not None]


async def every_bucket(snapshot: Snapshot) -> AsyncIterator[BucketRecord]:
    """Of all accounts."""
    begin, end = _BUCKETS.range()
    while page := await snapshot.range(begin, end, limit=_PAGE):
        for _, value in page:
            yield decode(value, BucketRecord)
        begin = after(page[-1][0])


async def next_serial(tx: Transaction) -> int:
    """A number that no bucket has or had."""
    value = await tx.get(_LAST_SERIAL)
    serial = 1 if value is None else int.from_bytes(value, "big") + 1
    tx.set(_LAST_SERIAL, serial.to_bytes(8, "big"))
    return serial


def put_bucket(tx: Transaction, bucket: BucketRecord) -> None:
    tx.set(_BUCKETS.pack(bucket.name), encode(bucket))
    tx.set(_OWNED.pack(bucket.account_id, bucket.name), b"")


def delete_bucket(tx: Transaction, bucket: BucketRecord) -> None:
    """Forget a bucket, which is empty, and its configurations."""
    tx.clear(_BUCKETS.pack(bucket.name))
    tx.clear(_OWNED.pack(bucket.account_id, bucket.name))
    tx.clear_range(*_SETTINGS.range(bucket.serial))
    for kind in bucket.settings:
        _forget_kind(tx, bucket, kind)


async def buckets_with(snapshot: Snapshot, kind: str, *, beyond: str = "", limit: int = 0) -> list[str]:
    """Names of the buckets of everybody that have a configuration of a kind."""
    begin, end = _WITH.range(kind)
    if beyond:
        begin = after(_WITH.pack(kind, beyond))
    return [str(_WITH.unpack(key)[-1]) for key, _ in await snapshot.range(begin, end, limit=limit)]


def changes_of(kind: str) -> bytes:
    """A key that is written whenever a bucket gets its first configuration of a kind, or loses its last."""
    return _CHANGED.pack(kind)


async def find_setting(snapshot: Snapshot, bucket: BucketRecord, kind: str, name: str = "") -> SettingRecord | None:
    """A configuration. name: of one of several (inventories); "" where there is one."""
    if kind not in bucket.settings:
        return None
    value = await snapshot.get(_SETTINGS.pack(bucket.serial, kind, name))
    return None if value is None else decode(value, SettingRecord)


async def settings_of(
    snapshot: Snapshot, bucket: BucketRecord, kind: str, *, beyond: str = "", limit: int = 0
) -> list[tuple[str, SettingRecord]]:
    """All configurations of a kind, by name."""
    begin, end = _SETTINGS.range(bucket.serial, kind)
    if beyond:
        begin = after(_SETTINGS.pack(bucket.serial, kind, beyond))
    rows = await snapshot.range(begin, end, limit=limit)
    return [(str(_SETTINGS.unpack(key)[-1]), decode(value, SettingRecord)) for key, value in rows]


def put_setting(tx: Transaction, bucket: BucketRecord, kind: str, setting: SettingRecord, name: str = "") -> None:
    tx.set(_SETTINGS.pack(bucket.serial, kind, name), encode(setting))
    if kind not in bucket.settings:
        put_bucket(tx, msgspec.structs.replace(bucket, settings=bucket.settings | {kind}))
        tx.set(_WITH.pack(kind, bucket.name), b"")
        tx.set(_CHANGED.pack(kind), b"")


async def delete_setting(tx: Transaction, bucket: BucketRecord, kind: str, name: str = "") -> None:
    """Forget a configuration, if it is there."""
    tx.clear(_SETTINGS.pack(bucket.serial, kind, name))
    if kind in bucket.settings and not await tx.range(*_SETTINGS.range(bucket.serial, kind), limit=1):
        put_bucket(tx, msgspec.structs.replace(bucket, settings=bucket.settings - {kind}))
        _forget_kind(tx, bucket, kind)


def _forget_kind(tx: Transaction, bucket: BucketRecord, kind: str) -> None:
    tx.clear(_WITH.pack(kind, bucket.name))
    tx.set(_CHANGED.pack(kind), b"")
