"""How does a version get into another bucket?

With its id, its date and all that is told of it; its bytes are cloned, not read, unless KMS has encrypted them. It
comes from the outbox, one after another for each key, in the transaction that removes the event: a version is in the
target once. A role that may not, or a target that is not there or has no versions, is a failure that the source tells.

Source: S3 User Guide, "Replicating objects overview", "Setting up permissions for live replication", "Getting
replication status information".
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from pileus.kernel.auth.service_calls import account_of
from pileus.kernel.blobs.segments import BlobMissing, Segment
from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import Ids
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.s3.bodies import Bodies, Stored
from pileus.services.s3.bucket_records import find_bucket, find_setting
from pileus.services.s3.encryption import Asked, ObjectKeys, context_of
from pileus.services.s3.happenings import note
from pileus.services.s3.model import BucketRecord, Encryption, LaidPart, ObjectRecord
from pileus.services.s3.names import object_arn
from pileus.services.s3.object_records import (
    disown,
    find_object,
    find_version,
    inline_bytes,
    insert_version,
    own,
    parts_of,
    put_inline,
    put_layout,
    replace_version,
)
from pileus.services.s3.replication.noting import (
    COMPLETED,
    FAILED,
    REPLICA,
    Replication,
    Waiting,
    put_waiting,
    waiting_for,
)
from pileus.services.s3.replication.routes import Route, Routes, routes_of
from pileus.services.s3.settings.documents import REPLICATION

_ID_BYTES: Final = 16


class RolePermissions(Protocol):
    """Whether a role may do something in S3's service."""

    async def allowed(
        self,
        *,
        role_arn: str,
        action: str,
        resource: str,
        region: str,
        conditions: Mapping[str, str | Sequence[str]] | None = None,
    ) -> bool: ...


class _Impossible(Exception):
    """A version cannot be copied, now and whenever it is tried."""


