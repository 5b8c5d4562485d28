"""What do the functions answer?

Source: S3 User Guide, "SQL functions": string, date and conditional functions.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.syntax import Call
from pileus.services.s3.select.timestamps import (
    Timestamp,
    date_add,
    date_diff,
    extract,
    format_timestamp,
    of_datetime,
    parse_timestamp,
)
from pileus.services.s3.select.values import MISSING, Eval, absent, equal


def function_of(call: Call, arguments: list[Eval], now: datetime) -> Eval:
    """now: what UTCNOW answers, the same for every record."""
    if call.function == "UTCNOW":
        moment = of_datetime(now)
        return lambda _: moment
    if call.function == "COALESCE":
        return _coalesce(arguments)
    if call.function == "NULLIF":
        return _nullif(*arguments)
    plain = _with_word(call)

    def run(record: object) -> object:
        values = [argument(record) for argument in arguments]
        if any(value is None or value is MISSING for value in values):
            return None
        return plain(*values)

    return run


def _coalesce(arguments: list[Eval]) -> Eval:
    def run(record: object) -> object:
        return next((value for argument in arguments if not absent(value := argument(record))), None)

    return run


def _nullif(left: Eval, right: Eval) -> Eval:
    def run(record: object) -> object:
        one, other = left(record), right(record)
        return None if absent(one) or (not absent(other) and equal(one, other)) else one

    return run


def _with_word(call: Call) -> Callable[..., object]:
    word = call.word
    if call.function == "DATE_ADD":
        return lambda count, at: date_add(_part(word), _whole(count), _moment(at))
    if call.function == "DATE_DIFF":
        return lambda first, second: date_diff(_part(word), _moment(first), _moment(second))
    if call.function == "EXTRACT":
        return lambda at: extract(word, _moment(at))
    if call.function == "TRIM":
        return lambda text, chars=" ": _trim(word, _text(text), _text(chars))
    return _PLAIN[call.function]


def _part(word: str) -> str:
    if word.startswith("TIMEZONE"):
        raise SelectError("IllegalSqlFunctionArgument")
    return word


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise SelectError("IncorrectSqlFunctionArgumentType")


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise SelectError("IncorrectSqlFunctionArgumentType")


def _moment(value: object) -> Timestamp:
    if isinstance(value, Timestamp):
        return value
    raise SelectError("IncorrectSqlFunctionArgumentType")


def _substring(text: object, start: object, count: object = None) -> str:
    """Characters count from 1; what lies before the text is counted and not there."""
    begin = _whole(start) - 1
    whole = _text(text)
    if count is None:
        return whole[max(begin, 0) :]
    if _whole(count) < 0:
        raise SelectError("EvaluatorInvalidArguments")
    return whole[max(begin, 0) : max(begin + _whole(count), 0)]


def _trim(mode: str, text: str, chars: str) -> str:
    if mode != "TRAILING":
        text = text.lstrip(chars)
    return text.rstrip(chars) if mode != "LEADING" else text


def _to_timestamp(text: object) -> Timestamp:
    try:
        return parse_timestamp(_text(text))
    except ValueError:
        raise SelectError("ValueParseFailure") from None


_PLAIN: Final[dict[str, Callable[..., object]]] = {
    "CHAR_LENGTH": lambda text: len(_text(text)),
    "LOWER": lambda text: _text(text).lower(),
    "UPPER": lambda text: _text(text).upper(),
    "SUBSTRING": _substring,
    "TO_STRING": lambda at, pattern: format_timestamp(_moment(at), _text(pattern)),
    "TO_TIMESTAMP": _to_timestamp,
}
