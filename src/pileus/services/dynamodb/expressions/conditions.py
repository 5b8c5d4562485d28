"""Does a condition hold for an item?"""

from collections.abc import Callable, Mapping
from typing import Final

from pileus.services.dynamodb import comparisons
from pileus.services.dynamodb import values as rules
from pileus.services.dynamodb.expressions.checks import Values
from pileus.services.dynamodb.expressions.paths import resolve, value_at
from pileus.services.dynamodb.expressions.syntax import (
    Between,
    Call,
    Combination,
    Comparison,
    In,
    Node,
    Not,
    Path,
    Value,
    unwrapped,
)
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.values import Item

Test = Callable[[Item, Values], bool]
Operand = Callable[[Item, Values], AttributeValue | None]
"""The value of an operand for one item; None when the item has nothing there."""

HOLDS: Final[Mapping[str, Callable[[int], bool]]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}
"""Whether a comparison holds when its left side is less (-1), equal (0) or greater (1)."""


def operand(node: Node, names: Mapping[str, str]) -> Operand:
    """A path, a value, or `size()`."""
    node = unwrapped(node)
    if isinstance(node, Value):
        name = node.name
        return lambda item, values: values[name]
    if isinstance(node, Path):
        steps = resolve(node, names)
        head = steps[0]
        if len(steps) == 1 and isinstance(head, str):
            return lambda item, values: item.get(head)
        return lambda item, values: value_at(item, steps)
    assert isinstance(node, Call)
    assert node.function == "size"
    return _size(operand(node.arguments[0], names))


def _size(measured: Operand) -> Operand:
    def size(item: Item, values: Values) -> AttributeValue | None:
        value = measured(item, values)
        length = None if value is None else rules.length(value)
        return None if length is None else AttributeValue(n=str(length))

    return size


def compile_condition(node: Node, names: Mapping[str, str]) -> Test:
    """The condition as a function of an item and the request's values."""
    node = unwrapped(node)
    match node:
        case Combination():
            return _combination(node, names)
        case Not():
            part = compile_condition(node.part, names)
            return lambda item, values: not part(item, values)
        case Comparison():
            return _comparison(node, names)
        case Between():
            return _between(node, names)
        case In():
            return _in(node, names)
        case Call():
            return _call(node, names)
        case _:
            raise AssertionError("the grammar let an operand pass as a condition")


def _combination(node: Combination, names: Mapping[str, str]) -> Test:
    parts = tuple(compile_condition(part, names) for part in node.parts)
    if node.operator == "AND":
        return lambda item, values: all(part(item, values) for part in parts)
    return lambda item, values: any(part(item, values) for part in parts)


def _comparison(node: Comparison, names: Mapping[str, str]) -> Test:
    left, right = operand(node.left, names), operand(node.right, names)
    if node.operator in {"=", "<>"}:
        wanted = node.operator == "="

        def same(item: Item, values: Values) -> bool:
            a, b = left(item, values), right(item, values)
            # What is absent equals nothing, so `<>` holds for it.
            return (a is not None and b is not None and comparisons.equal(a, b)) is wanted

        return same
    holds = HOLDS[node.operator]

    def ordered(item: Item, values: Values) -> bool:
        a, b = left(item, values), right(item, values)
        return a is not None and b is not None and comparisons.ordered(a, b, holds)

    return ordered


def _between(node: Between, names: Mapping[str, str]) -> Test:
    middle, low, high = (operand(part, names) for part in (node.operand, node.low, node.high))
    at_least, at_most = HOLDS[">="], HOLDS["<="]

    def between(item: Item, values: Values) -> bool:
        value, first, last = middle(item, values), low(item, values), high(item, values)
        if value is None or first is None or last is None:
            return False
        return comparisons.ordered(value, first, at_least) and comparisons.ordered(value, last, at_most)

    return between


def _in(node: In, names: Mapping[str, str]) -> Test:
    wanted = operand(node.operand, names)
    choices = tuple(operand(choice, names) for choice in node.choices)

    def member(item: Item, values: Values) -> bool:
        value = wanted(item, values)
        if value is None:
            return False
        others = (choice(item, values) for choice in choices)
        return any(other is not None and comparisons.equal(value, other) for other in others)

    return member


def _call(node: Call, names: Mapping[str, str]) -> Test:
    first = operand(node.arguments[0], names)
    if node.function == "attribute_exists":
        return lambda item, values: first(item, values) is not None
    if node.function == "attribute_not_exists":
        return lambda item, values: first(item, values) is None
    relation = _RELATIONS[node.function]
    second = operand(node.arguments[1], names)

    def related(item: Item, values: Values) -> bool:
        a, b = first(item, values), second(item, values)
        return a is not None and b is not None and relation(a, b)

    return related


_RELATIONS: Final[Mapping[str, Callable[[AttributeValue, AttributeValue], bool]]] = {
    "attribute_type": lambda value, kind: rules.kind_of(value) == kind.s,
    "begins_with": comparisons.begins_with,
    "contains": comparisons.contains,
}