class _Copied(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that are kept for the copy, and of nobody yet."""

    record: ObjectRecord
    inline: bytes = b""
    parts: tuple[LaidPart, ...] = ()

    @property
    def segments(self) -> Sequence[Segment]:
        alone = () if self.record.segment is None else (self.record.segment,)
        return (*alone, *(part.segment for part in self.parts))


class Replicating:
    """Copies versions between buckets. roles: None lets every role, where there is no IAM."""

    def __init__(
        self, *, store: Store, clock: Clock, ids: Ids, bodies: Bodies, keys: ObjectKeys, roles: RolePermissions | None
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._bodies = bodies
        self._keys = keys
        self._roles = roles

    async def deliver(self, delivery: Delivery) -> None:
        """Of topic `s3.replicate`."""
        task = decode(delivery.event.payload, Replication)
        snapshot = self._store.snapshot()
        source = await find_bucket(snapshot, task.bucket)
        record = None
        if source is not None and source.serial == task.serial:
            record = await find_version(snapshot, source, task.key, task.version_id)
        if source is None or record is None:
            await self._end(delivery, task)
            return
        try:
            routes, route, target = await self._way(source, task, record)
            await self._check_role(routes.role, source, target, task.key, record)
            copied = await self._kept(source, target, task.key, record, route, role=routes.role)
        except (_Impossible, BlobMissing):
            await self._end(delivery, task, failed=True)
            return
        try:
            await self._store.run(lambda tx: self._insert(tx, delivery, task, target, copied))
        except BaseException:
            await self._bodies.blobs.remove([segment.blob for segment in copied.segments])
            raise

    async def give_up(self, delivery: Delivery, error: BaseException) -> None:
        """No attempt went well (a disk that stays full): the source tells that it failed."""
        await self._end(delivery, decode(delivery.event.payload, Replication), failed=True)

    async def _way(
        self, source: BucketRecord, task: Replication, record: ObjectRecord
    ) -> tuple[Routes, Route, BucketRecord]:
        snapshot = self._store.snapshot()
        setting = await find_setting(snapshot, source, REPLICATION)
        routes = None if setting is None else routes_of(setting.document)
        found = [] if routes is None else [each for each in routes.of(task.key, record) if each.target == task.target]
        target = await find_bucket(snapshot, task.target)
        if routes is None or not found or target is None or target.versioning != "Enabled":
            raise _Impossible
        if found[0].owner not in {"", target.account_id}:
            raise _Impossible  # copies are given to nobody but the target's owner
        return routes, found[0], target

    async def _check_role(
        self, role: str, source: BucketRecord, target: BucketRecord, key: str, record: ObjectRecord
    ) -> None:
        if self._roles is None:
            return
        reading = "s3:GetObjectVersionForReplication"
        writing = "s3:ReplicateDelete" if record.delete_marker else "s3:ReplicateObject"
        for action, bucket in ((reading, source), (writing, target)):
            if action == reading and record.delete_marker:
                continue
            resource = object_arn(bucket.name, key)
            if not await self._roles.allowed(role_arn=role, action=action, resource=resource, region=bucket.region):
                raise _Impossible

    async def _kept(
        self, source: BucketRecord, target: BucketRecord, key: str, record: ObjectRecord, route: Route, *, role: str
    ) -> _Copied:
        """The bytes of the copy, kept, and its record but for where they lie in the store."""
        owner = route.owner or record.owner
        if target.ownership == "BucketOwnerEnforced":
            owner = target.account_id
        bare = msgspec.structs.replace(
            record,
            replication_status=REPLICA,
            owner=owner,
            acl=record.acl if owner == record.owner else None,
            storage_class=route.storage_class or record.storage_class,
            restored_until_s=0.0,
            inline="",
            segment=None,
            layout="",
        )
        if record.delete_marker:
            return _Copied(record=bare)
        encryption = record.encryption
        if encryption is not None and encryption.algorithm.startswith("aws:kms"):
            return await self._encrypted_anew(source, target, key, record, bare, route, role=role)
        snapshot, blobs = self._store.snapshot(), self._bodies.blobs
        if record.inline:
            return _Copied(record=bare, inline=await inline_bytes(snapshot, record))
        if record.segment is not None:
            return _Copied(record=msgspec.structs.replace(bare, segment=await blobs.clone(record.segment)))
        parts: list[LaidPart] = []
        try:
            for part in await parts_of(snapshot, record):
                parts.append(msgspec.structs.replace(part, segment=await blobs.clone(part.segment)))
        except BaseException:
            await blobs.remove([part.segment.blob for part in parts])
            raise
        return _Copied(record=bare, parts=tuple(parts))

    async def _encrypted_anew(
        self,
        source: BucketRecord,
        target: BucketRecord,
        key: str,
        record: ObjectRecord,
        bare: ObjectRecord,
        route: Route,
        *,
        role: str,
    ) -> _Copied:
        """Of an object that KMS has encrypted: with the rule's key, in one piece."""
        assert record.encryption is not None
        asked = Asked(algorithm=record.encryption.algorithm, key_id=route.kms_key_id, context=record.encryption.context)
        await self._check_key(role, "kms:Decrypt", source, key, record.encryption)
        try:
            opened = await self._keys.open(None, source, key, record)
            encryption, data_key = await self._keys.new(None, target, key, asked)
        except ServiceError:
            raise _Impossible from None
        assert encryption is not None, "a method was asked for"
        await self._check_key(role, "kms:Encrypt", target, key, encryption)
        flow = await self._bodies.flow(self._store.snapshot(), record, key=opened)
        stored: Stored = await self._bodies.store(flow, key=data_key, told=record.checksum)
        again = msgspec.structs.replace(bare, encryption=encryption, segment=stored.segment)
        return _Copied(record=again, inline=stored.inline or b"")

    async def _check_key(self, role: str, action: str, bucket: BucketRecord, key: str, encryption: Encryption) -> None:
        """Whether the role may use a key of KMS through S3 for an object: nothing is opened for who may not.

        Source: S3 User Guide, "Replicating encrypted objects", "Granting additional permissions for the IAM role".
        """
        if self._roles is None:
            return
        bound_to = context_of(bucket, key, encryption.context, bucket_key=encryption.bucket_key)
        known: dict[str, str | Sequence[str]] = {
            "kms:calleraccount": account_of(role),
            "kms:viaservice": f"s3.{bucket.region}.amazonaws.com",
            "aws:viaawsservice": "true",
            "kms:encryptioncontextkeys": tuple(bound_to),
            **{f"kms:encryptioncontext:{name.lower()}": value for name, value in bound_to.items()},
        }
        resource = encryption.key_arn
        asked = {"role_arn": role, "action": action, "resource": resource, "region": bucket.region}
        if not await self._roles.allowed(**asked, conditions=known):
            raise _Impossible

    async def _insert(
        self, tx: Transaction, delivery: Delivery, task: Replication, target: BucketRecord, copied: _Copied
    ) -> None:
        now = await find_bucket(tx, target.name)
        if now is None or now.serial != target.serial or now.versioning != "Enabled":
            raise _Impossible  # which the next attempt finds out before it keeps anything
        record = copied.record
        own(tx, copied.segments)
        if await find_version(tx, now, task.key, record.version_id) is not None:
            await insert_version(tx, now, task.key, record)
            disown(tx, copied.segments)
        else:
            if copied.inline:
                record = msgspec.structs.replace(record, inline=self._ids.bytes(_ID_BYTES).hex())
                put_inline(tx, record.inline, copied.inline)
            if copied.parts:
                record = msgspec.structs.replace(record, layout=self._ids.bytes(_ID_BYTES).hex())
                put_layout(tx, record.layout, copied.parts)
            await insert_version(tx, now, task.key, record)
            happening = "ObjectRemoved:DeleteMarkerCreated" if record.delete_marker else "ObjectCreated:Put"
            await note(tx, now, happening, task.key, record, None, at_s=self._clock.timestamp())
        await self._settle(tx, task, failed=False)
        tx.clear(delivery.key)

    async def _end(self, delivery: Delivery, task: Replication, *, failed: bool = False) -> None:
        async with self._store.transaction() as tx:
            await self._settle(tx, task, failed=failed)
            tx.clear(delivery.key)

    async def _settle(self, tx: Transaction, task: Replication, *, failed: bool) -> None:
        """One target less; the last decides what the source tells."""
        waiting = await waiting_for(tx, task.serial, task.version_id)
        if waiting is None:
            return
        failed = failed or waiting.failed
        left = tuple(target for target in waiting.targets if target != task.target)
        put_waiting(tx, task.serial, task.version_id, Waiting(targets=left, failed=failed) if left else None)
        source = await find_bucket(tx, task.bucket)
        if left or source is None or source.serial != task.serial:
            return
        record = await find_version(tx, source, task.key, task.version_id)
        if record is None:
            return
        told = msgspec.structs.replace(record, replication_status=FAILED if failed else COMPLETED)
        current = await find_object(tx, source, task.key)
        is_current = current is not None and current.version_id == record.version_id
        replace_version(tx, source, task.key, told, current=is_current)
        if failed:
            name = "Replication:OperationFailedReplication"
            await note(tx, source, name, task.key, told, None, at_s=self._clock.timestamp())
