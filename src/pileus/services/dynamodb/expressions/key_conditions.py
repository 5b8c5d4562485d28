"""Which part of a partition does a key condition ask for?

Any condition parses; only `key = :v`, and at most one comparison of the sort key, joined by AND, are key conditions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.expressions.paths import resolve
from pileus.services.dynamodb.expressions.syntax import (
    Between,
    Call,
    Combination,
    Comparison,
    In,
    Node,
    Not,
    Parentheses,
    Path,
    Value,
    unwrapped,
)

Tests = Mapping[str, "KeyTest"]
"""One per attribute."""

_MIRRORED: Final = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class KeyTest:
    """One comparison: operator (`=`, `<`, ..., `BETWEEN`, `begins_with`), path and the values' placeholders."""

    operator: str
    path: Path
    values: tuple[str, ...]


def key_tests(node: Node) -> tuple[KeyTest, ...]:
    """The comparisons of a key condition; `ValidationException` for what is none."""
    return tuple(_test(part) for part in _parts(node))


def by_attribute(tests: Iterable[KeyTest], names: Mapping[str, str]) -> Tests:
    """The comparisons by the attribute; `ValidationException` when they look inside of one, or at one twice."""
    found: dict[str, KeyTest] = {}
    for test in tests:
        steps = resolve(test.path, names)
        if len(steps) > 1:
            raise ValidationException("KeyConditionExpressions cannot have conditions on nested attributes")
        name = str(steps[0])
        if name in found:
            raise ValidationException("KeyConditionExpressions must only contain one condition per key")
        found[name] = test
    return found


def _parts(node: Node) -> list[Node]:
    if isinstance(node, Parentheses):
        node = node.inner
    if isinstance(node, Combination) and node.operator == "AND":
        return [test for part in node.parts for test in _parts(part)]
    operator = _refused(node)
    if operator is not None:
        raise ValidationException(f"Invalid operator used in KeyConditionExpression: {operator}")
    return [node]


def _refused(node: Node) -> str | None:
    """The operator that no key condition may have, if this is one."""
    match node:
        case Combination():
            return node.operator
        case Not():
            return "NOT"
        case In():
            return "IN"
        case Comparison(operator="<>"):
            return "<>"
        case Call(function=function) if function != "begins_with":
            return function
        case _:
            return None


def _test(node: Node) -> KeyTest:
    match node:
        case Comparison():
            operator, operands = node.operator, [node.left, node.right]
        case Between():
            operator, operands = "BETWEEN", [node.operand, node.low, node.high]
        case Call():
            operator, operands = node.function, list(node.arguments)
        case _:
            raise AssertionError("the grammar gave a condition that is none")
    plain = [unwrapped(operand) for operand in operands]
    if any(isinstance(operand, Call) for operand in plain):
        raise ValidationException("KeyConditionExpressions cannot contain nested operations")
    if isinstance(node, Comparison) and not isinstance(plain[0], Path):
        operator, plain = _MIRRORED[operator], plain[::-1]
    return _key_test(operator, plain)


def _key_test(operator: str, operands: list[Node]) -> KeyTest:
    path, *rest = operands
    if not isinstance(path, Path):
        if operator in {"BETWEEN", "begins_with"}:
            raise ValidationException(
                f"Invalid condition in KeyConditionExpression: {operator} operator must have the key attribute as "
                "its first operand"
            )
        raise ValidationException("Invalid condition in KeyConditionExpression: No key attribute specified")
    values = tuple(operand.name for operand in rest if isinstance(operand, Value))
    if len(values) != len(rest):
        raise ValidationException(
            "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"
        )
    return KeyTest(operator, path, values)
