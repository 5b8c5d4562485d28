"""Who may become a role because an OpenID Connect issuer vouches for them? AssumeRoleWithWebIdentity.

A token is checked in AWS's order: that it is a JWT, that its issuer is known to the role's account, that the issuer's
keys signed it, its times, its audience; then whether the role trusts that issuer for that user.
"""

import time
from collections.abc import Callable
from typing import Final

import msgspec

from pileus.kernel.auth.request_conditions import Asking, known_of_request
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.sts import model, shapes
from pileus.services.sts.conditions import Conditions
from pileus.services.sts.errors import AccessDenied, InvalidIdentityToken
from pileus.services.sts.federation.id_tokens import Identity, identity_of, unverified
from pileus.services.sts.federation.issuer_keys import KeysOfIssuers
from pileus.services.sts.providers import OidcProviders
from pileus.services.sts.role_sessions import RoleSessions, Wanted
from pileus.services.sts.session_policies import session_policies
from pileus.services.sts.session_tags import session_tags
from pileus.services.sts.trust import outsider

_ACTION: Final = "sts:AssumeRoleWithWebIdentity"
_IN_SESSION: Final = ("aud", "sub", "oaud", "email")
"""Claims whose condition keys stay with the session."""

_KNOWN_TO_ALL: Final = {
    "https://accounts.google.com": "accounts.google.com",
    "https://cognito-identity.amazonaws.com": "cognito-identity.amazonaws.com",
}
"""Issuers that need no provider in the account, by how trust policies name them."""


class _Provider(msgspec.Struct, frozen=True, kw_only=True):
    """name: as trust policies have it. key: before the colon of its condition keys. client_ids: None for any."""

    name: str
    key: str
    client_ids: tuple[str, ...] | None = None
    thumbprints: tuple[str, ...] = ()


class WebIdentities:
    """Lets the users of OpenID Connect issuers assume roles."""

    def __init__(
        self,
        *,
        sessions: RoleSessions,
        providers: OidcProviders,
        keys: KeysOfIssuers,
        clock: Clock,
        machine_s: Callable[[], float] = time.time,
    ) -> None:
        """machine_s: the clock of the world, by which issuers that are not this Pileus date their tokens."""
        self._sessions = sessions
        self._providers = providers
        self._keys = keys
        self._clock = clock
        self._machine_s = machine_s

    async def assume_role(
        self, context: RequestContext, request: shapes.AssumeRoleWithWebIdentityRequest
    ) -> shapes.AssumeRoleWithWebIdentityResponse:
        model.check_role_arn(request.role_arn)
        if request.provider_id is not None:
            raise NotImplementedByPileus("ProviderId (access tokens of OAuth 2.0) is not implemented")
        policies = session_policies(
            request.policy,
            request.policy_arns,
            account_id=model.account_of(request.role_arn),
            partition=context.partition,
        )
        token = unverified(request.web_identity_token)
        provider = await self._provider(token.issuer, request.role_arn)
        found = await self._keys.find(token.issuer, thumbprints=provider.thumbprints, key_id=token.key_id)
        now_s = self._clock.timestamp() if found.local else self._machine_s()
        identity = identity_of(request.web_identity_token, keys=found.keys, now_s=now_s)
        if provider.client_ids is not None and identity.audience not in provider.client_ids:
            raise InvalidIdentityToken("Incorrect token audience")
        claims: Conditions = {f"{provider.key}:{name}": value for name, value in identity.claims.items()}
        begun = await self._sessions.begin(
            Wanted(
                role_arn=request.role_arn,
                session_name=request.role_session_name,
                action=_ACTION,
                asked_by=outsider(provider.name),
                conditions={
                    **known_of_request(Asking(context, {}, now_s=self._clock.timestamp())),
                    **claims,
                    "aws:federatedprovider": provider.name,
                },
                refused=lambda refusal: AccessDenied(f"Not authorized to perform {refusal.action}"),
                policies=policies,
                tags=session_tags(
                    [shapes.Tag(key=key, value=value) for key, value in identity.tags.items()],
                    identity.transitive_tag_keys,
                ),
                source_identity=identity.source_identity,
                requested_s=request.duration_seconds,
                token_chars_min=request.minimum_session_token_size,
                federated_provider=provider.name,
                context=_in_session(provider, identity),
            )
        )
        return shapes.AssumeRoleWithWebIdentityResponse(
            credentials=begun.credentials,
            subject_from_web_identity_token=identity.subject,
            assumed_role_user=begun.assumed_role_user,
            packed_policy_size=begun.packed_percent,
            provider=provider.name,
            audience=identity.audience,
            source_identity=begun.source_identity,
            session_token_size=begun.token_size,
        )

    async def _provider(self, issuer: str, role_arn: str) -> _Provider:
        """The issuer as the account of the role knows it; InvalidIdentityToken."""
        if issuer in _KNOWN_TO_ALL:
            name = _KNOWN_TO_ALL[issuer]
            return _Provider(name=name, key=name)
        scheme, separator, url = issuer.partition("://")
        partition = role_arn.split(":", 2)[1]
        arn = f"arn:{partition}:iam::{model.account_of(role_arn)}:oidc-provider/{url}"
        registered = await self._providers.find(arn) if separator else None
        if registered is None or (registered.scheme, registered.url) != (scheme, url):
            raise InvalidIdentityToken(f"No OpenIDConnect provider found in your account for {issuer}")
        return _Provider(
            name=arn,
            key=url.lower(),
            client_ids=tuple(registered.client_ids),
            thumbprints=tuple(registered.thumbprints),
        )


def _in_session(provider: _Provider, identity: Identity) -> dict[str, str]:
    kept = {name: identity.claims[name] for name in _IN_SESSION if name in identity.claims}
    return {f"{provider.key}:{name}": value for name, value in kept.items() if isinstance(value, str)}
