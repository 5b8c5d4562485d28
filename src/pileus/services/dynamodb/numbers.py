"""What is a DynamoDB number: its text, its order, its size and its sums?

A number has up to 38 significant digits and a magnitude from 1E-130 to 9.99...E+125, or is zero. Its canonical text is
plain decimal without superfluous zeros, so equal numbers have equal text. Its sortable form is Oracle's NUMBER, which
has exactly DynamoDB's range: an exponent byte, then base-100 digits, each byte plus one; a negative number complements
both and ends with a byte that is higher than any digit.

Source: DynamoDB Developer Guide, "Supported data types", Number. Oracle Concepts, "Internal numeric format".
"""

import re
from decimal import Context, Decimal
from typing import Final

from pileus.services.dynamodb.errors import ReworkedValidationException, ValidationException
from pileus.services.dynamodb.limits import NUMBER_DIGITS_MAX, NUMBER_EXPONENT_MAX, NUMBER_EXPONENT_MIN

_NUMBER: Final = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?\Z")
_EXPONENT_DIGITS_MAX: Final = 19
_WIDE: Final = Context(prec=300, Emax=999_999, Emin=-999_999, traps=[])
"""Holds the exact sum of any two numbers: 126 digits before the point, 167 after it."""

_EXPONENT_BYTE_ZERO: Final = 0xC1
"""Of a positive number from 1 to 99."""
_NEGATIVE_END: Final = 102
_ZERO: Final = b"\x80"

Scientific = tuple[bool, str, int]
"""Negative; significant digits without zeros at either end, "" for zero; the power of ten of the first digit."""


def _unreadable(text: str) -> ValidationException:
    told = "The parameter cannot be converted to a numeric value"
    return ReworkedValidationException(f"{told}: {text}" if text else told, current=f"{told}: {text}")


def parse(text: str) -> Scientific:
    """Read a number as the wire brings it; `ValidationException` when it is none or out of range."""
    match = _NUMBER.match(text)
    if match is None:
        raise _unreadable(text)
    sign, whole, fraction, exponent_text = match.groups(default="")
    if not whole and not fraction:
        raise _unreadable(text)
    shift = _exponent(text, exponent_text) if exponent_text else 0
    digits = whole + fraction
    significant = digits.lstrip("0")
    if not significant:
        if exponent_text:
            _check_range(shift - len(fraction))  # that a zero is nothing at any power of ten is no excuse
        return False, "", 0
    exponent = len(whole) - 1 - (len(digits) - len(significant)) + shift
    significant = significant.rstrip("0")
    _check_range(exponent)
    if len(significant) > NUMBER_DIGITS_MAX:
        raise ValidationException("Attempting to store more than 38 significant digits in a Number")
    return sign == "-", significant, exponent


def _exponent(text: str, exponent_text: str) -> int:
    """Of any size that a 64-bit integer has; more cannot be read (paritysuite/dynamodb-conformance, numberExponent)."""
    digits = exponent_text.lstrip("+-0") or "0"
    exponent = int(digits) if len(digits) <= _EXPONENT_DIGITS_MAX else 2**63
    if exponent >= 2**63:
        raise _unreadable(text)
    return -exponent if exponent_text[0] == "-" else exponent


def _check_range(exponent: int) -> None:
    if exponent > NUMBER_EXPONENT_MAX:
        raise ValidationException(
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        )
    if exponent < NUMBER_EXPONENT_MIN:
        raise ValidationException(
            "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        )


def write(number: Scientific) -> str:
    """The canonical text."""
    negative, digits, exponent = number
    if not digits:
        return "0"
    if exponent < 0:
        text = "0." + "0" * (-exponent - 1) + digits
    elif len(digits) <= exponent + 1:
        text = digits + "0" * (exponent + 1 - len(digits))
    else:
        text = f"{digits[: exponent + 1]}.{digits[exponent + 1 :]}"
    return f"-{text}" if negative else text


def canonical(text: str) -> str:
    """The one text of this number; the text itself when it has that form already."""
    # Nearly every number is a short whole one: decided without the parser (0.2 us instead of 2).
    if text.isdecimal() and text.isascii() and len(text) <= NUMBER_DIGITS_MAX and (text[0] != "0" or text == "0"):
        return text
    return write(parse(text))


def _pairs(digits: str, exponent: int) -> str:
    """The digits, filled up with zeros so that base-100 digits begin and end where the decimal point says."""
    aligned = digits if exponent % 2 else "0" + digits
    return aligned if len(aligned) % 2 == 0 else aligned + "0"


def sortable(text: str) -> bytes:
    """Bytes that compare as the numbers do, and are equal exactly for equal numbers."""
    if text.isdecimal() and text.isascii() and len(text) <= NUMBER_DIGITS_MAX and text[0] != "0":
        negative, digits, exponent = False, text.rstrip("0"), len(text) - 1  # what `parse` says, in a tenth of the time
    else:
        negative, digits, exponent = parse(text)
    if not digits:
        return _ZERO
    pairs = _pairs(digits, exponent)
    head = _EXPONENT_BYTE_ZERO + exponent // 2
    values = [int(pairs[at : at + 2]) for at in range(0, len(pairs), 2)]
    if negative:
        return bytes((head ^ 0xFF, *[101 - value for value in values], _NEGATIVE_END))
    return bytes((head, *[value + 1 for value in values]))


def size_bytes(text: str) -> int:
    """What a number weighs in an item: a byte, one per two digits as aligned, and one for a minus sign.

    text: canonical. Source: "DynamoDB item sizes and formats"; that alignment counts was measured for dynalite.
    """
    if text.isdecimal():
        digits = text.rstrip("0")
        if not digits:
            return 1
        return 1 + (len(digits) + len(text) % 2 + 1) // 2
    negative, digits, exponent = parse(text)
    return 1 + len(_pairs(digits, exponent)) // 2 + negative


SMALL_SIZES: Final = {str(number): size_bytes(str(number)) for number in range(1000)}
"""The size of the numbers that are met most, all canonical."""


def as_decimal(text: str) -> Decimal:
    """For comparing; never for storing."""
    return Decimal(text)


def _exact(total: Decimal) -> str:
    number = total.normalize(_WIDE)
    digits = number.as_tuple().digits
    if len(digits) > NUMBER_DIGITS_MAX:
        # Seen from DynamoDB when a sum or a difference needs more digits than a number has.
        raise ValidationException("DynamoDB only supports precision up to 38 digits")
    return canonical(str(number))


def add(left: str, right: str) -> str:
    """The exact sum, canonical; `ValidationException` when it is no DynamoDB number."""
    if left.isdecimal() and right.isdecimal() and len(left) < NUMBER_DIGITS_MAX > len(right):
        return str(int(left) + int(right))
    return _exact(_WIDE.add(Decimal(left), Decimal(right)))


def subtract(left: str, right: str) -> str:
    """The exact difference, canonical; `ValidationException` when it is no DynamoDB number."""
    return _exact(_WIDE.subtract(Decimal(left), Decimal(right)))
