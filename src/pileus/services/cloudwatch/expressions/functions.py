"""What does each function of metric math give, of values that are known?

Those that look at the request (METRICS, SEARCH) or choose what to evaluate are in `evaluating.py`.

Source: CloudWatch User Guide, "Using math expressions with CloudWatch metrics", functions supported for metric math.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from pileus.services.cloudwatch.expressions.syntax import ExpressionError
from pileus.services.cloudwatch.expressions.values import Line, Span, Value, array, by_moment, combined, each, number

Reduce = Callable[[Sequence[float]], float]
_FINITE_MAX: Final = 1e308


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _deviation(values: Sequence[float]) -> float:
    mean = _mean(values)
    return math.sqrt(sum((value - mean) * (value - mean) for value in values) / len(values))


REDUCING: Final[Mapping[str, Reduce]] = {
    "AVG": _mean,
    "MAX": max,
    "MIN": min,
    "STDDEV": _deviation,
    "SUM": sum,
}
"""Of one series a number, of an array a series."""


def reduced(function: str, value: Value) -> Value:
    if isinstance(value, float) and function in ("MAX", "MIN", "SUM", "AVG"):
        return value
    if isinstance(value, Line):
        values = list(value.values.values())
        if not values:
            return value  # of nothing there is no number, and what follows has no values either
        return float(REDUCING[function](values))
    return by_moment(array(value, function=function), REDUCING[function])


def counted(value: Value) -> Value:
    """DATAPOINT_COUNT."""
    if isinstance(value, Line):
        return float(len(value.values))
    return by_moment(array(value, function="DATAPOINT_COUNT"), lambda values: float(len(values)))


def _log(value: float) -> float | None:
    return math.log(value) if value > 0 else None


def _log10(value: float) -> float | None:
    return math.log10(value) if value > 0 else None


_OF_VALUE: Final[Mapping[str, Callable[[float], float | None]]] = {
    "ABS": abs,
    "CEIL": lambda value: float(math.ceil(value)),
    "FLOOR": lambda value: float(math.floor(value)),
    "LOG": _log,
    "LOG10": _log10,
}


def _of_value(function: str, value: Value) -> Value:
    change = _OF_VALUE[function]
    if isinstance(value, float):
        result = change(value)
        if result is None:
            raise ExpressionError(f"The function {function} has no result for {value}")
        return result

    def changed(line: Line) -> Line:
        found = {at_s: change(one) for at_s, one in line.values.items()}
        return line.with_values({at_s: one for at_s, one in found.items() if one is not None})

    return each(value, changed, function=function)


def _of_pairs(step: Callable[[int, float, int, float], float]) -> Callable[[Line], Line]:
    """What each value is to the one before; the first has none."""

    def changed(line: Line) -> Line:
        return line.with_values(
            {
                later_s: step(at_s, one, later_s, other)
                for (at_s, one), (later_s, other) in pairwise(line.values.items())
            }
        )

    return changed


def _running(line: Line) -> Line:
    total, values = 0.0, {}
    for at_s, value in line.values.items():
        total += value
        values[at_s] = total
    return line.with_values(values)


_OF_MOMENT: Final[Mapping[str, Callable[[datetime], float]]] = {
    "MINUTE": lambda at: at.minute,
    "HOUR": lambda at: at.hour,
    "DAY": lambda at: at.isoweekday(),
    "DATE": lambda at: at.day,
    "MONTH": lambda at: at.month,
    "YEAR": lambda at: at.year,
    "EPOCH": lambda at: at.timestamp(),
}


def _of_moment(part: Callable[[datetime], float]) -> Callable[[Line], Line]:
    return lambda line: line.with_values({at_s: float(part(datetime.fromtimestamp(at_s, UTC))) for at_s in line.values})


_OF_LINE: Final[Mapping[str, Callable[[Line], Line]]] = {
    "DIFF": _of_pairs(lambda _, one, __, other: other - one),
    "DIFF_TIME": _of_pairs(lambda at_s, _, later_s, __: float(later_s - at_s)),
    "RATE": _of_pairs(lambda at_s, one, later_s, other: (other - one) / (later_s - at_s)),
    "RUNNING_SUM": _running,
    **{name: _of_moment(part) for name, part in _OF_MOMENT.items()},
}


def simple(function: str, value: Value) -> Value | None:
    """Of one argument; None when there is no such function."""
    if function in REDUCING:
        return reduced(function, value)
    if function in _OF_VALUE:
        return _of_value(function, value)
    if function in _OF_LINE:
        return each(value, _OF_LINE[function], function=function)
    match function:
        case "DATAPOINT_COUNT":
            return counted(value)
        case "METRIC_COUNT":
            return float(len(array(value, function=function)))
        case "PERIOD":
            if isinstance(value, Line):
                return float(value.period_s)
            raise ExpressionError("The function PERIOD takes a time series")
        case "FIRST" | "LAST":
            lines = array(value, function=function)
            if not lines:
                raise ExpressionError(f"The function {function} has no result for an empty array")
            return lines[0 if function == "FIRST" else -1]
        case "REMOVE_EMPTY":
            return [line for line in array(value, function=function) if line.values]
    return None


def filled(value: Value, filling: Value, span: Span) -> Value:
    """FILL: a value for each period that has none: a number, another series' values, `REPEAT` or `LINEAR`."""

    def changed(line: Line) -> Line:
        moments = list(line.values)
        values: dict[int, float] = {}
        for at_s in span.periods(line):
            known = line.values.get(at_s)
            if known is None:
                known = _filling(line, at_s, filling, moments)
            if known is not None:
                values[at_s] = known
        return line.with_values(values)

    return each(value, changed, function="FILL")


