"""What does `stats` make of many values?

Source: CloudWatch Logs User Guide, "stats", functions.
"""

import math
from collections.abc import Callable
from typing import Final, Protocol

from pileus.services.logs.insights.values import Value, number, order, text


class Aggregate(Protocol):
    def add(self, value: Value, at_ms: int) -> None:
        """value: of the argument, None where an event lacks it. at_ms: the event's moment."""
        ...

    def result(self) -> Value: ...


class Count:
    """every: also of events without a value (`count(*)`)."""

    def __init__(self, *, every: bool) -> None:
        self._every = every
        self._count = 0

    def add(self, value: Value, at_ms: int) -> None:
        if self._every or value is not None:
            self._count += 1

    def result(self) -> Value:
        return self._count


class CountDistinct:
    def __init__(self) -> None:
        self._seen: set[str] = set()

    def add(self, value: Value, at_ms: int) -> None:
        if value is not None:
            self._seen.add(text(value))

    def result(self) -> Value:
        return len(self._seen)


class Numbers:
    """Of all numbers, in one pass. kind: sum, avg, stddev."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._count = 0
        self._sum = 0.0
        self._mean = 0.0
        self._squares = 0.0

    def add(self, value: Value, at_ms: int) -> None:
        found = number(value)
        if found is None:
            return
        self._count += 1
        self._sum += found
        away = found - self._mean
        self._mean += away / self._count
        self._squares += away * (found - self._mean)

    def result(self) -> Value:
        if self._count == 0:
            return None
        match self._kind:
            case "sum":
                return self._sum
            case "avg":
                return self._sum / self._count
            case _:
                return math.sqrt(self._squares / (self._count - 1)) if self._count > 1 else 0.0


class Extreme:
    """The smallest or the largest: of numbers, or of texts where there are no numbers."""

    def __init__(self, *, largest: bool) -> None:
        self._largest = largest
        self._found: Value = None

    def add(self, value: Value, at_ms: int) -> None:
        if value is None:
            return
        if self._found is None or (order(value) > order(self._found)) is self._largest:
            self._found = value

    def result(self) -> Value:
        return self._found


class Percentile:
    """The value that so many percent of all do not exceed."""

    def __init__(self, percent: float) -> None:
        self._percent = percent
        self._values: list[float] = []

    def add(self, value: Value, at_ms: int) -> None:
        found = number(value)
        if found is not None:
            self._values.append(found)

    def result(self) -> Value:
        if not self._values:
            return None
        self._values.sort()
        rank = math.ceil(self._percent / 100 * len(self._values))
        return self._values[max(rank, 1) - 1]


class InTime:
    """The value of the first or the last event that has one."""

    def __init__(self, *, latest: bool) -> None:
        self._latest = latest
        self._found: Value = None
        self._at_ms = 0

    def add(self, value: Value, at_ms: int) -> None:
        if value is None:
            return
        if self._found is None or (at_ms > self._at_ms if self._latest else at_ms < self._at_ms):
            self._found, self._at_ms = value, at_ms

    def result(self) -> Value:
        return self._found


AGGREGATES: Final[dict[str, Callable[[], Aggregate]]] = {
    "count_distinct": CountDistinct,
    "sum": lambda: Numbers("sum"),
    "avg": lambda: Numbers("avg"),
    "stddev": lambda: Numbers("stddev"),
    "min": lambda: Extreme(largest=False),
    "max": lambda: Extreme(largest=True),
    "earliest": lambda: InTime(latest=False),
    "latest": lambda: InTime(latest=True),
    "sortsfirst": lambda: Extreme(largest=False),
    "sortslast": lambda: Extreme(largest=True),
}
"""Of one argument each, by name in lower case; `count` and `pct` are the reader's."""
