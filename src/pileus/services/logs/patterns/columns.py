"""Which events does a pattern in brackets match, that sees them as columns?

`[ip, user, ..., status = 4*, size > 1000]`. Columns are separated by spaces; what stands in double quotes or brackets
is one. As many as the pattern names, unless `...` stands for any number of them. `[]` matches everything.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from pileus.services.logs.patterns.comparing import Scalar
from pileus.services.logs.patterns.conditions import Condition, Reader, tokens
from pileus.services.logs.patterns.face import InvalidPattern

_COLUMN: Final = re.compile(r"\S+")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"(?=\s|$)')
_NAME: Final = re.compile(r"[A-Za-z0-9_.\-@]+")


def columns_of(message: str) -> list[str]:
    """In time that grows only with the message: where brackets close is looked up once."""
    found: list[str] = []
    at, closing = 0, -1
    while (word := _COLUMN.search(message, at)) is not None:
        start, at = word.span()
        text = word[0]
        if text[0] == '"' and (quoted := _QUOTED.match(message, start)) is not None:
            text, at = quoted[1], quoted.end()
        elif text[0] == "[":
            if closing < start:
                closing = message.find("]", start)
                closing = len(message) if closing < 0 else closing
            if closing < len(message) and not message[closing + 1 : closing + 2].strip():
                text, at = message[start + 1 : closing], closing + 1
        found.append(text)
    return found


class ColumnsPattern:
    """Names of columns, and conditions. gap: how many columns stand before `...`; None without one."""

    def __init__(
        self, names: Sequence[str], conditions: Sequence[Condition], *, gap: int | None, anything: bool, regexes: int
    ) -> None:
        self._names = names
        self._conditions = conditions
        self._gap = gap
        self._anything = anything
        self._regexes = regexes

    @property
    def regexes(self) -> int:
        return self._regexes

    def matches(self, message: str) -> bool:
        return self._found(message) is not None

    def extract(self, message: str) -> Mapping[str, str] | None:
        found = self._found(message)
        return None if found is None else {f"${name}": value for name, value in found.items()}

    def value(self, message: str, selector: str) -> str | None:
        return (self._found(message) or {}).get(selector.removeprefix("$"))

    def knows(self, selector: str) -> bool:
        return selector.startswith("$") and selector[1:] in self._names

    def _found(self, message: str) -> Mapping[str, str] | None:
        """The named columns of a message that matches."""
        if self._anything:
            return {}
        columns = columns_of(message)
        if self._gap is None:
            if len(columns) != len(self._names):
                return None
        else:
            if len(columns) < len(self._names):
                return None
            behind = len(self._names) - self._gap
            columns = columns[: self._gap] + columns[len(columns) - behind :]
        named = dict(zip(self._names, columns, strict=True))

        def values(name: str) -> Sequence[Scalar]:
            return (named[name],) if name in named else ()

        return named if all(condition(values) for condition in self._conditions) else None


def parse_columns(text: str) -> ColumnsPattern:
    """A pattern in brackets; InvalidPattern."""
    if not text.endswith("]") or len(text) < 2:
        raise InvalidPattern
    reader = Reader(tokens(text[1:-1]), left_kind="word")
    names: list[str] = []
    conditions: list[Condition] = []
    gap: int | None = None
    if reader.next.kind == "end":
        return ColumnsPattern((), (), gap=None, anything=True, regexes=0)
    while True:
        if reader.next.text == "...":
            reader.take()
            if gap is not None:
                raise InvalidPattern
            gap = len(names)
        else:
            name, condition = _column(reader, number=len(names) + 1)
            if name in names:
                raise InvalidPattern
            names.append(name)
            if condition is not None:
                conditions.append(condition)
        separator = reader.take()
        if separator.kind == "end":
            break
        if separator.text != ",":
            raise InvalidPattern
    if set(reader.lefts) - set(names):
        raise InvalidPattern
    return ColumnsPattern(names, conditions, gap=gap, anything=False, regexes=reader.regexes)


def _column(reader: Reader, *, number: int) -> tuple[str, Condition | None]:
    """A column's name, and what is asked of it; one without a name is called by its number."""
    before = set(reader.lefts)
    if reader.next.text in {",", ""}:
        return f"w{number}", None
    if reader.next == ("operator", "("):
        condition = reader.either()
        added = [name for name in reader.lefts if name not in before]
        if len(added) != 1:
            raise InvalidPattern
        return added[0], condition
    token = reader.take()
    if token.kind != "word" or not _NAME.fullmatch(token.text):
        raise InvalidPattern
    if reader.next.text in {",", ""}:
        return token.text, None
    reader.back()
    return token.text, reader.either()
