"""How does an object come to be? The one way by which all end who write one.

Its bytes are kept first (`bodies`), then one transaction looks at the conditions, makes the version the current one and
says that the bytes are its own. A failure in between leaves a blob that is nobody's, which is removed at once, or by
the sweep after a crash.
"""

from hashlib import md5
from typing import Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.s3.bodies import DEFAULT_CHECKSUM, Bodies, Body, Stored
from pileus.services.s3.bucket_records import get_bucket
from pileus.services.s3.conditions import UNCONDITIONAL, WriteConditions, check_write
from pileus.services.s3.encryption import NOT_ASKED, Asked, ObjectKeys
from pileus.services.s3.errors import NoSuchBucket
from pileus.services.s3.happenings import note
from pileus.services.s3.model import BucketRecord, Checksum, Encryption, ObjectRecord
from pileus.services.s3.new_versions import new_version_id
from pileus.services.s3.object_records import (
    find_current,
    find_object,
    order_after,
    own,
    put_inline,
    put_over,
)
from pileus.services.s3.replication.noting import replicated

_ID_BYTES: Final = 16


class ObjectWriter:
    """Writes objects."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, bodies: Bodies, keys: ObjectKeys) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._bodies = bodies
        self._keys = keys

    async def write(
        self,
        context: RequestContext | None,
        bucket: BucketRecord,
        key: str,
        draft: ObjectRecord,
        body: Body,
        *,
        told: Checksum | None = None,
        algorithm: str = DEFAULT_CHECKSUM,
        asked: Asked = NOT_ASKED,
        conditions: WriteConditions = UNCONDITIONAL,
        happening: str = "ObjectCreated:Put",
    ) -> ObjectRecord:
        """Write an object; gives its record as it was committed.

        context: who asks; None for S3 itself. draft: all that is told of the object but its bytes. told: a checksum of
        the body that was verified; of a `ReceivedBody` it is known. algorithm: of the checksum if there is none.
        Raises `ServiceError`, and what the body raises.
        """
        encryption, data_key = await self._keys.new(context, bucket, key, asked)
        stored = await self._bodies.store(body, key=data_key, told=told, algorithm=algorithm)
        draft = msgspec.structs.replace(
            draft,
            size_bytes=stored.size_bytes,
            etag=etag_of(stored.md5, encryption, data_key),
            checksum=stored.checksum,
            encryption=encryption,
        )
        return await self.adopt(context, bucket, key, draft, stored, conditions=conditions, happening=happening)

    async def adopt(
        self,
        context: RequestContext | None,
        bucket: BucketRecord,
        key: str,
        draft: ObjectRecord,
        stored: Stored,
        *,
        conditions: WriteConditions = UNCONDITIONAL,
        happening: str,
    ) -> ObjectRecord:
        """Make an object of bytes that are kept; they are removed when it does not come to be."""
        try:
            async with self._store.transaction() as tx:
                return await self.finish(
                    tx, context, bucket, key, draft, stored=stored, conditions=conditions, happening=happening
                )
        except BaseException:
            await self._bodies.discard(stored)
            raise

    async def finish(
        self,
        tx: Transaction,
        context: RequestContext | None,
        bucket: BucketRecord,
        key: str,
        draft: ObjectRecord,
        *,
        stored: Stored | None = None,
        conditions: WriteConditions = UNCONDITIONAL,
        happening: str,
    ) -> ObjectRecord:
        """The end of every write: make a version the current one, if the conditions hold.

        draft: all but its place among the versions; with its segment or layout unless they are `stored`. Whoever calls
        this with a layout has called `own` for the parts.
        """
        bucket = await same_bucket(tx, bucket)
        here = await find_object(tx, bucket, key)
        if conditions is not UNCONDITIONAL:
            check_write(here, conditions, key)
        now_s = self._clock.timestamp()
        newest = here if here is not None or not bucket.versioning else await find_current(tx, bucket, key)
        order = order_after(newest, now_s=now_s)
        inline, segment = draft.inline, draft.segment
        if stored is not None:
            segment = stored.segment
            if stored.inline:
                inline = self._ids.bytes(_ID_BYTES).hex()
                put_inline(tx, inline, stored.inline)
            if segment is not None:
                own(tx, (segment,))
        record = msgspec.structs.replace(
            draft,
            modified_at_s=float(int(now_s)),
            order=order,
            version_id=new_version_id(bucket, order, self._ids),
            inline=inline,
            segment=segment,
        )
        if bucket.settings:
            record = await replicated(tx, bucket, key, record)
        await put_over(tx, bucket, key, record, current=here)
        if bucket.settings:
            await note(tx, bucket, happening, key, record, context, at_s=now_s)
        return record


async def same_bucket(tx: Transaction, bucket: BucketRecord) -> BucketRecord:
    """The bucket as it is now; NoSuchBucket when it is gone, or a namesake has come."""
    found = await get_bucket(tx, bucket.name)
    if found.serial != bucket.serial:
        raise NoSuchBucket(bucket.name)
    return found


def etag_of(digest: bytes, encryption: Encryption | None, data_key: bytes | None) -> str:
    """The MD5 of what lies plain or under S3's own keys; of others something that tells nothing of the bytes.

    Source: API_Object, "ETag".
    """
    if encryption is None or encryption.algorithm == "AES256":
        return digest.hex()
    assert data_key is not None
    return md5(data_key + digest, usedforsecurity=False).hexdigest()
