"""CreateMultipartUpload, CompleteMultipartUpload, AbortMultipartUpload.

Completing moves no bytes: the object's layout refers to the blobs of its parts. What an object of many parts is made of
is worked out before the transaction that makes it, with pauses for others; that one only looks whether any part has
come since.

Sources: S3 API Reference; S3 User Guide, "Uploading and copying objects using multipart upload"; recordings s3/s3,
test_multipart_* and TestS3MultipartUploadChecksum.
"""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.s3 import checksumming
from pileus.services.s3.acls import acl_for_new
from pileus.services.s3.conditions import WriteConditions
from pileus.services.s3.describing import check_key, draft_of
from pileus.services.s3.encryption import asked_of
from pileus.services.s3.errors import PreconditionFailed
from pileus.services.s3.locking import lock_for_new
from pileus.services.s3.model import BucketRecord, ObjectRecord, PartRecord, UploadRecord
from pileus.services.s3.object_records import find_object, put_layout
from pileus.services.s3.operations.base import S3Base, asked_bucket, charged
from pileus.services.s3.operations.objects import write_conditions
from pileus.services.s3.shapes import (
    AbortMultipartUploadRequest,
    CompletedPart,
    CompleteMultipartUploadOutput,
    CompleteMultipartUploadRequest,
    CreateMultipartUploadOutput,
    CreateMultipartUploadRequest,
)
from pileus.services.s3.upload_records import (
    CompletedRecord,
    abort,
    changes_of,
    end_upload,
    find_completed,
    find_upload,
    get_upload,
    parts_of,
    put_new,
    remember,
)
from pileus.services.s3.uploads.answering import object_of, told_encryption
from pileus.services.s3.uploads.completing import Assembled, Assembly, asked_parts, check_kind
from pileus.services.s3.uploads.conflicts import check_completion
from pileus.services.s3.uploads.ending import told_abort, told_expiration
from pileus.services.s3.uploads.errors import NoSuchUpload
from pileus.services.s3.uploads.naming import RANDOM_BYTES, initiator_of, location
from pileus.services.s3.writing import same_bucket

_AT_ONCE: Final = 250
"""Parts that are worked on before others may run: about 2 ms."""
_TRIES: Final = 3
_LAYOUT_BYTES: Final = 16
_Asked = Sequence[tuple[int, str, CompletedPart]]


class _Ready(msgspec.Struct, frozen=True):
    """What an upload will be. left: parts that it does not take. changes: of `changes_of`, when this was worked out."""

    assembled: Assembled
    left: Sequence[PartRecord]
    changes: bytes | None


