"""What was found in a message so far?

A message is looked at many times: by the statements of a policy, and for each subscription. Whoever asks again is told
at once. One `Findings` belongs to one message, and goes with it.
"""

from collections.abc import Callable

from pileus.services.sns.protection.identifiers import Finding, find_all
from pileus.services.sns.protection.policy import Statement

Texts = tuple[str, tuple[tuple[str, str], ...]]
"""A message's body, and those by protocol."""


class Findings:
    """Remembers. Used by one thread at a time."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, tuple[str, ...]], dict[str, list[Finding]]] = {}
        self._masked: dict[tuple[tuple[Statement, ...], Texts], Texts] = {}

    def of(self, text: str, names: tuple[str, ...]) -> dict[str, list[Finding]]:
        """What of these identifiers is in a text, by name."""
        found = self._found.get((text, names))
        if found is None:
            found = self._found[text, names] = find_all(text, names)
        return found

    def masked(self, statements: tuple[Statement, ...], texts: Texts, mask: Callable[[], Texts]) -> Texts:
        """What these statements leave of a message."""
        left = self._masked.get((statements, texts))
        if left is None:
            left = self._masked[statements, texts] = mask()
        return left
