"""What happens to keys without a request, on the day it is due and not before."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from pileus.kernel.storage.keys import Subspace
from pileus.services.kms.asymmetric import oaep
from pileus.services.kms.errors import (
    AccessDeniedException,
    ExpiredImportTokenException,
    InvalidImportTokenException,
    KMSInvalidStateException,
    NotFoundException,
    ValidationException,
)
from pileus.services.kms.shapes import (
    CancelKeyDeletionRequest,
    CreateAliasRequest,
    CreateGrantRequest,
    DisableKeyRequest,
    EnableKeyRequest,
    EnableKeyRotationRequest,
    GetKeyRotationStatusRequest,
    GetParametersForImportRequest,
    ImportKeyMaterialRequest,
    ListKeyRotationsRequest,
    ScheduleKeyDeletionRequest,
)
from tests.unit.kms.conftest import ACCOUNT, NOW, Kms, context


async def schedule(kms: Kms, key_id: str, days: int) -> None:
    request = ScheduleKeyDeletionRequest(key_id=key_id, pending_window_in_days=days)
    told = await kms.api.schedule_key_deletion(context("ScheduleKeyDeletion"), request)
    assert told.deletion_date == kms.clock.now() + timedelta(days=days)


async def test_a_key_is_deleted_after_its_window(kms: Kms) -> None:
    """With its aliases, its grants and its material: nothing of it is left in the store."""
    key = await kms.make()
    await kms.api.create_alias(context(), CreateAliasRequest(alias_name="alias/a", target_key_id=key.key_id))
    grant = CreateGrantRequest(
        key_id=key.key_id,
        grantee_principal=f"arn:aws:iam::{ACCOUNT}:root",
        retiring_principal=f"arn:aws:iam::{ACCOUNT}:root",
        operations=["Encrypt"],
    )
    await kms.api.create_grant(context("CreateGrant"), grant)
    blob = await kms.encrypt(key.key_id, b"x")
    await schedule(kms, key.key_id, 7)
    await kms.pass_days(6.99)
    assert (await kms.describe(key.key_id)).key_state == "PendingDeletion"
    await kms.pass_days(0.02)
    with pytest.raises(NotFoundException):
        await kms.describe(key.key_id)
    with pytest.raises(NotFoundException):
        await kms.describe("alias/a")
    with pytest.raises(AccessDeniedException, match="does not exist"):
        await kms.decrypt(blob)
    assert await kms.store.snapshot().range(*Subspace("kms").range()) == []
    assert kms.bus.heard == [("KMS CMK Deletion", f'{{"key-id":"{key.key_id}"}}', key.arn)]


async def test_a_deletion_that_was_cancelled(kms: Kms) -> None:
    """Neither the first date nor a later one that was cancelled too is held against the key."""
    key = await kms.make()
    await schedule(kms, key.key_id, 7)
    await kms.api.cancel_key_deletion(context(), CancelKeyDeletionRequest(key_id=key.key_id))
    await kms.pass_days(1)
    await schedule(kms, key.key_id, 30)
    await kms.pass_days(10)
    assert (await kms.describe(key.key_id)).key_state == "PendingDeletion"
    await kms.pass_days(20)
    with pytest.raises(NotFoundException):
        await kms.describe(key.key_id)


async def rotations(kms: Kms, key_id: str) -> list[tuple[str, int]]:
    """How, and how many days after `NOW`."""
    request = ListKeyRotationsRequest(key_id=key_id)
    told = (await kms.api.list_key_rotations(context(), request)).rotations or []
    return [
        (each.rotation_type, (each.rotation_date - NOW).days)
        for each in told
        if each.rotation_type is not None and each.rotation_date is not None
    ]


async def test_material_is_rotated(kms: Kms) -> None:
    """Each period; what was encrypted before is still read."""
    key = await kms.make()
    blobs = [await kms.encrypt(key.key_id, b"0")]
    request = EnableKeyRotationRequest(key_id=key.key_id, rotation_period_in_days=100)
    await kms.api.enable_key_rotation(context(), request)
    await kms.pass_days(99)
    assert await rotations(kms, key.key_id) == []
    for _ in range(3):
        await kms.pass_days(100)
        blobs.append(await kms.encrypt(key.key_id, b"%d" % len(blobs)))
    assert await rotations(kms, key.key_id) == [("AUTOMATIC", day) for day in (399, 299, 199)][-3:]
    assert [await kms.decrypt(blob) for blob in blobs] == [b"0", b"1", b"2", b"3"]
    status = await kms.api.get_key_rotation_status(context(), GetKeyRotationStatusRequest(key_id=key.key_id))
    assert status.next_rotation_date == NOW + timedelta(days=400)
    assert kms.bus.heard == [("KMS CMK Rotation", f'{{"key-id":"{key.key_id}"}}', key.arn)] * 3


async def test_a_disabled_key_is_rotated_once_it_is_enabled(kms: Kms) -> None:
    """KMS Developer Guide, "Rotate AWS KMS keys": what was due is made up for."""
    key = await kms.make()
    await kms.api.enable_key_rotation(context(), EnableKeyRotationRequest(key_id=key.key_id))
    await kms.api.disable_key(context(), DisableKeyRequest(key_id=key.key_id))
    await kms.pass_days(400)
    assert await rotations(kms, key.key_id) == []
    await kms.api.enable_key(context(), EnableKeyRequest(key_id=key.key_id))
    await kms.pass_days(0)
    assert len(await rotations(kms, key.key_id)) == 1


async def import_request(kms: Kms, key_id: str, **members: object) -> ImportKeyMaterialRequest:
    asked = GetParametersForImportRequest(
        key_id=key_id, wrapping_algorithm="RSAES_OAEP_SHA_256", wrapping_key_spec="RSA_2048"
    )
    given = await kms.api.get_parameters_for_import(context(), asked)
    public = load_der_public_key(given.public_key or b"")
    assert isinstance(public, RSAPublicKey)
    assert given.import_token is not None
    return ImportKeyMaterialRequest(
        key_id=key_id,
        import_token=given.import_token,
        encrypted_key_material=public.encrypt(b"m" * 32, oaep("RSAES_OAEP_SHA_256")),
        **members,  # type: ignore[arg-type]  # the test's own
    )


async def test_imported_material_expires(kms: Kms) -> None:
    """On its last day, unless it was imported again for longer."""
    key = await kms.make(origin="EXTERNAL")
    request = await import_request(kms, key.key_id, valid_to=NOW + timedelta(days=10))
    await kms.api.import_key_material(context(), request)
    told = await kms.describe(key.key_id)
    assert (told.valid_to, told.expiration_model) == (NOW + timedelta(days=10), "KEY_MATERIAL_EXPIRES")
    blob = await kms.encrypt(key.key_id, b"x")
    again = await import_request(kms, key.key_id, valid_to=NOW + timedelta(days=20))
    await kms.api.import_key_material(context(), again)
    await kms.pass_days(15)
    assert await kms.decrypt(blob) == b"x"
    await kms.pass_days(6)
    assert (await kms.describe(key.key_id)).key_state == "PendingImport"
    assert [kind for kind, *_ in kms.bus.heard] == ["KMS Imported Key Material Expiration"]
    with pytest.raises(KMSInvalidStateException):
        await kms.decrypt(blob)
    lasting = await import_request(kms, key.key_id, expiration_model="KEY_MATERIAL_DOES_NOT_EXPIRE")
    await kms.api.import_key_material(context(), lasting)
    assert await kms.decrypt(blob) == b"x"


async def test_a_token_is_for_a_day_and_one_key(kms: Kms) -> None:
    """API_GetParametersForImport."""
    key, other = await kms.make(origin="EXTERNAL"), await kms.make(origin="EXTERNAL")
    request = await import_request(kms, key.key_id, expiration_model="KEY_MATERIAL_DOES_NOT_EXPIRE")
    elsewhere = ImportKeyMaterialRequest(
        key_id=other.key_id,
        import_token=request.import_token,
        encrypted_key_material=request.encrypted_key_material,
        expiration_model="KEY_MATERIAL_DOES_NOT_EXPIRE",
    )
    with pytest.raises(InvalidImportTokenException):
        await kms.api.import_key_material(context(), elsewhere)
    past = await import_request(kms, key.key_id, valid_to=NOW)
    with pytest.raises(ValidationException):
        await kms.api.import_key_material(context(), past)
    await kms.pass_days(1)
    with pytest.raises(ExpiredImportTokenException):
        await kms.api.import_key_material(context(), request)
