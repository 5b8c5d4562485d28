"""What is a result of GetMetricData called?

Without a label, by the metric's name and by what tells it from the other queries: statistic and period (recordings
test_label_generation, test_get_metric_data_with_zero_and_labels); an expression by its id. A label may ask for values
of the series (`${MAX}`).

Source of the latter: CloudWatch User Guide, "Using dynamic labels".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.cloudwatch.expressions.values import Line
from pileus.services.cloudwatch.model import Query

_ASKED: Final = re.compile(r"\$\{([^}]*)\}")
_PROPERTY: Final = re.compile(r"PROP\('([^']*)'\)")
_VALUES: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "AVG": lambda values: sum(values) / len(values),
    "FIRST": lambda values: values[0],
    "LAST": lambda values: values[-1],
    "MAX": max,
    "MIN": min,
    "SUM": sum,
}
_LABELS_MAX: Final = 6
"""Dynamic values in one label."""


def default_labels(queries: Sequence[Query]) -> dict[str, str]:
    """By id, for those that have none."""
    stats = [query.stat for query in queries if query.stat is not None]
    several_stats = len({stat.stat for stat in stats}) > 1
    several_periods = len({stat.period_s for stat in stats}) > 1
    labels = {}
    for query in queries:
        parts = [query.id]
        if query.stat is not None:
            parts = [query.stat.name]
            parts += [query.stat.stat] if several_stats else []
            parts += [str(query.stat.period_s)] if several_periods else []
        labels[query.id] = " ".join(parts)
    return labels


def label(query: Query, line: Line, *, default: str) -> str:
    """Of one result. default: where the query says nothing, and what `${LABEL}` means."""
    if query.label is None:
        return default

    def told(found: re.Match[str]) -> str:
        return _told(found[1].strip(), query, line, default)

    return _ASKED.sub(told, query.label, count=_LABELS_MAX)


def _told(asked: str, query: Query, line: Line, default: str) -> str:
    if asked == "LABEL":
        return default
    if asked == "DATAPOINT_COUNT":
        return str(len(line.values))
    name, _, kind = asked.rpartition("_")
    values = list(line.values.values())
    if asked in _VALUES:
        return f"{_VALUES[asked](values):.10g}" if values else "--"
    if kind == "TIME" and name in ("FIRST", "LAST", "MIN", "MAX"):
        return _moment(name, line)
    if found := _PROPERTY.fullmatch(asked):
        return _property(found[1], query)
    raise NotImplementedByPileus(f"The dynamic label ${{{asked}}} is not implemented")


def _moment(name: str, line: Line) -> str:
    if not line.values:
        return "--"
    moments = list(line.values)
    at_s = {
        "FIRST": moments[0],
        "LAST": moments[-1],
        "MIN": min(moments, key=lambda at_s: line.values[at_s]),
        "MAX": max(moments, key=lambda at_s: line.values[at_s]),
    }[name]
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _property(name: str, query: Query) -> str:
    stat = query.stat
    if stat is None:
        return ""
    if name.startswith("Dim."):
        return dict(stat.dimensions).get(name.removeprefix("Dim."), "")
    known = {"MetricName": stat.name, "Namespace": stat.namespace, "Period": str(stat.period_s), "Stat": stat.stat}
    if name not in known:
        raise NotImplementedByPileus(f"The dynamic label ${{PROP('{name}')}} is not implemented")
    return known[name]
