"""What does CloudWatch hear of rules, and what is paid for?

By the rule's name, and that of its bus where it is not the default one. What programs put on a bus costs, by 64 KB;
what services tell the default bus does not.

Sources: EventBridge User Guide, "Monitoring Amazon EventBridge"; Amazon EventBridge pricing.
"""

from typing import Final

from pileus.kernel.metrics import metering
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.series import Dimensions, Series
from pileus.services.events.names import DEFAULT, BusName

NAMESPACE: Final = "AWS/Events"
MATCHED: Final = "MatchedEvents"
TRIGGERED: Final = "TriggeredRules"
INVOCATIONS: Final = "Invocations"
FAILED: Final = "FailedInvocations"
RETRIED: Final = "RetryInvocationAttempts"
BURIED: Final = "InvocationsSentToDlq"
NOT_BURIED: Final = "InvocationsFailedToBeSentToDlq"
_SERIES_KEPT_MAX: Final = 4_096


class RuleMetrics:
    """Counts by rule; the series of those that are used are kept. metrics: None counts nothing."""

    def __init__(self, metrics: Metrics | None) -> None:
        self._metrics = metrics
        self._series: dict[tuple[BusName, str, str], Series] = {}

    def add(self, bus: BusName, rule: str, name: str) -> None:
        if self._metrics is None:
            return
        series = self._series.get((bus, rule, name))
        if series is None:
            if len(self._series) >= _SERIES_KEPT_MAX:
                self._series.clear()
            series = self._metrics.series(bus.account_id, bus.region, NAMESPACE, name, _dimensions(bus, rule), "Count")
            self._series[bus, rule, name] = series
        series.add(1.0)

    def put(self, bus: BusName, size_bytes: int) -> None:
        """An event of a program's."""
        if self._metrics is not None:
            of_bus = (("EventBusName", bus.name),)
            amount = metering.requests_of(size_bytes)
            metering.meter(self._metrics, bus.account_id, bus.region, metering.BUS_EVENTS, of_bus).add(amount)


def _dimensions(bus: BusName, rule: str) -> Dimensions:
    of_rule = ("RuleName", rule)
    return (of_rule,) if bus.name == DEFAULT else (("EventBusName", bus.name), of_rule)
