"""Data keys: made for use elsewhere, and encrypted under a key so that they can be kept beside what they encrypt."""

import asyncio
from collections.abc import Sequence
from typing import Final

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Snapshot
from pileus.services.kms.asymmetric import generate_private, load_private, public_der, takes_long
from pileus.services.kms.ciphering import EncryptionContext
from pileus.services.kms.errors import InvalidKeyUsageException, ValidationException
from pileus.services.kms.model import ALGORITHMS, KeyRecord
from pileus.services.kms.operations.base import KmsBase, end_dry_run, refuse_recipient
from pileus.services.kms.shapes import (
    GenerateDataKeyPairRequest,
    GenerateDataKeyPairResponse,
    GenerateDataKeyPairWithoutPlaintextRequest,
    GenerateDataKeyPairWithoutPlaintextResponse,
    GenerateDataKeyRequest,
    GenerateDataKeyResponse,
    GenerateDataKeyWithoutPlaintextRequest,
    GenerateDataKeyWithoutPlaintextResponse,
    GenerateRandomRequest,
    GenerateRandomResponse,
)

_BYTES: Final = {"AES_256": 32, "AES_128": 16}


class DataKeyOperations(KmsBase):
    """Data keys, pairs of them, and bare random bytes."""

    async def generate_data_key(
        self, context: RequestContext, request: GenerateDataKeyRequest
    ) -> GenerateDataKeyResponse:
        refuse_recipient(request.recipient, context)
        size_bytes = _size_bytes(request.number_of_bytes, request.key_spec)
        snapshot = self._store.snapshot()
        key = await self._wrapping(snapshot, context, request.key_id, request.grant_tokens)
        clear = self._ids.bytes(size_bytes)
        blob = await self.ciphering.encrypt(snapshot, key, clear, request.encryption_context)
        end_dry_run(request.dry_run)
        return GenerateDataKeyResponse(
            ciphertext_blob=blob, plaintext=clear, key_id=key.arn, key_material_id=key.current_id
        )

    async def generate_data_key_without_plaintext(
        self, context: RequestContext, request: GenerateDataKeyWithoutPlaintextRequest
    ) -> GenerateDataKeyWithoutPlaintextResponse:
        size_bytes = _size_bytes(request.number_of_bytes, request.key_spec)
        snapshot = self._store.snapshot()
        key = await self._wrapping(snapshot, context, request.key_id, request.grant_tokens)
        blob = await self.ciphering.encrypt(snapshot, key, self._ids.bytes(size_bytes), request.encryption_context)
        end_dry_run(request.dry_run)
        return GenerateDataKeyWithoutPlaintextResponse(
            ciphertext_blob=blob, key_id=key.arn, key_material_id=key.current_id
        )

    async def generate_data_key_pair(
        self, context: RequestContext, request: GenerateDataKeyPairRequest
    ) -> GenerateDataKeyPairResponse:
        refuse_recipient(request.recipient, context)
        key, private, public, blob = await self._pair(context, request, request.encryption_context)
        end_dry_run(request.dry_run)
        return GenerateDataKeyPairResponse(
            private_key_ciphertext_blob=blob,
            private_key_plaintext=private,
            public_key=public,
            key_id=key.arn,
            key_pair_spec=request.key_pair_spec,
            key_material_id=key.current_id,
        )

    async def generate_data_key_pair_without_plaintext(
        self, context: RequestContext, request: GenerateDataKeyPairWithoutPlaintextRequest
    ) -> GenerateDataKeyPairWithoutPlaintextResponse:
        key, _, public, blob = await self._pair(context, request, request.encryption_context)
        end_dry_run(request.dry_run)
        return GenerateDataKeyPairWithoutPlaintextResponse(
            private_key_ciphertext_blob=blob,
            public_key=public,
            key_id=key.arn,
            key_pair_spec=request.key_pair_spec,
            key_material_id=key.current_id,
        )

    async def generate_random(self, context: RequestContext, request: GenerateRandomRequest) -> GenerateRandomResponse:
        """Recording kms/kms, test_generate_random_invalid_number_of_bytes."""
        refuse_recipient(request.recipient, context)
        if request.custom_key_store_id is not None:
            raise NotImplementedByPileus("Pileus does not implement custom key stores of kms yet")
        if request.number_of_bytes is None:
            raise ValidationException("NumberOfBytes is required.")
        return GenerateRandomResponse(plaintext=self._ids.bytes(request.number_of_bytes))

    async def _wrapping(
        self, snapshot: Snapshot, context: RequestContext, text: str, grant_tokens: Sequence[str] | None
    ) -> KeyRecord:
        """The key to encrypt a data key with, which is a symmetric one."""
        key = await self._usable(snapshot, context, text, usage="ENCRYPT_DECRYPT", grant_tokens=grant_tokens)
        check_wraps(key, context.operation)
        return key

    async def _pair(
        self,
        context: RequestContext,
        request: GenerateDataKeyPairRequest | GenerateDataKeyPairWithoutPlaintextRequest,
        bound_to: EncryptionContext,
    ) -> tuple[KeyRecord, bytes, bytes, bytes]:
        """The key, and of the new pair the private half, the public half, and the private half encrypted."""
        spec = request.key_pair_spec
        if spec not in ALGORITHMS:
            raise NotImplementedByPileus(f"Pileus does not implement key pairs of spec {spec} of kms yet")
        await self._wrapping(self._store.snapshot(), context, request.key_id, request.grant_tokens)
        private = await asyncio.to_thread(generate_private, spec) if takes_long(spec) else generate_private(spec)
        # Again: the key may have changed meanwhile.
        snapshot = self._store.snapshot()
        key = await self._wrapping(snapshot, context, request.key_id, request.grant_tokens)
        blob = await self.ciphering.encrypt(snapshot, key, private, bound_to)
        return key, private, public_der(load_private(private)), blob


def check_wraps(key: KeyRecord, operation: str) -> None:
    """InvalidKeyUsageException for whatever is no symmetric key."""
    if not key.symmetric:
        raise InvalidKeyUsageException(f"{key.arn} key spec is {key.spec} which is not valid for {operation}.")


def _size_bytes(number_of_bytes: int | None, spec: str | None) -> int:
    """moto's tests test_kms_boto3.py, test_generate_data_key_invalid_size_params."""
    if (number_of_bytes is None) == (spec is None):
        raise ValidationException("Please specify either number of bytes or key spec.")
    return _BYTES[spec] if spec is not None else number_of_bytes or 0
