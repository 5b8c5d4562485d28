"""How is EventBridge built, and who hears of what happens on buses?"""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pileus.composition.foundation import Foundation
from pileus.composition.part import Part, described
from pileus.kernel.auth.permissions import ResourceSource
from pileus.kernel.outbox import Delivery, Outbox, RetryPolicy
from pileus.kernel.service import Service

if TYPE_CHECKING:
    from pileus.services.events.api import EventsApi
    from pileus.services.events.bus import Buses, DefaultBus
    from pileus.services.events.delivering import EventDelivery
    from pileus.services.events.metrics import RuleMetrics
    from pileus.services.events.of_services import ServiceEvents
    from pileus.services.events.targets import EventTargets, RolePermissions
    from pileus.services.lambda_.operations.base import ServiceInvoker
    from pileus.services.sns.publisher import TopicPublisher
    from pileus.services.sqs.sender import QueueSender

_FOREVER = RetryPolicy(attempts=sys.maxsize)
"""Deliveries say themselves when the last attempt was made."""


class EventsPart(Part):
    """queues, topics, functions, logs: whom rules tell, where there is somebody. roles: what those may do."""

    def __init__(
        self,
        foundation: Foundation,
        *,
        queues: "Callable[[], QueueSender] | None",
        topics: "Callable[[], TopicPublisher] | None",
        functions: "Callable[[], ServiceInvoker] | None",
        logs: bool,
        roles: "Callable[[], RolePermissions]",
    ) -> None:
        super().__init__(foundation)
        self._queues = queues
        self._topics = topics
        self._functions = functions
        self._logs = logs
        self._roles = roles

    def services(self) -> Sequence[Service]:
        return (described("events", lambda: self._api),)

    def resources(self) -> Mapping[str, ResourceSource]:
        from pileus.services.events.permissions import EventsResources

        return {"events": EventsResources(self._store)}

    def subscribe(self, outbox: Outbox) -> None:
        outbox.subscribe("events.deliver", self._deliver, retry=_FOREVER)
        outbox.subscribe("events.fire", self._fire, retry=_FOREVER)

    @cached_property
    def default_bus(self) -> "DefaultBus":
        """Takes the events of other services."""
        from pileus.services.events.bus import DefaultBus

        return DefaultBus(self._buses, self._ids)

    @cached_property
    def of_services(self) -> "ServiceEvents":
        """Takes what other services tell buses in the name of a role."""
        from pileus.services.events.of_services import ServiceEvents

        return ServiceEvents(
            store=self._store, clock=self._clock, ids=self._ids, buses=self._buses, metrics=self._rule_metrics
        )

    @cached_property
    def _buses(self) -> "Buses":
        from pileus.services.events.bus import Buses

        return Buses(clock=self._clock, metrics=self._rule_metrics)

    @cached_property
    def _rule_metrics(self) -> "RuleMetrics":
        from pileus.services.events.metrics import RuleMetrics

        return RuleMetrics(self._metrics)

    @cached_property
    def _targets(self) -> "EventTargets":
        from pileus.composition.bus_targets import BusTargets

        return BusTargets(
            clock=self._clock,
            ids=self._ids,
            metrics=self._metrics,
            queues=self._queues,
            topics=self._topics,
            functions=self._functions,
            logs=self._logs,
        )

    @cached_property
    def _api(self) -> "EventsApi":
        from pileus.services.events.api import EventsApi

        return EventsApi(
            store=self._store,
            clock=self._clock,
            ids=self._ids,
            buses=self._buses,
            targets=self._targets,
            metrics=self._rule_metrics,
        )

    @cached_property
    def _deliveries(self) -> "EventDelivery":
        from pileus.services.events.delivering import EventDelivery

        return EventDelivery(
            store=self._store,
            clock=self._clock,
            ids=self._ids,
            buses=self._buses,
            targets=self._targets,
            roles=self._roles(),
            metrics=self._rule_metrics,
            organization=self._settings.organization,
        )

    async def _deliver(self, delivery: Delivery) -> None:
        await self._deliveries.deliver(delivery)

    async def _fire(self, delivery: Delivery) -> None:
        from pileus.services.events.firing import Firings

        firings = Firings(store=self._store, clock=self._clock, ids=self._ids, metrics=self._rule_metrics)
        await firings.deliver(delivery)
