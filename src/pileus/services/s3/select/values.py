"""What can a value of a query be, how do two of them compare and calculate, and how are they written?

None is NULL; `MISSING` is what is not there at all. Everything else is bool, int, float, Decimal, str, `Timestamp`,
list and dict.

Source: S3 User Guide, "Data types", "Operators", "Differences between NULL and MISSING".
"""

from collections.abc import Callable
from decimal import Context, Decimal, InvalidOperation
from enum import Enum
from typing import Final

import msgspec

from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.timestamps import Timestamp


class Missing(Enum):
    MISSING = "MISSING"


MISSING: Final = Missing.MISSING
INTEGER_MAX: Final = (1 << 63) - 1
DECIMAL: Final = Context(prec=38)
Number = int | float | Decimal
Eval = Callable[[object], object]
"""What an expression becomes: from a record to a value."""

_NUMBERS: Final = frozenset({int, float, Decimal})


def absent(value: object) -> bool:
    return value is None or value is MISSING


def is_number(value: object) -> bool:
    return type(value) in _NUMBERS


def integer(value: int) -> int:
    """Eight bytes, as AWS's. Raises `SelectError`."""
    if -INTEGER_MAX - 1 <= value <= INTEGER_MAX:
        return value
    raise SelectError("IntegerOverflow")


def same_kind(left: object, right: object) -> bool:
    return type(left) is type(right) or (type(left) in _NUMBERS and type(right) in _NUMBERS)


def equal(left: object, right: object) -> bool:
    """Of what is there: values of two kinds are never equal."""
    if isinstance(left, Timestamp) and isinstance(right, Timestamp):
        return left.moment == right.moment
    return same_kind(left, right) and left == right


def order(left: object, right: object) -> int:
    """Below, at or above nothing. Raises `SelectError` for two that have no order: CSV's text is no number until CAST.

    Source: minio/spark-select issue 12, for the code; minio/minio pull request 8608, that equality is just false.
    """
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if isinstance(left, Timestamp) and isinstance(right, Timestamp):
        return (left.moment > right.moment) - (left.moment < right.moment)
    if isinstance(left, int | float | Decimal) and isinstance(right, int | float | Decimal) and same_kind(left, right):
        return (left > right) - (left < right)
    raise SelectError("ExternalEvalException")


def number(value: object) -> Number:
    """Raises `SelectError`: text is no number until it is cast."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return value
    raise SelectError("InvalidDataType")


def calculate(operator: str, left: object, right: object) -> object:
    """Arithmetic of what is there. Raises `SelectError`."""
    if operator == "||":
        if isinstance(left, str) and isinstance(right, str):
            return left + right
        raise SelectError("InvalidDataType")
    one, other = number(left), number(right)
    try:
        if isinstance(one, int) and isinstance(other, int):
            return _integers(operator, one, other)
        if isinstance(one, float) or isinstance(other, float):
            return _floats(operator, float(one), float(other))
        return _decimals(operator, Decimal(one), Decimal(other))
    except (ZeroDivisionError, InvalidOperation, OverflowError):
        raise SelectError("IllegalSqlFunctionArgument") from None


def _integers(operator: str, left: int, right: int) -> int:
    """Division cuts towards nothing, and the remainder has the sign of what was divided."""
    if operator in "/%":
        quotient = abs(left) // abs(right)
        quotient = quotient if (left < 0) == (right < 0) else -quotient
        return integer(quotient if operator == "/" else left - quotient * right)
    return integer({"+": int.__add__, "-": int.__sub__, "*": int.__mul__}[operator](left, right))


def _floats(operator: str, left: float, right: float) -> float:
    if operator == "%":
        return left - right * int(left / right)
    return {"+": float.__add__, "-": float.__sub__, "*": float.__mul__, "/": float.__truediv__}[operator](left, right)


def _decimals(operator: str, left: Decimal, right: Decimal) -> Decimal:
    return {
        "+": DECIMAL.add,
        "-": DECIMAL.subtract,
        "*": DECIMAL.multiply,
        "/": DECIMAL.divide,
        "%": DECIMAL.remainder,
    }[operator](left, right)


def text_of(value: object) -> str:
    """As CAST and CSV write it; what is absent is empty."""
    if isinstance(value, str):
        return value
    if value is None or value is MISSING:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json_text(value)
    return str(value)


_JSON: Final = msgspec.json.Encoder(enc_hook=lambda value: _plain(value), decimal_format="number")


def _plain(value: object) -> object:
    if isinstance(value, Timestamp):
        return str(value)
    if value is MISSING:
        return None
    raise SelectError("ExternalEvalException")


def json_text(value: object) -> str:
    return _JSON.encode(value).decode()