def _filling(line: Line, at_s: int, filling: Value, moments: Sequence[int]) -> float | None:
    """moments: those of the series' values."""
    if isinstance(filling, float):
        return filling
    if isinstance(filling, Line):
        return filling.values.get(at_s)
    following = bisect_left(moments, at_s)
    before = moments[following - 1] if following else None
    if filling == "REPEAT":
        return None if before is None else line.values[before]
    if filling == "LINEAR":
        if before is None or following == len(moments):
            return None
        later = moments[following]
        share = (at_s - before) / (later - before)
        return line.values[before] + share * (line.values[later] - line.values[before])
    raise ExpressionError("The function FILL takes a number, a time series, REPEAT or LINEAR")


def ordered(value: Value, by: str, direction: str, most: Value | None) -> Value:
    """SORT."""
    lines = array(value, function="SORT")
    if by not in REDUCING:
        raise ExpressionError(f"The function SORT takes {', '.join(REDUCING)}")
    if direction not in ("ASC", "DESC"):
        raise ExpressionError("The function SORT takes ASC or DESC")
    reduce = REDUCING[by]
    known = [line for line in lines if line.values]
    known.sort(key=lambda line: reduce(list(line.values.values())), reverse=direction == "DESC")
    known += [line for line in lines if not line.values]
    return known if most is None else known[: max(int(number(most, function="SORT")), 0)]


def sliced(value: Value, first: Value, end: Value | None) -> Value:
    """SLICE: of an array, one series, or those from one to another."""
    lines = array(value, function="SLICE")
    at = int(number(first, function="SLICE"))
    if end is None:
        if not 0 <= at < len(lines):
            raise ExpressionError("The function SLICE asks for what is not in the array")
        return lines[at]
    return lines[at : int(number(end, function="SLICE"))]


def constant(value: Value, span: Span, period_s: int) -> Value:
    """TIME_SERIES."""
    told = number(value, function="TIME_SERIES")
    return Line(values=dict.fromkeys(span.of_length(period_s), told), label="", period_s=period_s)


def chosen(condition: Value, yes: Value, no: Value | None) -> Value:
    """IF: by the condition, at each moment; without a third argument, there is nothing where it does not hold."""
    if isinstance(condition, float):
        if condition:
            return yes
        if no is None:
            raise ExpressionError("The function IF with a number as its condition takes three arguments")
        return no
    if not isinstance(condition, Line):
        raise ExpressionError("The function IF takes a number or a time series as its condition")
    for branch in (yes, no):
        if isinstance(branch, str):
            raise ExpressionError("The function IF takes numbers and time series")
    lists = [branch for branch in (yes, no) if isinstance(branch, list)]
    if lists:
        return [_chosen(condition, _item(yes, number), _item(no, number)) for number in range(min(map(len, lists)))]
    return _chosen(condition, yes, no)


def _item(branch: Value | None, at: int) -> Value | None:
    return branch[at] if isinstance(branch, list) else branch


def _chosen(condition: Line, yes: Value | None, no: Value | None) -> Line:
    values = {}
    for at_s, holds in condition.values.items():
        branch = yes if holds else no
        value = branch.values.get(at_s) if isinstance(branch, Line) else branch
        if isinstance(value, float):
            values[at_s] = value
    like = next((branch for branch in (yes, no) if isinstance(branch, Line)), condition)
    return like.with_values(values)


def _divided(one: float, other: float) -> float | None:
    return one / other if other else None


def _powered(one: float, other: float) -> float | None:
    try:
        result = one**other
    except (OverflowError, ZeroDivisionError):
        return None
    return result if isinstance(result, float) and abs(result) < _FINITE_MAX else None


_OPERATORS: Final[Mapping[str, Callable[[float, float], float | None]]] = {
    "+": lambda one, other: one + other,
    "-": lambda one, other: one - other,
    "*": lambda one, other: one * other,
    "/": _divided,
    "^": _powered,
    "==": lambda one, other: float(one == other),
    "!=": lambda one, other: float(one != other),
    "<": lambda one, other: float(one < other),
    "<=": lambda one, other: float(one <= other),
    ">": lambda one, other: float(one > other),
    ">=": lambda one, other: float(one >= other),
    "AND": lambda one, other: float(bool(one) and bool(other)),
    "OR": lambda one, other: float(bool(one) or bool(other)),
}


def operated(operator: str, left: Value, right: Value) -> Value:
    """What stands between two values; where a division by zero was, there is no value."""
    return combined(left, right, _OPERATORS[operator], operator=operator)
