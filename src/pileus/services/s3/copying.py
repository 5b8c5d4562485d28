"""How is an object copied?

Bytes that may lie in the copy as they lie in the source are not read: a blob is cloned, and under S3's own key only its
data key is wrapped again. They are read where the key is KMS's or a customer's, where only one of the two is encrypted,
where a checksum by another algorithm is wanted, and where the source was uploaded in parts: a copy is an object that
was written at once, whose ETag is the MD5 of all (recording s3/s3, test_multipart_copy_object_etag).

Source: API_CopyObject.
"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Store
from pileus.services.s3.bodies import Bodies, Stored
from pileus.services.s3.conditions import WriteConditions
from pileus.services.s3.encryption import AES256, Asked, ObjectKeys
from pileus.services.s3.model import BucketRecord, Checksum, ObjectRecord
from pileus.services.s3.object_records import inline_bytes
from pileus.services.s3.writing import ObjectWriter

_HAPPENING = "ObjectCreated:Copy"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A version that is copied. customer_key: with which it can be read, if it needs one."""

    bucket: BucketRecord
    key: str
    record: ObjectRecord
    current: bool = True
    customer_key: bytes = b""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What it is copied to. draft: all but its bytes. algorithm: of the checksum; "" for that of the source."""

    bucket: BucketRecord
    key: str
    draft: ObjectRecord
    asked: Asked
    conditions: WriteConditions
    algorithm: str = ""


class ObjectCopier:
    """Copies objects."""

    def __init__(self, *, store: Store, bodies: Bodies, keys: ObjectKeys, writer: ObjectWriter) -> None:
        self._store = store
        self._bodies = bodies
        self._keys = keys
        self._writer = writer

    async def copy(self, context: RequestContext | None, source: Source, target: Target) -> ObjectRecord:
        """Gives the copy. Raises what `ObjectWriter.write` raises; `BlobMissing` when the source went meanwhile."""
        record = source.record
        algorithm = target.algorithm or (record.checksum.algorithm if record.checksum is not None else "CRC64NVME")
        if self._lies_alike(source, target, algorithm):
            return await self._adopted(context, source, target)
        key = await self._keys.open(context, source.bucket, source.key, record, source.customer_key)
        body = await self._bodies.flow(self._store.snapshot(), record, key=key)
        return await self._writer.write(
            context,
            target.bucket,
            target.key,
            target.draft,
            body,
            told=_still_told(record.checksum, algorithm),
            algorithm=algorithm,
            asked=target.asked,
            conditions=target.conditions,
            happening=_HAPPENING,
        )

    def _lies_alike(self, source: Source, target: Target, algorithm: str) -> bool:
        """Whether the copy's bytes lie as the source's do."""
        record = source.record
        if record.parts_count or record.layout or _still_told(record.checksum, algorithm) is None:
            return False
        if record.encryption is None:
            return self._keys.plain(target.bucket, target.asked)
        return self._keys.rewrapped(target.bucket, target.asked, record) is not None

    async def _adopted(self, context: RequestContext | None, source: Source, target: Target) -> ObjectRecord:
        record = source.record
        assert record.checksum is not None
        inline, segment = None, None
        if record.segment is not None:
            segment = await self._bodies.clone(record.segment)
        elif record.inline:
            inline = await inline_bytes(self._store.snapshot(), record)
        stored = Stored(record.size_bytes, b"", record.checksum, inline=inline, segment=segment)
        draft = msgspec.structs.replace(
            target.draft,
            size_bytes=record.size_bytes,
            etag=record.etag,
            checksum=record.checksum,
            encryption=self._keys.rewrapped(target.bucket, target.asked, record),
        )
        return await self._writer.adopt(
            context, target.bucket, target.key, draft, stored, conditions=target.conditions, happening=_HAPPENING
        )


def _still_told(checksum: Checksum | None, algorithm: str) -> Checksum | None:
    """The source's checksum, where it is the copy's too."""
    if checksum is None or checksum.kind != "FULL_OBJECT" or checksum.algorithm != algorithm:
        return None
    return checksum


def changes_encryption(source: ObjectRecord, asked: Asked) -> bool:
    """Whether a copy onto itself changes its encryption (test_s3_copy_object_in_place_with_encryption)."""
    return bool(asked.algorithm or asked.customer_key) or (
        source.encryption is not None and source.encryption.algorithm != AES256
    )
