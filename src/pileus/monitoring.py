"""How does CloudWatch meet what it watches and whom it calls? Part of the composition; see `app.py`."""

from collections.abc import Callable

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.seam import Store
from pileus.services.cloudwatch.alarms.actions import AlarmActions, AlarmFunctions, AlarmTopics
from pileus.services.cloudwatch.alarms.worker import AlarmWatch
from pileus.services.cloudwatch.api import CloudWatchApi
from pileus.services.cloudwatch.reading import Reader


class Monitoring:
    """CloudWatch and its duties. functions, topics: who invokes and publishes for alarms, where there is somebody."""

    def __init__(
        self,
        *,
        store: Store,
        metrics: Metrics,
        clock: Clock,
        ids: Ids,
        functions: Callable[[], AlarmFunctions] | None,
        topics: Callable[[], AlarmTopics] | None = None,
    ) -> None:
        self.api = CloudWatchApi(store=store, metrics=metrics, clock=clock, ids=ids)
        self._watch = AlarmWatch(store=store, reader=Reader(metrics, clock), clock=clock, ids=ids)
        self._store = store
        self._clock = clock
        self._functions = functions
        self._topics = topics

    async def watch(self) -> None:
        """Look at alarms until cancelled."""
        await self._watch.run()

    async def act(self, delivery: Delivery) -> None:
        """The outbox delivers an alarm's action."""
        functions = None if self._functions is None else self._functions()
        topics = None if self._topics is None else self._topics()
        actions = AlarmActions(store=self._store, clock=self._clock, functions=functions, topics=topics)
        await actions.deliver(delivery)
