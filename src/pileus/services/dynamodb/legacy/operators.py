"""What do the comparison operators of the legacy parameters take, and when does one hold?"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from pileus.services.dynamodb import comparisons
from pileus.services.dynamodb import values as rules
from pileus.services.dynamodb.errors import ValidationException, invalid_parameter
from pileus.services.dynamodb.expressions.conditions import HOLDS, Test
from pileus.services.dynamodb.expressions.request import Usage
from pileus.services.dynamodb.shapes import AttributeValue

Arguments = tuple[AttributeValue, ...]

_NONE: Final = frozenset(("NULL", "NOT_NULL"))
_COUNTS: Final[Mapping[str, int]] = {"NULL": 0, "NOT_NULL": 0, "BETWEEN": 2}
"""Arguments of an operator; one unless said otherwise, and any number but none for IN."""

_SCALARS: Final = frozenset(("S", "N", "B"))
_TYPES: Final[Mapping[str, frozenset[str]]] = {
    "LT": _SCALARS,
    "LE": _SCALARS,
    "GT": _SCALARS,
    "GE": _SCALARS,
    "IN": _SCALARS,
    "BETWEEN": _SCALARS,
    "CONTAINS": _SCALARS | {"BOOL", "NULL"},
    "NOT_CONTAINS": _SCALARS | {"BOOL", "NULL"},
    "BEGINS_WITH": frozenset(("S", "B")),
}
"""Types of the arguments, where not every type will do."""

_ORDERS: Final = {"LT": HOLDS["<"], "LE": HOLDS["<="], "GT": HOLDS[">"], "GE": HOLDS[">="]}


def takes_none(operator: str) -> bool:
    """Whether the operator has no argument."""
    return operator in _NONE


def legal_arguments(operator: str, given: Sequence[AttributeValue]) -> Arguments:
    """The arguments in canonical form; `ValidationException` unless the operator takes them."""
    arguments = tuple(rules.legal(value)[0] for value in given)
    if not (len(arguments) >= 1 if operator == "IN" else len(arguments) == _COUNTS.get(operator, 1)):
        raise invalid_parameter(f"Invalid number of argument(s) for the {operator} ComparisonOperator")
    kinds = [rules.kind_of(value) for value in arguments]
    if len(set(kinds)) > 1:
        raise invalid_parameter("AttributeValues inside AttributeValueList must be of same type")
    if operator in _TYPES and kinds[0] not in _TYPES[operator]:
        raise invalid_parameter(f"ComparisonOperator {operator} is not valid for {kinds[0]} AttributeValue type")
    if operator == "BETWEEN" and comparisons.ordered(arguments[0], arguments[1], HOLDS[">"]):
        raise ValidationException(
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
        )
    return arguments


def usage_of(names: Iterable[str]) -> Usage:
    """Of what names whole attributes and needs no placeholders."""
    none: frozenset[str] = frozenset()
    return Usage(names=none, values=none, heads=frozenset(names), nested=none, checks=())


def comparison(name: str, operator: str, arguments: Arguments) -> Test:
    """Whether an item's attribute compares so.

    An attribute that is absent is NULL and NE to everything, and nothing else; NOT_CONTAINS is false for it too.
    Source: scylladb/scylladb, test/alternator/test_expected.py, which its authors run against DynamoDB.
    """
    if operator == "NULL":
        return lambda item, values: name not in item
    if operator == "NOT_NULL":
        return lambda item, values: name in item
    holds = _relation(operator, arguments)
    if operator == "NE":
        return lambda item, values: name not in item or holds(item[name])
    return lambda item, values: name in item and holds(item[name])


def _relation(operator: str, arguments: Arguments) -> Callable[[AttributeValue], bool]:
    first, last = arguments[0], arguments[-1]
    match operator:
        case "EQ" | "IN":
            return lambda value: any(comparisons.equal(value, argument) for argument in arguments)
        case "NE":
            return lambda value: not comparisons.equal(value, first)
        case "BETWEEN":
            at_least, at_most = _ORDERS["GE"], _ORDERS["LE"]
            return lambda value: (
                comparisons.ordered(value, first, at_least) and comparisons.ordered(value, last, at_most)
            )
        case "BEGINS_WITH":
            return lambda value: comparisons.begins_with(value, first)
        case "CONTAINS":
            return lambda value: comparisons.contains(value, first)
        case "NOT_CONTAINS":
            return lambda value: not comparisons.contains(value, first)
        case _:
            order = _ORDERS[operator]
            return lambda value: comparisons.ordered(value, first, order)
