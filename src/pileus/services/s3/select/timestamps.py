"""What is a moment in a query: how is it read, written, counted and taken apart?

A moment knows how exactly it was given: `2007T` is a year. Fractions are kept to the microsecond.

Source: S3 User Guide, "Data types", "Date functions".
"""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

from pileus.services.s3.select.errors import SelectError

YEAR, MONTH, DAY, MINUTE, SECOND = range(5)
DATE_PARTS: Final = frozenset({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TIMEZONE_HOUR", "TIMEZONE_MINUTE"})
_ISO: Final = re.compile(
    r"(\d{4})(?:T|-(\d\d)(?:T|-(\d\d)(?:T?|T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)))", re.ASCII
)
_MICROSECOND_DIGITS: Final = 6
_PRECISION_OF: Final = {"YEAR": YEAR, "MONTH": MONTH, "DAY": DAY, "HOUR": MINUTE, "MINUTE": MINUTE, "SECOND": SECOND}
_LENGTHS: Final = {
    "DAY": timedelta(days=1),
    "HOUR": timedelta(hours=1),
    "MINUTE": timedelta(minutes=1),
    "SECOND": timedelta(seconds=1),
}


class Timestamp:
    """digits: of the fraction of a second. (No dataclass: the encoder of JSON would write one as a structure.)"""

    __slots__ = ("digits", "moment", "precision")

    def __init__(self, moment: datetime, precision: int = SECOND, digits: int = 0) -> None:
        self.moment = moment
        self.precision = precision
        self.digits = digits

    def __str__(self) -> str:
        at = self.moment
        if self.precision == YEAR:
            return f"{at.year:04}T"
        if self.precision == MONTH:
            return f"{at.year:04}-{at.month:02}T"
        if self.precision == DAY:
            return f"{at.year:04}-{at.month:02}-{at.day:02}"
        text = f"{at.year:04}-{at.month:02}-{at.day:02}T{at.hour:02}:{at.minute:02}"
        if self.precision == SECOND:
            text += f":{at.second:02}"
            text += f".{at.microsecond:06}"[: self.digits + 1] if self.digits else ""
        return text + offset_text(at, separator=":")


def offset_text(moment: datetime, *, separator: str, zulu: bool = True) -> str:
    """`Z` or as `+07:00`."""
    minutes = _offset_minutes(moment)
    if not minutes and zulu:
        return "Z"
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}{separator}{abs(minutes) % 60:02}"


def _offset_minutes(moment: datetime) -> int:
    offset = moment.utcoffset()
    assert offset is not None
    return int(offset.total_seconds()) // 60


def parse_timestamp(text: str) -> Timestamp:
    """Raises `ValueError`."""
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if month is None:
        return Timestamp(datetime(int(year), 1, 1, tzinfo=UTC), YEAR)
    if day is None:
        return Timestamp(datetime(int(year), int(month), 1, tzinfo=UTC), MONTH)
    if hour is None:
        return Timestamp(datetime(int(year), int(month), int(day), tzinfo=UTC), DAY)
    micros = int((fraction or "0")[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0"))
    moment = datetime(
        int(year), int(month), int(day), int(hour), int(minute), int(second or 0), micros, tzinfo=_zone(zone)
    )
    digits = min(len(fraction or ""), _MICROSECOND_DIGITS)
    return Timestamp(moment, MINUTE if second is None else SECOND, digits)


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-offset if text[0] == "-" else offset)


def of_datetime(moment: datetime) -> Timestamp:
    """A moment that a machine measured; without a zone it is UTC's."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    micros = f"{aware.microsecond:06}".rstrip("0")
    return Timestamp(aware, SECOND, len(micros))


def date_add(part: str, count: int, at: Timestamp) -> Timestamp:
    """As exact as it was, or as the part is. Raises `SelectError`."""
    precision = max(at.precision, _PRECISION_OF[part])
    try:
        if part in _LENGTHS:
            moment = at.moment + count * _LENGTHS[part]
        else:
            months = at.moment.year * 12 + at.moment.month - 1 + count * (12 if part == "YEAR" else 1)
            year, month = months // 12, months % 12 + 1
            day = min(at.moment.day, monthrange(year, month)[1])
            moment = at.moment.replace(year=year, month=month, day=day)
    except (ValueError, OverflowError):
        raise SelectError("IllegalSqlFunctionArgument") from None
    return Timestamp(moment, precision, at.digits)


def date_diff(part: str, first: Timestamp, second: Timestamp) -> int:
    """Whole parts from the first to the second; less than nothing when the second is earlier."""
    if first.moment > second.moment:
        return -date_diff(part, second, first)
    if part in _LENGTHS:
        return (second.moment - first.moment) // _LENGTHS[part]
    start, end = first.moment.astimezone(UTC), second.moment.astimezone(UTC)
    months = (end.year - start.year) * 12 + end.month - start.month
    if (end.day, end.time()) < (start.day, start.time()):
        months -= 1
    return months // 12 if part == "YEAR" else months


def extract(part: str, at: Timestamp) -> int:
    if part == "TIMEZONE_HOUR":
        return int(_offset_minutes(at.moment) / 60)
    if part == "TIMEZONE_MINUTE":
        minutes = _offset_minutes(at.moment)
        return minutes % 60 if minutes >= 0 else -(-minutes % 60)
    value: int = getattr(at.moment, part.lower())
    return value


_MONTHS_TEXT: Final = "January February March April May June July August September October November December"
_MONTHS: Final = _MONTHS_TEXT.split()
_FORMAT: Final = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|(.)", re.DOTALL)


@lru_cache(maxsize=64)
def _pieces(pattern: str) -> tuple[tuple[str, bool], ...]:
    """Each piece and whether it is a symbol. Raises `SelectError`."""
    pieces: list[tuple[str, bool]] = []
    for match in _FORMAT.finditer(pattern):
        if match.group(2) is not None:
            if match.group() not in _SYMBOLS and set(match.group()) != {"S"}:
                raise SelectError("EvaluatorInvalidTimestampFormatPatternSymbol")
            pieces.append((match.group(), True))
        elif match.group(3) is not None:
            if match.group(3) == "'":
                raise SelectError("EvaluatorUnterminatedTimestampFormatPatternToken")
            pieces.append((match.group(3), False))
        else:
            pieces.append((match.group(1).replace("''", "'") or "'", False))
    return tuple(pieces)


def format_timestamp(at: Timestamp, pattern: str) -> str:
    """TO_STRING. Raises `SelectError`."""
    return "".join(_symbol(at.moment, text) if symbol else text for text, symbol in _pieces(pattern))


_SYMBOLS_TEXT: Final = (
    "yy y yyyy M MM MMM MMMM MMMMM d dd a h hh H HH m mm s ss n X XX XXX XXXX XXXXX x xx xxx xxxx xxxxx"
)
_SYMBOLS: Final = frozenset(_SYMBOLS_TEXT.split())


def _symbol(at: datetime, symbol: str) -> str:
    if symbol[0] == "S":
        return f"{at.microsecond:06}".ljust(len(symbol), "0")[: len(symbol)]
    if symbol[0] in "Xx":
        zulu = symbol[0] == "X"
        text = offset_text(at, separator=":" if len(symbol) in {3, 5} else "", zulu=zulu)
        return text if len(symbol) > 1 or text == "Z" or not text.endswith("00") else text[:-2]
    if symbol[0] == "M":
        name = _MONTHS[at.month - 1]
        return {1: str(at.month), 2: f"{at.month:02}", 3: name[:3], 4: name, 5: name[:1]}[len(symbol)]
    if symbol[0] == "y":
        return {1: str(at.year), 2: f"{at.year % 100:02}", 4: f"{at.year:04}"}[len(symbol)]
    if symbol == "a":
        return "AM" if at.hour < 12 else "PM"
    if symbol == "n":
        return str(at.microsecond * 1000)
    value = {"d": at.day, "h": at.hour % 12 or 12, "H": at.hour, "m": at.minute, "s": at.second}[symbol[0]]
    return f"{value:0{len(symbol)}}"
