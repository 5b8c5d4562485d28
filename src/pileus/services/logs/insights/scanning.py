"""Which words and signs is a query made of?

A `/` divides, or begins a regular expression: only who reads knows. So tokens are read when they are asked for.
"""

import re
import warnings
from typing import Final, NamedTuple

import regex

from pileus.services.logs.errors import MalformedQueryException
from pileus.services.logs.insights.searching import Searcher

_BLANK: Final = re.compile(r"(?:\s+|#[^\n]*)*")
_TOKEN: Final = re.compile(
    r"""
      (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<quoted>`[^`]+`)
    | (?P<duration>\d+(?:(?:millisecond|second|minute|hour|day|week|month|quarter|year)s?|ms|mo|s|m|h|d|w|q|y)\b)
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<name>@{0,2}[A-Za-z_][A-Za-z0-9_@]*(?:\.[A-Za-z0-9_@]+)*)
    | (?P<sign>!=|<=|>=|=~|[=<>+\-*/^%()\[\],|])
    """,
    re.VERBOSE,
)
_REGEX: Final = re.compile(r"/((?:[^/\\\n]|\\.)+)/")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_CONTROL: Final = {"n": "\n", "t": "\t", "r": "\r"}


class Token(NamedTuple):
    """kind: as above, or `end`. start, end: where it stands."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """In lower case, when it is a bare word."""
        return self.text.lower() if self.kind == "name" else ""


class Scanner:
    """A place in a query."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._at = 0
        self._seen: Token | None = None

    @property
    def next(self) -> Token:
        if self._seen is None:
            start = self._skipped()
            if start == len(self.text):
                self._seen = Token("end", "", start, start)
            else:
                match = _TOKEN.match(self.text, start)
                if match is None or match.lastgroup is None:
                    # `/` begins a regular expression too, so it is a token; nothing else may be here.
                    raise self._malformed(self.text[start], start, start + 1)
                self._seen = Token(match.lastgroup, match[0], start, match.end())
        return self._seen

    def take(self) -> Token:
        token = self.next
        self._at, self._seen = token.end, None
        return token

    def taken(self, sign: str) -> bool:
        """Whether this sign comes next, which is then taken."""
        found = self.next.kind == "sign" and self.next.text == sign
        if found:
            self.take()
        return found

    def taken_word(self, word: str) -> bool:
        found = self.next.word == word
        if found:
            self.take()
        return found

    def expect(self, sign: str) -> None:
        if not self.taken(sign):
            raise self.unexpected()

    def regex(self) -> Searcher | None:
        """The regular expression that comes next, if one does."""
        start = self._skipped()
        match = _REGEX.match(self.text, start)
        if match is None:
            return None
        self._at, self._seen = match.end(), None
        return self.compiled(match[1].replace("\\/", "/"), start, match.end())

    def compiled(self, text: str, start: int, end: int) -> Searcher:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return Searcher(text)
        except (regex.error, OverflowError, RecursionError):
            raise self._malformed(text, start, end) from None

    @property
    def at(self) -> int:
        """Where the next token begins."""
        return self._skipped() if self._seen is None else self._seen.start

    def unexpected(self) -> MalformedQueryException:
        token = self.next
        return self._malformed(token.text or "end of query", token.start, max(token.end, token.start + 1))

    def wrong(self, reason: str, start: int) -> MalformedQueryException:
        return MalformedQueryException(reason, start=start, end=self._at)

    def _skipped(self) -> int:
        match = _BLANK.match(self.text, self._at)
        assert match is not None
        return match.end()

    def _malformed(self, found: str, start: int, end: int) -> MalformedQueryException:
        line = self.text.count("\n", 0, start) + 1
        return MalformedQueryException(
            f"unexpected symbol found {found} at line {line} and position {start}", start=start, end=end
        )


def unquoted(literal: str) -> str:
    return _ESCAPED.sub(lambda match: _CONTROL.get(match[1], match[1]), literal[1:-1])
