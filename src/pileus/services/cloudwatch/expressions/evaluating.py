"""What is the value of an expression, once the metrics that it names have been read?

Pure: who evaluates has read before what `needs` of the parsed expressions says, and hands in a `Known`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.cloudwatch.expressions import functions
from pileus.services.cloudwatch.expressions.syntax import (
    Array,
    Binary,
    Call,
    ExpressionError,
    Name,
    Negative,
    Node,
    Number,
    Text,
)
from pileus.services.cloudwatch.expressions.values import Line, Span, Value

_MISSING: Final = frozenset(
    {"ANOMALY_DETECTION_BAND", "DB_PERF_INSIGHTS", "INSIGHT_RULE_METRIC", "LAMBDA", "SERVICE_QUOTA"}
)
"""Functions that AWS has."""


class Known(NamedTuple):
    """What an evaluation starts from.

    lines: the metrics of the request, by the ids of their queries. parsed: its expressions, by theirs.
    searched: what each SEARCH has found. period_s: of a series that is made of a number.
    """

    lines: Mapping[str, Line]
    parsed: Mapping[str, Node]
    searched: Mapping[Call, list[Line]]
    span: Span
    period_s: int


class Evaluation:
    """Of all expressions of one request, each once."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._values: dict[str, Value] = {}
        self._under_way: set[str] = set()

    def of(self, query_id: str) -> Value:
        """Raises `ExpressionError`."""
        line = self._known.lines.get(query_id)
        if line is not None:
            return line
        if query_id in self._values:
            return self._values[query_id]
        node = self._known.parsed.get(query_id)
        if node is None:
            raise ExpressionError(f"Undeclared variable: {query_id}")
        if query_id in self._under_way:
            raise ExpressionError(f"Expression {query_id} refers to itself")
        self._under_way.add(query_id)
        value = self._values[query_id] = self._value(node)
        self._under_way.discard(query_id)
        return value

    def _value(self, node: Node) -> Value:
        match node:
            case Number(value):
                return value
            case Text(text):
                return text
            case Name(name):
                return self.of(name)
            case Negative(operand):
                return functions.operated("*", -1.0, self._value(operand))
            case Binary():
                return self._chain(node)
            case Array(items):
                return self._array(items)
            case Call(name, arguments):
                return self._called(node, name, arguments)

    def _chain(self, node: Binary) -> Value:
        """`a + b + c + ...`, which may be a thousand deep on the left."""
        steps: list[Binary] = []
        first: Node = node
        while isinstance(first, Binary):
            steps.append(first)
            first = first.left
        value = self._value(first)
        for step in reversed(steps):
            value = functions.operated(step.operator, value, self._value(step.right))
        return value

    def _array(self, items: tuple[Node, ...]) -> list[Line]:
        lines: list[Line] = []
        for item in items:
            value = self._value(item)
            if isinstance(value, Line):
                lines.append(value)
            elif isinstance(value, list):
                lines += value
            else:
                raise ExpressionError("An array consists of time series")
        return lines

    def _called(self, call: Call, name: str, arguments: tuple[Node, ...]) -> Value:
        if name in _MISSING:
            raise NotImplementedByPileus(f"The function {name} of metric math is not implemented")
        match name, arguments:
            case "SEARCH", _:
                return self._known.searched[call]
            case "METRICS", []:
                return list(self._known.lines.values())
            case "METRICS", [Text(part)]:
                return [line for query_id, line in self._known.lines.items() if part in query_id]
            case "FILL", [value, Name("REPEAT" | "LINEAR" as word)]:
                return functions.filled(self._value(value), word, self._known.span)
            case "FILL", [value, filling]:
                return functions.filled(self._value(value), self._value(filling), self._known.span)
            case "IF", [condition, yes]:
                return functions.chosen(self._value(condition), self._value(yes), None)
            case "IF", [condition, yes, no]:
                return functions.chosen(self._value(condition), self._value(yes), self._value(no))
            case "SORT", [value, Name(by), Name(direction)]:
                return functions.ordered(self._value(value), by, direction, None)
            case "SORT", [value, Name(by), Name(direction), most]:
                return functions.ordered(self._value(value), by, direction, self._value(most))
            case "SLICE", [value, first]:
                return functions.sliced(self._value(value), self._value(first), None)
            case "SLICE", [value, first, end]:
                return functions.sliced(self._value(value), self._value(first), self._value(end))
            case "TIME_SERIES", [value]:
                return functions.constant(self._value(value), self._known.span, self._known.period_s)
            case _, [value]:
                result = functions.simple(name, self._value(value))
                if result is not None:
                    return result
        if len(arguments) > 1 and name in functions.REDUCING:
            return functions.reduced(name, self._array(arguments))
        raise ExpressionError(f"There is no function {name} that takes {len(arguments)} arguments")
