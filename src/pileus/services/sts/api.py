"""STS: who am I, and may I be somebody else for a while?"""

from collections.abc import Mapping
from typing import Final

from pileus.kernel.auth.audit import Denial
from pileus.kernel.auth.authorization_message import AuthorizationMessages, NotAMessage
from pileus.kernel.auth.credentials import Credentials, KeyDirectory
from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.principals import principal_of_unknown_key
from pileus.kernel.auth.request_conditions import Asking, known_of_principal, known_of_request, tags_of_principal
from pileus.kernel.auth.session_rules import forbidden_to_session
from pileus.kernel.auth.sessions import SessionLimits, SessionSealer
from pileus.kernel.clock import Clock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.sts import conditions, mfa, model, shapes
from pileus.services.sts.errors import AccessDenied, InvalidAuthorizationMessage, InvalidClientTokenId
from pileus.services.sts.federation.saml import SamlIdentities
from pileus.services.sts.federation.web_identity import WebIdentities
from pileus.services.sts.providers import MfaVerifier, Principals, PrincipalTags
from pileus.services.sts.role_sessions import RoleSessions, Wanted, credentials_shape, token_size
from pileus.services.sts.session_policies import packed_percent, session_policies
from pileus.services.sts.session_tags import inherited_source_identity, session_tags
from pileus.services.sts.trust import refused_because

PARTIAL: Final[Mapping[str, str]] = {
    "AssumeRole": "without ProvidedContexts",
    "AssumeRoleWithSAML": "with the extra `saml`; without encrypted assertions",
    "AssumeRoleWithWebIdentity": "ID tokens only, not the access tokens of Login with Amazon and Facebook",
}


