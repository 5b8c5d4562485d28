"""Where in its text does each statement of a policy stand?

As AWS tells it: the first begins right behind the bracket that opens the list, every other where the one before ended,
so with the comma; each ends behind its closing brace. Lines and columns count from one.

Source: answers of SimulatePrincipalPolicy as AWS's customers show them (AdministratorAccess: 3:17 to 8:6).
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Span:
    start: Position
    end: Position


def statement_spans(document: str, *, count: int) -> list[Span]:
    """One for each of its `count` statements, in their order. document: valid JSON, an object with a `Statement`.

    The whole document for each, where `Statement` is spelled so (with escapes, say, or twice) that it is not found.
    """
    spans = _spans(document)
    whole = Span(_position(document, 0), _position(document, len(document)))
    return spans if len(spans) == count else [whole] * count


def _spans(document: str) -> list[Span]:
    spans = []
    depth, listed, start = 0, False, None
    for offset, bracket in _brackets(document):
        if bracket in "{[":
            depth += 1
            if start is None and depth == 2 and _behind_statement(document, offset):
                listed = bracket == "["
                start = offset + 1 if listed else offset
        elif bracket in "}]":
            depth -= 1
            if start is not None and bracket == "}" and depth == (2 if listed else 1):
                spans.append(Span(_position(document, start), _position(document, offset + 1)))
                start = offset + 1
            if start is not None and depth == 1:
                break
    return spans


def _brackets(document: str) -> Iterator[tuple[int, str]]:
    """The brackets and braces outside of strings, with their offsets."""
    inside, escaped = False, False
    for offset, char in enumerate(document):
        if inside:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                inside = False
        elif char == '"':
            inside = True
        elif char in "{}[]":
            yield offset, char


def _behind_statement(document: str, offset: int) -> bool:
    """Whether the value that begins there is that of `Statement`; no other key of a policy's top has such a value."""
    before = document[:offset].rstrip()
    return before.endswith(":") and before[:-1].rstrip().endswith('"Statement"')


def _position(document: str, offset: int) -> Position:
    line_start = document.rfind("\n", 0, offset) + 1
    return Position(line=document.count("\n", 0, offset) + 1, column=offset - line_start + 1)
