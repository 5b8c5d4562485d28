"""What do COUNT, SUM, AVG, MIN and MAX answer over all records?

Source: S3 User Guide, "Aggregate functions".
"""

from collections.abc import Callable
from decimal import Decimal

from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.values import MISSING, Eval, calculate, is_number, order


class Total:
    """One aggregate. What is absent is not counted."""

    def __init__(self, function: str, operand: Eval | None) -> None:
        self._operand = operand
        self._count = 0
        self._value: object = None
        self._join: Callable[[object, object], object] | None = {
            "SUM": _sum,
            "AVG": _sum,
            "MIN": lambda one, other: other if order(other, one) < 0 else one,
            "MAX": lambda one, other: other if order(other, one) > 0 else one,
        }.get(function)
        self._function = function

    def add(self, record: object) -> None:
        """Raises `SelectError`."""
        if self._operand is not None:
            value = self._operand(record)
            if value is None or value is MISSING:
                return
            if self._join is not None:
                self._value = self._joined(value)
        self._count += 1

    def _joined(self, value: object) -> object:
        if self._function in {"SUM", "AVG"} and not is_number(value):
            raise SelectError("IncorrectSqlFunctionArgumentType")
        assert self._join is not None
        return value if self._value is None else self._join(self._value, value)

    def answer(self) -> object:
        """Of no values at all: 0 of COUNT, NULL of the others. An average of integers is a decimal."""
        if self._function == "COUNT":
            return self._count
        if self._function != "AVG" or self._value is None:
            return self._value
        value = Decimal(self._value) if isinstance(self._value, int) else self._value
        return calculate("/", value, self._count)


def _sum(one: object, other: object) -> object:
    return calculate("+", one, other)
