"""What does metric math compute with? Numbers, texts, series of values over time, and arrays of series."""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import NamedTuple

import msgspec

from pileus.services.cloudwatch.expressions.syntax import ExpressionError


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A time series. values: by the begin of each period, in seconds since 1970, in order of time."""

    values: Mapping[int, float]
    label: str
    period_s: int

    def with_values(self, values: Mapping[int, float]) -> "Line":
        return msgspec.structs.replace(self, values=values)


class Span(NamedTuple):
    """When what is asked for begins and ends, in seconds since 1970; the end is excluded."""

    start_s: int
    end_s: int

    def periods(self, line: Line) -> Sequence[int]:
        """The begins of all periods of a series, those without a value too."""
        return self.of_length(line.period_s, known=line.values)

    def of_length(self, period_s: int, *, known: Mapping[int, float] | None = None) -> Sequence[int]:
        first = self.start_s
        if known:  # its periods begin where the first that is known does
            first += (next(iter(known)) - first) % period_s
        return range(first, self.end_s, period_s)


Value = float | str | Line | list[Line]
Operate = Callable[[float, float], float | None]
"""Of two numbers; None where there is no result."""


def each(value: Value, change: Callable[[Line], Line], *, function: str) -> Value:
    """Of a series, or of all in an array."""
    if isinstance(value, Line):
        return change(value)
    return [change(line) for line in array(value, function=function)]


def array(value: Value, *, function: str) -> list[Line]:
    if isinstance(value, list):
        return value
    raise ExpressionError(f"The function {function} takes a time series or an array of time series")


def number(value: Value, *, function: str) -> float:
    if isinstance(value, float):
        return value
    raise ExpressionError(f"The function {function} takes a number here")


def by_moment(lines: Sequence[Line], reduce: Callable[[Sequence[float]], float]) -> Line:
    """One series of many: at each moment that one of them knows, of all that know it."""
    moments = sorted({at_s for line in lines for at_s in line.values})
    values = {at_s: reduce([line.values[at_s] for line in lines if at_s in line.values]) for at_s in moments}
    return Line(values=values, label="", period_s=max((line.period_s for line in lines), default=60))


def combined(left: Value, right: Value, operate: Operate, *, operator: str) -> Value:
    """Numbers, series and arrays with each other; where `operate` gives None, there is no value."""
    if isinstance(left, str) or isinstance(right, str):
        raise ExpressionError(f"The operator {operator} takes no text")
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            raise ExpressionError(f"The operator {operator} takes arrays of the same length")
        return [_line(one, other, operate) for one, other in zip(left, right, strict=True)]
    if isinstance(left, list):
        return [_line(one, right, operate) for one in left if not isinstance(right, list)]
    if isinstance(right, list):
        return [_line(left, one, operate, like=one) for one in right]
    if isinstance(left, float) and isinstance(right, float):
        result = operate(left, right)
        if result is None or not isfinite(result):
            raise ExpressionError(f"The operator {operator} has no result for {left} and {right}")
        return result
    return _line(left, right, operate)


def _line(
    left: float | Line,
    right: float | Line,
    operate: Operate,
    *,
    like: Line | None = None,
) -> Line:
    known = left if isinstance(left, Line) else right
    assert isinstance(known, Line)
    values = {}
    for at_s in known.values:
        one = left.values.get(at_s) if isinstance(left, Line) else left
        other = right.values.get(at_s) if isinstance(right, Line) else right
        result = None if one is None or other is None else operate(one, other)
        if result is not None and isfinite(result):
            values[at_s] = result
    return (like or known).with_values(values)
