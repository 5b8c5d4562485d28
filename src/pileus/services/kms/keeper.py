"""How do other services encrypt with somebody's key?

A service makes a data key under a KMS key, encrypts with it, keeps it encrypted beside what it encrypted, and has it
decrypted when somebody reads. It does so in the name of whoever asks the service: they must be allowed to use the key,
through that service (`kms:ViaService`). Nothing here suspends, so what a caller has read in the same transaction still
holds; the first use of `alias/aws/SERVICE` makes that key in a transaction of its own, which no reader was waiting for.

    data_key = await keeper.generate_data_key(snapshot, None, account_id=..., region=..., context={"aws:s3:arn": arn},
                                              principal=principal, via_service="s3")

Source: KMS Developer Guide, "How AWS services use AWS KMS", "AWS managed keys"; S3 User Guide, "Using server-side
encryption with AWS KMS keys".
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Protocol

import msgspec

from pileus.kernel.auth.permissions import Needs, Permission, needs_of
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Snapshot, Store
from pileus.services.kms.ciphering import Ciphering
from pileus.services.kms.ciphertexts import read
from pileus.services.kms.conditions import conditions_of
from pileus.services.kms.errors import AccessDeniedException, ValidationException, unreachable_ciphertext
from pileus.services.kms.finding import KeyFinder, check_usable
from pileus.services.kms.managed import TITLES, service_of_alias
from pileus.services.kms.model import KeyRecord
from pileus.services.kms.names import AWS_ALIAS, name_of, name_of_arn
from pileus.services.kms.operations.base import check_for
from pileus.services.kms.operations.data_keys import check_wraps
from pileus.services.kms.permissions import CIPHERTEXT, KEY
from pileus.services.kms.shapes import (
    CreateGrantRequest,
    DecryptRequest,
    DescribeKeyRequest,
    GenerateDataKeyRequest,
    GrantConstraints,
    GrantOperation,
)

DATA_KEY_BYTES: Final = 32
_GRANTED: Final[list[GrantOperation]] = [
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "ReEncryptFrom",
    "ReEncryptTo",
]
"""What a service that keeps somebody's data under a key is granted (DynamoDB Developer Guide, "Encryption at rest")."""


class DataKey(msgspec.Struct, frozen=True, kw_only=True):
    """ciphertext: `plaintext`, encrypted under the key of `key_arn`; to be kept, as `plaintext` is not."""

    plaintext: bytes
    ciphertext: bytes
    key_arn: str


class KeyAuthorizer(Protocol):
    """Says whether a principal may; `kernel.auth.authorizer.Authorizer` outside tests."""

    async def authorize(
        self, context: RequestContext, headers: Mapping[str, str], needs: Needs, given: object
    ) -> object:
        """Raises `ServiceError`."""
        ...


