"""Numbers: their one text, their order, their size, their sums."""

import pytest

from pileus.services.dynamodb import numbers
from pileus.services.dynamodb.errors import ValidationException


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("0.00", "0"),
        ("0e125", "0"),
        ("0.0e-129", "0"),
        ("7", "7"),
        ("+7", "7"),
        ("007", "7"),
        ("100", "100"),
        ("1E2", "100"),
        ("1e+2", "100"),
        ("123.4500e-2", "1.2345"),
        ("1.50", "1.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-0.001", "-0.001"),
        ("9" * 38, "9" * 38),
        ("1" + "0" * 60, "1" + "0" * 60),
        ("1E125", "1" + "0" * 125),
        ("1E-130", "0." + "0" * 129 + "1"),
    ],
)
def test_canonical_text(text: str, canonical: str) -> None:
    """Clients compare numbers as text; AWS answers plain decimals without superfluous zeros."""
    assert numbers.canonical(text) == canonical
    assert numbers.canonical(canonical) == canonical


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The parameter cannot be converted to a numeric value"),
        ("abc", "The parameter cannot be converted to a numeric value: abc"),
        (" 1", "The parameter cannot be converted to a numeric value:  1"),
        (".", "The parameter cannot be converted to a numeric value: ."),
        ("1e", "The parameter cannot be converted to a numeric value: 1e"),
        ("0x10", "The parameter cannot be converted to a numeric value: 0x10"),
        ("NaN", "The parameter cannot be converted to a numeric value: NaN"),
        ("1\n", "The parameter cannot be converted to a numeric value: 1\n"),
        ("1E126", "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        ("-1E126", "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        ("1E999999999999", "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        ("0E126", "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        ("0.0E-130", "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
        ("1e9223372036854775808", "The parameter cannot be converted to a numeric value: 1e9223372036854775808"),
        ("1E-131", "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
        (
            "1e-99999999999",
            "Number underflow. Attempting to store a number with magnitude smaller than supported range",
        ),
        ("1" * 39, "Attempting to store more than 38 significant digits in a Number"),
    ],
)
def test_what_is_no_number(text: str, message: str) -> None:
    """Each way to be wrong has AWS's own sentence."""
    with pytest.raises(ValidationException) as caught:
        numbers.canonical(text)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 1), ("1", 2), ("10", 2), ("100", 2), ("12", 2), ("123", 3), ("1.2", 3), ("-1", 3), ("-12", 3), ("0.5", 2)],
)
def test_size(text: str, size: int) -> None:
    """A byte, one per pair of digits as they lie around the point, one for a minus sign."""
    assert numbers.size_bytes(text) == size


def test_sums_are_exact() -> None:
    """Counters must not drift, and a sum that needs too many digits is refused, not rounded."""
    assert numbers.add("0.1", "0.2") == "0.3"
    assert numbers.add("-5", "5") == "0"
    assert numbers.add("99", "1") == "100"
    assert numbers.subtract("1", "0.9") == "0.1"
    assert numbers.add("1E2", "1") == "101"
    with pytest.raises(ValidationException, match="38 digits"):
        numbers.add("9" * 38, "0.1")
    with pytest.raises(ValidationException, match="38 digits"):
        numbers.add("1E125", "1E-130")
    with pytest.raises(ValidationException, match="overflow"):
        numbers.add("9E125", "9E125")
