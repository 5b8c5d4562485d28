"""Which metrics does a SEARCH expression find?

`{AWS/Lambda,FunctionName} MetricName="Errors" (orders OR invoices)`: a schema, which wants exactly these dimensions,
and terms. A term in quotes wants the whole name; without, its words, in any order, which are told apart by signs and by
capitals. `Key=...` looks at the metric's name, its namespace or one dimension, otherwise a term looks at all of them.
AND binds closer than OR, and may be left out.

Source: CloudWatch User Guide, "CloudWatch search expression syntax".
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from pileus.kernel.metrics.series import Metric
from pileus.services.cloudwatch.expressions.syntax import Call, ExpressionError, Number, Text

_SCHEMA: Final = re.compile(r"\s*\{([^}]*)\}")
_PARTS: Final = re.compile(r"\s*([()]|(?:[^\s()\"=]+|\"[^\"]*\")(?:=(?:\"[^\"]*\"|[^\s()\"]+))?)")
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_QUOTED: Final = '"'
_DEPTH_MAX: Final = 40
_PERIOD_S_MAX: Final = 2**31

Matches = Callable[[Metric], bool]


class Search(NamedTuple):
    """namespace: None for any; matches: whether a metric of it is meant."""

    namespace: str | None
    matches: Matches
    stat: str
    period_s: int


def search_of(call: Call) -> Search:
    """SEARCH('text', 'stat', period), where the period may be left out; ExpressionError."""
    match call.arguments:
        case [Text(text), Text(stat)]:
            period_s = 300.0
        case [Text(text), Text(stat), Number(period_s)]:
            pass
        case _:
            raise ExpressionError("SEARCH takes a search expression, a statistic and a period")
    if not 0 < period_s < _PERIOD_S_MAX:
        raise ExpressionError("SEARCH takes a period of at least a second")
    namespace, matches = _understood(text)
    return Search(namespace, matches, stat, int(period_s))


def _understood(text: str) -> tuple[str | None, Matches]:
    schema = _SCHEMA.match(text)
    terms = _Terms(_parts(text, schema.end() if schema else 0))
    matches = terms.whole()
    if schema is None:
        return None, matches
    names = [_unquoted(name.strip()) for name in schema[1].split(",")]
    namespace, dimensions = names[0], sorted(names[1:])

    def in_schema(metric: Metric) -> bool:
        return sorted(name for name, _ in metric.dimensions) == dimensions and matches(metric)

    return namespace, in_schema


def _parts(text: str, at: int) -> list[str]:
    parts, end = [], len(text.rstrip())
    while at < end:
        found = _PARTS.match(text, at)
        if found is None:
            raise ExpressionError(f"SEARCH expression: unexpected character at position {at + 1}")
        parts.append(found[1])
        at = found.end()
    return parts


def _unquoted(text: str) -> str:
    return text.strip(_QUOTED)


class _Terms:
    def __init__(self, parts: list[str]) -> None:
        self._parts = parts
        self._at = 0
        self._depth = 0

    def whole(self) -> Matches:
        if not self._parts:
            return lambda metric: True
        matches = self._any()
        if self._at < len(self._parts):
            raise ExpressionError(f"SEARCH expression: unexpected '{self._parts[self._at]}'")
        return matches

    def _next(self) -> str | None:
        return self._parts[self._at] if self._at < len(self._parts) else None

    def _any(self) -> Matches:
        choices = [self._all()]
        while self._next() == "OR":
            self._at += 1
            choices.append(self._all())
        return lambda metric: any(matches(metric) for matches in choices)

    def _all(self) -> Matches:
        wanted = [self._one()]
        while (following := self._next()) not in (None, ")", "OR"):
            if following == "AND":
                self._at += 1
            wanted.append(self._one())
        return lambda metric: all(matches(metric) for matches in wanted)

    def _one(self) -> Matches:
        part = self._next()
        if part is None or part in (")", "OR", "AND"):
            raise ExpressionError("SEARCH expression: a term is missing")
        self._at += 1
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise ExpressionError("SEARCH expression: nested too deeply")
        try:
            if part == "NOT":
                refused = self._one()
                return lambda metric: not refused(metric)
            if part == "(":
                matches = self._any()
                if self._next() != ")":
                    raise ExpressionError("SEARCH expression: a parenthesis is not closed")
                self._at += 1
                return matches
            return _term(part)
        finally:
            self._depth -= 1


def _term(part: str) -> Matches:
    key, separator, value = part.partition("=") if not part.startswith(_QUOTED) else (part, "", "")
    if not separator:
        says = _saying(part)
        return lambda metric: any(says(text) for text in _texts(metric))
    says = _saying(value)
    match key:
        case "MetricName":
            return lambda metric: says(metric.name)
        case "Namespace":
            return lambda metric: says(metric.namespace)
        case _:
            return lambda metric: any(name == key and says(text) for name, text in metric.dimensions)


def _texts(metric: Metric) -> list[str]:
    return [metric.namespace, metric.name, *(text for dimension in metric.dimensions for text in dimension)]


def _saying(wanted: str) -> Callable[[str], bool]:
    if wanted.startswith(_QUOTED):
        exact = _unquoted(wanted)
        return lambda text: text == exact
    words = _words(wanted)
    whole = wanted.lower()
    return lambda text: text.lower() == whole or (bool(words) and words <= _words(text))


@lru_cache(maxsize=4_096)
def _words(text: str) -> frozenset[str]:
    """The words of a name, in lower case, and what stands between signs as a whole."""
    return frozenset(word.lower() for word in (*_WORDS.findall(text), *re.split(r"[^A-Za-z0-9]+", text)) if word)
