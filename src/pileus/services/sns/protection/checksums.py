"""Which numbers are what they look like? The check digits of those that have some.

Each takes the number without what people write between its characters.
"""

from collections.abc import Sequence
from typing import Final

_IBAN_LENGTHS: Final = {"DE": 22, "ES": 24, "FR": 27, "GB": 22, "IT": 27}
"""Source: SWIFT, "IBAN Registry"."""
_NIF_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_VIN_VALUES: Final = {
    **{str(digit): digit for digit in range(10)},
    **dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", [*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)], strict=True)),
}
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban(text: str) -> bool:
    """ISO 7064, mod 97-10."""
    if len(text) != _IBAN_LENGTHS.get(text[:2], 0):
        return False
    return int("".join(str(int(char, 36)) for char in text[4:] + text[:4])) % 97 == 1


def cpf(digits: str) -> bool:
    """Brazil's persons: two check digits."""
    return len(set(digits)) > 1 and _brazilian(digits, 9, range(10, 1, -1)) and _brazilian(digits, 10, range(11, 1, -1))


def cnpj(digits: str) -> bool:
    """Brazil's companies: two check digits."""
    first = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    return len(set(digits)) > 1 and _brazilian(digits, 12, first) and _brazilian(digits, 13, (6, *first))


def _brazilian(digits: str, at: int, weights: Sequence[int]) -> bool:
    rest = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % 11
    return int(digits[at]) == (0 if rest < 2 else 11 - rest)


def nif(text: str) -> bool:
    """Spain's citizens: a letter of the number modulo 23."""
    return _NIF_LETTERS[int(text[:-1]) % 23] == text[-1]


def nie(text: str) -> bool:
    """Spain's foreigners: the same, with X, Y and Z for 0, 1 and 2."""
    return nif(str("XYZ".index(text[0])) + text[1:])


def insee(text: str) -> bool:
    """France: the last two digits are 97 less the rest of the others."""
    digits = text.replace("2A", "19").replace("2B", "18")
    return digits.isdigit() and int(digits[-2:]) == 97 - int(digits[:-2]) % 97


def nhs(digits: str) -> bool:
    """Britain's patients: modulo 11."""
    check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return int(digits[9]) == (0 if check == 11 else check)


def npi(digits: str) -> bool:
    """America's health care providers: Luhn's, behind the prefix of its issuer."""
    return luhn(f"80840{digits}")


def dea(text: str) -> bool:
    """America's prescribers: sums of every other digit."""
    digits = [int(char) for char in text[2:]]
    return (digits[0] + digits[2] + digits[4] + 2 * (digits[1] + digits[3] + digits[5])) % 10 == digits[6]


def vin(text: str) -> bool:
    """ISO 3779, with the check digit of North America."""
    rest = sum(_VIN_VALUES[char] * weight for char, weight in zip(text, _VIN_WEIGHTS, strict=True)) % 11
    return text[8] == ("X" if rest == 10 else str(rest))
