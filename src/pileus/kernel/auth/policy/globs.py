"""Does a text match a pattern of `*` and `?`, in time that no pattern can blow up?

Inside a pattern the two wildcards are STAR and ANY, two code points that no policy and no UTF-8 text can contain, so
that a `*` which came out of `${*}` or out of a variable's value is an ordinary character.

The time: a pattern is cut at its stars; each piece is looked for once, leftmost, and never again. That is right because
a star matches anything, so an earlier place for a piece leaves all that a later one would. Without `?` a piece is found
by `str.find`, linear also in the worst case; with `?` by an atomic group, at worst text times piece.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

STAR: Final = "\ud800"
ANY: Final = "\ud801"
_COMPILED_MAX: Final = 4096

Matcher = Callable[[str], bool]


def wild(text: str) -> str:
    """A policy's text as a pattern: every `*` and `?` in it is a wildcard."""
    return text.replace("*", STAR).replace("?", ANY)


def tame(text: str) -> str:
    """A value as a part of a pattern: whatever it contains stands for itself."""
    return text.replace(STAR, "\ufffd").replace(ANY, "\ufffd")


def is_literal(pattern: str) -> bool:
    return STAR not in pattern and ANY not in pattern


def literal_prefix(pattern: str) -> str | None:
    """`abc` of `abc*`; None of any other form."""
    if pattern.endswith(STAR) and is_literal(pattern[:-1]):
        return pattern[:-1]
    return None


def literal_suffix(pattern: str) -> str:
    """What a matching text must end with: `c` of `a*b?c`."""
    return pattern[max(pattern.rfind(STAR), pattern.rfind(ANY)) + 1 :]


@lru_cache(maxsize=_COMPILED_MAX)
def matcher(pattern: str) -> Matcher:
    """The quickest function that tells whether a text matches `pattern`."""
    if is_literal(pattern):
        return _Literal(pattern).matches
    prefix = literal_prefix(pattern)
    if prefix is not None:
        return _Prefix(prefix).matches if prefix else _everything
    if ANY in pattern:
        return _Expression(pattern).matches
    return _Pieces(pattern).matches


def _everything(text: str) -> bool:
    return True


class _Literal:
    __slots__ = ("_wanted",)

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted

    def matches(self, text: str) -> bool:
        return text == self._wanted


class _Prefix:
    __slots__ = ("_prefix",)

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def matches(self, text: str) -> bool:
        return text.startswith(self._prefix)


class _Pieces:
    """At least one star, no `?`."""

    __slots__ = ("_chars_min", "_first", "_last", "_middle")

    def __init__(self, pattern: str) -> None:
        self._first, *middle, self._last = pattern.split(STAR)
        self._middle = tuple(piece for piece in middle if piece)
        self._chars_min = len(self._first) + len(self._last)

    def matches(self, text: str) -> bool:
        if len(text) < self._chars_min or not text.startswith(self._first) or not text.endswith(self._last):
            return False
        at, end = len(self._first), len(text) - len(self._last)
        for piece in self._middle:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True


class _Expression:
    """`?` somewhere. Compiled when first used: a document may hold thousands that nobody asks about."""

    __slots__ = ("_expression", "_pattern")

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._expression: re.Pattern[str] | None = None

    def matches(self, text: str) -> bool:
        if self._expression is None:
            self._expression = re.compile(_as_expression(self._pattern), re.DOTALL)
        return self._expression.fullmatch(text) is not None


def _as_expression(pattern: str) -> str:
    first, *rest = (re.escape(piece).replace(ANY, ".") for piece in pattern.split(STAR))
    if not rest:
        return first
    *middle, last = rest
    return first + "".join(f"(?>.*?{piece})" for piece in middle if piece) + ".*" + last
