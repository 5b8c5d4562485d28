"""What does CloudWatch show of the events that come into log groups?

`IncomingLogEvents` and `IncomingBytes` of `AWS/Logs`, by group and over all. Some tenths of a microsecond a batch: the
series of a group are kept.

Source: CloudWatch Logs User Guide, "Monitoring with CloudWatch metrics".
"""

from typing import Final, NamedTuple

from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.series import Dimensions, Series
from pileus.services.logs.store import Region

_GROUPS_KEPT_MAX: Final = 4_096


class _Counted(NamedTuple):
    events: tuple[Series, Series]
    size_bytes: tuple[Series, Series]


class Incoming:
    """Counts events when they are committed. metrics: None counts nothing."""

    def __init__(self, metrics: Metrics | None) -> None:
        self._metrics = metrics
        self._kept: dict[tuple[Region, str], _Counted] = {}

    def count(self, region: Region, group: str, *, events: int, size_bytes: int) -> None:
        if self._metrics is None:
            return
        counted = self._kept.get((region, group)) or self._of(self._metrics, region, group)
        for series in counted.events:
            series.add(events)
        for series in counted.size_bytes:
            series.add(size_bytes)

    def _of(self, metrics: Metrics, region: Region, group: str) -> _Counted:
        def both(name: str, unit: str) -> tuple[Series, Series]:
            of_group: Dimensions = (("LogGroupName", group),)
            return (
                metrics.series(*region, "AWS/Logs", name, of_group, unit),
                metrics.series(*region, "AWS/Logs", name, (), unit),
            )

        if len(self._kept) >= _GROUPS_KEPT_MAX:
            self._kept.clear()
        counted = _Counted(both("IncomingLogEvents", "Count"), both("IncomingBytes", "Bytes"))
        self._kept[region, group] = counted
        return counted
