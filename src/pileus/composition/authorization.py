"""Who tells the authorizer of policies and of resources? Part of the composition; see `app.py`.

Built when somebody is asked about for the first time, since a server on which nobody was minted asks about nobody.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

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

_MODULES: Final = ("pileus.kernel.auth.authorizer", "pileus.services.iam.policies")


class LateAuthorizer:
    """An `Authorizer` of all services, built on first use."""

    def __init__(
        self,
        *,
        store: Store,
        audit: AuditLog,
        clock: Clock,
        resources: Callable[[], Mapping[str, ResourceSource]],
        modules: Callable[[], Sequence[str]],
        messages: AuthorizationMessages | None = None,
        organization: Organization | None = None,
    ) -> None:
        """resources, messages, organization: see `Authorizer`. modules: what these import, most of it."""
        self._organization = organization
        self._messages = messages
        self._store = store
        self._audit = audit
        self._clock = clock
        self._resources = resources
        self._modules = modules
        self._built: Authorizer | None = None
        self._importing: asyncio.Task[None] | None = None

    def authorize(
        self, context: RequestContext, headers: Mapping[str, str], needs: Needs, given: object
    ) -> Coroutine[Any, Any, Mapping[tuple[str, int], ServiceError] | None]:
        """As `Authorizer.authorize`; no coroutine itself, so that the hot path has one frame less."""
        authorizer = self._built
        if authorizer is None:
            return self._authorize_first(context, headers, needs, given)
        return authorizer.authorize(context, headers, needs, given)

    async def _authorize_first(
        self, context: RequestContext, headers: Mapping[str, str], needs: Needs, given: object
    ) -> Mapping[tuple[str, int], ServiceError] | None:
        return await (await self._build()).authorize(context, headers, needs, given)

    async def told(
        self, context: RequestContext, headers: Mapping[str, str], needs: Needs, given: object, error: ServiceError
    ) -> ServiceError:
        """As `Authorizer.told`."""
        authorizer = self._built or await self._build()
        return await authorizer.told(context, headers, needs, given, error)

    async def note(self, denial: Denial, happened: Happened) -> None:
        """A refusal that was not `authorize`'s."""
        await self._audit.note(record_of(denial, happened, at_s=self._clock.timestamp()))

    async def _build(self) -> "Authorizer":
        """Its modules are imported beside the loop: together they take a tenth of a second."""
        if self._importing is None:
            self._importing = asyncio.create_task(asyncio.to_thread(_import_all, (*_MODULES, *self._modules())))
        try:
            await asyncio.shield(self._importing)
        except BaseException:
            self._importing = None
            raise
        if self._built is None:
            self._built = self._made()
        return self._built

    def _made(self) -> "Authorizer":
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


def _import_all(modules: Sequence[str]) -> None:
    for module in modules:
        import_module(module)
