"""What is every group of CloudWatch's operations built on?"""

from pileus.kernel.clock import Clock
from pileus.kernel.event_bus import EventBus
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.seam import Store
from pileus.services.cloudwatch.alarms.events import AlarmEvents
from pileus.services.cloudwatch.reading import Reader


class CloudWatchBase:
    """Knows what was counted, and where alarms and dashboards are kept. bus: None where there are no event buses."""

    def __init__(self, *, store: Store, metrics: Metrics, clock: Clock, ids: Ids, bus: EventBus | None = None) -> None:
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._ids = ids
        self._events = AlarmEvents(bus, ids)
        self._reader = Reader(metrics, clock)
