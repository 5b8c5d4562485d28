"""Sign, Verify, GetPublicKey, DeriveSharedSecret: what is done with asymmetric keys beside encryption."""

import asyncio
from typing import Any

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Snapshot
from pileus.services.kms.asymmetric import PrivateKey, public_der, shared_secret, sign, takes_long, verified
from pileus.services.kms.describing import algorithms_of
from pileus.services.kms.errors import (
    KMSInvalidSignatureException,
    KMSInvalidStateException,
    UnsupportedOperationException,
)
from pileus.services.kms.finding import check_alive
from pileus.services.kms.key_records import find_material
from pileus.services.kms.model import SYMMETRIC, KeyRecord
from pileus.services.kms.operations.base import KmsBase, check_algorithm, end_dry_run, refuse_recipient
from pileus.services.kms.shapes import (
    DeriveSharedSecretRequest,
    DeriveSharedSecretResponse,
    GetPublicKeyRequest,
    GetPublicKeyResponse,
    SignRequest,
    SignResponse,
    VerifyRequest,
    VerifyResponse,
)


class SigningOperations(KmsBase):
    """Signatures, public keys and agreement."""

    async def sign(self, context: RequestContext, request: SignRequest) -> SignResponse:
        key, private = await self._signing(context, request)
        digested = request.message_type == "DIGEST"
        algorithm = request.signing_algorithm
        if takes_long(key.spec):
            signature = await asyncio.to_thread(sign, private, request.message, algorithm=algorithm, digested=digested)
        else:
            signature = sign(private, request.message, algorithm=algorithm, digested=digested)
        end_dry_run(request.dry_run)
        return SignResponse(key_id=key.arn, signature=signature, signing_algorithm=algorithm)

    async def verify(self, context: RequestContext, request: VerifyRequest) -> VerifyResponse:
        """Whoever asks for a signature that is wrong gets an error (API_Verify)."""
        key, private = await self._signing(context, request)
        genuine = verified(
            private,
            request.message,
            request.signature,
            algorithm=request.signing_algorithm,
            digested=request.message_type == "DIGEST",
        )
        if not genuine:
            raise KMSInvalidSignatureException
        end_dry_run(request.dry_run)
        return VerifyResponse(key_id=key.arn, signature_valid=True, signing_algorithm=request.signing_algorithm)

    async def get_public_key(self, context: RequestContext, request: GetPublicKeyRequest) -> GetPublicKeyResponse:
        """Also of a disabled key; recordings of LocalStack's say so, the page on key states does not."""
        self._check_tokens(request.grant_tokens)
        snapshot = self._store.snapshot()
        key = await self.keys.get(snapshot, context, request.key_id)
        check_alive(key)
        if key.spec == SYMMETRIC or key.usage == "GENERATE_VERIFY_MAC":
            raise UnsupportedOperationException
        if key.state == "PendingImport":
            raise KMSInvalidStateException(f"{key.arn} is pending import.")
        spec: Any = key.spec
        return GetPublicKeyResponse(
            key_id=key.arn,
            public_key=public_der(await self._private(snapshot, key)),
            customer_master_key_spec=None if spec == "ECC_NIST_EDWARDS25519" else spec,
            key_spec=spec,
            key_usage=key.usage,
            **algorithms_of(key),
        )

    async def derive_shared_secret(
        self, context: RequestContext, request: DeriveSharedSecretRequest
    ) -> DeriveSharedSecretResponse:
        """Recordings kms/kms, test_derive_shared_secret, test_derive_shared_secret_matches_openssl."""
        refuse_recipient(request.recipient, context)
        snapshot = self._store.snapshot()
        key = await self._usable(
            snapshot, context, request.key_id, usage="KEY_AGREEMENT", grant_tokens=request.grant_tokens
        )
        secret = shared_secret(await self._private(snapshot, key), request.public_key)
        end_dry_run(request.dry_run)
        origin: Any = key.origin
        return DeriveSharedSecretResponse(
            key_id=key.arn,
            shared_secret=secret,
            key_agreement_algorithm=request.key_agreement_algorithm,
            key_origin=origin,
        )

    async def _signing(
        self, context: RequestContext, request: SignRequest | VerifyRequest
    ) -> tuple[KeyRecord, PrivateKey]:
        if request.message_type == "EXTERNAL_MU":
            raise NotImplementedByPileus("Pileus does not implement kms messages of type EXTERNAL_MU yet")
        snapshot = self._store.snapshot()
        key = await self._usable(
            snapshot, context, request.key_id, usage="SIGN_VERIFY", grant_tokens=request.grant_tokens
        )
        check_algorithm(key, request.signing_algorithm)
        return key, await self._private(snapshot, key)

    async def _private(self, snapshot: Snapshot, key: KeyRecord) -> PrivateKey:
        material = await find_material(snapshot, key, key.current)
        assert material is not None, "a key that may be used has its material"
        return self.materials.private(key, key.current, material)
