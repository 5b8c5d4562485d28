"""May this principal run this operation? Asked once per request, between reading it and calling the service.

What the operation needs (its row in the service's table), who asks and which policies apply is read here; each
permission on each resource is asked about by `requirements`, and the first refusal ends it.

The root of an account is asked about only where a resource may have a policy of its own, or its organization limits it:
nothing else can refuse it. Of a principal that nobody minted (`open` mode) only requests that reach into another
account come here, see `Needs.foreign`; they need that account's consent. Who is nobody in particular (an unsigned
request to S3) has no policies, and may what the resource lets everybody.
"""

from collections.abc import Mapping, Sequence

from pileus.kernel.auth.audit import AuditLog
from pileus.kernel.auth.authorization_message import AuthorizationMessages
from pileus.kernel.auth.holdings import ROOTS, Holdings, PolicySource
from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.permissions import GivenSource, Needs, Permission, ResourceSource, foreign_of
from pileus.kernel.auth.request_conditions import Asking
from pileus.kernel.auth.requirements import Requirements
from pileus.kernel.auth.session_reach import check_reach
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import AnyServiceError, ServiceError

Refusals = Mapping[tuple[str, int], ServiceError]
"""By action and member, what a request does without; see `Permission`."""


class Authorizer:
    """Refuses what policies do not allow."""

    def __init__(
        self,
        *,
        policies: PolicySource,
        audit: AuditLog,
        clock: Clock,
        resources: Mapping[str, ResourceSource] | None = None,
        messages: AuthorizationMessages | None = None,
        organization: Organization | None = None,
    ) -> None:
        """resources: by the service part of an action (`lambda`), who knows what such actions are about.

        messages: seals the reasons of refusals, where a service's protocol sends them. organization: of whose accounts
        some are; None when there is none.
        """
        self._organization = organization
        self._holdings = Holdings(policies, organization)
        self._clock = clock
        self._resources: Mapping[str, ResourceSource] = resources or {}
        by_given = {name: source for name, source in self._resources.items() if isinstance(source, GivenSource)}
        self._by_given = {self._resources[name]: source for name, source in by_given.items()}
        self._require = Requirements(policies=policies, audit=audit, given=by_given, messages=messages).require
        self._sources: dict[int, tuple[Needs, Sequence[ResourceSource]]] = {}

    async def authorize(
        self, context: RequestContext, headers: Mapping[str, str], needs: Needs, given: object
    ) -> Refusals | None:
        """Return if the principal may; otherwise raise the service's access-denied error.

        headers: of the request, by lower-case name. given: the operation's input. Gives what it may not, of that which
        the request can do without.
        """
        permissions = needs.permissions
        assert permissions is not None, f"{context.service}.{context.operation} is in no table of permissions"
        principal = context.principal
        root = principal.arn.endswith(":root")
        if root and self._organization is None and principal.session is None:
            sources = self._sources_of(needs, permissions)
            by_given = self._by_given.get(sources[0]) if len(sources) == 1 else None
            if by_given is not None and by_given.at_home(context, given):
                return None
            asked = needs.foreign is not None and needs.foreign(context, given)
            for knowing in sources:
                asked = asked or knowing.eager
            if not asked:
                return None
        policies = self._holdings.at_hand(principal)
        refusals: dict[tuple[str, int], ServiceError] | None = None
        asking = Asking(context, headers, now_s=self._clock.timestamp(), organization=self._organization)
        for permission in permissions:
            if permission.hides:
                continue
            check_reach(context, permission.action)
            if permission.asked is not None and not permission.asked(context, given):
                continue
            source = self._resources.get(permission.action.partition(":")[0])
            if root and policies is ROOTS and (source is None or not source.eager):
                foreign = foreign_of(permission)
                if foreign is None or not foreign(context, given):
                    continue
            if policies is None:
                policies = await self._holdings.of(context, needs)
            members = (given,) if permission.members is None else permission.members(context, given)
            for index, member in enumerate(members):
                if member is None and permission.members is not None:
                    continue  # a part of the request that is asked about elsewhere
                try:
                    await self._require(asking, permission, member, policies=policies, source=source, needs=needs)
                except AnyServiceError as refused:
                    if not (permission.each or permission.optional):
                        raise
                    refusals = refusals or {}
                    refusals[permission.action, index] = refused
        if policies is None:
            # Nothing was asked of this request, and yet it must be somebody's.
            await self._holdings.of(context, needs)
        return refusals

    async def told(
        self, context: RequestContext, headers: Mapping[str, str], needs: Needs, given: object, error: ServiceError
    ) -> ServiceError:
        """What somebody is told of an error: itself, or a refusal when it would tell what they are not to know."""
        asking = Asking(context, headers, now_s=self._clock.timestamp(), organization=self._organization)
        for permission in needs.permissions or ():
            if error.error_code not in permission.hides:
                continue
            if permission.asked is not None and not permission.asked(context, given):
                continue
            source = self._resources.get(permission.action.partition(":")[0])
            try:
                policies = await self._holdings.of(context, needs)
                await self._require(asking, permission, given, policies=policies, source=source, needs=needs)
            except ServiceError as refused:
                return refused
        return error

    def _sources_of(self, needs: Needs, permissions: Sequence[Permission]) -> Sequence[ResourceSource]:
        """Who knows what an operation is about."""
        kept = self._sources.get(id(needs))
        if kept is not None and kept[0] is needs:
            return kept[1]
        named = {permission.action.partition(":")[0] for permission in permissions}
        found = tuple(source for name in sorted(named) if (source := self._resources.get(name)) is not None)
        self._sources[id(needs)] = (needs, found)
        return found
