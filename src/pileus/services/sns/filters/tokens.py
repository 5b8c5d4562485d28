r"""Of which tokens is a JSON text made, and where does each of them end?

AWS's errors give the place where its parser (Jackson) stood, so tokens carry two: a string is read only when somebody
asks for it, and until then the parser stands behind its opening quote. A name is read together with the beginning of
its value; the place of a name is therefore that of the token behind it.

Refusals are in that parser's words, of which recording `test_subscribe_invalid_filter_policy` shows one; the others are
from its documentation and source of messages, github.com/FasterXML/jackson-core.
"""

import json
import re
from collections.abc import Sequence
from enum import Enum
from typing import Final

from pileus.services.sns.filters.refusing import FilterPolicyRefused, Place, not_json, place_in, refused

DEPTH_MAX: Final = 1_000
"""Source: jackson-core, StreamReadConstraints."""


class Kind(Enum):
    """Of a token."""

    OBJECT = "{"
    OBJECT_END = "}"
    ARRAY = "["
    ARRAY_END = "]"
    NAME = "name"
    STRING = "string"
    NUMBER = "number"
    TRUE = "true"
    FALSE = "false"
    NULL = "null"


class Token:
    """seen: how far the text was read when it was met; read: when its text was asked for, too."""

    __slots__ = ("kind", "read", "seen", "text", "value")

    def __init__(self, kind: Kind, text: str, value: str | int | float | bool | None, *, seen: int, read: int) -> None:
        self.kind = kind
        self.text = text
        self.value = value
        self.seen = seen
        self.read = read


_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_STRING: Final = re.compile(r'"((?:[^"\\\x00-\x1f]|\\.)*)"', re.DOTALL)
_WORD: Final = re.compile(r"[A-Za-z0-9_$]+")
_BAD_ESCAPE: Final = re.compile(r'(?<!\\)(?:\\\\)*\\(?!["\\/bfnrtu])(.)', re.DOTALL)
_WORDS: Final = {"true": (Kind.TRUE, True), "false": (Kind.FALSE, False), "null": (Kind.NULL, None)}
_MARKS: Final = {"{": Kind.OBJECT, "}": Kind.OBJECT_END, "[": Kind.ARRAY, "]": Kind.ARRAY_END}
_EXPECTED: Final = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


def tokens_of(text: str) -> Sequence[Token]:
    """Of one whole value; FilterPolicyRefused where it is none."""
    return _Reader(text).tokens()


