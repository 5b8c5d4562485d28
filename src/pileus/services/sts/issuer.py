"""How does a service get the credentials of the role that it runs something under?"""

from collections.abc import Mapping
from datetime import timedelta

from pileus.kernel.auth.credentials import Credentials
from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.auth.sessions import SessionLimits, SessionSealer
from pileus.kernel.clock import Clock
from pileus.services.sts.errors import AccessDenied
from pileus.services.sts.model import open_session
from pileus.services.sts.roles import RoleDirectory
from pileus.services.sts.trust import outsider, refusal_of_service, refused_because


class RoleCredentialIssuer:
    """The `CredentialIssuer` of one service, which roles must trust by its service principal."""

    def __init__(
        self,
        *,
        service_principal: str,
        roles: RoleDirectory,
        sealer: SessionSealer,
        clock: Clock,
        organization: Organization | None = None,
    ) -> None:
        """service_principal: as trust policies name it, `lambda.amazonaws.com`.

        organization: of whose accounts some are, if there is one.
        """
        self._organization = organization
        self._clock = clock
        self._service_principal = service_principal
        self._roles = roles
        self._sealer = sealer

    async def for_role(
        self, *, role_arn: str, session_name: str, duration: timedelta, context: Mapping[str, str] | None = None
    ) -> Credentials:
        """Credentials of a new session. AccessDenied: there is no such role, or it does not trust the service.

        context: condition keys that stay with the session.
        """
        role = await self._roles.find(role_arn)
        if role is None:
            raise AccessDenied(f"The role {role_arn} does not exist.").because(
                refused_because(
                    "there is no such role",
                    principal=outsider(self._service_principal),
                    action="sts:AssumeRole",
                    role_arn=role_arn,
                ).denial
            )
        # A service acts for resources of the role's own account only.
        call = ServiceCall(service=self._service_principal, source_arn="", source_account=role.account_id)
        refused = refusal_of_service(
            role, call, region="", organization=self._organization, now_s=self._clock.timestamp()
        )
        if refused is not None:
            raise AccessDenied(f"The role {role_arn} does not allow {self._service_principal} to assume it.").because(
                refused.denial
            )
        limits = SessionLimits(role_arn=role.arn, context=dict(context or {}))
        return open_session(self._sealer, role, session_name=session_name, duration=duration, limits=limits)
