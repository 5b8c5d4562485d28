"""Who tells the authorizer of policies and of resources? Part of the composition; see `app.py`.

Built when somebody is asked about for the first time, since a server on which nobody was minted asks about nobody.
"""

from collections.abc import Callable, Coroutine, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pileus.kernel.auth.audit import AuditLog, Denial, Happened, record_of
from pileus.kernel.auth.authorization_message import AuthorizationMessages
from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.permissions import Needs, ResourceSource
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.storage.seam import Store

if TYPE_CHECKING:
    from pileus.kernel.auth.authorizer import Authorizer


class LateAuthorizer:
    """An `Authorizer` of all services, built on first use."""

    def __init__(
        self,
        *,
        store: Store,
        audit: AuditLog,
        clock: Clock,
        resources: Callable[[], Mapping[str, ResourceSource]],
        messages: AuthorizationMessages | None = None,
        organization: Organization | None = None,
    ) -> None:
        """resources, messages, organization: see `Authorizer`."""
        self._organization = organization
        self._messages = messages
        self._store = store
        self._audit = audit
        self._clock = clock
        self._resources = resources

    def authorize(
        self, context: RequestContext, headers: Mapping[str, str], needs: Needs, given: object
    ) -> Coroutine[Any, Any, Mapping[tuple[str, int], ServiceError] | None]:
        """As `Authorizer.authorize`; no coroutine itself, so that the hot path has one frame less."""
        return self._authorizer.authorize(context, headers, needs, given)

    async def told(
        self, context: RequestContext, headers: Mapping[str, str], needs: Needs, given: object, error: ServiceError
    ) -> ServiceError:
        """As `Authorizer.told`."""
        return await self._authorizer.told(context, headers, needs, given, error)

    async def note(self, denial: Denial, happened: Happened) -> None:
        """A refusal that was not `authorize`'s."""
        await self._audit.note(record_of(denial, happened, at_s=self._clock.timestamp()))

    @cached_property
    def _authorizer(self) -> "Authorizer":
        from pileus.kernel.auth.authorizer import Authorizer
        from pileus.services.iam.policies import IamPolicySource

        return Authorizer(
            policies=IamPolicySource(self._store),
            audit=self._audit,
            clock=self._clock,
            resources=self._resources(),
            messages=self._messages,
            organization=self._organization,
        )
