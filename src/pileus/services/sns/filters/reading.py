"""What does a filter policy ask for?

A policy is walked token by token, as AWS's rule compiler walks it, so that the first mistake it meets is the first one
told, with the place where it stood. What comes back is the policy as JSON values, which the kernel compiles.

Sources: recordings sns_filter_policy, `TestSNSFilterPolicyConditions`; SNS Developer Guide, "Amazon SNS subscription
filter policies", whose list of operators is all there is (no `wildcard`; in `anything-but` only `prefix`, and so
recorded); the words that no recording has: github.com/aws/event-ruler.
"""

from collections.abc import Sequence
from typing import Final

from pileus.services.sns.filters.cursor import SCALARS, Cursor
from pileus.services.sns.filters.numeric import read_numeric
from pileus.services.sns.filters.refusing import refused
from pileus.services.sns.filters.tokens import Kind, Token, tokens_of

NESTED_MAX: Final = 150
"""A field this deep is worth as many combinations, so nothing deeper is a policy."""

_ONE_KEY: Final = "Only one key allowed in match expression"
_LIST: Final = "Inside anything but list, start|null|boolean is not supported."
_MIXED: Final = "Inside anything but list, either all values are number or string, mixed type is not supported"

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]
PolicyObject = dict[str, JsonValue]


def read_policy(text: str) -> PolicyObject:
    """As JSON values; FilterPolicyRefused."""
    return _Walk(text, tokens_of(text)).policy()


class _Walk:
    """Through the whole policy."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self._cursor = Cursor(text, tokens)

    def policy(self) -> PolicyObject:
        if self._cursor.next().kind is not Kind.OBJECT:
            self._cursor.refuse("Filter is not an object")
        return self._object(1)

    def _object(self, depth: int) -> PolicyObject:
        """Behind its opening bracket."""
        if depth > NESTED_MAX:
            raise refused("Filter policy is too complex")
        cursor = self._cursor
        found: PolicyObject = {}
        while cursor.next().kind is not Kind.OBJECT_END:
            name = cursor.now.text
            alternatives = name == "$or" and cursor.closes_as_or()
            kind = cursor.next().kind
            if alternatives:
                found[name] = self._alternatives(depth)
            elif kind is Kind.OBJECT:
                found[name] = self._object(depth + 1)
            elif kind is Kind.ARRAY:
                found[name] = self._entries()
            else:
                cursor.refuse(f'"{name}" must be an object or an array')
        if not found:
            cursor.refuse("Empty objects are not allowed")
        return found

    def _alternatives(self, depth: int) -> list[JsonValue]:
        found: list[JsonValue] = []
        while self._cursor.next().kind is not Kind.ARRAY_END:
            found.append(self._object(depth))
        return found

    def _entries(self) -> list[JsonValue]:
        """What a field may be."""
        cursor = self._cursor
        found: list[JsonValue] = []
        while (token := cursor.next()).kind is not Kind.ARRAY_END:
            if token.kind is Kind.OBJECT:
                found.append(read_expression(cursor))
            elif token.kind in SCALARS:
                found.append(token.value)
            else:
                cursor.refuse("Match value must be String, number, true, false, or null")
        if not found:
            cursor.refuse("Empty arrays are not allowed")
        return found


def read_expression(cursor: Cursor) -> PolicyObject:
    """An operator and what it is given; the cursor stands at the opening bracket."""
    if cursor.next().kind is not Kind.NAME:
        cursor.refuse("Match expression name not found")
    operator = cursor.now.text
    if operator in ("prefix", "suffix", "equals-ignore-case", "cidr"):
        # AWS's own text speaks of a prefix where it means a network (recording error-condition-bad-type).
        given: JsonValue = _string(cursor, "prefix" if operator == "cidr" else operator)
        _close(cursor)
    elif operator == "exists":
        given = _exists(cursor)
        _close(cursor)
    elif operator == "numeric":
        if cursor.next().kind is not Kind.ARRAY:
            cursor.refuse("Value of numeric must be an array.")
        given = [*read_numeric(cursor)]
        _close(cursor, "Too many elements in numeric expression")
    elif operator == "anything-but":
        given = _anything_but(cursor)
    else:
        cursor.refuse(f"Unrecognized match type {operator}")
    return {operator: given}


def _string(cursor: Cursor, operator: str) -> str:
    if cursor.next().kind is not Kind.STRING:
        cursor.refuse(f"{operator} match pattern must be a string")
    return cursor.text()


def _exists(cursor: Cursor) -> bool:
    kind = cursor.next().kind
    if kind not in (Kind.TRUE, Kind.FALSE):
        cursor.refuse("exists match pattern must be either true or false.")
    return kind is Kind.TRUE


def _close(cursor: Cursor, otherwise: str = _ONE_KEY) -> None:
    if cursor.next().kind is not Kind.OBJECT_END:
        cursor.refuse(otherwise)


def _anything_but(cursor: Cursor) -> JsonValue:
    token = cursor.next()
    if token.kind is Kind.OBJECT:
        return _anything_but_prefix(cursor)
    if token.kind is Kind.ARRAY:
        given: JsonValue = _anything_but_list(cursor)
    elif token.kind in (Kind.STRING, Kind.NUMBER):
        given = token.value
    else:
        cursor.refuse("Value of anything-but must be an array or single string/number value.")
    _close(cursor, "Too many elements in numeric expression")
    return given


def _anything_but_prefix(cursor: Cursor) -> PolicyObject:
    if cursor.next().kind is not Kind.NAME:
        cursor.refuse("Anything-But expression name not found")
    operator = cursor.now.text
    if operator != "prefix":
        cursor.refuse(f"Unsupported anything-but pattern: {operator}")
    prefix = _string(cursor, "prefix")
    if not prefix:
        cursor.refuse("Null prefix not allowed")
    _close(cursor)
    _close(cursor)
    return {"prefix": prefix}


def _anything_but_list(cursor: Cursor) -> list[JsonValue]:
    found: list[JsonValue] = []
    kinds = set()
    while (token := cursor.next()).kind is not Kind.ARRAY_END:
        if token.kind not in (Kind.STRING, Kind.NUMBER):
            cursor.refuse(_LIST)
        kinds.add(token.kind)
        found.append(token.value)
    if len(kinds) != 1:
        cursor.refuse(_MIXED)
    return found
