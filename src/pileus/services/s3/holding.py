"""How much do buckets hold, by storage class, as AWS charges for it?

All versions count, and the parts of uploads under way. An object of a class for seldom access counts at least 128 KB;
an archived one 32 KB more, and 8 KB of STANDARD for its name. The name that a delete marker weighs does not count.
Source: Amazon S3 Pricing, notes on storage; S3 User Guide, "Understanding and managing Amazon S3 storage classes".
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from pileus.kernel.metrics.holding import Held
from pileus.kernel.metrics.metering import BYTES_PER_GB, OBJECT_GB_HOURS
from pileus.kernel.storage.keys import after
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store
from pileus.services.s3.bucket_records import every_bucket
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.object_records import OBJECTS, VERSIONS
from pileus.services.s3.upload_records import behind_upload, parts_of, uploads_of

_KB: Final = 1024
_SELDOM_BYTES_MIN: Final = 128 * _KB
_SELDOM: Final = frozenset({"STANDARD_IA", "ONEZONE_IA", "GLACIER_IR"})
_ARCHIVED: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_ARCHIVED_MORE_BYTES: Final = 32 * _KB
_NAME_BYTES: Final = 8 * _KB
_PAGE: Final = 500
"""Rows that are read without letting others work."""


class Weight(msgspec.Struct, frozen=True, kw_only=True, tag="s3.object.v1"):
    """Of an `ObjectRecord` what is needed here."""

    size_bytes: int = 0
    storage_class: str = "STANDARD"
    delete_marker: bool = False


async def held_by_buckets(store: Store) -> AsyncIterator[Held]:
    """In gigabytes."""
    async for bucket in every_bucket(store.snapshot()):
        bytes_by_class = await _objects(store, bucket) + await _parts(store, bucket)
        for storage_class, size_bytes in bytes_by_class.items():
            what = OBJECT_GB_HOURS.get(storage_class, OBJECT_GB_HOURS["STANDARD"])
            dimensions = (("BucketName", bucket.name),)
            yield Held(bucket.account_id, bucket.region, what, dimensions, size_bytes / BYTES_PER_GB)


def weigh(weight: Weight) -> Counter[str]:
    """The bytes that one version of an object is charged for, by storage class."""
    if weight.delete_marker:
        return Counter()
    storage_class, size_bytes = weight.storage_class, weight.size_bytes
    if storage_class in _SELDOM:
        return Counter({storage_class: max(size_bytes, _SELDOM_BYTES_MIN)})
    if storage_class in _ARCHIVED:
        return Counter({storage_class: size_bytes + _ARCHIVED_MORE_BYTES, "STANDARD": _NAME_BYTES})
    return Counter({storage_class: size_bytes})


async def _objects(store: Store, bucket: BucketRecord) -> Counter[str]:
    found: Counter[str] = Counter()
    plain_bytes = 0  # most are of this class
    for space in (OBJECTS, VERSIONS):
        begin, end = space.range(bucket.serial)
        while page := await store.snapshot().range(begin, end, limit=_PAGE):
            for _, data in page:
                weight = decode(data, Weight)
                if weight.storage_class == "STANDARD":
                    plain_bytes += weight.size_bytes
                else:
                    found += weigh(weight)
            begin = after(page[-1][0])
            await asyncio.sleep(0)
    found["STANDARD"] += plain_bytes
    return found


async def _parts(store: Store, bucket: BucketRecord) -> Counter[str]:
    found: Counter[str] = Counter()
    begin = b""
    while uploads := await uploads_of(store.snapshot(), bucket, begin=begin, limit=_PAGE):
        for _, upload, record in uploads:
            beyond = 0
            while parts := await parts_of(store.snapshot(), upload, beyond=beyond, limit=_PAGE):
                found[record.storage_class] += sum(part.size_bytes for _, part in parts)
                beyond = parts[-1][0]
            await asyncio.sleep(0)
        key, upload, _ = uploads[-1]
        begin = behind_upload(bucket, key, upload)
    return found
