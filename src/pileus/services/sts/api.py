"""STS: who am I, and may I be somebody else for a while?"""

from pileus.kernel.auth.sessions import SessionSealer
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.sts import model, shapes
from pileus.services.sts.errors import AccessDenied
from pileus.services.sts.roles import RoleDirectory
from pileus.services.sts.trust import Caller, trusts


class StsApi:
    """The operations, in the model's order."""

    def __init__(self, *, roles: RoleDirectory, sealer: SessionSealer) -> None:
        self._roles = roles
        self._sealer = sealer

    async def assume_role(
        self, context: RequestContext, request: shapes.AssumeRoleRequest
    ) -> shapes.AssumeRoleResponse:
        principal = context.principal
        model.check_role_arn(request.role_arn)
        tags = model.session_tags(request.tags or (), request.transitive_tag_keys or ())
        _refuse_what_is_missing(request)
        if request.policy is not None:
            model.check_session_policy(request.policy)
        if principal.minted and principal.arn.endswith(":root"):
            # In open mode "root" is whoever has no minted key, and may; a real root may not (API_AssumeRole).
            raise AccessDenied("Roles may not be assumed by root accounts.")

        role = await self._roles.find(request.role_arn)
        caller = _caller(principal, request)
        for action in ("sts:AssumeRole", "sts:TagSession") if tags else ("sts:AssumeRole",):
            if role is None or not trusts(role.trust_policy, action=action, caller=caller):
                raise model.not_authorized(principal, action=action, role_arn=request.role_arn)
        assert role is not None

        credentials = model.open_session(
            self._sealer,
            role,
            session_name=request.role_session_name,
            duration=model.session_duration(role, requested_s=request.duration_seconds, principal=principal),
            policies=() if request.policy is None else (request.policy,),
            tags=tags,
        )
        return shapes.AssumeRoleResponse(
            credentials=shapes.Credentials(
                access_key_id=credentials.access_key_id,
                secret_access_key=credentials.secret_access_key,
                session_token=credentials.session_token,
                expiration=credentials.expires_at,
            ),
            assumed_role_user=shapes.AssumedRoleUser(
                assumed_role_id=f"{role.role_id}:{request.role_session_name}",
                arn=model.assumed_role_arn(role, request.role_session_name),
            ),
            # Absent without a session policy (recordings: TestSTSIntegrations::test_assume_role).
            packed_policy_size=None if request.policy is None else model.packed_percent(request.policy),
        )

    async def get_caller_identity(
        self, context: RequestContext, request: shapes.GetCallerIdentityRequest
    ) -> shapes.GetCallerIdentityResponse:
        principal = context.principal
        return shapes.GetCallerIdentityResponse(
            user_id=principal.user_id, account=principal.account_id, arn=principal.arn
        )


def _caller(principal: Principal, request: shapes.AssumeRoleRequest) -> Caller:
    return Caller(
        principal=principal,
        context={
            "sts:externalid": request.external_id,
            "sts:rolesessionname": request.role_session_name,
            "aws:principalarn": principal.arn,
            "aws:principalaccount": principal.account_id,
        },
    )


def _refuse_what_is_missing(request: shapes.AssumeRoleRequest) -> None:
    """Parameters that change what the session may do, or whom it is said to be, are honoured or refused."""
    if request.serial_number is not None or request.token_code is not None:
        # No MFA device can be registered, so none can give a right code.
        raise AccessDenied("MultiFactorAuthentication failed, unable to validate MFA code.")
    for name, value in (
        ("PolicyArns", request.policy_arns),
        ("TransitiveTagKeys", request.transitive_tag_keys),
        ("SourceIdentity", request.source_identity),
        ("ProvidedContexts", request.provided_contexts),
    ):
        if value:
            raise NotImplementedByPileus(f"{name} of AssumeRole is not implemented")
