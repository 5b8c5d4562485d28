"""Retention and legal holds of versions."""

from datetime import UTC, datetime

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.s3.access import may_bypass
from pileus.services.s3.asked import asked_version
from pileus.services.s3.errors import MalformedXML, NoSuchLockConfiguration
from pileus.services.s3.locking import check_has_locks, with_legal_hold, with_retention
from pileus.services.s3.object_records import replace_version
from pileus.services.s3.operations.base import S3Base, asked_bucket
from pileus.services.s3.replication.noting import told_again
from pileus.services.s3.shapes import (
    GetObjectLegalHoldOutput,
    GetObjectLegalHoldRequest,
    GetObjectRetentionOutput,
    GetObjectRetentionRequest,
    ObjectLockLegalHold,
    ObjectLockRetention,
    PutObjectLegalHoldOutput,
    PutObjectLegalHoldRequest,
    PutObjectRetentionOutput,
    PutObjectRetentionRequest,
)


class LockOperations(S3Base):
    """What keeps versions from being deleted."""

    async def put_object_retention(
        self, context: RequestContext, request: PutObjectRetentionRequest
    ) -> PutObjectRetentionOutput:
        retention = request.retention
        if retention is None:
            raise MalformedXML
        if retention.event_hold is not None or retention.event_hold_duration is not None:
            raise NotImplementedByPileus("Pileus does not implement event holds yet")
        if (retention.mode is None) != (retention.retain_until_date is None):
            raise MalformedXML
        now_s = self._clock.timestamp()
        async with self._store.transaction() as tx:
            bucket = await asked_bucket(tx, context, request.bucket, expected_owner=request.expected_bucket_owner)
            check_has_locks(bucket)
            record, current = await asked_version(tx, bucket, request.key, request.version_id, method="PUT")
            changed = with_retention(
                record,
                mode=retention.mode or "",
                until=retention.retain_until_date,
                now_s=now_s,
                bypass=bool(request.bypass_governance_retention) and may_bypass(context),
            )
            changed = await told_again(tx, bucket, request.key, changed)
            replace_version(tx, bucket, request.key, changed, current=current)
        return PutObjectRetentionOutput()

    async def get_object_retention(
        self, context: RequestContext, request: GetObjectRetentionRequest
    ) -> GetObjectRetentionOutput:
        snapshot = self._store.snapshot()
        bucket = await asked_bucket(snapshot, context, request.bucket, expected_owner=request.expected_bucket_owner)
        check_has_locks(bucket)
        record, _ = await asked_version(snapshot, bucket, request.key, request.version_id, method="GET")
        lock = record.lock
        if lock is None or not lock.mode:
            raise NoSuchLockConfiguration
        until = datetime.fromtimestamp(lock.retain_until_s, UTC)
        return GetObjectRetentionOutput(retention=ObjectLockRetention(mode=lock.mode, retain_until_date=until))

    async def put_object_legal_hold(
        self, context: RequestContext, request: PutObjectLegalHoldRequest
    ) -> PutObjectLegalHoldOutput:
        hold = request.legal_hold
        if hold is None or hold.status is None:
            raise MalformedXML
        async with self._store.transaction() as tx:
            bucket = await asked_bucket(tx, context, request.bucket, expected_owner=request.expected_bucket_owner)
            check_has_locks(bucket)
            record, current = await asked_version(tx, bucket, request.key, request.version_id, method="PUT")
            changed = await told_again(tx, bucket, request.key, with_legal_hold(record, hold.status))
            replace_version(tx, bucket, request.key, changed, current=current)
        return PutObjectLegalHoldOutput()

    async def get_object_legal_hold(
        self, context: RequestContext, request: GetObjectLegalHoldRequest
    ) -> GetObjectLegalHoldOutput:
        snapshot = self._store.snapshot()
        bucket = await asked_bucket(snapshot, context, request.bucket, expected_owner=request.expected_bucket_owner)
        check_has_locks(bucket)
        record, _ = await asked_version(snapshot, bucket, request.key, request.version_id, method="GET")
        lock = record.lock
        if lock is None or not lock.legal_hold:
            raise NoSuchLockConfiguration
        return GetObjectLegalHoldOutput(legal_hold=ObjectLockLegalHold(status=lock.legal_hold))
