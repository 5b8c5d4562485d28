"""What does each function of a query give?

Source: CloudWatch Logs User Guide, "Supported operations and functions".
"""

import ipaddress
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from pileus.services.logs.insights.values import Moment, Value, number, text

UNITS_MS: Final = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 1),
    **dict.fromkeys(("s", "second", "seconds"), 1_000),
    **dict.fromkeys(("m", "minute", "minutes"), 60_000),
    **dict.fromkeys(("h", "hour", "hours"), 3_600_000),
    **dict.fromkeys(("d", "day", "days"), 86_400_000),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86_400_000),
}
UNITS_MONTHS: Final = {
    **dict.fromkeys(("mo", "month", "months"), 1),
    **dict.fromkeys(("q", "quarter", "quarters"), 3),
    **dict.fromkeys(("y", "year", "years"), 12),
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Period(NamedTuple):
    """Of a fixed length, or of some months."""

    length_ms: int = 0
    months: int = 0


def floor(at_ms: float, period: Period) -> Moment:
    """When the period began that a moment is in."""
    if not period.months:
        return Moment(int(at_ms) - int(at_ms) % period.length_ms)
    at = _EPOCH + timedelta(milliseconds=at_ms)
    month = (at.year - 1970) * 12 + at.month - 1
    return _month(month - month % period.months)


def ceiling(at_ms: float, period: Period) -> Moment:
    begin = floor(at_ms, period)
    if begin == at_ms:
        return begin
    if not period.months:
        return Moment(begin + period.length_ms)
    at = _EPOCH + timedelta(milliseconds=begin)
    return _month((at.year - 1970) * 12 + at.month - 1 + period.months)


def _month(number_since_1970: int) -> Moment:
    at = datetime(1970 + number_since_1970 // 12, number_since_1970 % 12 + 1, 1, tzinfo=UTC)
    return Moment((at - _EPOCH) // timedelta(milliseconds=1))


Function = Callable[[Sequence[Value]], Value]


class Known(NamedTuple):
    """most: of arguments; -1 for any number."""

    function: Function
    least: int
    most: int


def _numeric(work: Callable[[float], float]) -> Known:
    def function(arguments: Sequence[Value]) -> Value:
        found = number(arguments[0])
        try:
            return None if found is None else work(found)
        except (ValueError, OverflowError):
            return None

    return Known(function, 1, 1)


def _textual(work: Callable[[str], Value]) -> Known:
    return Known(lambda arguments: None if arguments[0] is None else work(text(arguments[0])), 1, 1)


def _extreme(pick: Callable[[Sequence[float]], float]) -> Known:
    def function(arguments: Sequence[Value]) -> Value:
        found = [value for value in map(number, arguments) if value is not None]
        return pick(found) if found else None

    return Known(function, 1, -1)


def _trimmed(strip: Callable[[str, str | None], str]) -> Known:
    def function(arguments: Sequence[Value]) -> Value:
        if arguments[0] is None:
            return None
        return strip(text(arguments[0]), text(arguments[1]) if len(arguments) > 1 else None)

    return Known(function, 1, 2)


def _coalesce(arguments: Sequence[Value]) -> Value:
    return next((value for value in arguments if value is not None), None)


def _substr(arguments: Sequence[Value]) -> Value:
    begin = number(arguments[1])
    length = number(arguments[2]) if len(arguments) > 2 else math.inf
    if arguments[0] is None or begin is None or length is None or begin < 0 or length < 0:
        return None
    rest = text(arguments[0])[int(begin) :]
    return rest if length == math.inf else rest[: int(length)]


def _replace(arguments: Sequence[Value]) -> Value:
    if arguments[0] is None:
        return None
    return text(arguments[0]).replace(text(arguments[1]), text(arguments[2]))


def _contains(arguments: Sequence[Value]) -> Value:
    return arguments[0] is not None and text(arguments[1]) in text(arguments[0])


def _from_millis(arguments: Sequence[Value]) -> Value:
    found = number(arguments[0])
    return None if found is None else Moment(int(found))


def _to_millis(arguments: Sequence[Value]) -> Value:
    found = number(arguments[0])
    return None if found is None else int(found)


def _address(value: Value, version: int | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text(value))
    except ValueError:
        return None
    return found if version in (None, found.version) else None


def _valid_ip(version: int | None) -> Known:
    return Known(lambda arguments: _address(arguments[0], version) is not None, 1, 1)


def _in_subnet(version: int | None) -> Known:
    def function(arguments: Sequence[Value]) -> Value:
        found = _address(arguments[0], version)
        try:
            network = ipaddress.ip_network(text(arguments[1]), strict=False)
        except ValueError:
            return False
        return found is not None and found.version == network.version and found in network

    return Known(function, 2, 2)


def _log(value: float) -> float:
    return math.log(value)


FUNCTIONS: Final[dict[str, Known]] = {
    "abs": _numeric(abs),
    "ceil": _numeric(math.ceil),
    "floor": _numeric(math.floor),
    "log": _numeric(_log),
    "sqrt": _numeric(math.sqrt),
    "greatest": _extreme(max),
    "least": _extreme(min),
    "ispresent": Known(lambda arguments: arguments[0] is not None, 1, 1),
    "coalesce": Known(_coalesce, 1, -1),
    "isempty": Known(lambda arguments: text(arguments[0]) == "", 1, 1),
    "isblank": Known(lambda arguments: not text(arguments[0]).strip(), 1, 1),
    "concat": Known(lambda arguments: "".join(map(text, arguments)), 1, -1),
    "ltrim": _trimmed(str.lstrip),
    "rtrim": _trimmed(str.rstrip),
    "trim": _trimmed(str.strip),
    "strlen": _textual(len),
    "toupper": _textual(str.upper),
    "tolower": _textual(str.lower),
    "substr": Known(_substr, 2, 3),
    "replace": Known(_replace, 3, 3),
    "strcontains": Known(_contains, 2, 2),
    "frommillis": Known(_from_millis, 1, 1),
    "tomillis": Known(_to_millis, 1, 1),
    "isvalidip": _valid_ip(None),
    "isvalidipv4": _valid_ip(4),
    "isvalidipv6": _valid_ip(6),
    "isipinsubnet": _in_subnet(None),
    "isipv4insubnet": _in_subnet(4),
    "isipv6insubnet": _in_subnet(6),
}
"""By name in lower case. `bin`, `datefloor`, `dateceil` and `now` are the reader's, since they take periods."""
