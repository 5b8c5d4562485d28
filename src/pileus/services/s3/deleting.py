"""What does it mean to delete an object?

In a bucket that never had versions the object is gone. In one that has, a delete marker is put on top: the bytes stay.
A version that is named by its id is gone for good, unless it is locked.

Sources: S3 User Guide, "Deleting object versions from a versioning-enabled bucket"; recordings s3/s3_api,
test_delete_object_versioned, test_delete_object_on_suspended_bucket, test_delete_objects_versioned.
"""

from dataclasses import dataclass

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Transaction
from pileus.services.s3.conditions import check_delete
from pileus.services.s3.happenings import note
from pileus.services.s3.locking import check_deletable
from pileus.services.s3.mfa import check_vouched
from pileus.services.s3.model import BucketRecord, ObjectRecord
from pileus.services.s3.new_versions import new_marker
from pileus.services.s3.object_records import (
    delete_object,
    delete_version,
    find_object,
    find_version,
    next_order,
    put_version,
)
from pileus.services.s3.replication.noting import replicated


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What is asked. version_id: None for no particular one. bypass: GOVERNANCE. mfa: the account whose device
    vouches.
    """

    key: str
    version_id: str | None = None
    if_match: str | None = None
    bypass: bool = False
    mfa: str = ""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What happened. marker: a delete marker was made, or removed. version_id: of that, or what was removed."""

    marker: bool = False
    version_id: str | None = None


class ObjectDeleter:
    """Deletes objects and versions."""

    def __init__(self, *, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids

    async def delete(
        self, tx: Transaction, context: RequestContext | None, bucket: BucketRecord, asked: Deletion
    ) -> Deleted:
        """context: None for S3 itself. Raises before anything is written: AccessDenied, PreconditionFailed."""
        if asked.if_match is not None:
            check_delete(await find_object(tx, bucket, asked.key), asked.if_match)
        if asked.version_id is not None:
            return await self._delete_version(tx, context, bucket, asked, asked.version_id)
        if not bucket.versioning:
            removed = await delete_object(tx, bucket, asked.key)
            if removed is not None:
                await self._note_removed(tx, context, bucket, asked.key, removed)
            return Deleted()
        marker = await self._put_marker(tx, context, bucket, asked.key)
        return Deleted(marker=True, version_id=marker.version_id)

    async def _delete_version(
        self,
        tx: Transaction,
        context: RequestContext | None,
        bucket: BucketRecord,
        asked: Deletion,
        version_id: str,
    ) -> Deleted:
        if bucket.mfa_delete:
            check_vouched(bucket, asked.mfa)
        now_s = self._clock.timestamp()
        found = await find_version(tx, bucket, asked.key, version_id)
        if found is None:
            return Deleted(version_id=version_id)
        check_deletable(found, now_s=now_s, bypass=asked.bypass)
        await delete_version(tx, bucket, asked.key, version_id)
        await self._note_removed(tx, context, bucket, asked.key, found)
        return Deleted(marker=found.delete_marker, version_id=version_id)

    async def _put_marker(
        self, tx: Transaction, context: RequestContext | None, bucket: BucketRecord, key: str
    ) -> ObjectRecord:
        now_s = self._clock.timestamp()
        order = await next_order(tx, bucket, key, now_s=now_s)
        owner = bucket.account_id if context is None else context.account_id
        marker = new_marker(bucket, order=order, owner=owner, now_s=now_s, ids=self._ids)
        if bucket.settings:
            marker = await replicated(tx, bucket, key, marker)
        await put_version(tx, bucket, key, marker)
        if bucket.settings:
            await note(tx, bucket, "ObjectRemoved:DeleteMarkerCreated", key, marker, context, at_s=now_s)
        return marker

    async def _note_removed(
        self,
        tx: Transaction,
        context: RequestContext | None,
        bucket: BucketRecord,
        key: str,
        removed: ObjectRecord,
    ) -> None:
        if not bucket.settings:
            return
        now_s = self._clock.timestamp()
        order = max(removed.order + 1, int(now_s * 1_000_000))
        told = msgspec.structs.replace(removed, order=order)
        await note(tx, bucket, "ObjectRemoved:Delete", key, told, context, at_s=now_s)
