"""How are conditions read, and joined by `&&`, `||` and parentheses?

`&&` binds closer than `||`. What a condition's left side means is told by whoever reads: a JSON selector, or a column.
"""

import re
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final, NamedTuple

from pileus.services.logs.patterns.comparing import Scalar, Test, comparison
from pileus.services.logs.patterns.face import InvalidPattern

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<selector>\$(?:\.?\[\s*(?:\d+|\*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*\]|\.[^\s.\[\]=<>!&|(){}"',]+)*)
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<regex>%(?:[^%\\]|\\.)+%)
    | (?P<operator>&&|\|\||!=|<=|>=|=|<|>|\(|\)|,|\.\.\.)
    | (?P<word>[^\s()=<>!&|,"%\[\]{}$]+)
    )""",
    re.VERBOSE,
)
_COMPARISONS: Final = frozenset({"=", "!=", "<", ">", "<=", ">="})
_NESTED_MAX: Final = 50


class Token(NamedTuple):
    kind: str
    text: str


def tokens(text: str) -> list[Token]:
    """InvalidPattern."""
    found: list[Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise InvalidPattern
        found.append(Token(match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class Nested(Enum):
    """An object or an array: it is there, and equal to nothing."""

    NESTED = "nested"


Values = Callable[[str], Sequence[Scalar | Nested]]
"""The values that a left side has in the event that is looked at; none when there is no such thing."""
Condition = Callable[[Values], bool]


class Reader:
    """Reads conditions off a list of tokens. left_kind: of the token that a condition begins with."""

    def __init__(self, found: Sequence[Token], *, left_kind: str) -> None:
        self._tokens = found
        self._left_kind = left_kind
        self._at = 0
        self._depth = 0
        self.regexes = 0
        self.lefts: dict[str, None] = {}

    @property
    def next(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else Token("end", "")

    def take(self) -> Token:
        token = self.next
        self._at += 1
        return token

    def back(self) -> None:
        """The last token was not meant for whoever took it."""
        self._at -= 1

    def either(self) -> Condition:
        """Conditions, as far as they go; InvalidPattern."""
        parts = [self._both()]
        while self.next.text == "||":
            self.take()
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else _any(parts)

    def _both(self) -> Condition:
        parts = [self._one()]
        while self.next.text == "&&":
            self.take()
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else _all(parts)

    def _one(self) -> Condition:
        token = self.take()
        if token == ("operator", "("):
            self._depth += 1
            if self._depth > _NESTED_MAX:
                raise InvalidPattern
            inner = self.either()
            self._depth -= 1
            if self.take() != ("operator", ")"):
                raise InvalidPattern
            return inner
        if token.kind != self._left_kind:
            raise InvalidPattern
        return self.condition(token.text)

    def condition(self, left: str) -> Condition:
        """What stands behind a left side."""
        self.lefts[left] = None
        operator = self.take()
        if operator.kind == "operator" and operator.text in _COMPARISONS:
            right = self.take()
            if right.kind not in {"string", "regex", "word"}:
                raise InvalidPattern
            self.regexes += right.kind == "regex"
            return _some(left, comparison(operator.text, right.text))
        if operator.kind == "word" and self._left_kind == "selector":
            return self._about_presence(left, operator.text)
        raise InvalidPattern

    def _about_presence(self, left: str, word: str) -> Condition:
        words = word.upper(), self.take().text.upper()
        match words:
            case "NOT", "EXISTS":
                return lambda values: not values(left)
            case "IS", "NULL":
                return _some(left, lambda value: value is None)
            case "IS", "TRUE":
                return _some(left, lambda value: value is True)
            case "IS", "FALSE":
                return _some(left, lambda value: value is False)
        raise InvalidPattern


def _some(left: str, test: Test) -> Condition:
    return lambda values: any(test(value) for value in values(left) if not isinstance(value, Nested))


def _any(parts: Sequence[Condition]) -> Condition:
    return lambda values: any(part(values) for part in parts)


def _all(parts: Sequence[Condition]) -> Condition:
    return lambda values: all(part(values) for part in parts)
