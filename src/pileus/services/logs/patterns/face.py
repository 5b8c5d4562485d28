"""What can a filter pattern be asked?"""

from collections.abc import Mapping
from typing import Protocol

from pileus.services.logs.errors import InvalidParameterException


class Pattern(Protocol):
    """A filter pattern, understood."""

    @property
    def regexes(self) -> int:
        """How many regular expressions it has; AWS counts them for a group."""
        ...

    def matches(self, message: str) -> bool: ...

    def extract(self, message: str) -> Mapping[str, str] | None:
        """The values that the pattern names, by selector (`$.a.b`, `$status`); None when it does not match."""
        ...

    def value(self, message: str, selector: str) -> str | None:
        """What a selector means in a message that matches; None when there is no such thing."""
        ...

    def knows(self, selector: str) -> bool:
        """Whether a selector can mean anything here."""
        ...


class InvalidPattern(InvalidParameterException):
    """Not in the language. reason: what the service says when it knows more."""

    def __init__(self, reason: str = "Invalid filter pattern") -> None:
        super().__init__(reason)
