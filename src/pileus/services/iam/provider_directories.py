"""How does STS find the providers that an account trusts?"""

from functools import lru_cache

from pileus.kernel.storage.seam import Store
from pileus.services.iam.account_records import OidcProviderRecord
from pileus.services.iam.saml_metadata import SamlMetadata, parse_metadata
from pileus.services.iam.store import IamStore

_OIDC = "oidc-provider/"
_SAML = "saml-provider/"


class IamOidcProviders:
    """OpenID Connect providers by ARN, of any account."""

    def __init__(self, store: Store) -> None:
        self._store = IamStore(store)

    async def find(self, provider_arn: str) -> OidcProviderRecord | None:
        """The provider of exactly this ARN."""
        account_id, name = _parts(provider_arn, _OIDC)
        if not name:
            return None
        provider = await self._store.read(account_id).find_oidc_provider(name)
        return provider if provider is not None and provider.arn == provider_arn else None


class IamSamlProviders:
    """SAML providers by ARN, of any account."""

    def __init__(self, store: Store) -> None:
        self._store = IamStore(store)

    async def find(self, provider_arn: str) -> SamlMetadata | None:
        """What the metadata of the provider of exactly this ARN says."""
        account_id, name = _parts(provider_arn, _SAML)
        if not name:
            return None
        provider = await self._store.read(account_id).find_saml_provider(name)
        return _parsed(provider.metadata) if provider is not None and provider.arn == provider_arn else None


def _parts(arn: str, resource: str) -> tuple[str, str]:
    """Account and name; both empty when it is no ARN of this kind."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith(resource):
        return "", ""
    return parts[4], parts[5].removeprefix(resource)


@lru_cache(maxsize=64)
def _parsed(document: str) -> SamlMetadata:
    """It was checked when it was written."""
    return parse_metadata(document)
