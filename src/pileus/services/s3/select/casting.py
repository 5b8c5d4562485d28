"""What does CAST make of a value?

Source: S3 User Guide, "Conversion functions".
"""

from decimal import Decimal, InvalidOperation

from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.timestamps import Timestamp, parse_timestamp
from pileus.services.s3.select.values import DECIMAL, absent, integer, text_of


def cast_to(kind: str, value: object) -> object:
    """Raises `SelectError`. What is absent stays so."""
    if absent(value):
        return value
    try:
        if kind == "STRING":
            return text_of(value)
        if kind == "BOOL":
            return _boolean(value)
        if kind == "TIMESTAMP":
            return value if isinstance(value, Timestamp) else parse_timestamp(_text(value))
        if not isinstance(value, bool | int | float | Decimal):
            value = _text(value).strip()
        return _number(kind, value)
    except (ValueError, InvalidOperation, OverflowError):
        raise SelectError("CastFailed") from None


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise SelectError("InvalidDataType" if isinstance(value, list | dict) else "CastFailed")


def _boolean(value: object) -> bool:
    if isinstance(value, bool | int | float | Decimal):
        return bool(value)
    word = _text(value).lower()
    if word not in {"true", "false"}:
        raise ValueError(word)
    return word == "true"


def _number(kind: str, value: bool | int | float | Decimal | str) -> object:
    if isinstance(value, str) and "_" in value:  # Python's, not SQL's
        raise ValueError(value)
    if kind == "FLOAT":
        return float(value)
    if kind == "DECIMAL":
        return DECIMAL.create_decimal(str(value) if isinstance(value, float) else value)
    if isinstance(value, str):
        try:
            return integer(int(value))
        except ValueError:
            value = Decimal(value)  # "12.7" is 12
    return integer(int(value))
