"""May a role do something that a service does in its name? Part of the composition; see `app.py`.

Asked of the authorizer, as if a session of the role had sent a request: so all policies count, the resource's own too,
and a refusal is in the audit log.
"""

from collections.abc import Callable, Mapping, Sequence

from pileus.composition.authorization import LateAuthorizer
from pileus.kernel.auth.permissions import Needs, Permission, ResourceType
from pileus.kernel.clock import Clock
from pileus.kernel.context import Principal, RequestContext, SessionFacts
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import Ids
from pileus.services.sts.model import assumed_role_arn
from pileus.services.sts.roles import RoleDirectory


class LateRolePermissions:
    """`RolePermissions` of one service. session_name: as it assumes roles."""

    def __init__(
        self,
        *,
        authorizer: LateAuthorizer,
        roles: Callable[[], RoleDirectory],
        clock: Clock,
        ids: Ids,
        service: str,
        session_name: str,
    ) -> None:
        self._authorizer = authorizer
        self._roles = roles
        self._clock = clock
        self._ids = ids
        self._service = service
        self._session_name = session_name

    async def allowed(
        self,
        *,
        role_arn: str,
        action: str,
        resource: str,
        region: str,
        conditions: Mapping[str, str | Sequence[str]] | None = None,
    ) -> bool:
        """Whether the role is there and may. conditions: keys in lower case that the service brings."""
        context = await self.session(role_arn=role_arn, operation=action.partition(":")[2], region=region)
        if context is None:
            return False
        asked = ResourceType(name="resource", arn=lambda context, given: resource)
        known = conditions or {}
        permission = Permission(action=action, resource=asked, conditions=lambda context, given, resource: known)
        needs = Needs(permissions=(permission,), code="AccessDeniedException", status=403)
        try:
            await self._authorizer.authorize(context, {}, needs, None)
        except ServiceError:
            return False
        return True

    async def session(self, *, role_arn: str, operation: str, region: str) -> RequestContext | None:
        """A request as the service sends it in the name of the role; None where that is not there."""
        role = await self._roles().find(role_arn)
        if role is None:
            return None
        return RequestContext(
            service=self._service,
            operation=operation,
            request_id=self._ids.uuid(),
            account_id=role.account_id,
            region=region,
            principal=Principal(
                account_id=role.account_id,
                arn=assumed_role_arn(role, self._session_name),
                user_id=f"{role.role_id}:{self._session_name}",
                minted=True,
                session=SessionFacts(kind="assumed_role", issued_at=self._clock.now(), role_arn=role.arn),
            ),
            source_ip="127.0.0.1",
            host="",
            secure=True,
        )
