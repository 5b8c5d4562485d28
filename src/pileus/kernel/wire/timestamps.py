"""How is a moment written on the wire?

Three formats: seconds since 1970 (`unixTimestamp`, with a fraction), ISO 8601 and the date of RFC 822. Which one is
said by the member, else by its shape, else by the place.

Source: Smithy specification, "timestampFormat trait".
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from pileus.kernel.wire.model import Ref, Shape

UNIX: Final = "unixTimestamp"
ISO: Final = "iso8601"
RFC822: Final = "rfc822"
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class NotATimestamp(ValueError):
    """Nothing that AWS would read as a moment."""


def format_of(ref: Ref, shape: Shape, *, default: str) -> str:
    """The format of one use of a timestamp."""
    return ref.timestamp_format or shape.timestamp_format or default


def read_timestamp(value: object) -> datetime:
    """The moment that a JSON value or a text means; AWS reads each of the formats wherever it expects one."""
    if isinstance(value, bool):
        raise NotATimestamp(str(value))
    try:
        if isinstance(value, int | float):
            return _EPOCH + timedelta(seconds=value)
        if isinstance(value, str):
            return _read_text(value)
    except (ValueError, OverflowError) as error:
        raise NotATimestamp(str(value)) from error
    raise NotATimestamp(type(value).__name__)


def _read_text(text: str) -> datetime:
    if text[:1].isalpha():
        from email.utils import parsedate_to_datetime  # rare, and slow to import

        moment = parsedate_to_datetime(text)
    else:
        try:
            return _EPOCH + timedelta(seconds=float(text))
        except ValueError:
            moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def write_timestamp(moment: datetime, form: str) -> int | float | str:
    """A moment, to the millisecond: a number in `unixTimestamp`, else a text."""
    if form == UNIX:
        seconds = round(moment.timestamp(), 3)
        return int(seconds) if seconds.is_integer() else seconds
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    if form == RFC822:
        day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
        time = f"{moment.hour:02}:{moment.minute:02}:{moment.second:02}"
        return f"{day}, {moment.day:02} {month} {moment.year:04} {time} GMT"
    text = moment.isoformat(timespec="milliseconds")[:23]
    return f"{text[:19]}Z" if text.endswith(".000") else f"{text}Z"


def write_timestamp_text(moment: datetime, form: str) -> str:
    """A moment in a place that takes text only: a header, a query, XML."""
    return str(write_timestamp(moment, form))
