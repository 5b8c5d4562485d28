"""Which keys does a condition ask for?

A WHERE clause is taken apart at its ORs. When every branch names a partition key, each branch is a read of its own;
otherwise all of the table is read. The whole clause is applied as a filter besides, so what is found here may be more
than what is asked for, and never less.

Source: Developer Guide, "PartiQL select statements for DynamoDB" (what causes a scan); how AWS takes a clause apart is
known from what it refused to public test suites.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import Final

from pileus.services.dynamodb import comparisons
from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.expressions.checks import Values
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
)
from pileus.services.dynamodb.partiql.checked import paths_of
from pileus.services.dynamodb.shapes import AttributeValue

READS_MAX: Final = 50
"""Source: Developer Guide, "PartiQL arithmetic, comparison, and logical operators", IN."""

KEPT_MAX: Final = 256
"""Clauses of which it is kept what they ask for."""

_MIRRORED: Final = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class SortTest:
    """operator (`=`, `<`, ..., `BETWEEN`, `begins_with`), and the names of its operands."""

    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """partitions: names of values all of which the partition key must be. negated: the sort key must not be something.

    other: what else must hold, which no key can tell.
    """

    partitions: tuple[str, ...] = ()
    sorts: tuple[SortTest, ...] = ()
    negated: bool = False
    other: tuple[Node, ...] = ()

    def __and__(self, more: "Branch") -> "Branch":
        return Branch(
            self.partitions + more.partitions,
            self.sorts + more.sorts,
            self.negated or more.negated,
            self.other + more.other,
        )


@lru_cache(KEPT_MAX)
def branches(where: Node | None, partition: str, sort: str | None) -> tuple[Branch, ...] | None:
    """The reads that a clause asks for; None when it is not bound to some partitions.

    partition, sort: the key attributes. `ValidationException` when there are too many.
    """
    if where is None or not _keyed(where, partition):
        return None
    found = _branches(where, partition, sort)
    if len(found) > READS_MAX:
        raise _too_many()
    return tuple(found)


def _too_many() -> ValidationException:
    return ValidationException("Too many decomposed read operations for a given query.")


def _test(node: Node) -> tuple[str, str, tuple[str, ...]] | None:
    """Attribute, operator and values' names, when the node compares an attribute with nothing but values."""
    match node:
        case Comparison(operator=operator, left=Path(steps=(str(name),)), right=Value(name=value)):
            return name, operator, (value,)
        case Comparison(operator=operator, left=Value(name=value), right=Path(steps=(str(name),))):
            return name, _MIRRORED.get(operator, operator), (value,)
        case Between(operand=Path(steps=(str(name),)), low=Value(name=low), high=Value(name=high)):
            return name, "BETWEEN", (low, high)
        case Call(function="begins_with", arguments=(Path(steps=(str(name),)), Value(name=prefix))):
            return name, "begins_with", (prefix,)
        case In(operand=Path(steps=(str(name),)), choices=choices):
            values = tuple(choice.name for choice in choices if isinstance(choice, Value))
            return (name, "IN", values) if len(values) == len(choices) else None
        case _:
            return None


def _keyed(node: Node, partition: str) -> bool:
    if isinstance(node, Combination):
        parts = (_keyed(part, partition) for part in node.parts)
        return any(parts) if node.operator == "AND" else all(parts)
    test = _test(node)
    return test is not None and test[0] == partition and test[1] in {"=", "IN"}


def _branches(node: Node, partition: str, sort: str | None) -> list[Branch]:
    names = {steps[0] for steps in paths_of(node)}
    if partition not in names and sort not in names:
        return [Branch(other=(node,))]
    if isinstance(node, Combination):
        parts = [_branches(part, partition, sort) for part in node.parts]
        if node.operator == "OR":
            return [branch for part in parts for branch in part]
        if prod(map(len, parts)) > READS_MAX:
            raise _too_many()
        return [_all(chosen) for chosen in product(*parts)]
    negated = sort in names and (isinstance(node, Not) or (isinstance(node, Comparison) and node.operator == "<>"))
    test = _test(node)
    if test is None or negated or test[1] == "<>":
        return [Branch(negated=negated, other=(node,))]
    name, operator, values = test
    tests = [("=", (value,)) for value in values] if operator == "IN" else [(operator, values)]
    if name == sort:
        return [Branch(sorts=(SortTest(*each),)) for each in tests]
    return [Branch(partitions=each) if kind == "=" else Branch(other=(node,)) for kind, each in tests]


def _all(chosen: Sequence[Branch]) -> Branch:
    result = chosen[0]
    for branch in chosen[1:]:
        result &= branch
    return result


# --- one item --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NamedItem:
    """The item that a clause names by equalities. rest: what else must hold of it.

    key: may lack attributes. twice: a key attribute that is asked to have two values; `key` has the first.
    """

    key: dict[str, AttributeValue]
    rest: tuple[Node, ...]
    twice: str | None


def named_item(where: Node | None, key_names: Sequence[str], values: Values) -> NamedItem:
    """What a clause says of one item's key; only what must hold in any case counts."""
    key: dict[str, AttributeValue] = {}
    rest: list[Node] = []
    twice = None
    for node in _conjuncts(where):
        test = _test(node)
        if test is None or test[1] != "=" or test[0] not in key_names:
            rest.append(node)
            continue
        name, value = test[0], values[test[2][0]]
        if not comparisons.equal(key.setdefault(name, value), value):
            twice = twice or name
            rest.append(node)
    return NamedItem(key, tuple(rest), twice)


def _conjuncts(node: Node | None) -> Iterator[Node]:
    if isinstance(node, Combination) and node.operator == "AND":
        for part in node.parts:
            yield from _conjuncts(part)
    elif node is not None:
        yield node
