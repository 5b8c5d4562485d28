"""What is a statistic called, and what is it of a set of values?

Beside the five plain ones there are those that need to know how the values are distributed: percentiles (`p99.9`),
and of the values between two bounds the trimmed mean (`tm90`, `TM(10%:90%)`, `IQM`), the winsorized mean (`wm`), the
trimmed count (`tc`) and sum (`ts`); the percentile rank (`PR(100:200)`) is the share of values between two values.
A set whose distribution is not known has none of these.

Source: CloudWatch User Guide, "CloudWatch statistics definitions".
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import inf
from typing import Final, NamedTuple

from pileus.kernel.metrics.statistics import StatisticSet

PLAIN: Final = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")

_PERCENT: Final = re.compile(r"(p|tm|wm|tc|ts)(\d{1,3}(?:\.\d{1,10})?)", re.IGNORECASE)
_NUMBER: Final = r"-?\d+(?:\.\d+)?"
_RANGE: Final = re.compile(rf"(TM|WM|TC|TS|PR)\(({_NUMBER}%?)?:({_NUMBER}%?)?\)", re.IGNORECASE)
_ALIASES: Final = {"sampleCount": "SampleCount", "average": "Average", "sum": "Sum"}

Compute = Callable[[StatisticSet], float | None]


class _Bounds(NamedTuple):
    """From which value, excluded but for the lowest, to which. percent: whether they are shares of the values."""

    low: float
    high: float
    percent: bool


@lru_cache(maxsize=1_024)
def statistic(name: str) -> Compute | None:
    """How it is computed of a set; None when no statistic is called so."""
    plain = _PLAIN.get(name)
    if plain is not None:
        return plain
    if name.upper() == "IQM":
        return lambda one: _trimmed("tm", one, _Bounds(25, 75, percent=True))
    if found := _PERCENT.fullmatch(name):
        kind, percent = found[1].lower(), float(found[2])
        if percent > 100:
            return None
        if kind == "p":
            return lambda one: one.percentile(percent)
        return lambda one: _trimmed(kind, one, _Bounds(0, percent, percent=True))
    if found := _RANGE.fullmatch(name):
        bounds = _bounds(found[2], found[3])
        kind = found[1].lower()
        if bounds is None or (kind == "pr" and bounds.percent):
            return None
        return lambda one: _trimmed(kind, one, bounds)
    return None


def is_percentile(name: str) -> bool:
    return name not in PLAIN


_PLAIN: Final[dict[str, Compute]] = {
    "SampleCount": lambda one: one.samples,
    "Average": lambda one: one.average,
    "Sum": lambda one: one.sum,
    "Minimum": lambda one: one.minimum,
    "Maximum": lambda one: one.maximum,
}


def _bounds(low: str | None, high: str | None) -> _Bounds | None:
    given = [text for text in (low, high) if text]
    if not given:
        return None
    percent = given[0].endswith("%")
    if any(text.endswith("%") is not percent for text in given):
        return None
    least, most = (0.0, 100.0) if percent else (-inf, inf)
    bounds = _Bounds(_number(low, least), _number(high, most), percent)
    if bounds.low > bounds.high or (percent and not (bounds.low >= 0 and bounds.high <= 100)):
        return None
    return bounds


def _number(text: str | None, default: float) -> float:
    return float(text.removesuffix("%")) if text else default


def _trimmed(kind: str, one: StatisticSet, bounds: _Bounds) -> float | None:
    values = _distributed(one)
    if values is None:
        return None
    kept = _kept_by_rank(values, one.samples, bounds) if bounds.percent else _kept_by_value(values, bounds)
    count = sum(weight for _, weight in kept)
    if kind == "tc":
        return count
    if kind == "pr":
        return 100 * count / one.samples
    if kind == "ts":
        return sum(value * weight for value, weight in kept)
    if not count:
        return None
    if kind == "wm":
        return _winsorized(values, kept, one.samples)
    mean = sum(value * weight for value, weight in kept) / count
    return one.average if count == one.samples else mean


def _distributed(one: StatisticSet) -> Sequence[tuple[float, float]] | None:
    """Each value and how often it came, the smallest first; None when that is not known."""
    if one.minimum == one.maximum:
        return [(one.maximum, one.samples)]
    if sum(one.distribution.values()) < one.samples:
        return None
    return [(min(max(value, one.minimum), one.maximum), count) for value, count in one.values()]


def _kept_by_rank(values: Sequence[tuple[float, float]], samples: float, bounds: _Bounds) -> list[tuple[float, float]]:
    """Of values in order, those between two shares."""
    first, last = samples * bounds.low / 100, samples * bounds.high / 100
    kept, seen = [], 0.0
    for value, count in values:
        weight = min(seen + count, last) - max(seen, first)
        if weight > 0:
            kept.append((value, weight))
        seen += count
    return kept


def _kept_by_value(values: Sequence[tuple[float, float]], bounds: _Bounds) -> list[tuple[float, float]]:
    """Those above the lower bound, and up to the upper one."""
    return [
        (value, count) for value, count in values if (bounds.low < value or bounds.low == -inf) and value <= bounds.high
    ]


def _winsorized(values: Sequence[tuple[float, float]], kept: Sequence[tuple[float, float]], samples: float) -> float:
    """What lies outside counts as the value at the border."""
    low, high = kept[0][0], kept[-1][0]
    return sum(min(max(value, low), high) * count for value, count in values) / samples
