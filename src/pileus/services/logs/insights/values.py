"""What is a value, when is it a number, and how is it shown?

An event's fields are texts, numbers and truths; a text that looks like a number counts as one. Moments are milliseconds
that are shown as dates. What is not there is None, and every comparison with it is false.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS: Final = 4


class Moment(int):
    """Milliseconds since 1970."""


Value = str | float | Moment | None
"""Truths are Python's, hence numbers."""


def number(value: Value) -> float | None:
    """What a value counts as."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            found = float(value)
        except ValueError:
            return None
        return found if math.isfinite(found) and "_" not in value else None
    return value


def text(value: Value) -> str:
    """As results show it; '' for what is not there."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Moment):
        return shown_moment(value)
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(round(value, _DIGITS))


def shown_moment(at_ms: int) -> str:
    try:
        at = _EPOCH + timedelta(milliseconds=at_ms)
    except OverflowError:
        return str(int(at_ms))
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"


def true(value: Value) -> bool:
    """Whether a condition holds: neither missing nor zero, nor empty."""
    return bool(value)


def order(value: Value) -> tuple[int, float, str]:
    """For sorting: what is missing first, then numbers, then texts."""
    if value is None:
        return 0, 0.0, ""
    found = number(value)
    return (1, found, "") if found is not None else (2, 0.0, text(value))


def compare(left: Value, operator: str, right: Value) -> bool:
    """`=`, `!=`, `<`, `<=`, `>`, `>=`: as numbers if both are some, else as texts."""
    if left is None or right is None:
        return False
    left_number, right_number = number(left), number(right)
    if left_number is not None and right_number is not None:
        return _holds(left_number < right_number, left_number == right_number, operator)
    left_text, right_text = text(left), text(right)
    return _holds(left_text < right_text, left_text == right_text, operator)


def _holds(less: bool, equal: bool, operator: str) -> bool:
    match operator:
        case "=":
            return equal
        case "!=":
            return not equal
        case "<":
            return less
        case "<=":
            return less or equal
        case ">":
            return not less and not equal
        case _:
            assert operator == ">="
            return not less
