"""Which part of a partition does a key condition ask for?

Any condition parses; only `key = :v`, and at most one comparison of the sort key, joined by AND, are key conditions.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pileus.services.dynamodb.errors import ReworkedValidationException, ValidationException
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


def key_tests(node: Node) -> Iterator[KeyTest]:
    """The comparisons of a key condition, in turn; `ValidationException` at the first that is none."""
    if isinstance(node, Parentheses):
        node = node.inner
    if isinstance(node, Combination) and node.operator == "AND":
        for part in node.parts:
            yield from key_tests(part)
        return
    operator = _refused(node)
    if operator is not None:
        raise ValidationException(f"Invalid operator used in KeyConditionExpression: {operator}")
    yield _test(node)


def by_attribute(tests: Iterable[KeyTest], names: Mapping[str, str]) -> Tests:
    """The comparisons by the attribute; `ValidationException` when they look at one twice."""
    found: dict[str, KeyTest] = {}
    for test in tests:
        (name,) = resolve(test.path, names)
        if name in found:
            raise _reworded("KeyConditionExpressions must only contain one condition per key")
        found[str(name)] = test
    return found


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
    """The order of its problems: architect/dynalite, test/query.js, from "no key attribute as first operator" on."""
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
    if not isinstance(node, Comparison) and not isinstance(plain[0], Path):
        raise _invalid(f"{operator} operator must have the key attribute as its first operand")
    path = _only_path(plain)
    if plain[0] is not path:
        operator = _MIRRORED[operator]
    return KeyTest(operator, path, tuple(operand.name for operand in plain if isinstance(operand, Value)))


def _only_path(operands: Sequence[Node]) -> Path:
    path: Path | None = None
    for operand in operands:
        if isinstance(operand, Call):
            raise ValidationException("KeyConditionExpressions cannot contain nested operations")
        if isinstance(operand, Path):
            if path is not None:
                raise _invalid("Multiple attribute names used in one condition")
            if len(operand.steps) > 1:
                raise _reworded("KeyConditionExpressions cannot have conditions on nested attributes")
            path = operand
    if path is None:
        raise _invalid("No key attribute specified")
    return path


def _reworded(told: str) -> ValidationException:
    """What DynamoDB's current layer says behind the parameter's name (docs/decisions/0014).

    Source: paritysuite/dynamodb-conformance, tests/tier3/error-messages/queryKeyConditionOperands.test.ts (2026).
    """
    return ReworkedValidationException(told, current=f"Invalid KeyConditionExpression: {told}")


def _invalid(what: str) -> ValidationException:
    return ValidationException(f"Invalid condition in KeyConditionExpression: {what}")
