"""Does a regular expression of a filter pattern occur in a text, in time that grows only with the text?

A library's expressions try one way after the other: `a*a*a*a*b` takes seconds for fifty letters, and everybody waits.
Those of filter patterns have no groups, so each alternative is a row of single characters, some of which may be left
out or repeated. That is an automaton whose state is a set of places in the row, kept as the bits of a number. Which set
follows another by which character is found once and remembered, so a character costs a look into a dictionary.
"""

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from pileus.services.logs.patterns.face import InvalidPattern

_ALLOWED: Final = re.compile(
    r"(?:[A-Za-z0-9 :_#=@/;,\-^$?\[\]{}|*+.]|\\[dDsSwW]|\\x[0-9A-Fa-f]{2}|\\[^A-Za-z0-9\x80-\U0010ffff])+"
)
"""Source: User Guide, "Supported regular expressions (regex) syntax"."""
_ITEM: Final = re.compile(
    r"""(?P<one>\[\^?\]?(?:[^\]\\]|\\.)*\]|\\x[0-9A-Fa-f]{2}|\\.|[^\\|*+?{^$]|\{(?!(?:\d+,?\d*|,\d*)\}))
      (?P<times>[*+?]|\{(?:\d+,?\d*|,\d*)\})?(?P<lazy>\?)?""",
    re.VERBOSE | re.DOTALL,
)
_TIMES: Final = re.compile(r"\{(\d*)(,?)(\d*)\}")
_PLACES_MAX: Final = 1_000
_STEPS_KEPT_MAX: Final = 2_048


class _Place(NamedTuple):
    """One character of the row."""

    fits: Callable[[str], object]
    optional: bool
    repeated: bool


def searcher(text: str) -> Callable[[str], bool]:
    """What tells whether the expression occurs in a text; InvalidPattern."""
    if not _ALLOWED.fullmatch(text):
        raise InvalidPattern("Invalid regular expression in filter pattern")
    whole = _compiled(text)
    if not re.search(r"[*+?{]", text):
        return lambda message: whole.search(message) is not None
    automata = [_automaton(part) for part in _alternatives(text)]
    if len(automata) == 1:
        return automata[0].search
    return lambda message: any(automaton.search(message) for automaton in automata)


def _compiled(text: str) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of what Python may once read `[[` as
            return re.compile(text, re.ASCII)
    except (re.error, OverflowError, RecursionError):
        raise InvalidPattern("Invalid regular expression in filter pattern") from None


def _alternatives(text: str) -> Sequence[str]:
    parts, at = [""], 0
    while at < len(text):
        match = _ITEM.match(text, at)
        piece = match[0] if match is not None else text[at]
        if piece == "|":
            parts.append("")
        else:
            parts[-1] += piece
        at += len(piece)
    return parts


def _automaton(text: str) -> "_Automaton":
    escapes = len(text[:-1]) - len(text[:-1].rstrip("\\"))
    at_start, at_end = text.startswith("^"), text.endswith("$") and escapes % 2 == 0
    at, end = int(at_start), len(text) - at_end
    places: list[_Place] = []
    while at < end:
        match = _ITEM.match(text, at, end)
        if match is None:
            raise InvalidPattern("Invalid regular expression in filter pattern")
        places += _repeated(_compiled(match["one"]).fullmatch, match["times"] or "")
        if len(places) > _PLACES_MAX:
            raise InvalidPattern("Invalid regular expression in filter pattern")
        at = match.end()
    return _Automaton(places, at_start=at_start, at_end=at_end)


def _repeated(fits: Callable[[str], object], times: str) -> Sequence[_Place]:
    match times:
        case "":
            return [_Place(fits, optional=False, repeated=False)]
        case "?":
            return [_Place(fits, optional=True, repeated=False)]
        case "*":
            return [_Place(fits, optional=True, repeated=True)]
        case "+":
            return [_Place(fits, optional=False, repeated=True)]
    match_ = _TIMES.fullmatch(times)
    assert match_ is not None
    least = min(int(match_[1] or 0), _PLACES_MAX + 1)
    once = _Place(fits, optional=False, repeated=False)
    if not match_[2]:
        return [once] * least
    if not match_[3]:
        return [*[once] * least, _Place(fits, optional=True, repeated=True)]
    more = min(int(match_[3]) - least, _PLACES_MAX + 1)
    return [*[once] * least, *[_Place(fits, optional=True, repeated=False)] * more]


class _Automaton:
    """A set of places has the bit of each place that may take the next character, and one more for the end."""

    def __init__(self, places: Sequence[_Place], *, at_start: bool, at_end: bool) -> None:
        self._places = places
        self._at_start = at_start
        self._at_end = at_end
        self._end = 1 << len(places)
        self._reached = self._closures()
        self._begin = self._reached[0]
        self._steps: dict[tuple[int, str], int] = {}

    def _closures(self) -> Sequence[int]:
        """What is reached with a place: itself, and what follows while places may be left out."""
        reached = [self._end]
        for number in range(len(self._places) - 1, -1, -1):
            reached.append(1 << number | (reached[-1] if self._places[number].optional else 0))
        return reached[::-1]

    def search(self, message: str) -> bool:
        if not self._at_end:
            return self._search(message)
        return self._search(message) or (message.endswith("\n") and self._search(message[:-1]))

    def _search(self, message: str) -> bool:
        now, end, steps, at_end = self._begin, self._end, self._steps, self._at_end
        for character in message:
            if now & end and not at_end:
                return True
            step = now, character
            following = steps.get(step)
            if following is None:
                following = self._step(now, character)
            if following == 0:
                return False
            now = following
        return bool(now & end)

    def _step(self, now: int, character: str) -> int:
        following = 0 if self._at_start else self._begin
        for number, place in enumerate(self._places):
            if now >> number & 1 and place.fits(character):
                following |= self._reached[number + 1]
                if place.repeated:
                    following |= self._reached[number]
        if len(self._steps) >= _STEPS_KEPT_MAX:
            self._steps.clear()
        self._steps[now, character] = following
        return following
