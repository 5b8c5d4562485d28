"""Keys: made, told of, described."""

import asyncio
from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.kms.asymmetric import generate_private, takes_long
from pileus.services.kms.describing import metadata_of
from pileus.services.kms.errors import ValidationException
from pileus.services.kms.finding import check_alive
from pileus.services.kms.key_records import list_keys, put_key
from pileus.services.kms.limits import KEYS_LISTED_DEFAULT
from pileus.services.kms.materials import SYMMETRIC_BYTES
from pileus.services.kms.model import ALGORITHMS, EXTERNAL, SYMMETRIC, KeyRecord, Usage
from pileus.services.kms.operations.base import KmsBase
from pileus.services.kms.paging import page, told, write_marker
from pileus.services.kms.policies import check_key_policy, check_lockout, default_policy
from pileus.services.kms.shapes import (
    CreateKeyRequest,
    CreateKeyResponse,
    DescribeKeyRequest,
    DescribeKeyResponse,
    KeyListEntry,
    ListKeysRequest,
    ListKeysResponse,
    UpdateKeyDescriptionRequest,
)
from pileus.services.kms.tagging import tags_given

_HMAC_BYTES: Final = {"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64}


class KeyOperations(KmsBase):
    """Keys themselves."""

    async def create_key(self, context: RequestContext, request: CreateKeyRequest) -> CreateKeyResponse:
        """Its material is made here, unless it is to be imported."""
        blank = self._blank(context, request)
        if request.policy is not None:
            check_key_policy(request.policy)
            if not request.bypass_policy_lockout_safety_check:
                check_lockout(request.policy, context, blank.arn)
        clear = None if blank.imported else await self._new_material(blank.spec)
        async with self._store.transaction() as tx:
            key = self.maker.make(tx, blank, clear)
        return CreateKeyResponse(key_metadata=metadata_of(key))

    def _blank(self, context: RequestContext, request: CreateKeyRequest) -> KeyRecord:
        """The key that is asked for, without its material; ValidationException, NotImplementedByPileus."""
        _check_built(request)
        spec, usage = _kind_of(request)
        return KeyRecord(
            account_id=context.account_id,
            region=context.region,
            key_id=self._ids.uuid(),
            partition=context.partition,
            spec=spec,
            usage=usage,
            origin=request.origin or "AWS_KMS",
            policy=request.policy or default_policy(partition=context.partition, account_id=context.account_id),
            created_at_s=self._clock.timestamp(),
            description=request.description or "",
            tags=tags_given(request.tags),
        )

    async def _new_material(self, spec: str) -> bytes:
        if spec == SYMMETRIC:
            return self._ids.bytes(SYMMETRIC_BYTES)
        if spec in _HMAC_BYTES:
            return self._ids.bytes(_HMAC_BYTES[spec])
        return await asyncio.to_thread(generate_private, spec) if takes_long(spec) else generate_private(spec)

    async def describe_key(self, context: RequestContext, request: DescribeKeyRequest) -> DescribeKeyResponse:
        """In every state."""
        self._check_tokens(request.grant_tokens)
        async with self._store.transaction() as tx:
            key = await self.keys.get_or_make(tx, context, request.key_id)
        return DescribeKeyResponse(key_metadata=metadata_of(key))

    async def list_keys(self, context: RequestContext, request: ListKeysRequest) -> ListKeysResponse:
        """Of the account, those that AWS manages too. Nothing is shared through RAM."""
        if request.resource_owners is not None and "SELF" not in request.resource_owners:
            return ListKeysResponse(keys=[], truncated=False)
        asked = page(request.marker, request.limit, default=KEYS_LISTED_DEFAULT)
        found = await list_keys(
            self._store.snapshot(),
            account_id=context.account_id,
            region=context.region,
            beyond=asked.beyond,
            limit=asked.read,
        )
        shown, more = told(found, asked)
        home = f"arn:{context.partition}:kms:{context.region}:{context.account_id}:key/"
        return ListKeysResponse(
            keys=[KeyListEntry(key_id=key_id, key_arn=home + key_id) for key_id in shown],
            next_marker=write_marker(shown[-1]) if more else None,
            truncated=more,
        )

    async def update_key_description(self, context: RequestContext, request: UpdateKeyDescriptionRequest) -> None:
        async with self._store.transaction() as tx:
            key = await self.keys.customers(tx, context, request.key_id)
            check_alive(key)
            put_key(tx, msgspec.structs.replace(key, description=request.description))


def _check_built(request: CreateKeyRequest) -> None:
    spec = request.key_spec or request.customer_master_key_spec or SYMMETRIC
    for what, asked in (
        ("multi-Region keys", request.multi_region),
        ("custom key stores", request.custom_key_store_id is not None or request.xks_key_id is not None),
        (f"keys of origin {request.origin}", request.origin not in (None, "AWS_KMS", EXTERNAL)),
        (f"keys of spec {spec}", spec not in ALGORITHMS),
    ):
        if asked:
            raise NotImplementedByPileus(f"Pileus does not implement {what} of kms yet")


def _kind_of(request: CreateKeyRequest) -> tuple[str, Usage]:
    """Recordings kms/kms, test_hmac_create_key_invalid_operations, test_derive_shared_secret."""
    if request.key_spec is not None and request.customer_master_key_spec is not None:
        raise ValidationException(
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. "
            "CustomerMasterKeySpec is deprecated."
        )
    spec = request.key_spec or request.customer_master_key_spec or SYMMETRIC
    usage = request.key_usage
    if usage is None:
        if spec != SYMMETRIC:
            raise ValidationException(
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
            )
        usage = "ENCRYPT_DECRYPT"
    if usage not in ALGORITHMS[spec]:
        raise ValidationException(f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    return spec, usage
