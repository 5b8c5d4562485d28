"""What state a key is in: enabled, disabled, waiting for its deletion."""

from datetime import timedelta

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.kms.errors import KMSInvalidStateException, ValidationException
from pileus.services.kms.finding import check_alive
from pileus.services.kms.key_records import put_key
from pileus.services.kms.limits import PENDING_DAYS_DEFAULT, PENDING_DAYS_MAX, PENDING_DAYS_MIN
from pileus.services.kms.making import DELETE, ROTATE, emit_due
from pileus.services.kms.model import KeyRecord, moment
from pileus.services.kms.operations.base import KmsBase
from pileus.services.kms.shapes import (
    CancelKeyDeletionRequest,
    CancelKeyDeletionResponse,
    DisableKeyRequest,
    EnableKeyRequest,
    ScheduleKeyDeletionRequest,
    ScheduleKeyDeletionResponse,
)


class StateOperations(KmsBase):
    """A key's state. Source: KMS Developer Guide, "Key states of AWS KMS keys"."""

    async def enable_key(self, context: RequestContext, request: EnableKeyRequest) -> None:
        """A rotation that was due meanwhile is made up for."""
        async with self._store.transaction() as tx:
            key = await self.keys.customers(tx, context, request.key_id)
            _check_has_material(key)
            key = msgspec.structs.replace(key, enabled=True)
            put_key(tx, key)
            if key.rotation_days:
                emit_due(tx, ROTATE, key, at_s=key.next_rotation_at_s)

    async def disable_key(self, context: RequestContext, request: DisableKeyRequest) -> None:
        async with self._store.transaction() as tx:
            key = await self.keys.customers(tx, context, request.key_id)
            _check_has_material(key)
            put_key(tx, msgspec.structs.replace(key, enabled=False))

    async def schedule_key_deletion(
        self, context: RequestContext, request: ScheduleKeyDeletionRequest
    ) -> ScheduleKeyDeletionResponse:
        """From now on it can do nothing; `worker` ends it. The refusal: as told in Skyscanner/kms-issuer, issue 8."""
        days = PENDING_DAYS_DEFAULT if request.pending_window_in_days is None else request.pending_window_in_days
        if not PENDING_DAYS_MIN <= days <= PENDING_DAYS_MAX:
            raise ValidationException(f"PendingWindowInDays must be between {PENDING_DAYS_MIN} and {PENDING_DAYS_MAX}")
        async with self._store.transaction() as tx:
            key = await self.keys.customers(tx, context, request.key_id)
            check_alive(key)
            key, at_s = self._scheduled(tx, key, days)
        return ScheduleKeyDeletionResponse(
            key_id=key.arn, deletion_date=moment(at_s), key_state="PendingDeletion", pending_window_in_days=days
        )

    def _scheduled(self, tx: Transaction, key: KeyRecord, days: int) -> tuple[KeyRecord, float]:
        at_s = self._clock.timestamp() + timedelta(days=days).total_seconds()
        key = msgspec.structs.replace(key, deletion_at_s=at_s, pending_days=days)
        put_key(tx, key)
        emit_due(tx, DELETE, key, at_s=at_s)
        return key, at_s

    async def cancel_key_deletion(
        self, context: RequestContext, request: CancelKeyDeletionRequest
    ) -> CancelKeyDeletionResponse:
        """It comes back disabled."""
        async with self._store.transaction() as tx:
            key = await self.keys.customers(tx, context, request.key_id)
            if key.deletion_at_s is None:
                raise KMSInvalidStateException(f"{key.arn} is not pending deletion.")
            put_key(tx, msgspec.structs.replace(key, deletion_at_s=None, pending_days=0, enabled=False))
        return CancelKeyDeletionResponse(key_id=key.arn)


def _check_has_material(key: KeyRecord) -> None:
    check_alive(key)
    if key.state == "PendingImport":
        raise KMSInvalidStateException(f"{key.arn} is pending import.")
