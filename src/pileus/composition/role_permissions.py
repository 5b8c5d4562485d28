"""May a role do something that a service does in its name? Part of the composition; see `app.py`.

Asked of the authorizer, as if a session of the role had sent a request: so all policies count, the resource's own too,
and a refusal is in the audit log.
"""

from collections.abc import Callable, Mapping, Sequence

from pileus.composition.authorization import LateAuthorizer
from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.permissions import Conditions, KnownResource, Needs, Permission, ResourceType
from pileus.kernel.auth.service_calls import ServiceCall, account_of
from pileus.kernel.clock import Clock
from pileus.kernel.context import Principal, RequestContext, SessionFacts
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import Ids
from pileus.services.sts.model import assumed_role_arn
from pileus.services.sts.roles import RoleDirectory
from pileus.services.sts.trust import refusal_of_service


class LateRolePermissions:
    """`RolePermissions` of one service, which roles must trust. session_name: as it assumes them."""

    def __init__(
        self,
        *,
        authorizer: LateAuthorizer,
        roles: Callable[[], RoleDirectory],
        clock: Clock,
        ids: Ids,
        service: str,
        session_name: str,
        organization: Organization | None = None,
    ) -> None:
        """organization: of whose accounts some are, if there is one."""
        self._organization = organization
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
        source_arn: str = "",
        conditions: Mapping[str, str | Sequence[str]] | None = None,
    ) -> bool:
        """Whether the role is there, trusts the service, and may.

        source_arn: what the service acts for, where the role's trust policy may ask. conditions: keys in lower case
        that the service brings.
        """
        operation = action.partition(":")[2]
        context = await self.session(role_arn=role_arn, operation=operation, region=region, source_arn=source_arn)
        if context is None:
            return False
        asked = ResourceType(name="resource", arn=lambda context, given: resource)
        known = conditions or {}
        of_s3 = action.startswith("s3:")

        def conditions_of(context: RequestContext, given: object, resource: KnownResource | None) -> Conditions:
            if not of_s3:
                return known
            owner = resource.account_id if resource is not None else ""
            return {**known, "s3:resourceaccount": owner or context.account_id}

        permission = Permission(action=action, resource=asked, conditions=conditions_of)
        needs = Needs(permissions=(permission,), code="AccessDeniedException", status=403)
        try:
            await self._authorizer.authorize(context, {}, needs, None)
        except ServiceError:
            return False
        return True

    async def session(
        self, *, role_arn: str, operation: str, region: str, source_arn: str = ""
    ) -> RequestContext | None:
        """A request as the service sends it in the name of the role; None where that is not there, or does not trust.

        Whoever is not trusted is among the decisions, under the id of the request that could not be sent.
        """
        role = await self._roles().find(role_arn)
        if role is None:
            return None
        context = RequestContext(
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
        call = ServiceCall(
            service=f"{self._service}.amazonaws.com",
            source_arn=source_arn,
            # What bears no account is of the role's own: roles are passed within theirs only.
            source_account=account_of(source_arn) or role.account_id,
        )
        refused = refusal_of_service(
            role, call, region=region, organization=self._organization, now_s=self._clock.timestamp()
        )
        if refused is not None:
            await self._authorizer.note(refused.denial, context)
            return None
        return context
