"""Imported material: a key whose material somebody brings, and may take away again.

A token of GetParametersForImport holds the private half of the pair that material is wrapped with, sealed, so nothing
is kept of it. The material that a key had once is the only one that it takes again in its place.

Sources: KMS Developer Guide, "Importing key material for AWS KMS keys"; API_GetParametersForImport,
API_ImportKeyMaterial, API_DeleteImportedKeyMaterial; recordings kms/kms, test_import_key_*.
"""

import asyncio
from datetime import datetime
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding

from pileus.kernel.auth.sealing import SealBroken
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Transaction
from pileus.services.kms.asymmetric import generate_private, load_private, oaep, private_der, public_der, read_private
from pileus.services.kms.errors import (
    ExpiredImportTokenException,
    IncorrectKeyMaterialException,
    InvalidCiphertextException,
    InvalidImportTokenException,
    KMSInvalidStateException,
    UnsupportedOperationException,
    ValidationException,
)
from pileus.services.kms.finding import check_alive
from pileus.services.kms.key_records import list_materials, put_key, put_material
from pileus.services.kms.limits import IMPORT_VALID_FOR, MATERIAL_VALID_MAX
from pileus.services.kms.making import EXPIRE, emit_due
from pileus.services.kms.materials import SYMMETRIC_BYTES
from pileus.services.kms.model import KeyRecord, MaterialRecord, moment
from pileus.services.kms.operations.base import KmsBase
from pileus.services.kms.shapes import (
    DeleteImportedKeyMaterialRequest,
    DeleteImportedKeyMaterialResponse,
    GetParametersForImportRequest,
    GetParametersForImportResponse,
    ImportKeyMaterialRequest,
    ImportKeyMaterialResponse,
)
from pileus.services.kms.worker import take_away

