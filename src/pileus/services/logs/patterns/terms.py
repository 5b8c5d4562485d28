"""Which events does a pattern of terms match?

All plain terms must occur, none that begins with `-` may, and of those that begin with `?` one must, unless there are
others: then `?` terms are ignored. Matching is by substring and respects case. A term of more than letters, digits and
underscores stands in double quotes, a regular expression between `%`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pileus.services.logs.patterns.comparing import unquoted
from pileus.services.logs.patterns.face import InvalidPattern
from pileus.services.logs.patterns.regexes import searcher

_TERM: Final = re.compile(r'\s*([-?]?)(?:("(?:[^"\\]|\\.)*")|(%(?:[^%\\]|\\.)+%)|([^\s"]+))(?=\s|$)')
_WORD: Final = re.compile(r"[\w]+")

_Occurs = Callable[[str], bool]


class TermsPattern:
    """Without terms it matches everything."""

    def __init__(self, terms: Mapping[str, Sequence[_Occurs]], regexes: int) -> None:
        """terms: by their sign."""
        self._required, self._excluded = terms[""], terms["-"]
        self._optional = () if self._required or self._excluded else terms["?"]
        self._regexes = regexes

    @property
    def regexes(self) -> int:
        return self._regexes

    def matches(self, message: str) -> bool:
        if not all(occurs(message) for occurs in self._required):
            return False
        if any(occurs(message) for occurs in self._excluded):
            return False
        return not self._optional or any(occurs(message) for occurs in self._optional)

    def extract(self, message: str) -> Mapping[str, str] | None:
        return {} if self.matches(message) else None

    def value(self, message: str, selector: str) -> str | None:
        return None

    def knows(self, selector: str) -> bool:
        return False


def parse_terms(text: str) -> TermsPattern:
    """InvalidPattern."""
    terms: dict[str, list[_Occurs]] = {"": [], "-": [], "?": []}
    at = regexes = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise InvalidPattern
        sign, quoted, expression, word = match.groups()
        if expression is not None:
            regexes += 1
            terms[sign].append(searcher(expression[1:-1]))
        else:
            terms[sign].append(_containing(unquoted(quoted) if quoted is not None else _word(word)))
        at = match.end()
    return TermsPattern(terms, regexes)


def _containing(term: str) -> _Occurs:
    return lambda message: term in message


def _word(word: str) -> str:
    if not _WORD.fullmatch(word):
        raise InvalidPattern(f"Invalid character(s) in term '{word}'")
    return word
