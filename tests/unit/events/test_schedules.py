"""When schedule expressions fire. Recording events/events_schedule has those that AWS takes and refuses."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from pileus.services.events.errors import ValidationException
from pileus.services.events.schedules import schedule_of

_FROM: Final = datetime(2026, 11, 23, 22, 50, 30, tzinfo=UTC)
"""A Monday."""


def times(expression: str, count: int = 3, start: datetime = _FROM) -> list[str]:
    found: list[str] = []
    moment: datetime | None = start
    for _ in range(count):
        assert moment is not None
        moment = schedule_of(expression).after(moment)
        if moment is None:
            break
        found.append(moment.strftime("%Y-%m-%d %H:%M"))
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 10 * * ? *)", ["2026-11-24 10:00", "2026-11-25 10:00", "2026-11-26 10:00"]),
        ("cron(15 12 * * ? *)", ["2026-11-24 12:15", "2026-11-25 12:15", "2026-11-26 12:15"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-11-24 18:00", "2026-11-25 18:00", "2026-11-26 18:00"]),
        ("cron(0 8 1 * ? *)", ["2026-12-01 08:00", "2027-01-01 08:00", "2027-02-01 08:00"]),
        ("cron(0/15 * * * ? *)", ["2026-11-23 23:00", "2026-11-23 23:15", "2026-11-23 23:30"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-11-24 08:00", "2026-11-24 08:05", "2026-11-24 08:10"]),
        ("cron(0/30 20-23 ? * MON-FRI *)", ["2026-11-23 23:00", "2026-11-23 23:30", "2026-11-24 20:00"]),
        ("cron(0 2 ? * SAT *)", ["2026-11-28 02:00", "2026-12-05 02:00", "2026-12-12 02:00"]),
        ("cron(5,35 14 * * ? *)", ["2026-11-24 14:05", "2026-11-24 14:35", "2026-11-25 14:05"]),
        ("cron(0 2 ? * SAT#3 *)", ["2026-12-19 02:00", "2027-01-16 02:00", "2027-02-20 02:00"]),
        ("cron(15 10 ? * 6L *)", ["2026-11-27 10:15", "2026-12-25 10:15", "2027-01-29 10:15"]),
        ("cron(15 10 ? * 6L 2002-2005)", []),
        ("cron(0/5 5 ? JAN 1-5 2022)", []),
        ("cron(0 0 L * ? *)", ["2026-11-30 00:00", "2026-12-31 00:00", "2027-01-31 00:00"]),
        ("cron(0 0 LW * ? *)", ["2026-11-30 00:00", "2026-12-31 00:00", "2027-01-29 00:00"]),
        ("cron(0 0 15W * ? *)", ["2026-12-15 00:00", "2027-01-15 00:00", "2027-02-15 00:00"]),
        ("cron(0 0 1W 5,8 ? 2027)", ["2027-05-03 00:00", "2027-08-02 00:00"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("cron(0 0 31 2 ? *)", []),
        ("cron(0 12 ? * FRI-MON *)", ["2026-11-27 12:00", "2026-11-28 12:00", "2026-11-29 12:00"]),
        ("cron(0 12 ? 1/6 2#1 *)", ["2027-01-04 12:00", "2027-07-05 12:00", "2028-01-03 12:00"]),
        ("cron(51 22 23 11 ? 2026)", ["2026-11-23 22:51"]),
        ("rate(1 minute)", ["2026-11-23 22:51", "2026-11-23 22:52", "2026-11-23 22:53"]),
        ("rate(2 days)", ["2026-11-25 22:50", "2026-11-27 22:50", "2026-11-29 22:50"]),
    ],
)
def test_the_moments_of_an_expression(expression: str, expected: list[str]) -> None:
    """tests_put_rule_with_schedule_cron: each that AWS takes, and when it fires."""
    assert times(expression) == expected


def test_what_never_fires_is_soon_known() -> None:
    """February has no 31st in any year: the search ends."""
    assert schedule_of("cron(0 0 31 2 ? *)").after(_FROM) is None
    assert schedule_of("rate(12 hours)").after(_FROM) == _FROM + timedelta(hours=12)


@pytest.mark.parametrize(
    "expression",
    [
        "cron(INVALID)",
        "cron(0 dummy ? * MON-FRI *)",
        "cron(7 20 * * NOT *)",
        "cron(71 8 1 * ? *)",
        "cron(0 1 * * * *)",
        "cron(0 1 ? * ? *)",
        "cron(0 1 * * ?)",
        "cron(0 24 * * ? *)",
        "cron(0 0 0 * ? *)",
        "cron(0 0 32W * ? *)",
        "cron(0 0 ? * 8L *)",
        "cron(0 0 ? * 2#6 *)",
        "cron(0 0 1 13 ? *)",
        "cron(0 0 1 1 ? 1969)",
        "cron(0/0 0 1 1 ? *)",
        "cron(, 0 1 1 ? *)",
        "cron(0 0 1 1 ? *",
        "rate(1 minutes)",
        "rate(2 minute)",
        "rate(0 days)",
        "rate(-1 days)",
        "rate(1 week)",
        "rate(99999999999 days)",
        "",
        "5 minutes",
    ],
)
def test_expressions_that_are_none(expression: str) -> None:
    """tests_put_rule_with_invalid_schedule_cron."""
    with pytest.raises(ValidationException) as caught:
        schedule_of(expression)
    assert caught.value.message == "Parameter ScheduleExpression is not valid."
