"""Which identity providers speak SAML?"""

from datetime import datetime

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.iam import pem, shapes, tagging
from pileus.services.iam.account_limits import SAML_KEYS_MAX, SAML_PROVIDERS_MAX, SAML_VALIDITY_YEARS
from pileus.services.iam.account_records import SamlKeyRecord, SamlProviderRecord
from pileus.services.iam.errors import EntityAlreadyExists, InvalidInput, LimitExceeded, NoSuchEntity
from pileus.services.iam.model import whole_second
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.saml_metadata import SamlMetadata, parse_metadata
from pileus.services.iam.store import AccountReader

_RESOURCE = "saml-provider/"
_ID_CHARS = 26


class SamlProviderOperations(Operations):
    """SAML providers."""

    async def create_saml_provider(
        self, context: RequestContext, request: shapes.CreateSAMLProviderRequest
    ) -> shapes.CreateSAMLProviderResponse:
        now = self._now()
        metadata = parse_metadata(request.saml_metadata_document)
        keys = () if request.add_private_key is None else (self._key(request.add_private_key, now),)
        provider = SamlProviderRecord(
            arn=f"arn:{context.partition}:iam::{context.account_id}:{_RESOURCE}{request.name}",
            name=request.name,
            uuid=self._ids.base32(_ID_CHARS),
            metadata=request.saml_metadata_document,
            created_at=now,
            valid_until=_valid_until(metadata, since=now),
            encryption_required=request.assertion_encryption_mode == "Required",
            keys=keys,
            tags=tagging.kept(request.tags),
        )
        _check_encryption(provider)
        async with self._store.transaction(context.account_id) as account:
            if await account.find_saml_provider(provider.name) is not None:
                raise EntityAlreadyExists(f"SAMLProvider {provider.name} already exists.")
            await account.check_quota("saml-provider", "SAMLProvidersPerAccount", SAML_PROVIDERS_MAX)
            account.put_saml_provider(provider)
        return shapes.CreateSAMLProviderResponse(
            saml_provider_arn=provider.arn, tags=tagging.given_shapes(provider.tags)
        )

    async def delete_saml_provider(self, context: RequestContext, request: shapes.DeleteSAMLProviderRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            account.delete_saml_provider(await _provider(account, request.saml_provider_arn))

    async def get_saml_provider(
        self, context: RequestContext, request: shapes.GetSAMLProviderRequest
    ) -> shapes.GetSAMLProviderResponse:
        provider = await _provider(self._store.read(context.account_id), request.saml_provider_arn)
        return shapes.GetSAMLProviderResponse(
            saml_provider_uuid=provider.uuid,
            saml_metadata_document=provider.metadata,
            create_date=provider.created_at,
            valid_until=provider.valid_until,
            tags=tagging.sorted_shapes(provider.tags),
            assertion_encryption_mode="Required" if provider.encryption_required else "Allowed",
            private_key_list=[
                shapes.SAMLPrivateKey(key_id=key.key_id, timestamp=key.added_at) for key in provider.keys
            ],
        )

    async def list_saml_provider_tags(
        self, context: RequestContext, request: shapes.ListSAMLProviderTagsRequest
    ) -> shapes.ListSAMLProviderTagsResponse:
        provider = await _provider(self._store.read(context.account_id), request.saml_provider_arn)
        page = tagging.tag_page(provider.tags, request)
        return shapes.ListSAMLProviderTagsResponse(tags=page.items, is_truncated=page.truncated, marker=page.marker)

    async def list_saml_providers(
        self, context: RequestContext, request: shapes.ListSAMLProvidersRequest
    ) -> shapes.ListSAMLProvidersResponse:
        providers = await self._store.read(context.account_id).saml_providers()
        return shapes.ListSAMLProvidersResponse(
            saml_provider_list=[
                shapes.SAMLProviderListEntry(
                    arn=provider.arn, valid_until=provider.valid_until, create_date=provider.created_at
                )
                for provider in providers
            ]
        )

    async def tag_saml_provider(self, context: RequestContext, request: shapes.TagSAMLProviderRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            provider = await _provider(account, request.saml_provider_arn)
            tags = tagging.tagged(provider.tags, request.tags)
            account.put_saml_provider(msgspec.structs.replace(provider, tags=tags))

    async def untag_saml_provider(self, context: RequestContext, request: shapes.UntagSAMLProviderRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            provider = await _provider(account, request.saml_provider_arn)
            tags = tagging.untagged(provider.tags, request.tag_keys)
            account.put_saml_provider(msgspec.structs.replace(provider, tags=tags))

    async def update_saml_provider(
        self, context: RequestContext, request: shapes.UpdateSAMLProviderRequest
    ) -> shapes.UpdateSAMLProviderResponse:
        """What is not said stays."""
        now = self._now()
        document = request.saml_metadata_document
        metadata = None if document is None else parse_metadata(document)
        new_key = None if request.add_private_key is None else self._key(request.add_private_key, now)
        async with self._store.transaction(context.account_id) as account:
            provider = await _provider(account, request.saml_provider_arn)
            if metadata is not None and document is not None:
                valid_until = _valid_until(metadata, since=provider.created_at)
                provider = msgspec.structs.replace(provider, metadata=document, valid_until=valid_until)
            if request.remove_private_key is not None:
                provider = _without_key(provider, request.remove_private_key)
            if new_key is not None:
                if len(provider.keys) >= SAML_KEYS_MAX:
                    raise LimitExceeded(f"Cannot exceed quota for PrivateKeysPerSAMLProvider: {SAML_KEYS_MAX}")
                provider = msgspec.structs.replace(provider, keys=(*provider.keys, new_key))
            if request.assertion_encryption_mode is not None:
                required = request.assertion_encryption_mode == "Required"
                provider = msgspec.structs.replace(provider, encryption_required=required)
            _check_encryption(provider)
            account.put_saml_provider(provider)
        return shapes.UpdateSAMLProviderResponse(saml_provider_arn=provider.arn)

    def _key(self, private_key: str, now: datetime) -> SamlKeyRecord:
        """InvalidInput when it cannot be read."""
        pem.check_private_key(private_key)
        key_id = self._ids.base32(_ID_CHARS)
        sealed = self._seal.seal(private_key.encode(), bound_to=b"saml " + key_id.encode())
        return SamlKeyRecord(key_id=key_id, added_at=now, sealed=sealed)


async def _provider(account: AccountReader, arn: str) -> SamlProviderRecord:
    """The provider of exactly this ARN; NoSuchEntity."""
    resource = arn.split(":", 5)[-1]
    if not arn.startswith("arn:") or not resource.startswith(_RESOURCE):
        raise InvalidInput(f"Invalid ARN: {arn}")
    provider = await account.find_saml_provider(resource.removeprefix(_RESOURCE))
    if provider is None or provider.arn != arn:
        raise NoSuchEntity(f"Manifest not found for arn {arn}")
    return provider


def _valid_until(metadata: SamlMetadata, *, since: datetime) -> datetime:
    if metadata.valid_until is not None:
        return whole_second(metadata.valid_until)
    # The day before, where that year has no 29th of February.
    day = 28 if (since.month, since.day) == (2, 29) else since.day
    return since.replace(year=since.year + SAML_VALIDITY_YEARS, day=day)


def _without_key(provider: SamlProviderRecord, key_id: str) -> SamlProviderRecord:
    keys = tuple(key for key in provider.keys if key.key_id != key_id)
    if len(keys) == len(provider.keys):
        raise NoSuchEntity(f"Private key {key_id} not found for arn {provider.arn}")
    return msgspec.structs.replace(provider, keys=keys)


def _check_encryption(provider: SamlProviderRecord) -> None:
    """InvalidInput when assertions must be encrypted and no key could open them."""
    if provider.encryption_required and not provider.keys:
        raise InvalidInput("A private key is required when the assertion encryption mode is Required")
