"""Where in a pattern's text is what is wrong with it?

AWS's reader stops in the middle of the text and says where it stood: behind a number or a word it has read, behind the
opening of an array or an object, and of a string behind its opening quote, or behind all of it where the string itself
was looked at. What it found in a list of `anything-but` it says twice. Some refusals come later, and without a place.

Source: recordings events_patterns, `test_event_pattern[..._EXC]`, whose `MessageRaw` has the places.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pileus.kernel.event_pattern_values import PatternSyntax, is_number, test_of
from pileus.kernel.event_patterns import are_alternatives

_TOLD_CHARACTERS_MAX: Final = 500
_TOKEN: Final = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([\[\]{}:,])|([^\s\[\]{}:,"]+))', re.DOTALL)
_PLACELESS: Final = ("Malformed CIDR", "Nonstandard IP address", "IPv", "Value must be between", "Rule is too complex")
_READ: Final = ("Consecutive wildcard", "Invalid escape", "Null prefix/suffix")
"""What is wrong with a string, which was read to its end."""


class _Node(NamedTuple):
    """A value, from its first character to behind its last. keys_end: behind each key of an object."""

    value: Any
    start: int
    end: int
    members: Sequence[tuple[str, "_Node"]] = ()
    elements: Sequence["_Node"] = ()
    keys_end: Sequence[int] = ()

    @property
    def begun(self) -> int:
        """Where the reader stands that has seen which kind of value it is."""
        return self.start + 1 if isinstance(self.value, str | list | dict) else self.end


class _Wrong(NamedTuple):
    reason: str
    places: Sequence[int]


def places_of(text: str, reason: str) -> str:
    """What AWS says behind a reason; nothing, where it is not known or the text is no JSON."""
    try:
        tree = _Reader(text).value()
        wrong = next(_wrong_in_object(tree), None)
    except (ValueError, RecursionError):
        return ""
    if wrong is None or wrong.reason != reason or reason.startswith(_PLACELESS):
        return ""
    return "".join(_place(text, place) for place in wrong.places)


def _place(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    shown = f'"{text[:_TOLD_CHARACTERS_MAX]}"'
    if len(text) > _TOLD_CHARACTERS_MAX:
        shown += f"[truncated {len(text) - _TOLD_CHARACTERS_MAX} chars]"
    return f"\n at [Source: (String){shown}; line: {line}, column: {column}]"


# --- as the kernel reads patterns, but for `$or`'s products ----------------------------------------------------------


def _wrong_in_object(node: _Node) -> Iterator[_Wrong]:
    if not node.members:
        yield _Wrong("Empty objects are not allowed", (node.end,))
    for name, member in node.members:
        if name == "$or" and are_alternatives(member.value):
            for choice in member.elements:
                yield from _wrong_in_object(choice)
        elif isinstance(member.value, dict):
            yield from _wrong_in_object(member)
        elif not isinstance(member.value, list):
            yield _Wrong(f'"{name}" must be an object or an array', (member.begun,))
        elif not member.elements:
            yield _Wrong("Empty arrays are not allowed", (member.end,))
        else:
            for entry in member.elements:
                yield from _wrong_in_entry(entry)


def _wrong_in_entry(entry: _Node) -> Iterator[_Wrong]:
    if isinstance(entry.value, dict) and "exists" in entry.value and len(entry.members) == 1:
        given = entry.members[0][1]
        if not isinstance(given.value, bool):
            yield _Wrong("exists match pattern must be either true or false.", (given.begun,))
        return
    reason = _reason_of(entry.value)
    if reason:
        yield _Wrong(reason, _places_in(entry, reason))


def _places_in(entry: _Node, reason: str) -> Sequence[int]:
    if not isinstance(entry.value, dict):
        return (entry.begun,)
    if len(entry.members) != 1:
        return (entry.keys_end[1] if entry.members else entry.end,)
    operator, given = entry.members[0]
    if operator == "anything-but":
        return _places_but(given, reason)
    if operator == "numeric" and given.elements:
        return _places_of_numbers(given)
    return (given.end if reason.startswith(_READ) else given.begun,)


def _places_but(given: _Node, reason: str) -> Sequence[int]:
    """Of `anything-but`: a value, a list, or an operator with one of the two."""
    if given.members:
        if reason.startswith("Unsupported"):
            return (given.keys_end[0],)
        given = given.members[0][1]
    if not given.elements:
        return (given.end if given.value == [] or reason.startswith(_READ) else given.begun,)
    wrong = (each for each in given.elements if _refused(each.value, given.elements[0].value, reason))
    element = next(wrong, given.elements[-1])
    at = element.end if reason.startswith(_READ) else element.begun
    return (at, at)


def _refused(value: Any, first: Any, reason: str) -> bool:
    """Whether it is this element of a list that the reason is about. first: of the list."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return True
    if reason.startswith("Null prefix/suffix"):
        return value == ""
    if "a string" in reason or "equals-ignore-case" in reason:
        return not isinstance(value, str)
    if reason.startswith(_READ):
        return _reason_of({"wildcard": value}) == reason
    return isinstance(value, str) != isinstance(first, str)


def _places_of_numbers(given: _Node) -> Sequence[int]:
    """The shortest beginning of the list that is wrong in itself tells where the reader stopped."""
    elements = given.elements
    for count in range(1, len(elements) + 1):
        reason = _reason_of({"numeric": [element.value for element in elements[:count]]})
        if reason and not reason.startswith("Value of"):
            return (elements[count - 1].end,)
        if reason and count < len(elements) and not is_number(elements[count].value):
            return (elements[count].begun,)
    return (given.end,)


def _reason_of(entry: object) -> str:
    """What is wrong with an entry; "" where it is one."""
    try:
        test_of(entry)
    except PatternSyntax as error:
        return error.reason
    return ""


# --- the text --------------------------------------------------------------------------------------------------------


class _Reader:
    """Reads JSON; ValueError, or nonsense, where there is none."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def value(self) -> _Node:
        found = self._next()
        start, end = found.end() - len(found[0].lstrip()), found.end()
        piece = self._text[start:end]
        if piece == "{":
            return self._object(start)
        if piece == "[":
            return self._array(start)
        return _Node(json.loads(piece), start, end)

    def _object(self, start: int) -> _Node:
        members: list[tuple[str, _Node]] = []
        ends: list[int] = []
        while (found := self._next())[2] != "}":
            if found[1] is not None:
                key: str = json.loads(found[1])
                ends.append(found.end())
                self._next()  # the colon
                members.append((key, self.value()))
        value: Mapping[str, Any] = {key: node.value for key, node in members}
        return _Node(value, start, self._at, members=members, keys_end=ends)

    def _array(self, start: int) -> _Node:
        elements: list[_Node] = []
        while True:
            before = self._at
            piece = self._next()[2]
            if piece == "]":
                return _Node([node.value for node in elements], start, self._at, elements=elements)
            if piece != ",":
                self._at = before
                elements.append(self.value())

    def _next(self) -> re.Match[str]:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise ValueError
        self._at = found.end()
        return found
