"""Encrypt, Decrypt, ReEncrypt."""

import asyncio

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Snapshot
from pileus.services.kms.asymmetric import rsa_decrypt, rsa_encrypt
from pileus.services.kms.ciphering import EncryptionContext
from pileus.services.kms.ciphertexts import read
from pileus.services.kms.errors import IncorrectKeyException, ValidationException, unreachable_ciphertext
from pileus.services.kms.finding import check_usable
from pileus.services.kms.key_records import find_material
from pileus.services.kms.model import SYMMETRIC, KeyRecord
from pileus.services.kms.names import name_of_arn
from pileus.services.kms.operations.base import (
    KmsBase,
    check_algorithm,
    check_for,
    end_dry_run,
    refuse_recipient,
)
from pileus.services.kms.shapes import (
    DecryptRequest,
    DecryptResponse,
    EncryptRequest,
    EncryptResponse,
    ReEncryptRequest,
    ReEncryptResponse,
)


class EncryptionOperations(KmsBase):
    """With symmetric keys, and with RSA."""

    async def encrypt(self, context: RequestContext, request: EncryptRequest) -> EncryptResponse:
        snapshot = self._store.snapshot()
        key = await self._usable(
            snapshot, context, request.key_id, usage="ENCRYPT_DECRYPT", grant_tokens=request.grant_tokens
        )
        algorithm = request.encryption_algorithm or SYMMETRIC
        check_algorithm(key, algorithm)
        blob = await self._encrypt(snapshot, key, request.plaintext, algorithm, request.encryption_context)
        end_dry_run(request.dry_run)
        return EncryptResponse(ciphertext_blob=blob, key_id=key.arn, encryption_algorithm=algorithm)

    async def decrypt(self, context: RequestContext, request: DecryptRequest) -> DecryptResponse:
        """A symmetric ciphertext says which key; who names one besides wants no other (API_Decrypt)."""
        refuse_recipient(request.recipient, context)
        self._check_tokens(request.grant_tokens)
        algorithm = request.encryption_algorithm or SYMMETRIC
        blob = _blob(request.ciphertext_blob)
        key, clear, material_id = await self._decrypted(
            context, request.key_id, blob, algorithm, request.encryption_context
        )
        end_dry_run(request.dry_run)
        return DecryptResponse(
            key_id=key.arn, plaintext=clear, encryption_algorithm=algorithm, key_material_id=material_id or None
        )

    async def re_encrypt(self, context: RequestContext, request: ReEncryptRequest) -> ReEncryptResponse:
        """What was encrypted never leaves; each side has its own key, algorithm and context."""
        self._check_tokens(request.grant_tokens)
        source_algorithm = request.source_encryption_algorithm or SYMMETRIC
        algorithm = request.destination_encryption_algorithm or SYMMETRIC
        blob = _blob(request.ciphertext_blob)
        source, clear, source_material = await self._decrypted(
            context, request.source_key_id, blob, source_algorithm, request.source_encryption_context
        )
        snapshot = self._store.snapshot()
        key = await self._usable(
            snapshot, context, request.destination_key_id, usage="ENCRYPT_DECRYPT", grant_tokens=None
        )
        check_algorithm(key, algorithm)
        fresh = await self._encrypt(snapshot, key, clear, algorithm, request.destination_encryption_context)
        end_dry_run(request.dry_run)
        return ReEncryptResponse(
            ciphertext_blob=fresh,
            source_key_id=source.arn,
            key_id=key.arn,
            source_encryption_algorithm=source_algorithm,
            destination_encryption_algorithm=algorithm,
            source_key_material_id=source_material or None,
            destination_key_material_id=key.current_id if key.symmetric else None,
        )

    async def _encrypt(
        self, snapshot: Snapshot, key: KeyRecord, clear: bytes, algorithm: str, bound_to: EncryptionContext
    ) -> bytes:
        if key.symmetric:
            return await self.ciphering.encrypt(snapshot, key, clear, bound_to)
        _check_unbound(bound_to)
        material = await find_material(snapshot, key, key.current)
        assert material is not None, "a key that may be used has its material"
        return rsa_encrypt(self.materials.private(key, key.current, material), clear, algorithm=algorithm)

    async def _decrypted(
        self,
        context: RequestContext,
        key_id: str | None,
        blob: bytes,
        algorithm: str,
        bound_to: EncryptionContext,
    ) -> tuple[KeyRecord, bytes, str]:
        """The key, what it had encrypted, and the id of its material."""
        snapshot = self._store.snapshot()
        if algorithm != SYMMETRIC:
            if key_id is None:
                raise ValidationException("KeyId is required when the ciphertext was encrypted with an asymmetric key.")
            return await self._rsa_decrypted(snapshot, context, key_id, blob, algorithm, bound_to)
        given = read(blob)
        named = name_of_arn(given.key_arn)
        if key_id is not None:
            key = await self.keys.get(snapshot, context, key_id)
            if key.arn != given.key_arn:
                raise IncorrectKeyException
        else:
            found = None if named is None or named.region != context.region else await self.keys.find(snapshot, named)
            if found is None:
                raise unreachable_ciphertext()
            key = found
        check_for(key, "ENCRYPT_DECRYPT", context)
        check_usable(key)
        check_algorithm(key, algorithm)
        return key, *await self.ciphering.decrypt(snapshot, key, given, bound_to)

    async def _rsa_decrypted(
        self,
        snapshot: Snapshot,
        context: RequestContext,
        key_id: str,
        blob: bytes,
        algorithm: str,
        bound_to: EncryptionContext,
    ) -> tuple[KeyRecord, bytes, str]:
        key = await self._usable(snapshot, context, key_id, usage="ENCRYPT_DECRYPT", grant_tokens=None)
        check_algorithm(key, algorithm)
        _check_unbound(bound_to)
        material = await find_material(snapshot, key, key.current)
        assert material is not None, "a key that may be used has its material"
        private = self.materials.private(key, key.current, material)
        return key, await asyncio.to_thread(rsa_decrypt, private, blob, algorithm=algorithm), ""


def _blob(given: bytes | None) -> bytes:
    if given is None:
        raise ValidationException(
            "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: "
            "Member must not be null"
        )
    return given


def _check_unbound(bound_to: EncryptionContext) -> None:
    """API_Encrypt: "cryptographic operations with asymmetric KMS keys don't support an encryption context"."""
    if bound_to:
        raise ValidationException("Encryption context is not supported for asymmetric KMS keys.")