class UploadOperations(S3Base):
    """Uploads in parts: how they begin and end."""

    async def create_multipart_upload(
        self, context: RequestContext, request: CreateMultipartUploadRequest
    ) -> CreateMultipartUploadOutput:
        snapshot = self._store.snapshot()
        bucket = await asked_bucket(snapshot, context, request.bucket, expected_owner=request.expected_bucket_owner)
        charged(bucket, context, request.request_payer)
        check_key(request.key)
        kind = checksumming.upload_kind(request.checksum_algorithm, request.checksum_type)
        asked = asked_of(request)
        now_s = self._clock.timestamp()
        owner, acl = await acl_for_new(snapshot, bucket, request, writer=context.account_id)
        draft = draft_of(request, owner=owner, acl=acl, lock=lock_for_new(bucket, request, now_s=now_s), now_s=now_s)
        encryption, _ = await self._keys.new(context, bucket, request.key, asked)
        async with self._store.transaction() as tx:
            bucket = await same_bucket(tx, bucket)
            upload = UploadRecord(
                initiated_at_s=now_s,
                owner=draft.owner,
                initiator_arn=initiator_of(context.principal),
                existed=await find_object(tx, bucket, request.key) is not None,
                storage_class=draft.storage_class,
                content_type=draft.content_type,
                headers=draft.headers,
                metadata=draft.metadata,
                tags=draft.tags,
                checksum_algorithm=request.checksum_algorithm or "",
                checksum_kind=kind,
                encryption=encryption,
                acl=draft.acl,
                lock=draft.lock,
                website_redirect=draft.website_redirect,
            )
            upload_id = await put_new(
                tx, bucket, request.key, upload, now_s=now_s, random=self._ids.bytes(RANDOM_BYTES)
            )
        told = await told_abort(snapshot, bucket, request.key, initiated_at_s=now_s)
        return CreateMultipartUploadOutput(
            **told,
            bucket=request.bucket,
            key=request.key,
            upload_id=upload_id,
            checksum_algorithm=request.checksum_algorithm,
            checksum_type=kind or None,
            ssekms_encryption_context=asked.context or None,
            **told_encryption(encryption),
        )

    async def complete_multipart_upload(
        self, context: RequestContext, request: CompleteMultipartUploadRequest
    ) -> CompleteMultipartUploadOutput:
        only_if = write_conditions(request.if_match, request.if_none_match)
        snapshot = self._store.snapshot()
        bucket = await asked_bucket(snapshot, context, request.bucket, expected_owner=request.expected_bucket_owner)
        charged(bucket, context, request.request_payer)
        upload = await find_upload(snapshot, bucket, request.key, request.upload_id)
        if upload is None:
            return await self._completed_before(snapshot, context, bucket, request)
        asked = asked_parts(request, request.upload_id)
        check_kind(upload, request.checksum_type)
        ready: _Ready | None = None
        if len(asked) > _AT_ONCE:
            ready = await _assembled(snapshot, upload, asked, request, pausing=True)
        for remaining in reversed(range(_TRIES)):
            async with self._store.transaction() as tx:
                upload = await find_upload(tx, bucket, request.key, request.upload_id)
                if upload is None:
                    return await self._completed_before(tx, context, bucket, request)
                if ready is None or not remaining:
                    ready = await _assembled(tx, upload, asked, request, pausing=False)
                if ready.changes == await changes_of(tx, request.upload_id):
                    return await self._complete(tx, context, bucket, request, upload, asked, ready, only_if)
            ready = await _assembled(snapshot, upload, asked, request, pausing=True)
        raise AssertionError("what a transaction works out itself has not changed")

    async def abort_multipart_upload(self, context: RequestContext, request: AbortMultipartUploadRequest) -> None:
        async with self._store.transaction() as tx:
            bucket = await asked_bucket(tx, context, request.bucket, expected_owner=request.expected_bucket_owner)
            charged(bucket, context, request.request_payer)
            upload = await get_upload(tx, bucket, request.key, request.upload_id)
            initiated = request.if_match_initiated_time
            if initiated is not None and int(initiated.timestamp()) != int(upload.initiated_at_s):
                raise PreconditionFailed("x-amz-if-match-initiated-time")
            await abort(tx, bucket, request.key, request.upload_id)

    async def _complete(
        self,
        tx: Transaction,
        context: RequestContext,
        bucket: BucketRecord,
        request: CompleteMultipartUploadRequest,
        upload: UploadRecord,
        asked: _Asked,
        ready: _Ready,
        only_if: WriteConditions,
    ) -> CompleteMultipartUploadOutput:
        key, upload_id = request.key, request.upload_id
        if only_if.if_match is not None or only_if.if_none_match is not None:
            check_completion(await find_object(tx, bucket, key), only_if, upload, key)
        assembled = ready.assembled
        layout = self._ids.bytes(_LAYOUT_BYTES).hex()
        put_layout(tx, layout, assembled.parts)
        end_upload(tx, bucket, key, upload_id, ready.left)
        draft = msgspec.structs.replace(
            object_of(upload),
            size_bytes=assembled.size_bytes,
            etag=assembled.etag,
            checksum=assembled.checksum,
            parts_count=len(assembled.parts),
            layout=layout,
        )
        record = await self.writer.finish(
            tx, context, bucket, key, draft, happening="ObjectCreated:CompleteMultipartUpload"
        )
        completed = _completed(bucket, key, upload, record, asked)
        if bucket.settings:
            expiration = await told_expiration(tx, bucket, key, record)
            completed = msgspec.structs.replace(completed, expiration=expiration)
        remember(tx, upload_id, completed, now=self._clock.now())
        return _answer(context, request, completed)

    async def _completed_before(
        self,
        snapshot: Snapshot,
        context: RequestContext,
        bucket: BucketRecord,
        request: CompleteMultipartUploadRequest,
    ) -> CompleteMultipartUploadOutput:
        """Completing is idempotent: a client that did not hear the answer may ask again. Or NoSuchUpload."""
        completed = await find_completed(snapshot, bucket, request.key, request.upload_id)
        if completed is None or request.multipart_upload is None:
            raise NoSuchUpload(request.upload_id)
        if completed.asked != _digest(asked_parts(request, request.upload_id)):
            raise NoSuchUpload(request.upload_id)
        return _answer(context, request, completed)


