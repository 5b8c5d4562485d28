"""Does a text match a LIKE pattern?

Each run between two `%` is sought once, from the left: what a pattern costs grows with the text, never with guesses.

Source: S3 User Guide, "Operators", "LIKE".
"""

import re
from collections.abc import Callable
from functools import lru_cache

from pileus.services.s3.select.errors import SelectError

Matcher = Callable[[str], bool]


@lru_cache(maxsize=256)
def like(pattern: str, escape: str | None) -> Matcher:
    """Raises `SelectError`."""
    runs = [re.compile(run, re.DOTALL) for run in _runs(pattern, escape)]
    if len(runs) == 1:
        whole = runs[0]
        return lambda text: whole.fullmatch(text) is not None
    first, last, between = runs[0], re.compile(f"(?:{runs[-1].pattern})\\Z", re.DOTALL), runs[1:-1]
    tail = _length(pattern, escape)

    def matches(text: str) -> bool:
        start = first.match(text)
        if start is None:
            return False
        at = start.end()
        for run in between:
            found = run.search(text, at)
            if found is None:
                return False
            at = found.end()
        return len(text) - tail >= at and last.match(text, len(text) - tail) is not None

    return matches


def _runs(pattern: str, escape: str | None) -> list[str]:
    """What stands between the `%`, as regular expressions of fixed length."""
    if escape is not None and len(escape) != 1:
        raise SelectError("EvaluatorLikePatternInvalidEscapeSequence")
    runs = [""]
    escaped = False
    for char in pattern:
        if escaped:
            if char not in {"%", "_", escape}:
                raise SelectError("EvaluatorLikePatternInvalidEscapeSequence")
            runs[-1] += re.escape(char)
            escaped = False
        elif char == escape:
            escaped = True
        elif char == "%":
            runs.append("")
        else:
            runs[-1] += "." if char == "_" else re.escape(char)
    if escaped:
        raise SelectError("EvaluatorLikePatternInvalidEscapeSequence")
    return runs


def _length(pattern: str, escape: str | None) -> int:
    """How many characters follow the last `%`."""
    count = 0
    escaped = False
    for char in pattern:
        if not escaped and char == escape:
            escaped = True
            continue
        count = 0 if char == "%" and not escaped else count + 1
        escaped = False
    return count
