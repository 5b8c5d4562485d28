"""How does a regular expression of a query search a text, when it might never come to an end?

Some try exponentially many ways (`^(a|aa)+$` in a row of a's), and a search holds up everybody. So one has a
twentieth of a second for each text, and a query whose expression takes longer fails. `re` knows no such limit; `regex`,
which takes the same expressions, does.
"""

from typing import Final

import regex

SEARCH_S_MAX: Final = 0.05


class SearchTooSlow(Exception):
    """The expression of a query takes too long for a text; the query has failed."""


class Searcher:
    """A compiled expression. `regex.error` when it is none."""

    __slots__ = ("_compiled", "groups")

    def __init__(self, text: str) -> None:
        self._compiled = regex.compile(text)
        self.groups: dict[str, int] = dict(self._compiled.groupindex)
        """The numbers of the named groups."""

    def search(self, text: str) -> "regex.Match[str] | None":
        """Where it is found first; SearchTooSlow."""
        try:
            return self._compiled.search(text, timeout=SEARCH_S_MAX)
        except TimeoutError:
            raise SearchTooSlow from None
