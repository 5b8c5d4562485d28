"""What does CloudWatch hear of events: how many came, how old they were, which were lost?

Source: Lambda Developer Guide, "Types of metrics for Lambda functions", asynchronous invocation and performance.
"""

from datetime import timedelta

from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.series import Series
from pileus.services.lambda_.names import FunctionName

_KEPT_MAX = 4_096


class EventMetrics:
    """Without `metrics`, nobody counts."""

    def __init__(self, metrics: Metrics | None) -> None:
        self._metrics = metrics
        self._kept: dict[tuple[str, str, str, str], Series] = {}

    def received(self, function: FunctionName) -> None:
        """An event was accepted."""
        self._add(function, "AsyncEventsReceived", 1, "Count")

    def started(self, function: FunctionName, age: timedelta) -> None:
        """An event reaches its function."""
        self._add(function, "AsyncEventAge", max(age.total_seconds(), 0.0) * 1000, "Milliseconds")

    def dropped(self, function: FunctionName) -> None:
        """An event was given up without having been processed."""
        self._add(function, "AsyncEventsDropped", 1, "Count")

    def recursed(self, function: FunctionName) -> None:
        """An invocation was stopped, because its function invokes itself."""
        self._add(function, "RecursiveInvocationsDropped", 1, "Count")

    def undelivered(self, function: FunctionName, *, dead_letter: bool) -> None:
        name = "DeadLetterErrors" if dead_letter else "DestinationDeliveryFailures"
        self._add(function, name, 1, "Count")

    def iterator_age(self, function: FunctionName, age: timedelta) -> None:
        """How old the last record of a batch was when the function got it."""
        self._add(function, "IteratorAge", max(age.total_seconds(), 0.0) * 1000, "Milliseconds")

    def mapping_events(self, function: FunctionName, uuid: str, name: str, count: int) -> None:
        """What became of events of a mapping that asks for `EventCount`."""
        self._add(function, name, count, "Count", (("EventSourceMappingUUID", uuid),))

    def _add(
        self, function: FunctionName, name: str, value: float, unit: str, dimensions: tuple[tuple[str, str], ...] = ()
    ) -> None:
        if self._metrics is None:
            return
        key = (function.account_id, function.region, name, dimensions[0][1] if dimensions else function.name)
        series = self._kept.get(key)
        if series is None:
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()
            dimensions = dimensions or (("FunctionName", function.name),)
            series = self._kept[key] = self._metrics.series(
                function.account_id, function.region, "AWS/Lambda", name, dimensions, unit
            )
        series.add(value)
