"""What do `${aws:username}` and its like stand for in a request?

Only version 2012-10-17 knows variables; in an older document the same text stands for itself. A variable without a
value and without a default has no meaning: nothing matches a text that contains it.

Source: IAM User Guide, "IAM policy elements: Variables and tags".
"""

import re
from collections.abc import Mapping
from typing import Final

from pileus.kernel.auth.policy.globs import tame, wild
from pileus.kernel.auth.policy.types import ContextValue

_VARIABLE: Final = re.compile(r"\$\{([^{}]*)\}")
_WITH_DEFAULT: Final = re.compile(r"([^,']+?)\s*,\s*'(.*)'\s*", re.DOTALL)
_SPECIAL: Final = frozenset("*?$")


class Template:
    """A pattern with holes, each a condition key and perhaps a default."""

    __slots__ = ("_holes", "_parts", "keys")

    def __init__(self, parts: tuple[str, ...], holes: tuple[tuple[str, str | None], ...]) -> None:
        assert len(parts) == len(holes) + 1
        self._parts = parts
        self._holes = holes
        self.keys = frozenset(key for key, default in holes if default is None)

    def fill(self, conditions: Mapping[str, ContextValue]) -> str | None:
        """The pattern for this request; None when a variable has no value.

        A multivalued key is no variable ("Single-valued vs. multivalued context keys").
        """
        filled = [self._parts[0]]
        for (key, default), part in zip(self._holes, self._parts[1:], strict=True):
            value = conditions.get(key)
            if not isinstance(value, str):
                value = value[0] if value is not None and len(value) == 1 else default
            if value is None:
                return None
            filled += (tame(value), part)
        return "".join(filled)


def pattern_of(text: str, *, variables: bool, wildcards: bool, first_at: int = 0) -> str | Template:
    """A policy's text as a pattern, or as a template when it names condition keys.

    variables: whether the document's version knows them; wildcards: whether `*` and `?` are any here.
    first_at: where variables may begin; before it their text stands for itself.
    """
    treat = wild if wildcards else tame
    if not variables or "${" not in text:
        return treat(text)
    parts, holes, at = [""], list[tuple[str, str | None]](), 0
    for found in _VARIABLE.finditer(text, first_at):
        parts[-1] += treat(text[at : found.start()])
        at, inside = found.end(), found.group(1)
        if inside in _SPECIAL:
            parts[-1] += inside
            continue
        defaulted = _WITH_DEFAULT.fullmatch(inside)
        key, default = (defaulted[1], defaulted[2]) if defaulted else (inside, None)
        holes.append((key.strip().lower(), default))
        parts.append("")
    parts[-1] += treat(text[at:])
    return Template(tuple(parts), tuple(holes)) if holes else parts[0]