_HMAC_BYTES_MIN: Final = {"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64}
_HMAC_BYTES_MAX: Final = {"HMAC_224": 64, "HMAC_256": 64, "HMAC_384": 128, "HMAC_512": 128}
"""Of "Requirements for imported key material"."""
_WRAPPINGS: Final = frozenset(
    {"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"}
)


class _ImportToken(msgspec.Struct, frozen=True, kw_only=True, tag="kms.import-token.v1"):
    """What a token says. private: DER of the wrapping key."""

    key_arn: str
    algorithm: str
    private: bytes
    valid_to_s: float


class ImportOperations(KmsBase):
    """Of keys of origin EXTERNAL."""

    async def get_parameters_for_import(
        self, context: RequestContext, request: GetParametersForImportRequest
    ) -> GetParametersForImportResponse:
        """Valid for a day."""
        key = await self.keys.own(self._store.snapshot(), context, request.key_id)
        _check_external(key)
        check_alive(key)
        algorithm = request.wrapping_algorithm
        if algorithm not in _WRAPPINGS or request.wrapping_key_spec == "SM2":
            raise NotImplementedByPileus(f"Pileus does not implement imports of kms wrapped by {algorithm} yet")
        private = await asyncio.to_thread(generate_private, request.wrapping_key_spec)
        valid_to_s = self._clock.timestamp() + IMPORT_VALID_FOR.total_seconds()
        token = _ImportToken(key_arn=key.arn, algorithm=algorithm, private=private, valid_to_s=valid_to_s)
        return GetParametersForImportResponse(
            key_id=key.arn,
            import_token=self._import_seal.seal(encode(token)),
            public_key=public_der(load_private(private)),
            parameters_valid_to=moment(valid_to_s),
        )

    async def import_key_material(
        self, context: RequestContext, request: ImportKeyMaterialRequest
    ) -> ImportKeyMaterialResponse:
        """A key's first, the same again, or, of a symmetric key, new material that waits for its rotation."""
        expires_at_s = _last_day(request, self._clock.now())
        key = await self.keys.own(self._store.snapshot(), context, request.key_id)
        _check_external(key)
        token = self._token(request.import_token, key)
        clear = _checked(key, await asyncio.to_thread(_unwrapped, token, request.encrypted_key_material))
        material_id = self.materials.id_of(key, clear)
        if request.key_material_id not in (None, material_id):
            raise IncorrectKeyMaterialException
        async with self._store.transaction() as tx:
            key = await self.keys.customers(tx, context, request.key_id)
            check_alive(key)
            key, serial, material = await self._place(tx, key, material_id, wants_new=_wants_new(request))
            material = msgspec.structs.replace(
                material,
                sealed=self.materials.sealed(key, serial, clear),
                expires_at_s=expires_at_s,
                description=request.key_material_description or material.description,
            )
            put_material(tx, key, serial, material)
            if serial == key.current:
                key = msgspec.structs.replace(key, expires_at_s=expires_at_s)
            put_key(tx, key)
            if expires_at_s is not None:
                emit_due(tx, EXPIRE, key, at_s=expires_at_s, serial=serial)
        return ImportKeyMaterialResponse(key_id=key.arn, key_material_id=material_id if key.symmetric else None)

    async def _place(
        self, tx: Transaction, key: KeyRecord, material_id: str, *, wants_new: bool
    ) -> tuple[KeyRecord, int, MaterialRecord]:
        """Where the material goes, and the key as it is with it. IncorrectKeyMaterialException and others."""
        kept = await list_materials(tx, key)
        for serial, material in kept:
            if material.material_id == material_id:
                back = not material.sealed and material.state != "PENDING_ROTATION"
                return msgspec.structs.replace(key, missing=key.missing - back), serial, material
        if not kept:
            now_s = self._clock.timestamp()
            first = MaterialRecord(sealed=b"", material_id=material_id, state="CURRENT", since_s=now_s)
            return msgspec.structs.replace(key, serial=1, current=1, current_id=material_id), 1, first
        if not (key.symmetric and wants_new):
            raise IncorrectKeyMaterialException
        fresh = MaterialRecord(sealed=b"", material_id=material_id, state="PENDING_ROTATION")
        serial, last = kept[-1]
        if last.state != "PENDING_ROTATION":
            return msgspec.structs.replace(key, serial=serial + 1), serial + 1, fresh
        if last.sealed:
            raise KMSInvalidStateException(
                f"New key material (id: {material_id}) cannot be imported into KMS key {key.arn}, "
                f"because another key material (id: {last.material_id}) is pending rotation."
            )
        return key, serial, fresh

    async def delete_imported_key_material(
        self, context: RequestContext, request: DeleteImportedKeyMaterialRequest
    ) -> DeleteImportedKeyMaterialResponse:
        """The current one, unless another is named; the key can do nothing until it is imported again."""
        async with self._store.transaction() as tx:
            key = await self.keys.customers(tx, context, request.key_id)
            _check_external(key)
            check_alive(key)
            wanted = request.key_material_id or key.current_id
            found = [pair for pair in await list_materials(tx, key) if pair[1].material_id == wanted]
            if request.key_material_id is not None and not found:
                raise IncorrectKeyMaterialException
            if found and found[0][1].sealed:
                take_away(tx, key, *found[0])
        return DeleteImportedKeyMaterialResponse(
            key_id=key.arn, key_material_id=(wanted or None) if key.symmetric else None
        )

    def _token(self, sealed: bytes, key: KeyRecord) -> _ImportToken:
        """InvalidImportTokenException, ExpiredImportTokenException."""
        try:
            token = decode(self._import_seal.open(sealed), _ImportToken)
        except SealBroken:
            raise InvalidImportTokenException from None
        if token.key_arn != key.arn:
            raise InvalidImportTokenException
        if token.valid_to_s <= self._clock.timestamp():
            raise ExpiredImportTokenException
        return token


def _check_external(key: KeyRecord) -> None:
    if not key.imported:
        raise UnsupportedOperationException(f"{key.arn} origin is {key.origin} which is not valid for this operation.")


def _wants_new(request: ImportKeyMaterialRequest) -> bool:
    return request.import_type == "NEW_KEY_MATERIAL"


def _last_day(request: ImportKeyMaterialRequest, now: datetime) -> float | None:
    """When it goes by itself; recording kms/kms, test_import_key_symmetric."""
    if request.expiration_model == "KEY_MATERIAL_DOES_NOT_EXPIRE":
        if request.valid_to is not None:
            raise ValidationException("ValidTo must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE")
        return None
    if request.valid_to is None:
        raise ValidationException("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES")
    if not now < request.valid_to <= now + MATERIAL_VALID_MAX:
        raise ValidationException("The validTo date must be in the future, and within 365 days.")
    return request.valid_to.timestamp()


def _unwrapped(token: _ImportToken, wrapped: bytes) -> bytes:
    """InvalidCiphertextException."""
    private = load_private(token.private)
    assert isinstance(private, RSAPrivateKey)
    try:
        if not token.algorithm.startswith("RSA_AES_KEY_WRAP"):
            return private.decrypt(wrapped, oaep(token.algorithm))
        head = private.key_size // 8
        return aes_key_unwrap_with_padding(private.decrypt(wrapped[:head], oaep(token.algorithm)), wrapped[head:])
    except (ValueError, InvalidUnwrap):
        raise InvalidCiphertextException from None


def _checked(key: KeyRecord, clear: bytes) -> bytes:
    """The material as it is kept; IncorrectKeyMaterialException when it is none of the key's spec."""
    if key.symmetric:
        fits = len(clear) == SYMMETRIC_BYTES
    elif key.spec in _HMAC_BYTES_MIN:
        fits = _HMAC_BYTES_MIN[key.spec] <= len(clear) <= _HMAC_BYTES_MAX[key.spec]
    else:
        private = read_private(clear, key.spec)
        if private is not None:
            return private_der(private)
        fits = False
    if not fits:
        raise IncorrectKeyMaterialException
    return clear
