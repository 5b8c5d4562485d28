"""Who, outside of AWS, vouches for people and programs?"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.iam import oidc, shapes, tagging
from pileus.services.iam.account_limits import OIDC_PROVIDERS_MAX
from pileus.services.iam.account_records import OidcProviderRecord
from pileus.services.iam.errors import EntityAlreadyExists, NoSuchEntity
from pileus.services.iam.operations.saml_providers import SamlProviderOperations
from pileus.services.iam.store import AccountReader


class ProviderOperations(SamlProviderOperations):
    """OpenID Connect providers, beside those of SAML."""

    async def add_client_id_to_open_id_connect_provider(
        self, context: RequestContext, request: shapes.AddClientIDToOpenIDConnectProviderRequest
    ) -> None:
        """To add one that is there already is no mistake (API_AddClientIDToOpenIDConnectProvider)."""
        async with self._store.transaction(context.account_id) as account:
            provider = await _provider(account, request.open_id_connect_provider_arn)
            client_ids = oidc.kept_client_ids((*provider.client_ids, request.client_id))
            account.put_oidc_provider(msgspec.structs.replace(provider, client_ids=client_ids))

    async def create_open_id_connect_provider(
        self, context: RequestContext, request: shapes.CreateOpenIDConnectProviderRequest
    ) -> shapes.CreateOpenIDConnectProviderResponse:
        url = oidc.parse_url(request.url)
        provider = OidcProviderRecord(
            arn=oidc.provider_arn(context.partition, context.account_id, url.name),
            scheme=url.scheme,
            url=url.name,
            created_at=self._now(),
            client_ids=oidc.kept_client_ids(request.client_id_list or ()),
            thumbprints=oidc.kept_thumbprints(request.thumbprint_list or ()),
            tags=tagging.kept(request.tags),
        )
        async with self._store.transaction(context.account_id) as account:
            if await account.find_oidc_provider(url.name) is not None:
                raise EntityAlreadyExists(f"Provider with url {request.url} already exists.")
            await account.check_quota("oidc-provider", "OpenIdConnectProvidersPerAccount", OIDC_PROVIDERS_MAX)
            account.put_oidc_provider(provider)
        return shapes.CreateOpenIDConnectProviderResponse(
            open_id_connect_provider_arn=provider.arn, tags=tagging.given_shapes(provider.tags)
        )

    async def delete_open_id_connect_provider(
        self, context: RequestContext, request: shapes.DeleteOpenIDConnectProviderRequest
    ) -> None:
        arn = request.open_id_connect_provider_arn
        async with self._store.transaction(context.account_id) as account:
            provider = await _find_provider(account, arn)
            if provider is None:
                # The page says that this is no error; AWS says otherwise, in words of its own (recordings of
                # delete_open_id_connect_provider, 2026-02-18).
                raise NoSuchEntity(f"OpenId connect Provider {arn} cannot be found.")
            account.delete_oidc_provider(provider)

    async def get_open_id_connect_provider(
        self, context: RequestContext, request: shapes.GetOpenIDConnectProviderRequest
    ) -> shapes.GetOpenIDConnectProviderResponse:
        provider = await _provider(self._store.read(context.account_id), request.open_id_connect_provider_arn)
        return shapes.GetOpenIDConnectProviderResponse(
            url=provider.url,
            client_id_list=list(provider.client_ids),
            thumbprint_list=list(provider.thumbprints),
            create_date=provider.created_at,
            tags=tagging.sorted_shapes(provider.tags),
        )

    async def list_open_id_connect_provider_tags(
        self, context: RequestContext, request: shapes.ListOpenIDConnectProviderTagsRequest
    ) -> shapes.ListOpenIDConnectProviderTagsResponse:
        provider = await _provider(self._store.read(context.account_id), request.open_id_connect_provider_arn)
        page = tagging.tag_page(provider.tags, request)
        return shapes.ListOpenIDConnectProviderTagsResponse(
            tags=page.items, is_truncated=page.truncated, marker=page.marker
        )

    async def list_open_id_connect_providers(
        self, context: RequestContext, request: shapes.ListOpenIDConnectProvidersRequest
    ) -> shapes.ListOpenIDConnectProvidersResponse:
        providers = await self._store.read(context.account_id).oidc_providers()
        return shapes.ListOpenIDConnectProvidersResponse(
            open_id_connect_provider_list=[
                shapes.OpenIDConnectProviderListEntry(arn=provider.arn) for provider in providers
            ]
        )

    async def remove_client_id_from_open_id_connect_provider(
        self, context: RequestContext, request: shapes.RemoveClientIDFromOpenIDConnectProviderRequest
    ) -> None:
        """To remove one that is not there is no mistake (API_RemoveClientIDFromOpenIDConnectProvider)."""
        async with self._store.transaction(context.account_id) as account:
            provider = await _provider(account, request.open_id_connect_provider_arn)
            client_ids = tuple(known for known in provider.client_ids if known != request.client_id)
            account.put_oidc_provider(msgspec.structs.replace(provider, client_ids=client_ids))

    async def tag_open_id_connect_provider(
        self, context: RequestContext, request: shapes.TagOpenIDConnectProviderRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            provider = await _provider(account, request.open_id_connect_provider_arn)
            tags = tagging.tagged(provider.tags, request.tags)
            account.put_oidc_provider(msgspec.structs.replace(provider, tags=tags))

    async def untag_open_id_connect_provider(
        self, context: RequestContext, request: shapes.UntagOpenIDConnectProviderRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            provider = await _provider(account, request.open_id_connect_provider_arn)
            tags = tagging.untagged(provider.tags, request.tag_keys)
            account.put_oidc_provider(msgspec.structs.replace(provider, tags=tags))

    async def update_open_id_connect_provider_thumbprint(
        self, context: RequestContext, request: shapes.UpdateOpenIDConnectProviderThumbprintRequest
    ) -> None:
        thumbprints = oidc.kept_thumbprints(request.thumbprint_list)
        async with self._store.transaction(context.account_id) as account:
            provider = await _provider(account, request.open_id_connect_provider_arn)
            account.put_oidc_provider(msgspec.structs.replace(provider, thumbprints=thumbprints))


async def _find_provider(account: AccountReader, arn: str) -> OidcProviderRecord | None:
    """The provider of exactly this ARN; InvalidInput when it is no provider's."""
    provider = await account.find_oidc_provider(oidc.name_of_arn(arn))
    return provider if provider is not None and provider.arn == arn else None


async def _provider(account: AccountReader, arn: str) -> OidcProviderRecord:
    """NoSuchEntity."""
    provider = await _find_provider(account, arn)
    if provider is None:
        raise NoSuchEntity(f"OpenIDConnect Provider not found for arn {arn}")
    return provider