class StsApi:
    """The operations, in the model's order."""

    def __init__(
        self,
        *,
        sessions: RoleSessions,
        saml_identities: SamlIdentities,
        web_identities: WebIdentities,
        sealer: SessionSealer,
        keys: KeyDirectory,
        messages: AuthorizationMessages,
        mfa: MfaVerifier,
        tags: PrincipalTags,
        principals: Principals,
        clock: Clock,
        open_mode: bool,
        organization: Organization | None = None,
    ) -> None:
        """open_mode: a key that nobody minted acts as the root of an account."""
        self._organization = organization
        self._sessions = sessions
        self._saml_identities = saml_identities
        self._web_identities = web_identities
        self._sealer = sealer
        self._keys = keys
        self._messages = messages
        self._mfa = mfa
        self._tags = tags
        self._principals = principals
        self._clock = clock
        self._open_mode = open_mode

    async def assume_role(
        self, context: RequestContext, request: shapes.AssumeRoleRequest
    ) -> shapes.AssumeRoleResponse:
        principal = context.principal
        model.check_role_arn(request.role_arn)
        tags = session_tags(request.tags or (), request.transitive_tag_keys or (), asked_by=principal.session)
        policies = session_policies(
            request.policy,
            request.policy_arns,
            account_id=model.account_of(request.role_arn),
            partition=context.partition,
        )
        if request.provided_contexts:
            raise NotImplementedByPileus("ProvidedContexts of AssumeRole is not implemented")
        if principal.minted and model.root(principal):
            # In open mode "root" is whoever has no minted key, and may; a real root may not (API_AssumeRole).
            raise AccessDenied("Roles may not be assumed by root accounts.").because(
                _denial(request, principal, "sts:AssumeRole", "the root of an account may assume no role")
            )
        if forbidden_to_session(principal.session, service="sts", operation="AssumeRole"):
            raise model.not_authorized(principal, action="sts:AssumeRole", role_arn=request.role_arn).because(
                _denial(request, principal, "sts:AssumeRole", "the session of a federated user may assume no role")
            )
        source_identity = inherited_source_identity(principal.session) or request.source_identity or ""
        if request.source_identity not in (None, source_identity):
            raise model.not_authorized(principal, action="sts:SetSourceIdentity", role_arn=request.role_arn).because(
                _denial(request, principal, "sts:SetSourceIdentity", "its session has another source identity already")
            )
        proven = await mfa.proven(
            self._mfa, principal, serial_number=request.serial_number, token_code=request.token_code
        )
        asking = Asking(context, {}, now_s=self._clock.timestamp(), organization=self._organization)
        asking.principal_tags = tags_of_principal(principal, await self._tags.tags_of(principal))
        begun = await self._sessions.begin(
            Wanted(
                role_arn=request.role_arn,
                session_name=request.role_session_name,
                action="sts:AssumeRole",
                asked_by=principal,
                conditions={
                    **known_of_request(asking),
                    **known_of_principal(asking),
                    **(conditions.PROVEN_NOW if proven else {}),
                },
                refused=lambda refusal: model.not_authorized(
                    principal, action=refusal.action, role_arn=request.role_arn, explanation=refusal.explanation
                ),
                policies=policies,
                tags=tags,
                source_identity=source_identity,
                external_id=request.external_id,
                requested_s=request.duration_seconds,
                chained=":assumed-role/" in principal.arn,
                token_chars_min=request.minimum_session_token_size,
            )
        )
        return shapes.AssumeRoleResponse(
            credentials=begun.credentials,
            assumed_role_user=begun.assumed_role_user,
            # Absent without a session policy (recordings: TestSTSIntegrations::test_assume_role).
            packed_policy_size=begun.packed_percent,
            source_identity=begun.source_identity,
            session_token_size=begun.token_size,
        )

    async def assume_role_with_saml(
        self, context: RequestContext, request: shapes.AssumeRoleWithSAMLRequest
    ) -> shapes.AssumeRoleWithSAMLResponse:
        return await self._saml_identities.assume_role(context, request)

    async def assume_role_with_web_identity(
        self, context: RequestContext, request: shapes.AssumeRoleWithWebIdentityRequest
    ) -> shapes.AssumeRoleWithWebIdentityResponse:
        return await self._web_identities.assume_role(context, request)

    async def decode_authorization_message(
        self, context: RequestContext, request: shapes.DecodeAuthorizationMessageRequest
    ) -> shapes.DecodeAuthorizationMessageResponse:
        try:
            decoded = self._messages.decode(request.encoded_message, account_id=context.account_id)
        except NotAMessage:
            raise InvalidAuthorizationMessage("Message is not valid") from None
        return shapes.DecodeAuthorizationMessageResponse(decoded_message=decoded)

    async def get_access_key_info(
        self, context: RequestContext, request: shapes.GetAccessKeyInfoRequest
    ) -> shapes.GetAccessKeyInfoResponse:
        """Whose key it is, alive or not as far as that is known; of a deleted long-term key it is not."""
        access_key_id = request.access_key_id
        account_id = self._sealer.account_of(access_key_id)
        if account_id is None:
            key = await self._keys.find(access_key_id)
            if key is not None:
                account_id = key.principal.account_id
            elif self._open_mode and not self._sealer.minted(access_key_id):
                account_id = principal_of_unknown_key(access_key_id).account_id
            else:
                raise InvalidClientTokenId("The security token included in the request is invalid.")
        return shapes.GetAccessKeyInfoResponse(account=account_id)

    async def get_caller_identity(
        self, context: RequestContext, request: shapes.GetCallerIdentityRequest
    ) -> shapes.GetCallerIdentityResponse:
        principal = context.principal
        if principal.session is not None and not await self._principals.exists(principal):
            # Nobody authorizes this operation, so nobody else has noticed.
            raise InvalidClientTokenId("The security token included in the request is invalid.")
        return shapes.GetCallerIdentityResponse(
            user_id=principal.user_id, account=principal.account_id, arn=principal.arn
        )

    async def get_federation_token(
        self, context: RequestContext, request: shapes.GetFederationTokenRequest
    ) -> shapes.GetFederationTokenResponse:
        principal = context.principal
        _refuse_sessions(principal, "GetFederationToken")
        account_id = principal.account_id
        tags = session_tags(request.tags or (), ())
        policies = session_policies(
            request.policy, request.policy_arns, account_id=account_id, partition=context.partition
        )
        percent = packed_percent(policies, tags)
        user = shapes.FederatedUser(
            federated_user_id=f"{account_id}:{request.name}",
            arn=f"arn:{context.partition}:sts::{account_id}:federated-user/{request.name}",
        )
        credentials = self._begin(
            principal,
            arn=user.arn,
            user_id=user.federated_user_id,
            requested_s=request.duration_seconds,
            limits=SessionLimits(
                kind="federated_user",
                user_arn=principal.arn,
                issuer_id=principal.user_id,
                policies=policies.documents,
                policy_arns=policies.arns,
                tags=tags.tags,
            ),
            token_chars_min=request.minimum_session_token_size,
        )
        return shapes.GetFederationTokenResponse(
            credentials=credentials_shape(credentials),
            federated_user=user,
            # 0 without a session policy (recordings: TestSTSIntegrations::test_get_federation_token).
            packed_policy_size=percent,
            session_token_size=token_size(credentials, request.minimum_session_token_size),
        )

    async def get_session_token(
        self, context: RequestContext, request: shapes.GetSessionTokenRequest
    ) -> shapes.GetSessionTokenResponse:
        principal = context.principal
        _refuse_sessions(principal, "GetSessionToken")
        proven = await mfa.proven(
            self._mfa, principal, serial_number=request.serial_number, token_code=request.token_code
        )
        credentials = self._begin(
            principal,
            arn=principal.arn,
            user_id=principal.user_id,
            requested_s=request.duration_seconds,
            limits=SessionLimits(
                kind="session_token",
                user_arn=principal.arn,
                mfa_at_s=int(self._clock.timestamp()) if proven else None,
            ),
            token_chars_min=request.minimum_session_token_size,
        )
        return shapes.GetSessionTokenResponse(
            credentials=credentials_shape(credentials),
            session_token_size=token_size(credentials, request.minimum_session_token_size),
        )

    def _begin(
        self,
        principal: Principal,
        *,
        arn: str,
        user_id: str,
        requested_s: int | None,
        limits: SessionLimits,
        token_chars_min: int | None,
    ) -> Credentials:
        """A session that a user begins without a role."""
        return self._sealer.issue(
            account_id=principal.account_id,
            arn=arn,
            user_id=user_id,
            duration=model.user_session_duration(principal, requested_s=requested_s),
            limits=limits,
            token_chars_min=token_chars_min or 0,
        )


def _denial(request: shapes.AssumeRoleRequest, principal: Principal, action: str, reason: str) -> Denial:
    return refused_because(reason, principal=principal, action=action, role_arn=request.role_arn).denial


def _refuse_sessions(principal: Principal, operation: str) -> None:
    """Only long-term credentials begin such sessions (seen on the wire)."""
    if principal.session is not None:
        raise AccessDenied(f"Cannot call {operation} with session credentials")
