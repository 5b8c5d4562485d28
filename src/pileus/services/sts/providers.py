"""What does STS need to know of identity providers and of devices? Somebody else keeps them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pileus.kernel.context import Principal


class OidcProvider(Protocol):
    """An OpenID Connect issuer that an account trusts.

    scheme, url: the issuer, the URL without its scheme. thumbprints: SHA-1 of certificates, in hexadecimal.
    """

    @property
    def scheme(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def client_ids(self) -> Sequence[str]: ...
    @property
    def thumbprints(self) -> Sequence[str]: ...


class OidcProviders(Protocol):
    """Finds providers by ARN (`arn:aws:iam::ACCOUNT:oidc-provider/URL`), of any account."""

    async def find(self, provider_arn: str) -> OidcProvider | None: ...


class SamlProvider(Protocol):
    """A SAML 2.0 identity provider that an account trusts, as its metadata describes it.

    signing_certificates: DER, of the keys that sign its assertions.
    """

    @property
    def entity_id(self) -> str: ...
    @property
    def signing_certificates(self) -> Sequence[bytes]: ...


class SamlProviders(Protocol):
    """Finds providers by ARN (`arn:aws:iam::ACCOUNT:saml-provider/NAME`), of any account."""

    async def find(self, provider_arn: str) -> SamlProvider | None: ...


class MfaVerifier(Protocol):
    """Checks the codes of devices."""

    async def verify_mfa(self, serial_number: str, code: str, *, account_id: str, user_id: str) -> bool:
        """Whether the device is that user's, and this is its code of now; a code is good for one time."""
        ...


class PrincipalTags(Protocol):
    """Knows the tags that IAM keeps of users and roles."""

    async def tags_of(self, principal: Principal) -> Mapping[str, str]: ...


class Principals(Protocol):
    """Knows who there is."""

    async def exists(self, principal: Principal) -> bool:
        """Whether the user or role behind a principal is still there; one of the same name is another one."""
        ...


class Nothing:
    """No provider is registered, no device, no tag: stands in until somebody keeps them."""

    async def find(self, provider_arn: str) -> None:
        return None

    async def verify_mfa(self, serial_number: str, code: str, *, account_id: str, user_id: str) -> bool:
        return False

    async def tags_of(self, principal: Principal) -> Mapping[str, str]:
        return {}
