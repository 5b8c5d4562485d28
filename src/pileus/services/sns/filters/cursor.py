"""How far was a filter policy read, and what stands there?"""

from collections.abc import Sequence
from typing import Final, NoReturn

from pileus.kernel.event_pattern_values import OPERATORS
from pileus.services.sns.filters.refusing import place_in, refused
from pileus.services.sns.filters.tokens import Kind, Token

SCALARS: Final = frozenset({Kind.STRING, Kind.NUMBER, Kind.TRUE, Kind.FALSE, Kind.NULL})


class Cursor:
    """Where the walk is. `now` is the token it met last; its text may have been asked for."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._at = -1
        self._read = False

    @property
    def now(self) -> Token:
        return self._tokens[self._at]

    def next(self) -> Token:
        self._at += 1
        self._read = False
        return self.now

    def text(self) -> str:
        """Of the token, which makes the parser read it to its end."""
        self._read = True
        return self.now.text

    def refuse(self, reason: str) -> NoReturn:
        """With the place where the parser stands."""
        token = self.now
        if token.kind is Kind.NAME:
            token = self._tokens[self._at + 1]
        raise refused(reason, place_in(self._text, token.read if self._read and token is self.now else token.seen))

    def closes_as_or(self) -> bool:
        """Whether what follows `$or` is an array of two or more objects, none of which names an operator.

        Otherwise `$or` is a name like any other (SNS Developer Guide, "OR operator"). Looks ahead only.
        """
        at = self._at + 1
        if self._tokens[at].kind is not Kind.ARRAY:
            return False
        depth = objects = 0
        while True:
            token = self._tokens[at]
            if depth == 1 and token.kind in SCALARS | {Kind.ARRAY}:
                return False
            if token.kind in (Kind.ARRAY, Kind.OBJECT):
                depth += 1
                if depth == 2:
                    objects += 1
                    if self._tokens[at + 1].kind is Kind.OBJECT_END:
                        return False
            elif token.kind in (Kind.ARRAY_END, Kind.OBJECT_END):
                depth -= 1
                if not depth:
                    return objects > 1
            elif depth == 2 and token.kind is Kind.NAME and token.text in OPERATORS:
                return False
            at += 1
