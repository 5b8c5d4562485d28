"""Rotation: a symmetric key's material changes, and what the old encrypted is still decrypted."""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.kms.errors import (
    KMSInvalidStateException,
    LimitExceededException,
    UnsupportedOperationException,
)
from pileus.services.kms.finding import check_usable
from pileus.services.kms.key_records import list_materials, put_key
from pileus.services.kms.limits import ON_DEMAND_ROTATIONS_MAX, ROTATION_DAYS_DEFAULT, ROTATIONS_LISTED_DEFAULT
from pileus.services.kms.model import KeyRecord, MaterialRecord, moment
from pileus.services.kms.operations.base import KmsBase, moment_or_none
from pileus.services.kms.paging import page, read_number, told, write_marker
from pileus.services.kms.shapes import (
    DisableKeyRotationRequest,
    EnableKeyRotationRequest,
    GetKeyRotationStatusRequest,
    GetKeyRotationStatusResponse,
    ListKeyRotationsRequest,
    ListKeyRotationsResponse,
    RotateKeyOnDemandRequest,
    RotateKeyOnDemandResponse,
    RotationsListEntry,
)


class RotationOperations(KmsBase):
    """Source: KMS Developer Guide, "Rotate AWS KMS keys"; recordings kms/kms, test_rotate_key_on_demand_*."""

    async def enable_key_rotation(self, context: RequestContext, request: EnableKeyRotationRequest) -> None:
        """The first rotation is that many days from now."""
        async with self._store.transaction() as tx:
            key = await self.keys.customers(tx, context, request.key_id)
            check_usable(key)
            _check_rotates_by_itself(key)
            self.maker.scheduled(tx, key, days=request.rotation_period_in_days or ROTATION_DAYS_DEFAULT)

    async def disable_key_rotation(self, context: RequestContext, request: DisableKeyRotationRequest) -> None:
        async with self._store.transaction() as tx:
            key = await self.keys.customers(tx, context, request.key_id)
            check_usable(key)
            _check_rotates_by_itself(key)
            put_key(tx, msgspec.structs.replace(key, rotation_days=0, next_rotation_at_s=0.0))

    async def get_key_rotation_status(
        self, context: RequestContext, request: GetKeyRotationStatusRequest
    ) -> GetKeyRotationStatusResponse:
        """Of every kind of key and in every state, though most are never rotated (API_GetKeyRotationStatus)."""
        key = await self.keys.get(self._store.snapshot(), context, request.key_id)
        enabled = bool(key.rotation_days) and key.deletion_at_s is None
        return GetKeyRotationStatusResponse(
            key_id=key.arn,
            key_rotation_enabled=enabled,
            rotation_period_in_days=key.rotation_days if enabled else None,
            next_rotation_date=moment(key.next_rotation_at_s) if enabled else None,
        )

    async def rotate_key_on_demand(
        self, context: RequestContext, request: RotateKeyOnDemandRequest
    ) -> RotateKeyOnDemandResponse:
        """At once; automatic rotation keeps its hour."""
        async with self._store.transaction() as tx:
            key = await self.keys.customers(tx, context, request.key_id)
            check_usable(key)
            if not key.symmetric:
                raise UnsupportedOperationException
            if key.on_demand >= ON_DEMAND_ROTATIONS_MAX:
                raise LimitExceededException(
                    "The on-demand rotations limit has been reached for the given keyId. "
                    f"No more on-demand rotations can be performed for this key: {key.arn}"
                )
            counted = msgspec.structs.replace(key, on_demand=key.on_demand + 1)
            if key.imported:
                await self._rotate_to_imported(tx, counted)
            else:
                await self.maker.rotate(tx, counted, rotation="ON_DEMAND")
        return RotateKeyOnDemandResponse(key_id=key.arn)

    async def _rotate_to_imported(self, tx: Transaction, key: KeyRecord) -> None:
        """To the material that was imported for it."""
        waiting = [pair for pair in await list_materials(tx, key) if pair[1].state == "PENDING_ROTATION"]
        if not waiting or not waiting[0][1].sealed:
            raise KMSInvalidStateException(f"No available key material pending rotation for the key: {key.arn}.")
        serial, fresh = waiting[0]
        now_s = self._clock.timestamp()
        fresh = msgspec.structs.replace(fresh, state="CURRENT", since_s=now_s, rotation="ON_DEMAND")
        await self.maker.succeeded(tx, key, serial, fresh)

    async def list_key_rotations(
        self, context: RequestContext, request: ListKeyRotationsRequest
    ) -> ListKeyRotationsResponse:
        """What was rotated to, the latest first; with ALL_KEY_MATERIAL also what the key began with."""
        snapshot = self._store.snapshot()
        key = await self.keys.own(snapshot, context, request.key_id)
        if not key.symmetric:
            raise UnsupportedOperationException
        asked = page(request.marker, request.limit, default=ROTATIONS_LISTED_DEFAULT)
        everything = request.include_key_material == "ALL_KEY_MATERIAL"
        found = [pair for pair in reversed(await list_materials(snapshot, key)) if everything or pair[1].rotation]
        if asked.beyond is not None:
            found = [pair for pair in found if pair[0] < read_number(asked.beyond)]
        shown, more = told(found, asked)
        return ListKeyRotationsResponse(
            rotations=[_entry(key, material, everything=everything) for _, material in shown],
            next_marker=write_marker(str(shown[-1][0])) if more else None,
            truncated=more,
        )


def _entry(key: KeyRecord, material: MaterialRecord, *, everything: bool) -> RotationsListEntry:
    imported = key.imported
    expires = material.expires_at_s is not None
    return RotationsListEntry(
        key_id=key.arn,
        key_material_id=material.material_id,
        key_material_description=material.description or None,
        import_state=("IMPORTED" if material.sealed else "PENDING_IMPORT") if imported else None,
        key_material_state=material.state if everything or imported else None,
        expiration_model=(
            ("KEY_MATERIAL_EXPIRES" if expires else "KEY_MATERIAL_DOES_NOT_EXPIRE")
            if imported and material.sealed
            else None
        ),
        valid_to=moment_or_none(material.expires_at_s),
        rotation_date=moment_or_none(material.since_s) if material.rotation else None,
        rotation_type=("AUTOMATIC" if material.rotation == "AUTOMATIC" else "ON_DEMAND") if material.rotation else None,
    )


def _check_rotates_by_itself(key: KeyRecord) -> None:
    if not key.symmetric:
        raise UnsupportedOperationException
    if key.imported:
        raise UnsupportedOperationException(f"{key.arn} origin is {key.origin} which is not valid for this operation.")
