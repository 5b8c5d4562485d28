"""Does an ARN match a pattern, part by part?

Two rules, by the two places where AWS matches ARNs:

- The ARN operators of a condition check each of the six parts by itself; no wildcard crosses a colon, but the sixth
  part may contain colons. Source: IAM User Guide, "Condition operators", "ARN condition operators".
- The Resource element is one text, in which a star at the end of a part may go on beyond the colon, and any other
  wildcard in the first five parts stays in its part. Source: IAM User Guide, "JSON policy elements: Resource".
"""

from functools import lru_cache
from itertools import takewhile
from typing import Final

from pileus.kernel.auth.policy.globs import ANY, STAR, Matcher, is_literal, matcher

_PARTS: Final = 6
_COMPILED_MAX: Final = 4096


@lru_cache(maxsize=_COMPILED_MAX)
def arn_matcher(pattern: str) -> Matcher:
    """Of an ARN operator. A pattern that is no ARN matches nothing, but for `*`."""
    if is_literal(pattern) or pattern == STAR:
        return matcher(pattern)
    return _Parts(pattern).matches


class _Parts:
    """Six parts. Those that are no more than `*` need no look; the last is looked at first, as it differs most."""

    __slots__ = ("_checked", "_head", "_whole")

    def __init__(self, pattern: str) -> None:
        parts = pattern.split(":", _PARTS - 1)
        self._whole = len(parts) == _PARTS
        literal = list(takewhile(is_literal, parts[:-1]))
        self._head = "".join(f"{part}:" for part in literal)
        rest = [(index, matcher(part)) for index, part in enumerate(parts) if index >= len(literal) and part != STAR]
        self._checked = tuple(reversed(rest))

    def matches(self, text: str) -> bool:
        if not self._whole or not text.startswith(self._head):
            return False
        parts = text.split(":", _PARTS - 1)
        if len(parts) != _PARTS:
            return False
        for index, matches in self._checked:  # noqa: SIM110 - all() costs twice
            if not matches(parts[index]):
                return False
        return True


@lru_cache(maxsize=_COMPILED_MAX)
def resource_matcher(pattern: str) -> Matcher:
    """Of the Resource element."""
    head = pattern.split(":", _PARTS - 1)[: _PARTS - 1]
    if any(STAR in part.rstrip(STAR) or ANY in part for part in head):
        return _Confined(pattern).matches
    return matcher(pattern)


class _Confined:
    """A pattern some of whose wildcards must not cross a colon, as a set of places in it, one bit each.

    Bit n of a set of places: the first n symbols of the pattern have matched so far. One step per character of the
    text, whatever the pattern; looking for pieces from left to right would be wrong here, as a star that may cross
    a colon and one that may not do not want the same places.
    """

    __slots__ = ("_any", "_any_free", "_final", "_literals", "_star", "_star_free")

    def __init__(self, pattern: str) -> None:
        self._literals: dict[str, int] = {}
        self._any = self._any_free = self._star = self._star_free = 0
        colons = bit = 0
        for index, symbol in enumerate(pattern):
            if symbol == STAR and pattern[index + 1 : index + 2] == STAR:
                continue
            free = colons >= _PARTS - 1
            if symbol == STAR:
                self._star |= 1 << bit
                if free or pattern[index + 1 : index + 2] in ("", ":"):
                    self._star_free |= 1 << bit
            elif symbol == ANY:
                self._any |= 1 << bit
                self._any_free |= (1 << bit) if free else 0
            else:
                self._literals[symbol] = self._literals.get(symbol, 0) | 1 << bit
                colons += symbol == ":"
            bit += 1
        self._final = 1 << bit

    def matches(self, text: str) -> bool:
        places = self._past_stars(1)
        for char in text:
            stars, anys = (self._star_free, self._any_free) if char == ":" else (self._star, self._any)
            stepped = places & (self._literals.get(char, 0) | anys)
            places = self._past_stars(stepped << 1 | places & stars)
            if not places:
                return False
        return bool(places & self._final)

    def _past_stars(self, places: int) -> int:
        """A star may match nothing."""
        return places | (places & self._star) << 1