async def _assembled(
    snapshot: Snapshot,
    upload: UploadRecord,
    asked: _Asked,
    request: CompleteMultipartUploadRequest,
    *,
    pausing: bool,
) -> _Ready:
    """What the parts amount to. pausing: let others run now and then, so that parts may come meanwhile."""
    changes = await changes_of(snapshot, request.upload_id)
    found: dict[int, PartRecord] = {}
    beyond = 0
    while page := await parts_of(snapshot, request.upload_id, beyond=beyond, limit=_AT_ONCE):
        found.update(page)
        beyond = page[-1][0]
        if pausing:
            await asyncio.sleep(0)
    assembly = Assembly(upload, request.upload_id)
    for at, (number, etag, part) in enumerate(asked):
        assembly.add(number, etag, part, found.pop(number, None))
        if pausing and not at % _AT_ONCE:
            await asyncio.sleep(0)
    return _Ready(assembly.finish(request), list(found.values()), changes)


def _digest(asked: _Asked) -> bytes:
    return sha256("".join(f"{number} {etag}\n" for number, etag, _ in asked).encode()).digest()


def _completed(
    bucket: BucketRecord, key: str, upload: UploadRecord, record: ObjectRecord, asked: _Asked
) -> CompletedRecord:
    """What answers tell, now and when it is asked again."""
    ours = upload.encryption
    algorithm = "AES256" if ours is None else ours.algorithm
    # Of a checksum that nobody chose nothing is told under a key of KMS (recording test_s3_multipart_upload_sse).
    silent = not upload.checksum_algorithm and algorithm.startswith("aws:kms")
    return CompletedRecord(
        serial=bucket.serial,
        key=key,
        asked=_digest(asked),
        etag=record.etag,
        version_id=record.version_id if bucket.versioning == "Enabled" else "",
        checksum=None if silent else record.checksum,
        algorithm=algorithm,
        key_arn="" if ours is None else ours.key_arn,
        bucket_key=ours is not None and ours.bucket_key,
    )


def _answer(
    context: RequestContext, request: CompleteMultipartUploadRequest, completed: CompletedRecord
) -> CompleteMultipartUploadOutput:
    told: dict[str, Any] = {"server_side_encryption": completed.algorithm or None}
    if completed.checksum is not None:
        told |= checksumming.told(completed.checksum.algorithm, completed.checksum.value)
        told["checksum_type"] = completed.checksum.kind
    return CompleteMultipartUploadOutput(
        location=location(context, request.bucket, request.key),
        bucket=request.bucket,
        key=request.key,
        e_tag=f'"{completed.etag}"',
        version_id=completed.version_id or None,
        expiration=completed.expiration or None,
        ssekms_key_id=completed.key_arn or None,
        bucket_key_enabled=completed.bucket_key or None,
        **told,
    )