class KeyKeeper:
    """Keys for other services, which translate its errors (`ServiceError`) into their own."""

    def __init__(
        self, *, store: Store, keys: KeyFinder, ciphering: Ciphering, ids: Ids, authorizer: KeyAuthorizer | None
    ) -> None:
        """authorizer: None where nobody is asked about anybody."""
        self._store = store
        self._keys = keys
        self._ciphering = ciphering
        self._ids = ids
        self._authorizer = authorizer

    async def generate_data_key(
        self,
        snapshot: Snapshot,
        key_id: str | None,
        *,
        account_id: str,
        region: str,
        context: Mapping[str, str],
        principal: Principal | None,
        via_service: str,
    ) -> DataKey:
        """A key of 32 bytes. key_id: id, ARN, alias or alias ARN; None for the one that AWS manages for the service.

        account_id, region: to whom and where `key_id` is to be understood. context: the encryption context, needed
        again to decrypt. principal: in whose name; None for the service's own work, about which nobody is asked.
        """
        asking = self._asking("GenerateDataKey", account_id=account_id, region=region, principal=principal)
        key = await self._key(snapshot, asking, key_id, via_service=via_service)
        check_for(key, "ENCRYPT_DECRYPT", asking)
        check_wraps(key, asking.operation)
        given = GenerateDataKeyRequest(key_id=key.arn, encryption_context=dict(context), key_spec="AES_256")
        await self._require(asking, key, given, principal=principal, via_service=via_service)
        check_usable(key)
        clear = self._ids.bytes(DATA_KEY_BYTES)
        return DataKey(
            plaintext=clear, ciphertext=await self._ciphering.encrypt(snapshot, key, clear, context), key_arn=key.arn
        )

    async def decrypt(
        self,
        snapshot: Snapshot,
        ciphertext: bytes,
        *,
        account_id: str,
        region: str,
        context: Mapping[str, str],
        principal: Principal | None,
        via_service: str,
    ) -> bytes:
        """The data key. InvalidCiphertextException, DisabledException, KMSInvalidStateException, AccessDenied..."""
        asking = self._asking("Decrypt", account_id=account_id, region=region, principal=principal)
        sealed = read(ciphertext)
        named = name_of_arn(sealed.key_arn)
        key = None if named is None or named.region != region else await self._keys.find(snapshot, named)
        if key is None:
            raise unreachable_ciphertext()
        given = DecryptRequest(ciphertext_blob=ciphertext, encryption_context=dict(context))
        await self._require(asking, key, given, principal=principal, via_service=via_service)
        check_usable(key)
        clear, _ = await self._ciphering.decrypt(snapshot, key, sealed, context)
        return clear

    async def admit(
        self,
        snapshot: Snapshot,
        key_id: str | None,
        *,
        account_id: str,
        region: str,
        context: Mapping[str, str],
        principal: Principal,
        via_service: str,
    ) -> KeyRecord:
        """The key that a service will go on using, for a principal who may see it and grant that; see above.

        Nothing is granted in fact: the service needs no leave here. Another service's own key is nobody's to grant.
        """
        asking = self._asking("DescribeKey", account_id=account_id, region=region, principal=principal)
        key = await self._key(snapshot, asking, key_id, via_service=via_service)
        described = DescribeKeyRequest(key_id=key.arn)
        await self._require(asking, key, described, principal=principal, via_service=via_service)
        if key.service == via_service:
            return key
        asking = msgspec.structs.replace(asking, operation="CreateGrant")
        if key.service:
            raise AccessDeniedException(
                f"User: {principal.arn} is not authorized to perform: kms:CreateGrant on resource: {key.arn} because "
                "no resource-based policy allows the kms:CreateGrant action"
            )
        granted = CreateGrantRequest(
            key_id=key.arn,
            grantee_principal=f"{via_service}.{region}.amazonaws.com",
            operations=_GRANTED,
            constraints=GrantConstraints(encryption_context_subset=dict(context)),
        )
        await self._require(asking, key, granted, principal=principal, via_service=via_service)
        check_usable(key)
        if not key.symmetric:
            raise ValidationException(
                "EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key."
            )
        return key

    async def describe(
        self, snapshot: Snapshot, key_id: str | None, *, account_id: str, region: str, via_service: str
    ) -> KeyRecord:
        """The key that would be used, whatever its state: for a service that keeps its ARN. NotFoundException."""
        asking = self._asking("DescribeKey", account_id=account_id, region=region, principal=None)
        return await self._key(snapshot, asking, key_id, via_service=via_service)

    async def _key(
        self, snapshot: Snapshot, asking: RequestContext, key_id: str | None, *, via_service: str
    ) -> KeyRecord:
        if key_id is None:
            assert via_service in TITLES, f"{via_service} has no key that AWS manages"
            key_id = AWS_ALIAS + via_service
        named = name_of(asking, key_id)
        if service_of_alias(named.name) and await self._keys.find(self._store.snapshot(), named) is None:
            await self._store.run(lambda tx: self._keys.get_or_make(tx, asking, named.arn))
        return await self._keys.get(snapshot, asking, key_id)

    def _asking(self, operation: str, *, account_id: str, region: str, principal: Principal | None) -> RequestContext:
        """The request that the service makes in somebody's name."""
        nobody = Principal(account_id=account_id, arn="", user_id="")
        return RequestContext(
            service="kms",
            operation=operation,
            request_id=self._ids.uuid(),
            account_id=account_id,
            region=region,
            principal=principal or nobody,
            source_ip="",
            host="",
            secure=True,
        )

    async def _require(
        self,
        asking: RequestContext,
        key: KeyRecord,
        given: CreateGrantRequest | DecryptRequest | DescribeKeyRequest | GenerateDataKeyRequest,
        *,
        principal: Principal | None,
        via_service: str,
    ) -> None:
        """Whoever was not minted is asked about where the key is another account's, as in requests of their own."""
        if principal is None or self._authorizer is None:
            return
        if not principal.account_id:
            # No request to KMS is unsigned, so none is made for nobody in particular, whomever a key's policy lets in.
            action = f"kms:{asking.operation}"
            raise AccessDeniedException(f"Anonymous is not authorized to perform: {action} on resource: {key.arn}")
        if principal.minted or key.account_id != principal.account_id:
            asking = msgspec.structs.replace(asking, account_id=principal.account_id)
            await self._authorizer.authorize(asking, {}, _needs(asking.operation, via_service), given)


@lru_cache(maxsize=64)
def _needs(operation: str, via_service: str) -> Needs:
    conditions = conditions_of(operation, via_service=via_service)
    resource = CIPHERTEXT if operation == "Decrypt" else KEY
    return needs_of((Permission(action=f"kms:{operation}", resource=resource, conditions=conditions),), protocol="json")
