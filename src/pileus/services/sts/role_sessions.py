"""How does a role's session begin, whoever vouched for the one who asks?"""

from collections.abc import Callable, Mapping
from datetime import timedelta

import msgspec

from pileus.kernel.auth.credentials import Credentials
from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.policy import ContextValue
from pileus.kernel.auth.sessions import SessionLimits, SessionSealer
from pileus.kernel.context import Principal
from pileus.kernel.errors import ServiceError
from pileus.services.sts import model, shapes
from pileus.services.sts.conditions import of_role, of_session
from pileus.services.sts.roles import AssumableRole, RoleDirectory
from pileus.services.sts.session_policies import SessionPolicies, packed_percent
from pileus.services.sts.session_tags import SessionTags
from pileus.services.sts.trust import CallerPolicies, Refusal, refusal_of, refused_because


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks for.

    action: `sts:AssumeRole` or a sister of it. asked_by: whom the role must trust. conditions: what is known of the
    request and of who asks. refused: the error, given what is not allowed. chained: a role's session asks.
    duration_max: what the identity provider allows. federated_provider, context: go into the session.
    """

    role_arn: str
    session_name: str
    action: str
    asked_by: Principal
    conditions: Mapping[str, ContextValue]
    refused: Callable[[Refusal], ServiceError]
    policies: SessionPolicies
    tags: SessionTags
    source_identity: str = ""
    external_id: str | None = None
    requested_s: int | None = None
    chained: bool = False
    duration_max: timedelta | None = None
    token_chars_min: int | None = None
    federated_provider: str | None = None
    context: dict[str, str] = {}


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A session. packed_percent: None when there was nothing to pack."""

    credentials: shapes.Credentials
    assumed_role_user: shapes.AssumedRoleUser
    packed_percent: int | None
    source_identity: str | None
    token_size: int | None


class RoleSessions:
    """Begins sessions of roles for those whom the roles trust."""

    def __init__(
        self,
        *,
        roles: RoleDirectory,
        sealer: SessionSealer,
        callers: CallerPolicies | None = None,
        organization: Organization | None = None,
    ) -> None:
        """callers: None where somebody else asks whether the caller's own policies allow it.

        organization: of whose accounts some are, if there is one.
        """
        self._organization = organization
        self._callers = callers
        self._roles = roles
        self._sealer = sealer

    async def begin(self, wanted: Wanted) -> Begun:
        """What `wanted.refused` gives, unless the role exists and trusts; ValidationError, PackedPolicyTooLarge."""
        percent = packed_percent(wanted.policies, wanted.tags)
        role = await self._trusting(wanted)
        duration = model.session_duration(role, requested_s=wanted.requested_s, chained=wanted.chained)
        if wanted.duration_max is not None:
            duration = min(duration, wanted.duration_max)
        credentials = model.open_session(
            self._sealer,
            role,
            session_name=wanted.session_name,
            duration=duration,
            limits=SessionLimits(
                kind="assumed_role",
                role_arn=role.arn,
                policies=wanted.policies.documents,
                policy_arns=wanted.policies.arns,
                tags=wanted.tags.tags,
                transitive_tag_keys=wanted.tags.transitive_tag_keys,
                source_identity=wanted.source_identity,
                federated_provider=wanted.federated_provider,
                context=wanted.context,
            ),
            token_chars_min=wanted.token_chars_min or 0,
        )
        return Begun(
            credentials=credentials_shape(credentials),
            assumed_role_user=shapes.AssumedRoleUser(
                assumed_role_id=f"{role.role_id}:{wanted.session_name}",
                arn=model.assumed_role_arn(role, wanted.session_name),
            ),
            packed_percent=percent or None,
            source_identity=wanted.source_identity or None,
            token_size=token_size(credentials, wanted.token_chars_min),
        )

    async def _trusting(self, wanted: Wanted) -> AssumableRole:
        role = await self._roles.find(wanted.role_arn)
        if role is None:
            raise _refused(
                wanted,
                refused_because(
                    "there is no such role",
                    principal=wanted.asked_by,
                    action=wanted.action,
                    role_arn=wanted.role_arn,
                ),
            )
        conditions = {
            **wanted.conditions,
            **of_role(role, self._organization),
            **of_session(
                session_name=wanted.session_name,
                requested_tags=wanted.tags.requested,
                transitive_tag_keys=wanted.tags.requested_transitive,
                source_identity=wanted.source_identity,
                external_id=wanted.external_id,
            ),
        }
        policies = None if self._callers is None else await self._callers.policies_of_caller(wanted.asked_by)
        for action in _actions(wanted):
            refusal = refusal_of(
                role, principal=wanted.asked_by, action=action, conditions=conditions, policies=policies
            )
            if refusal is not None:
                raise _refused(wanted, refusal)
        return role


def _refused(wanted: Wanted, refusal: Refusal) -> ServiceError:
    return wanted.refused(refusal).because(refusal.denial)


def _actions(wanted: Wanted) -> list[str]:
    """All of them must be allowed; inherited tags and source identities count as passed ones do."""
    actions = [wanted.action]
    if wanted.tags.tags:
        actions.append("sts:TagSession")
    if wanted.source_identity:
        actions.append("sts:SetSourceIdentity")
    return actions


def credentials_shape(credentials: Credentials) -> shapes.Credentials:
    return shapes.Credentials(
        access_key_id=credentials.access_key_id,
        secret_access_key=credentials.secret_access_key,
        session_token=credentials.session_token,
        expiration=credentials.expires_at,
    )


def token_size(credentials: Credentials, token_chars_min: int | None) -> int | None:
    """`SessionTokenSize`, answered to whoever asked for a size; recordings of those who did not lack it."""
    return None if token_chars_min is None else len(credentials.session_token)
