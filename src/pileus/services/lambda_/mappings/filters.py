"""Which records does a mapping let through?

Source: Lambda Developer Guide, "Control which events Lambda sends to your function". Patterns are applied to the record
as the function would get it.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from pileus.kernel.event_patterns import EventPattern, PatternSyntax, compile_pattern
from pileus.services.lambda_.errors import InvalidParameterValueException
from pileus.services.lambda_.mappings.sources import SourceRecord

_read: Final = msgspec.json.Decoder().decode

FILTERS_MAX: Final = 5
"""Of a mapping; AWS raises it to 10 on request."""


class RecordFilter:
    """Any of the patterns; without patterns, everything."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns: list[EventPattern] = [compile_pattern(pattern) for pattern in patterns]

    def passes(self, record: SourceRecord) -> bool:
        if not self._patterns:
            return True
        event = _read(record.json)
        return any(pattern.matches(event) for pattern in self._patterns)


def check_filters(patterns: Sequence[str | None]) -> list[str]:
    """Or InvalidParameterValueException. Recording lambda, test_dynamodb_invalid_event_filter."""
    if len(patterns) > FILTERS_MAX:
        raise InvalidParameterValueException(f"A mapping can have {FILTERS_MAX} filters, not {len(patterns)}.")
    checked = []
    for pattern in patterns:
        try:
            compile_pattern(pattern or "")
        except PatternSyntax:
            raise InvalidParameterValueException("Invalid filter pattern definition.") from None
        checked.append(pattern or "")
    return checked
