"""Which log events does a filter pattern match?

Terms, as CloudWatch documents them for unstructured events: all plain terms must occur, none that begins with `-` may,
and of those that begin with `?` one must, unless there are others: then `?` terms are ignored. Matching is by
substring and respects case. A term of more than letters, digits and underscores stands in double quotes.

Source: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, filter log events".
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.logs.errors import InvalidParameterException

_TERM: Final = re.compile(r'\s*([-?]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)')
_WORD: Final = re.compile(r"[\w]+")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """A filter pattern, understood. Without terms it matches everything."""

    required: Sequence[str] = ()
    excluded: Sequence[str] = ()
    optional: Sequence[str] = ()

    def matches(self, message: str) -> bool:
        if any(term not in message for term in self.required) or any(term in message for term in self.excluded):
            return False
        if self.required or self.excluded or not self.optional:
            return True
        return any(term in message for term in self.optional)


@lru_cache(maxsize=256)
def parse(text: str) -> Pattern:
    """InvalidParameterException; NotImplementedByPileus for JSON, space-delimited and regular expression patterns."""
    stripped = text.strip()
    if stripped.startswith(("{", "[")):
        kind = "JSON" if stripped.startswith("{") else "Space-delimited"
        raise NotImplementedByPileus(f"{kind} filter patterns are not implemented")
    terms: dict[str, list[str]] = {"": [], "-": [], "?": []}
    at = 0
    while at < len(stripped):
        match = _TERM.match(stripped, at)
        if match is None:
            raise InvalidParameterException("Invalid filter pattern")
        sign, quoted, word = match.groups()
        terms[sign].append(_ESCAPED.sub(r"\1", quoted) if quoted is not None else _word(word))
        at = match.end()
    return Pattern(required=tuple(terms[""]), excluded=tuple(terms["-"]), optional=tuple(terms["?"]))


def _word(word: str) -> str:
    if word.startswith("%") and word.endswith("%") and len(word) > 1:
        raise NotImplementedByPileus("Regular expressions in filter patterns are not implemented")
    if not _WORD.fullmatch(word):
        raise InvalidParameterException(f"Invalid character(s) in term '{word}'")
    return word
