"""Which JSON events does a pattern in braces match?

`{ $.a.b[0] = "x" && $.c NOT EXISTS }`. A selector goes by names, `['names']`, numbers and `*`. One that leads to an
object or an array is there, but equals nothing. An event that is not JSON as a whole matches nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from pileus.services.logs.patterns.comparing import Scalar, text_of
from pileus.services.logs.patterns.conditions import Condition, Nested, Reader, tokens
from pileus.services.logs.patterns.face import InvalidPattern

_STEP: Final = re.compile(
    r"""\.?\[\s*(?:(?P<index>\d+)|(?P<all>\*)|(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))\s*\]|\.(?P<name>[^.\[]+)"""
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_decoder: Final = msgspec.json.Decoder()


class _Every:
    """Each member of an object or an array."""


_EVERY: Final = _Every()
_Step = str | int | _Every


@lru_cache(maxsize=1024)
def _steps(selector: str) -> Sequence[_Step]:
    """InvalidPattern."""
    found: list[_Step] = []
    at = 1
    while at < len(selector):
        match = _STEP.match(selector, at)
        if match is None:
            raise InvalidPattern
        if match["index"] is not None:
            found.append(int(match["index"]))
        elif match["all"] is not None or match["name"] == "*":
            found.append(_EVERY)
        elif match["quoted"] is not None:
            found.append(_ESCAPED.sub(r"\1", match["quoted"][1:-1]))
        else:
            found.append(match["name"])
        at = match.end()
    if not found:
        raise InvalidPattern
    return found


def select(event: Any, steps: Sequence[_Step], at: int = 0) -> Iterator[Any]:
    """All that the steps lead to."""
    for number in range(at, len(steps)):
        step = steps[number]
        if isinstance(step, _Every):
            members = event.values() if isinstance(event, dict) else event if isinstance(event, list) else ()
            for member in members:
                yield from select(member, steps, number + 1)
            return
        if isinstance(step, str):
            if not isinstance(event, dict) or step not in event:
                return
            event = event[step]
        else:
            if not isinstance(event, list) or step >= len(event):
                return
            event = event[step]
    yield event


def _decoded(message: str) -> Any:
    """None for what is no JSON object or array."""
    if not message.lstrip().startswith(("{", "[")):
        return None
    try:
        return _decoder.decode(message)
    except (msgspec.DecodeError, RecursionError):
        return None


class JsonPattern:
    """Conditions on selectors."""

    def __init__(self, condition: Condition | None, selectors: Sequence[str], regexes: int) -> None:
        self._condition = condition
        self._selectors = {selector: _steps(selector) for selector in selectors}
        self._regexes = regexes

    @property
    def regexes(self) -> int:
        return self._regexes

    def matches(self, message: str) -> bool:
        event = _decoded(message)
        return event is not None and self._holds(event)

    def extract(self, message: str) -> Mapping[str, str] | None:
        event = _decoded(message)
        if event is None or not self._holds(event):
            return None
        found: dict[str, str] = {}
        for selector, steps in self._selectors.items():
            for value in select(event, steps):
                if not isinstance(value, dict | list):
                    found[selector] = text_of(value)
                break
        return found

    def value(self, message: str, selector: str) -> str | None:
        event = _decoded(message)
        if event is None or not self.knows(selector):
            return None
        for value in select(event, _steps(selector)):
            return None if value is None or isinstance(value, dict | list) else text_of(value)
        return None

    def knows(self, selector: str) -> bool:
        try:
            return selector.startswith("$") and bool(_steps(selector))
        except InvalidPattern:
            return False

    def _holds(self, event: Any) -> bool:
        if self._condition is None:
            return True

        def values(selector: str) -> Sequence[Scalar | Nested]:
            return [
                Nested.NESTED if isinstance(value, dict | list) else value
                for value in select(event, self._selectors[selector])
            ]

        return self._condition(values)


def parse_json(text: str) -> JsonPattern:
    """A pattern in braces; InvalidPattern."""
    if not text.endswith("}"):
        raise InvalidPattern
    found = tokens(text[1:-1])
    if not found:
        raise InvalidPattern
    reader = Reader(found, left_kind="selector")
    condition = reader.either()
    if reader.next.kind != "end":
        raise InvalidPattern
    return JsonPattern(condition, list(reader.lefts), reader.regexes)
