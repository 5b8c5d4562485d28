"""Who tells the authorizer of policies and of resources? Part of the composition; see `app.py`.

Built when somebody is asked about for the first time, since a server on which nobody was minted asks about nobody.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pileus.kernel.auth.audit import AuditLog, Denial, Happened, record_of
from pileus.kernel.auth.authorization_message import AuthorizationMessages
from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.permissions import Needs, ResourceSource
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
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
        services: Sequence[str],
        messages: AuthorizationMessages | None = None,
        organization: Organization | None = None,
    ) -> None:
        """services: those that run, by botocore's names. messages, organization: see `Authorizer`."""
        self._organization = organization
        self._messages = messages
        self._store = store
        self._audit = audit
        self._clock = clock
        self._services = services

    async def authorize(self, context: RequestContext, headers: Mapping[str, str], needs: Needs, given: object) -> None:
        """As `Authorizer.authorize`."""
        await self._authorizer.authorize(context, headers, needs, given)

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

    def _resources(self) -> Mapping[str, ResourceSource]:
        from pileus.services.iam.resources import IamResources
        from pileus.services.iam.store import IamRoleDirectory
        from pileus.services.sts.permissions import StsResources

        known: dict[str, ResourceSource] = {
            "iam": IamResources(self._store),
            "sts": StsResources(IamRoleDirectory(self._store)),
        }
        if "apigatewayv2" in self._services:
            from pileus.services.apigatewayv2.permissions import ApiGatewayV2Resources

            known["apigateway"] = ApiGatewayV2Resources(self._store)
        if "cloudwatch" in self._services:
            from pileus.services.cloudwatch.permissions import CloudWatchResources

            known["cloudwatch"] = CloudWatchResources(self._store)
        if "logs" in self._services:
            from pileus.services.logs.permissions import LogsResources

            known["logs"] = LogsResources(self._store)
        if "dynamodb" in self._services:
            from pileus.services.dynamodb.known_tables import DynamoDbResources

            known["dynamodb"] = DynamoDbResources(self._store)
        if "lambda" in self._services:
            from pileus.services.lambda_.permissions import LambdaResources

            known["lambda"] = LambdaResources(self._store)
        return known
