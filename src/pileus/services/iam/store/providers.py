"""Where are identity providers kept?"""

from pileus.services.iam.account_records import OidcProviderRecord, SamlProviderRecord
from pileus.services.iam.store.base import Reader, Writer


class ProviderReader(Reader):
    async def find_oidc_provider(self, url: str) -> OidcProviderRecord | None:
        """url: without its scheme."""
        return await self._find(OidcProviderRecord, "oidc-provider", url)

    async def oidc_providers(self) -> list[OidcProviderRecord]:
        """In order of their URLs."""
        return await self._all(OidcProviderRecord, "oidc-provider")

    async def find_saml_provider(self, name: str) -> SamlProviderRecord | None:
        return await self._find(SamlProviderRecord, "saml-provider", name.casefold())

    async def saml_providers(self) -> list[SamlProviderRecord]:
        """In order of their names."""
        return await self._all(SamlProviderRecord, "saml-provider")


class ProviderWriter(ProviderReader, Writer):
    def put_oidc_provider(self, provider: OidcProviderRecord) -> None:
        self._set(provider, "oidc-provider", provider.url)

    def delete_oidc_provider(self, provider: OidcProviderRecord) -> None:
        self._clear("oidc-provider", provider.url)

    def put_saml_provider(self, provider: SamlProviderRecord) -> None:
        self._set(provider, "saml-provider", provider.name.casefold())

    def delete_saml_provider(self, provider: SamlProviderRecord) -> None:
        self._clear("saml-provider", provider.name.casefold())
