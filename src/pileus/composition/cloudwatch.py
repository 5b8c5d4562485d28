"""How is CloudWatch built: metrics, alarms, and whom alarms call?"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from pileus.composition.foundation import Foundation
from pileus.composition.part import Part, described
from pileus.composition.request_metering import RequestMetering
from pileus.kernel.auth.permissions import ResourceSource
from pileus.kernel.metrics.holding import Gauge, Held
from pileus.kernel.outbox import Delivery, Outbox
from pileus.kernel.service import Duty, Service
from pileus.kernel.storage.keys import Subspace

if TYPE_CHECKING:
    from pileus.kernel.event_bus import EventBus
    from pileus.services.cloudwatch.alarms.actions import AlarmFunctions, AlarmTopics

ALARMS_LOOKED_FOR_EVERY: Final = timedelta(seconds=10)
_NOT_CUSTOM: Final = ("AWS/", ":")
"""Namespaces that begin so are services' own, and what is only metered."""


class CloudWatchPart(Part):
    """functions, topics: who invokes and publishes for alarms, where there is somebody. bus: what hears of changes."""

    def __init__(
        self,
        foundation: Foundation,
        *,
        functions: "Callable[[], AlarmFunctions] | None",
        topics: "Callable[[], AlarmTopics] | None" = None,
        bus: "Callable[[], EventBus] | None" = None,
    ) -> None:
        super().__init__(foundation)
        self._functions = functions
        self._metering = RequestMetering(foundation.metrics)
        self._topics = topics
        self._bus = bus

    def services(self) -> Sequence[Service]:
        return (described("cloudwatch", self._api, signing_name="monitoring", note_answer=self._metering.metrics),)

    def resources(self) -> Mapping[str, ResourceSource]:
        from pileus.services.cloudwatch.permissions import CloudWatchResources

        return {"cloudwatch": CloudWatchResources(self._store)}

    def subscribe(self, outbox: Outbox) -> None:
        outbox.subscribe("cloudwatch.actions", self._act)

    def duties(self) -> Sequence[Duty]:
        return (self._watch_alarms,)

    def gauges(self) -> Sequence[Gauge]:
        return (self._hold,)

    async def _hold(self, since: datetime) -> AsyncIterator[Held]:
        seen = await self._metrics.seen_since(since)
        custom = [metric for metric in seen if not metric.namespace.startswith(_NOT_CUSTOM)]
        if not custom and not await self._store.snapshot().range(*Subspace("cloudwatch").range(), limit=1):
            return
        from pileus.services.cloudwatch import holding

        for one in holding.held_metrics(custom, passed=self._clock.now() - since):
            yield one
        async for one in holding.held_alarms(self._store):
            yield one
        async for one in holding.held_dashboards(self._store):
            yield one

    def _api(self) -> object:
        from pileus.services.cloudwatch.api import CloudWatchApi

        bus = None if self._bus is None else self._bus()
        return CloudWatchApi(store=self._store, metrics=self._metrics, clock=self._clock, ids=self._ids, bus=bus)

    async def _act(self, delivery: Delivery) -> None:
        """The outbox delivers an alarm's action."""
        from pileus.services.cloudwatch.alarms.actions import AlarmActions

        functions = None if self._functions is None else self._functions()
        topics = None if self._topics is None else self._topics()
        actions = AlarmActions(store=self._store, clock=self._clock, functions=functions, topics=topics)
        await actions.deliver(delivery)

    async def _watch_alarms(self) -> None:
        """Once there is an alarm, in any account."""
        begin, end = Subspace("cloudwatch", "alarms").range()
        while not await self._store.snapshot().range(begin, end, limit=1):
            await self._clock.sleep(ALARMS_LOOKED_FOR_EVERY)
        from pileus.services.cloudwatch.alarms.events import AlarmEvents
        from pileus.services.cloudwatch.alarms.worker import AlarmWatch
        from pileus.services.cloudwatch.reading import Reader

        reader = Reader(self._metrics, self._clock)
        events = AlarmEvents(None if self._bus is None else self._bus(), self._ids)
        watch = AlarmWatch(store=self._store, reader=reader, clock=self._clock, ids=self._ids, events=events)
        await watch.run()
