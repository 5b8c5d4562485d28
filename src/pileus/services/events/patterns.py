"""Is a text an event pattern, as EventBridge wants it?

Source: recordings events_patterns, `test_event_pattern[..._EXC]`.
"""

from pileus.kernel.event_patterns import EventPattern, PatternSyntax, compile_pattern
from pileus.services.events.errors import InvalidEventPatternException


def pattern_of(text: str) -> EventPattern:
    """InvalidEventPatternException."""
    try:
        return compile_pattern(text)
    except PatternSyntax as error:
        from pileus.services.events.pattern_places import places_of  # imported when the first is wrong

        raise InvalidEventPatternException(error.reason + places_of(text, error.reason)) from None
