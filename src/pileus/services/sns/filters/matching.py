"""Does a message pass a filter policy?

The attributes of a message become an event, as its body is one, and the kernel's patterns say whether it passes: a
`String` is a string, a `Number` a number, a `String.Array` its elements; `Binary` is no attribute to a filter. A body
that is no JSON object passes nothing (recordings sns_filter_policy, `test_filter_policy_on_message_body`).

Of an array, one value that fits is enough, for `anything-but` too: so say both examples of the SNS Developer Guide,
"String value matching", against one sentence of its own ("if none of the array elements are listed").
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, Protocol

import msgspec

from pileus.kernel.event_pattern_values import PatternSyntax
from pileus.kernel.event_patterns import EventPattern, compile_value
from pileus.services.sns.filters.complexity import check_complexity, check_size
from pileus.services.sns.filters.reading import read_policy
from pileus.services.sns.filters.refusing import refused

_UNREAD: Final[Any] = object()
_read: Final = msgspec.json.Decoder().decode


class Scope(Enum):
    """What of a message a policy looks at."""

    ATTRIBUTES = "MessageAttributes"
    BODY = "MessageBody"


class Attribute(Protocol):
    """What a filter knows of a message attribute; its type is `String`, `String.Array`, `Number` or `Binary`."""

    @property
    def data_type(self) -> str: ...
    @property
    def string_value(self) -> str | None: ...


class Candidate:
    """A message on its way to many subscriptions."""

    __slots__ = ("_attributes", "_body", "_event", "_values", "foreseen")

    def __init__(self, attributes: Mapping[str, Attribute], body: str) -> None:
        self.foreseen: dict[str, bool] | None = None
        self._attributes = attributes
        self._body = body
        self._event: Any = _UNREAD
        self._values: dict[str, object] | None = None

    @property
    def event(self) -> object:
        """The body as JSON values; None where it is no object."""
        if self._event is _UNREAD:
            try:
                event = _read(self._body)
            except (ValueError, RecursionError):
                event = None
            self._event = event if isinstance(event, dict) else None
        return self._event

    @property
    def values(self) -> dict[str, object]:
        """The attributes as JSON values."""
        if self._values is None:
            self._values = {}
            for name, attribute in self._attributes.items():
                value = _value(attribute)
                if value is not _UNREAD:
                    self._values[name] = value
        return self._values


class CompiledFilter:
    """A policy that was read."""

    __slots__ = ("_pattern", "_text", "scope")

    def __init__(self, text: str, pattern: EventPattern, scope: Scope) -> None:
        self._text = text
        self._pattern = pattern
        self.scope = scope

    def accepts(self, candidate: Candidate) -> bool:
        if self.scope is Scope.ATTRIBUTES:
            return self._pattern.matches(candidate.values)
        if candidate.foreseen is not None and self._text in candidate.foreseen:
            return candidate.foreseen[self._text]
        event = candidate.event
        return event is not None and self._pattern.matches(event)

    def foresee(self, candidate: Candidate) -> bool:
        """The same, and the answer is kept for whoever has this policy, too: of a large body it takes long."""
        if self.scope is Scope.ATTRIBUTES:
            return self.accepts(candidate)
        if candidate.foreseen is None:
            candidate.foreseen = {}
        accepted = candidate.foreseen[self._text] = self.accepts(candidate)
        return accepted

    def matches(self, attributes: Mapping[str, Attribute], body: str) -> bool:
        """The same of a message that nobody else wants."""
        return self.accepts(Candidate(attributes, body))


def parse(text: str, scope: Scope) -> CompiledFilter:
    """A policy as it was given; FilterPolicyRefused."""
    check_size(text)
    policy = read_policy(text)
    check_complexity(policy, nested=scope is Scope.BODY)
    try:
        pattern = compile_value(policy)
    except PatternSyntax as error:
        # What is wrong with a network AWS says without a place (recordings error-condition-bad-cidr...).
        raise refused(error.reason) from None
    return CompiledFilter(text, pattern, scope)


def _value(attribute: Attribute) -> object:
    """As JSON; _UNREAD of what a filter does not see. A label behind the type (`Number.int`) changes nothing."""
    text = attribute.string_value
    kind, _, label = attribute.data_type.partition(".")
    if text is None or kind == "Binary":
        return _UNREAD
    if kind == "Number":
        return _number(text)
    if label == "Array":
        return _array(text)
    return text


def _number(text: str) -> object:
    try:
        value = int(text) if text.lstrip("+-").isdigit() and len(text) < 400 else float(text)
    except ValueError:
        return text
    return value if value == value else text  # what is no number equals nothing, not even itself


def _array(text: str) -> object:
    """Its scalars; a text that is no array is no attribute to a filter."""
    try:
        elements = _read(text)
    except (ValueError, RecursionError):
        return _UNREAD
    if not isinstance(elements, list):
        return _UNREAD
    return [each for each in elements if not isinstance(each, dict | list)]
