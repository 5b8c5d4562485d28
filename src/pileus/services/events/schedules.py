"""When does a schedule expression fire next?

`rate(5 minutes)` counts from when the rule was made or enabled; `cron(0 12 ? * MON-FRI *)` is UTC.

Source: EventBridge User Guide, "Cron expressions reference", "Rate expressions reference"; recordings events_schedule.
"""

import calendar
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from pileus.services.events.errors import ValidationException

_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)", re.ASCII)
_CRON: Final = re.compile(r"cron\(([^()]*)\)")
_UNITS: Final = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_MONTHS: Final = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS: Final = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_NAMELESS: Final[Mapping[str, int]] = {}
_YEARS: Final = (1970, 2199)
_STEPS: Final = re.compile(r"([^/]+)/(\d+)", re.ASCII)


class Rate(NamedTuple):
    every: timedelta

    def after(self, moment: datetime) -> datetime | None:
        return moment + self.every


class Cron(NamedTuple):
    """last_day: `L`; weekday_near: of `15W`; last_weekday: of `6L`; nth_weekday: of `2#3`, the day and which one."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    years: frozenset[int]
    last_day: bool = False
    last_weekday_of_month: bool = False
    weekday_near: int = 0
    last_weekday: int = 0
    nth_weekday: tuple[int, int] = (0, 0)

    def after(self, moment: datetime) -> datetime | None:
        """The first moment later than this one; None when there is none."""
        start = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        for year in sorted(year for year in self.years if year >= start.year):
            for month in sorted(self.months):
                if (year, month) < (start.year, start.month):
                    continue
                for day in self._days_of(year, month):
                    found = self._time_of(datetime(year, month, day, tzinfo=UTC), start)
                    if found is not None:
                        return found
            if year > start.year + 400:  # the calendar repeats itself
                break
        return None

    def _time_of(self, day: datetime, start: datetime) -> datetime | None:
        if day.date() < start.date():
            return None
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                found = day.replace(hour=hour, minute=minute)
                if found >= start:
                    return found
        return None

    def _days_of(self, year: int, month: int) -> list[int]:
        count = calendar.monthrange(year, month)[1]
        last = datetime(year, month, count, tzinfo=UTC)
        if self.last_day:
            return [count]
        if self.last_weekday_of_month:
            return [_nearest_weekday(year, month, count)]
        if self.weekday_near:
            return [_nearest_weekday(year, month, self.weekday_near)] if self.weekday_near <= count else []
        if self.last_weekday:
            return [count - (_weekday(last) - self.last_weekday) % 7]
        if self.nth_weekday[0]:
            wanted, which = self.nth_weekday
            first = 1 + (wanted - _weekday(datetime(year, month, 1, tzinfo=UTC))) % 7
            day = first + (which - 1) * 7
            return [day] if day <= count else []
        return [
            day
            for day in range(1, count + 1)
            if day in self.days and _weekday(datetime(year, month, day, tzinfo=UTC)) in self.weekdays
        ]


Schedule = Rate | Cron


def schedule_of(expression: str) -> Schedule:
    """ValidationException."""
    rate = _RATE.fullmatch(expression)
    if rate is not None:
        count = int(rate[1])
        if count >= 1 and (count == 1) == (rate[3] == "") and count <= 1_000_000:
            return Rate(count * _UNITS[rate[2]])
        raise _invalid()
    cron = _CRON.fullmatch(expression)
    if cron is None:
        raise _invalid()
    fields = cron[1].split()
    if len(fields) != 6:
        raise _invalid()
    return _cron(fields)


def _cron(fields: list[str]) -> Cron:
    minutes, hours, days, months, weekdays, years = (field.upper() for field in fields)
    if (days == "?") == (weekdays == "?"):
        raise _invalid()
    every_day, every_weekday = frozenset(range(1, 32)), frozenset(range(1, 8))
    cron = Cron(
        minutes=_numbers(minutes, 0, 59),
        hours=_numbers(hours, 0, 23),
        days=every_day,
        months=_numbers(months, 1, 12, _MONTHS),
        weekdays=every_weekday,
        years=_numbers(years, *_YEARS),
    )
    return _with_weekdays(cron, weekdays) if days == "?" else _with_days(cron, days)


def _with_days(cron: Cron, field: str) -> Cron:
    if field == "L":
        return cron._replace(last_day=True)
    if field == "LW":
        return cron._replace(last_weekday_of_month=True)
    if field.endswith("W"):
        return cron._replace(weekday_near=_number(field[:-1], 1, 31, _NAMELESS))
    return cron._replace(days=_numbers(field, 1, 31))


def _with_weekdays(cron: Cron, field: str) -> Cron:
    if field == "L":
        return cron._replace(weekdays=frozenset({7}))
    if field.endswith("L"):
        return cron._replace(last_weekday=_number(field[:-1], 1, 7, _DAYS))
    if "#" in field:
        day, _, which = field.partition("#")
        return cron._replace(nth_weekday=(_number(day, 1, 7, _DAYS), _number(which, 1, 5, _NAMELESS)))
    return cron._replace(weekdays=_numbers(field, 1, 7, _DAYS))


def _numbers(field: str, low: int, high: int, names: Mapping[str, int] = _NAMELESS) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        found |= _part(part, low, high, names)
    return frozenset(found)


def _part(part: str, low: int, high: int, names: Mapping[str, int]) -> set[int]:
    steps = _STEPS.fullmatch(part)
    if steps is not None:
        step = int(steps[2])
        if not 1 <= step <= high:
            raise _invalid()
        if "-" in steps[1]:
            return set(sorted(_part(steps[1], low, high, names))[::step])
        start = low if steps[1] == "*" else _number(steps[1], low, high, names)
        return set(range(start, high + 1, step))
    if part == "*":
        return set(range(low, high + 1))
    first, dash, last = part.partition("-")
    if not dash:
        return {_number(part, low, high, names)}
    begin, end = _number(first, low, high, names), _number(last, low, high, names)
    # A range may go over the end: FRI-MON.
    return set(range(begin, end + 1)) if begin <= end else {*range(begin, high + 1), *range(low, end + 1)}


def _number(text: str, low: int, high: int, names: Mapping[str, int]) -> int:
    if text in names:
        return names[text]
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise _invalid()
    return int(text)


def _weekday(day: datetime) -> int:
    """1 is Sunday."""
    return day.isoweekday() % 7 + 1


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """Monday to Friday, within the month."""
    weekday, count = _weekday(datetime(year, month, day, tzinfo=UTC)), calendar.monthrange(year, month)[1]
    if weekday == 7:
        return day - 1 if day > 1 else day + 2
    if weekday == 1:
        return day + 1 if day < count else day - 2
    return day


def _invalid() -> ValidationException:
    return ValidationException("Parameter ScheduleExpression is not valid.")
