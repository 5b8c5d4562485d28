"""How are expressions read?

From loose to close: `or`, `and`, `not`, comparisons (`=`, `like`, `=~`, `in`), `+ -`, `* / %`, `^`, signs. Each becomes
a function of a row. In `stats`, calls of aggregates become readings of a slot, which is filled when all events are in.
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.logs.insights.aggregates import AGGREGATES, Aggregate, Count, Percentile
from pileus.services.logs.insights.functions import FUNCTIONS, UNITS_MONTHS, UNITS_MS, Period, ceiling, floor
from pileus.services.logs.insights.rows import Row
from pileus.services.logs.insights.scanning import Scanner, Token, unquoted
from pileus.services.logs.insights.values import Value, compare, number, text, true

Expression = Callable[[Row], Value]

_COMPARISONS: Final = frozenset({"=", "!=", "<", "<=", ">", ">="})
_DURATION: Final = re.compile(r"(\d+)([a-z]+)")
_NESTED_MAX: Final = 50
_UNBUILT: Final = frozenset({"jsonparse", "jsonstringify"})


class AggregateCall(NamedTuple):
    """make: one for each group. slot: the name under which the result is read."""

    make: Callable[[], Aggregate]
    argument: Expression
    slot: str


class Expressions:
    """Reads expressions off a scanner. now_ms: when the query was asked."""

    def __init__(self, scanner: Scanner, *, now_ms: int) -> None:
        self._scanner = scanner
        self._now_ms = now_ms
        self._depth = 0
        self.aggregates: list[AggregateCall] | None = None
        """Calls that were read, where they are allowed."""

    def read(self) -> Expression:
        self._depth += 1
        if self._depth > _NESTED_MAX:
            raise self._scanner.unexpected()
        parts = [self._and()]
        while self._scanner.taken_word("or"):
            parts.append(self._and())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else lambda row: any(true(part(row)) for part in parts)

    def _and(self) -> Expression:
        parts = [self._not()]
        while self._scanner.taken_word("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else lambda row: all(true(part(row)) for part in parts)

    def _not(self) -> Expression:
        negated = False
        while self._scanner.taken_word("not"):
            negated = not negated
        inner = self._comparison()
        return (lambda row: not true(inner(row))) if negated else inner

    def _comparison(self) -> Expression:
        left = self._sum()
        token = self._scanner.next
        if token.kind == "sign" and token.text in _COMPARISONS:
            self._scanner.take()
            right, operator = self._sum(), token.text
            return lambda row: compare(left(row), operator, right(row))
        if self._scanner.taken("=~"):
            return self._like(left)
        negated = self._scanner.taken_word("not")
        if self._scanner.taken_word("like"):
            found = self._like(left)
        elif self._scanner.taken_word("in"):
            found = self._among(left)
        elif negated:
            raise self._scanner.unexpected()
        else:
            return left
        return _present_and_not(left, found) if negated else found

    def _like(self, left: Expression) -> Expression:
        regex = self._scanner.regex()
        if regex is None:
            piece = unquoted(self._take("string").text)
            return lambda row: piece in text(left(row))
        search = regex.search

        def searched(row: Row) -> Value:
            value = left(row)
            return value is not None and search(text(value)) is not None

        return searched

    def _among(self, left: Expression) -> Expression:
        self._scanner.expect("[")
        members: list[Expression] = []
        while not self._scanner.taken("]"):
            if members:
                self._scanner.expect(",")
            members.append(self._sum())

        def among(row: Row) -> Value:
            value = left(row)
            return any(compare(value, "=", member(row)) for member in members)

        return among

    def _sum(self) -> Expression:
        left = self._product()
        while self._scanner.next.kind == "sign" and self._scanner.next.text in {"+", "-"}:
            left = _arithmetic(self._scanner.take().text, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._power()
        while self._scanner.next.kind == "sign" and self._scanner.next.text in {"*", "/", "%"}:
            left = _arithmetic(self._scanner.take().text, left, self._power())
        return left

    def _power(self) -> Expression:
        left = self._signed()
        return _arithmetic("^", left, self._signed()) if self._scanner.taken("^") else left

    def _signed(self) -> Expression:
        if self._scanner.taken("-"):
            inner = self._primary()
            return _arithmetic("-", lambda row: 0, inner)
        return self._primary()

    def _primary(self) -> Expression:
        if self._scanner.taken("("):
            inner = self.read()
            self._scanner.expect(")")
            return inner
        token = self._scanner.next
        if token.kind == "string":
            self._scanner.take()
            return _constant(unquoted(token.text))
        if token.kind == "number":
            self._scanner.take()
            return _constant(float(token.text) if not token.text.isdigit() else int(token.text))
        if token.kind == "quoted":
            self._scanner.take()
            return _field(token.text[1:-1])
        if token.kind != "name":
            raise self._scanner.unexpected()
        self._scanner.take()
        if self._scanner.taken("("):
            return self._call(token)
        if token.word in {"true", "false"}:
            return _constant(token.word == "true")
        return _field(token.text)

    def _call(self, name: Token) -> Expression:
        word = name.word
        if word == "count" or word == "pct" or word in AGGREGATES:
            return self._aggregate(name)
        if word == "now":
            self._scanner.expect(")")
            return _constant(self._now_ms // 1000)
        if word == "bin":
            period = self._period()
            self._scanner.expect(")")
            return _rounded(floor, _field("@timestamp"), period)
        if word in {"datefloor", "dateceil"}:
            moment = self.read()
            self._scanner.expect(",")
            period = self._period()
            self._scanner.expect(")")
            return _rounded(floor if word == "datefloor" else ceiling, moment, period)
        if word in _UNBUILT:
            raise NotImplementedByPileus(f"the function {name.text} is not implemented")
        known = FUNCTIONS.get(word)
        if known is None:
            raise self._scanner.wrong(f"unknown function: {name.text}", name.start)
        arguments = self._arguments()
        if len(arguments) < known.least or (known.most >= 0 and len(arguments) > known.most):
            raise self._scanner.wrong(f"wrong number of arguments of {name.text}", name.start)
        function = known.function
        return lambda row: function([argument(row) for argument in arguments])

    def _arguments(self) -> Sequence[Expression]:
        arguments: list[Expression] = []
        while not self._scanner.taken(")"):
            if arguments:
                self._scanner.expect(",")
            arguments.append(self.read())
        return arguments

    def _aggregate(self, name: Token) -> Expression:
        if self.aggregates is None:
            raise self._scanner.wrong(f"{name.text} is for stats only", name.start)
        calls, self.aggregates = self.aggregates, None  # none within another
        make, argument = self._aggregated(name)
        self.aggregates = calls
        slot = f"\0{len(calls)}"
        calls.append(AggregateCall(make, argument, slot))
        return lambda row: row.values.get(slot)

    def _aggregated(self, name: Token) -> tuple[Callable[[], Aggregate], Expression]:
        word = name.word
        if word == "count":
            if self._scanner.taken("*"):
                self._scanner.expect(")")
                return lambda: Count(every=True), _constant(1)
            if self._scanner.taken(")"):
                return lambda: Count(every=True), _constant(1)
        argument = self.read()
        if word == "count":
            self._scanner.expect(")")
            return lambda: Count(every=False), argument
        if word == "pct":
            self._scanner.expect(",")
            percent = float(self._take("number").text)
            self._scanner.expect(")")
            if not 0 <= percent <= 100:
                raise self._scanner.wrong("a percentile is between 0 and 100", name.start)
            return lambda: Percentile(percent), argument
        self._scanner.expect(")")
        return AGGREGATES[word], argument

    def _period(self) -> Period:
        token = self._take("duration")
        match = _DURATION.fullmatch(token.text)
        assert match is not None
        count, unit = int(match[1]), match[2]
        if count == 0:
            raise self._scanner.wrong("a period is longer than nothing", token.start)
        if unit in UNITS_MONTHS:
            return Period(months=count * UNITS_MONTHS[unit])
        return Period(length_ms=count * UNITS_MS[unit])

    def _take(self, kind: str) -> Token:
        if self._scanner.next.kind != kind:
            raise self._scanner.unexpected()
        return self._scanner.take()


def _constant(value: Value) -> Expression:
    return lambda row: value


def _field(name: str) -> Expression:
    return lambda row: row.get(name)


def _present_and_not(left: Expression, found: Expression) -> Expression:
    return lambda row: left(row) is not None and not found(row)


def _rounded(rounding: Callable[[float, Period], Value], moment: Expression, period: Period) -> Expression:
    def rounded(row: Row) -> Value:
        at_ms = number(moment(row))
        try:
            return None if at_ms is None else rounding(at_ms, period)
        except (OverflowError, ValueError):  # beyond the calendar
            return None

    return rounded


def _arithmetic(operator: str, left: Expression, right: Expression) -> Expression:
    def result(row: Row) -> Value:
        one, other = number(left(row)), number(right(row))
        if one is None or other is None:
            return None
        try:
            found = _calculated(operator, one, other)
        except (ArithmeticError, ValueError):
            return None
        return found if math.isfinite(found) else None

    return result


def _calculated(operator: str, left: float, right: float) -> float:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
        case "%":
            return math.fmod(left, right)
        case _:
            assert operator == "^"
            return math.pow(left, right)
