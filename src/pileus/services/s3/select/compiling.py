"""How does an expression become a function of a record?

Truth has three values: what is absent makes a comparison NULL, and a record whose condition is NULL is not taken.

Source: S3 User Guide, "Operators"; PartiQL specification for NULL and MISSING.
"""

import operator as operators
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from pileus.services.s3.select.casting import cast_to
from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.functions import function_of
from pileus.services.s3.select.like import like
from pileus.services.s3.select.syntax import (
    Aggregate,
    Between,
    Binary,
    Call,
    Case,
    Cast,
    Chain,
    Expression,
    In,
    Is,
    Like,
    Literal,
    Path,
    Unary,
)
from pileus.services.s3.select.values import MISSING, Eval, calculate, equal, integer, number, order

_ORDERS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}


class Compiler:
    """paths: what a path means in these records. Every function raises `SelectError` when it runs."""

    def __init__(
        self, paths: Callable[[Path], Eval], *, now: datetime, totals: Mapping[Aggregate, Callable[[], object]]
    ) -> None:
        self._paths = paths
        self._now = now
        self._totals = totals

    def compile(self, expression: Expression) -> Eval:
        if isinstance(expression, Path):
            return self._paths(expression)
        if isinstance(expression, Literal):
            value = expression.value
            return lambda _: value
        if isinstance(expression, Binary):
            return self._binary(expression)
        if isinstance(expression, Chain):
            return _chain(expression.word == "OR", [self.compile(part) for part in expression.parts])
        if isinstance(expression, Unary):
            return _unary(expression.operator, self.compile(expression.operand))
        if isinstance(expression, Cast):
            operand, kind = self.compile(expression.operand), expression.kind
            return lambda record: cast_to(kind, operand(record))
        if isinstance(expression, Is):
            return _is(expression.what, self.compile(expression.operand))
        if isinstance(expression, Call):
            return function_of(expression, [self.compile(one) for one in expression.arguments], self._now)
        if isinstance(expression, Aggregate):
            total = self._totals[expression]
            return lambda _: total()
        if isinstance(expression, Case):
            return self._case(expression)
        return self._predicate(expression)

    def _predicate(self, expression: Between | In | Like) -> Eval:
        if isinstance(expression, In):
            return _among(self.compile(expression.operand), [self.compile(one) for one in expression.among])
        if isinstance(expression, Like):
            return self._like(expression)
        low = Binary(">=", expression.operand, expression.low)
        return self.compile(Chain("AND", (low, Binary("<=", expression.operand, expression.high))))

    def _binary(self, expression: Binary) -> Eval:
        sign = expression.operator
        left, right = self.compile(expression.left), self.compile(expression.right)
        if sign in _ORDERS:
            return _ordered(_ORDERS[sign], left, right)
        if sign in {"=", "<>"}:
            return _equated(left, right, wanted=sign == "=")

        def run(record: object) -> object:
            one, other = left(record), right(record)
            if one is None or other is None or one is MISSING or other is MISSING:
                return None
            return calculate(sign, one, other)

        return run

    def _like(self, expression: Like) -> Eval:
        operand, pattern = self.compile(expression.operand), self.compile(expression.pattern)
        escape = self.compile(expression.escape) if expression.escape is not None else lambda _: ""

        def run(record: object) -> object:
            values = operand(record), pattern(record), escape(record)
            if any(value is None or value is MISSING for value in values):
                return None
            text, wanted, sign = values
            if not (isinstance(text, str) and isinstance(wanted, str) and isinstance(sign, str)):
                raise SelectError("LikeInvalidInputs")
            return like(wanted, sign if expression.escape is not None else None)(text)

        return run

    def _case(self, expression: Case) -> Eval:
        branches = [
            (
                self.compile(when if expression.subject is None else Binary("=", expression.subject, when)),
                self.compile(then),
            )
            for when, then in expression.branches
        ]
        otherwise = self.compile(expression.otherwise) if expression.otherwise is not None else lambda _: None

        def run(record: object) -> object:
            for when, then in branches:
                if when(record) is True:
                    return then(record)
            return otherwise(record)

        return run


def _truth(value: object) -> bool | None:
    if value is None or value is MISSING:
        return None
    if isinstance(value, bool):
        return value
    raise SelectError("InvalidDataType")


def _chain(decisive: bool, parts: list[Eval]) -> Eval:
    """decisive: the truth that ends a chain, True of OR."""

    def run(record: object) -> object:
        unknown = False
        for part in parts:
            value = part(record)
            if value is decisive:
                return decisive
            unknown = unknown or _truth(value) is None
        return None if unknown else not decisive

    return run


def _unary(sign: str, operand: Eval) -> Eval:
    def negated(record: object) -> object:
        value = _truth(operand(record))
        return None if value is None else not value

    def signed(record: object) -> object:
        value = operand(record)
        if value is None or value is MISSING:
            return None
        if sign == "+":
            return number(value)
        minus = -number(value)
        return integer(minus) if isinstance(minus, int) else minus

    return negated if sign == "NOT" else signed


def _is(what: str, operand: Eval) -> Eval:
    if what == "MISSING":
        return lambda record: operand(record) is MISSING
    if what == "NULL":
        return lambda record: (value := operand(record)) is None or value is MISSING
    return lambda record: operand(record) is (what == "TRUE")


def _equated(left: Eval, right: Eval, *, wanted: bool) -> Eval:
    def run(record: object) -> object:
        one, other = left(record), right(record)
        if one is None or other is None or one is MISSING or other is MISSING:
            return None
        if type(one) is str and type(other) is str:
            return (one == other) is wanted
        return equal(one, other) is wanted

    return run


def _ordered(decide: Callable[[int, int], bool], left: Eval, right: Eval) -> Eval:
    def run(record: object) -> object:
        one, other = left(record), right(record)
        if one is None or other is None or one is MISSING or other is MISSING:
            return None
        return decide(order(one, other), 0)

    return run


def _among(operand: Eval, among: list[Eval]) -> Eval:
    def run(record: object) -> object:
        value = operand(record)
        if value is None or value is MISSING:
            return None
        unknown = False
        for one in among:
            other = one(record)
            if other is None or other is MISSING:
                unknown = True
            elif equal(value, other):
                return True
        return None if unknown else False

    return run
