"""From when on `pileus logs` shows events."""

from datetime import UTC, datetime

import pytest

from pileus.reading_logs import LogEvent, shown, since_ms

_NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("30s", datetime(2026, 3, 5, 11, 59, 30, tzinfo=UTC)),
        ("10m", datetime(2026, 3, 5, 11, 50, tzinfo=UTC)),
        (" 2 h ", datetime(2026, 3, 5, 10, 0, tzinfo=UTC)),
        ("1d", datetime(2026, 3, 4, 12, 0, tzinfo=UTC)),
        ("1w", datetime(2026, 2, 26, 12, 0, tzinfo=UTC)),
        ("2026-03-05T10:00", datetime(2026, 3, 5, 10, 0, tzinfo=UTC)),
        ("2026-03-05T10:00+02:00", datetime(2026, 3, 5, 8, 0, tzinfo=UTC)),
        ("9999999w", datetime(1970, 1, 1, tzinfo=UTC)),  # longer ago than there are dates
        ("yesterday", None),
        ("", None),
    ],
)
def test_since(text: str, at: datetime | None) -> None:
    """Periods ago, or times; UTC unless they say otherwise."""
    assert since_ms(text, now=_NOW) == (None if at is None else int(at.timestamp() * 1000))


def test_shown() -> None:
    """One line, with milliseconds and without the newline that the event ends with."""
    event = LogEvent("1", 1_772_704_800_007, "s", "text\n")
    assert shown(event) == "2026-03-05T10:00:00.007Z text"
