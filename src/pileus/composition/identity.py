"""How does STS learn what IAM keeps? Providers, devices and tags, in the form that STS asks for them."""

from pileus.kernel.auth.authorization_message import AuthorizationMessages
from pileus.kernel.auth.credentials import KeyDirectory
from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.sealing import Seal
from pileus.kernel.auth.sessions import SessionSealer
from pileus.kernel.clock import Clock, MovableClock
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store
from pileus.services.iam.account_records import OidcProviderRecord
from pileus.services.iam.mfa import IamMfaVerifier
from pileus.services.iam.policies import IamPolicySource
from pileus.services.iam.saml_metadata import SamlMetadata, parse_metadata
from pileus.services.iam.store import IamStore
from pileus.services.sts.api import StsApi
from pileus.services.sts.federation.issuer_keys import KeysOfIssuers, LocalIssuers
from pileus.services.sts.federation.saml import SamlIdentities
from pileus.services.sts.federation.web_identity import WebIdentities
from pileus.services.sts.role_sessions import RoleSessions
from pileus.services.sts.roles import RoleDirectory
from pileus.services.sts.trust import CallerPolicies


def sts_api(
    *,
    store: Store,
    roles: RoleDirectory,
    sealer: SessionSealer,
    keys: KeyDirectory,
    secrets_seal: Seal,
    secret: bytes,
    clock: Clock,
    ids: Ids,
    open_mode: bool,
    private_issuers: bool = False,
    local_issuers: LocalIssuers | None = None,
    callers: CallerPolicies | None = None,
    organization: Organization | None = None,
) -> StsApi:
    """STS, with everything of IAM that it needs.

    private_issuers: issuers may be at addresses that not everybody reaches; in open mode they may in any case.
    local_issuers: OpenID Connect issuers that this Pileus is. callers: what AssumeRole asks about the caller's own
    policies; None where somebody else asks. organization: see `kernel.auth.organizations`.
    """
    iam = IamStore(store)
    policies = IamPolicySource(store)
    sessions = RoleSessions(roles=roles, sealer=sealer, callers=callers, organization=organization)
    return StsApi(
        sessions=sessions,
        saml_identities=SamlIdentities(sessions=sessions, providers=_SamlProviders(iam), clock=clock),
        web_identities=WebIdentities(
            sessions=sessions,
            providers=_OidcProviders(iam),
            keys=KeysOfIssuers(clock=clock, local=local_issuers, private_allowed=open_mode or private_issuers),
            clock=clock,
        ),
        sealer=sealer,
        keys=keys,
        messages=AuthorizationMessages(secret, ids),
        # Devices go by the machine's time, whatever is done to Pileus's clock.
        mfa=IamMfaVerifier(store=store, seal=secrets_seal, clock=MovableClock()),
        tags=policies,
        principals=policies,
        clock=clock,
        open_mode=open_mode,
        organization=organization,
    )


class _OidcProviders:
    """By ARN, of any account."""

    def __init__(self, iam: IamStore) -> None:
        self._iam = iam

    async def find(self, provider_arn: str) -> OidcProviderRecord | None:
        account_id, name = _split(provider_arn, "oidc-provider/")
        provider = await self._iam.read(account_id).find_oidc_provider(name) if name else None
        return provider if provider is not None and provider.arn == provider_arn else None


class _SamlProviders:
    """By ARN, of any account."""

    def __init__(self, iam: IamStore) -> None:
        self._iam = iam

    async def find(self, provider_arn: str) -> SamlMetadata | None:
        account_id, name = _split(provider_arn, "saml-provider/")
        provider = await self._iam.read(account_id).find_saml_provider(name) if name else None
        if provider is None or provider.arn != provider_arn:
            return None
        return parse_metadata(provider.metadata)


def _split(arn: str, kind: str) -> tuple[str, str]:
    """Account and name of an IAM ARN of that kind; two empty texts for every other."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith(kind):
        return "", ""
    return parts[4], parts[5].removeprefix(kind)