class _Reader:
    """Reads from left to right; `open` are the brackets that wait to be closed, with where each began."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._open: list[tuple[str, int]] = []
        self._found: list[Token] = []

    def tokens(self) -> list[Token]:
        while True:
            self._value()
            if not self._close_or_continue():
                return self._found

    def _value(self) -> None:
        """Up to the first scalar, or to an empty bracket."""
        while True:
            self._skip()
            mark = self._peek()
            if mark in ("{", "["):
                self._open.append((mark, self._at))
                if len(self._open) > DEPTH_MAX:
                    raise not_json(
                        f"Document nesting depth ({len(self._open)}) exceeds the maximum allowed ({DEPTH_MAX}, from "
                        "`StreamReadConstraints.getMaxNestingDepth()`)",
                        self._place(self._at + 1),
                    )
                self._mark(mark)
                self._skip()
                if self._peek() == ("}" if mark == "{" else "]"):
                    return
                if mark == "{":
                    self._name()
                continue
            self._scalar(mark)
            return

    def _close_or_continue(self) -> bool:
        """Behind a value: whether another one follows."""
        while self._open:
            self._skip()
            opened, _ = self._open[-1]
            mark = self._peek()
            if mark == ("}" if opened == "{" else "]"):
                self._mark(mark)
                self._open.pop()
            elif mark == ",":
                self._at += 1
                if opened == "{":
                    self._skip()
                    self._name()
                return True
            elif not mark:
                raise self._ended()
            else:
                entries = "Object" if opened == "{" else "Array"
                raise self._unexpected(mark, f"was expecting comma to separate {entries} entries")
        return False

    def _name(self) -> None:
        mark = self._peek()
        if not mark:
            raise self._ended()
        if mark != '"':
            raise self._unexpected(mark, "was expecting double-quote to start field name")
        self._string(Kind.NAME)
        self._skip()
        mark = self._peek()
        if not mark:
            raise self._ended()
        if mark != ":":
            raise self._unexpected(mark, "was expecting a colon to separate field name and value")
        self._at += 1

    def _scalar(self, mark: str) -> None:
        if not mark:
            raise self._ended()
        if mark == '"':
            self._string(Kind.STRING)
        elif mark in "-0123456789":
            self._number()
        else:
            self._word(mark)

    def _string(self, kind: Kind) -> None:
        found = _STRING.match(self._text, self._at)
        if found is None:
            raise self._bad_string(kind)
        try:
            value = json.loads(found[0])
        except ValueError:
            raise self._bad_escape(found[0]) from None
        assert isinstance(value, str)
        self._found.append(Token(kind, value, value, seen=self._at + 1, read=found.end()))
        self._at = found.end()

    def _number(self) -> None:
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            behind = self._text[self._at + 1 : self._at + 2]
            raise self._unexpected(
                behind, "in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value"
            )
        behind = self._text[found.end() : found.end() + 1]
        if behind.isdigit():
            raise not_json("Invalid numeric value: Leading zeroes not allowed", self._place(found.end()))
        if behind and behind not in " \t\r\n,]}:":
            self._at = found.end()
            raise self._unexpected(behind, "Expected space separating root-level values")
        text = found[0]
        value = float(text) if found[1] or found[2] else _whole(text)
        self._found.append(Token(Kind.NUMBER, text, value, seen=found.end(), read=found.end()))
        self._at = found.end()

    def _word(self, mark: str) -> None:
        found = _WORD.match(self._text, self._at)
        if found is None:
            raise self._unexpected(mark, f"expected a valid value {_EXPECTED}")
        known = _WORDS.get(found[0])
        if known is None:
            raise not_json(f"Unrecognized token '{found[0]}': was expecting {_EXPECTED}", self._place(found.end()))
        kind, value = known
        self._found.append(Token(kind, found[0], value, seen=found.end(), read=found.end()))
        self._at = found.end()

    def _mark(self, mark: str) -> None:
        self._at += 1
        self._found.append(Token(_MARKS[mark], mark, None, seen=self._at, read=self._at))

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        assert found is not None
        self._at = found.end()

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _place(self, offset: int) -> Place:
        return place_in(self._text, offset)

    # --- refusals ----------------------------------------------------------------------------------------------------

    def _unexpected(self, mark: str, why: str) -> FilterPolicyRefused:
        if not mark:
            return self._ended()
        return not_json(f"Unexpected character ('{mark}' (code {ord(mark)})): {why}", self._place(self._at))

    def _ended(self) -> FilterPolicyRefused:
        place = self._place(len(self._text))
        if not self._open:
            return refused("Filter is not an object", place)
        opened, at = self._open[-1]
        entries = "Object" if opened == "{" else "Array"
        return not_json(
            f"Unexpected end-of-input: expected close marker for {entries} (start marker at {self._place(at)})", place
        )

    def _bad_string(self, kind: Kind) -> FilterPolicyRefused:
        control = re.compile(r"[\x00-\x1f]").search(self._text, self._at)
        quote = self._text.find('"', self._at + 1)
        if control is not None and (quote < 0 or control.start() < quote):
            what = "name" if kind is Kind.NAME else "string value"
            return not_json(
                f"Illegal unquoted character ((CTRL-CHAR, code {ord(control[0])})): has to be escaped using backslash "
                f"to be included in {what}",
                self._place(control.end()),
            )
        what = "in field name" if kind is Kind.NAME else "in VALUE_STRING"
        return not_json(f"Unexpected end-of-input {what}", self._place(len(self._text)))

    def _bad_escape(self, text: str) -> FilterPolicyRefused:
        found = _BAD_ESCAPE.search(text)
        if found is None:
            return not_json(
                "Unexpected character in a unicode escape: expected a hex-digit for character escape sequence",
                self._place(self._at + 1),
            )
        return not_json(
            f"Unrecognized character escape '{found[1]}' (code {ord(found[1])})", self._place(self._at + found.end())
        )


def _whole(text: str) -> int | float:
    """Numbers of any length; Python refuses to read very long ones."""
    return int(text) if len(text) < 400 else float(text)
