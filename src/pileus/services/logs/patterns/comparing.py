"""What can a condition of a pattern compare a value with?

With a text, in which `*` stands for anything; with a number; with a regular expression between `%`.

Source: as `parsing`.
"""

import re
from collections.abc import Callable
from typing import Final

from pileus.services.logs.patterns.face import InvalidPattern
from pileus.services.logs.patterns.regexes import searcher

Scalar = str | int | float | bool | None
Test = Callable[[Scalar], bool]

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_ORDERS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def number(text: str) -> float | None:
    """The number that a whole text is."""
    return float(text) if _NUMBER.fullmatch(text) else None


def unquoted(literal: str) -> str:
    return _ESCAPED.sub(r"\1", literal[1:-1])


def text_of(value: Scalar) -> str:
    """As JSON writes it, and a text as it is."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def wildcard(pattern: str) -> Callable[[str], bool]:
    """Whether a text fits, `*` standing for anything; in one pass, whatever the pattern."""
    first, *rest = pattern.split("*")
    if not rest:
        return lambda text: text == first
    last = rest.pop()

    def fits(text: str) -> bool:
        if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
            return False
        at, end = len(first), len(text) - len(last)
        for part in rest:
            found = text.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    return fits


def comparison(operator: str, literal: str) -> Test:
    """The test that an operator and what stands on its right are. literal: as it stands in the pattern."""
    if operator in _ORDERS:
        bound = number(literal)
        if bound is None:
            raise InvalidPattern
        return _order(_ORDERS[operator], bound)
    assert operator in {"=", "!="}
    equal = _equality(literal)
    if operator == "=":
        return equal
    return lambda value: value is not None and not equal(value)


def _order(holds: Callable[[float, float], bool], bound: float) -> Test:
    def test(value: Scalar) -> bool:
        if isinstance(value, bool) or value is None:
            return False
        found = number(value) if isinstance(value, str) else value
        return found is not None and holds(found, bound)

    return test


def _equality(literal: str) -> Test:
    if literal.startswith("%"):
        occurs = searcher(literal[1:-1])
        return lambda value: value is not None and occurs(text_of(value))
    quoted = literal.startswith('"')
    text = unquoted(literal) if quoted else literal
    fits = wildcard(text)
    if quoted:
        return lambda value: isinstance(value, str) and fits(value)
    wanted = number(text)
    if wanted is None:
        return lambda value: value is not None and fits(text_of(value))

    def equal(value: Scalar) -> bool:
        if isinstance(value, str):
            return value == text or number(value) == wanted
        return not isinstance(value, bool) and value == wanted

    return equal
