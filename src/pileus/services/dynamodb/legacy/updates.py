"""What do AttributeUpdates make of an item?"""

from collections.abc import Callable, Mapping
from typing import Final

from pileus.services.dynamodb import comparisons, numbers
from pileus.services.dynamodb import values as rules
from pileus.services.dynamodb.errors import ValidationException, invalid_parameter
from pileus.services.dynamodb.expressions.projections import compile_projection
from pileus.services.dynamodb.expressions.request import Update
from pileus.services.dynamodb.legacy.operators import usage_of
from pileus.services.dynamodb.shapes import AttributeValue, AttributeValueUpdate

_SETS: Final = frozenset(("SS", "NS", "BS"))
_ADDABLE: Final = _SETS | {"N", "L"}
"""The manual knows no list here, but DynamoDB adds one at the end (architect/dynalite, test/updateItem.js)."""

Outcome = Callable[[AttributeValue | None], AttributeValue | None]
"""What an attribute becomes; None means that it is absent."""


def attribute_updates(updates: Mapping[str, AttributeValueUpdate]) -> Update:
    """The update; it creates an item unless all that it does is to delete attributes."""
    outcomes = {name: _outcome(update) for name, update in updates.items()}

    def apply(item: rules.Item, values: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
        changed = dict(item)
        for name, outcome in outcomes.items():
            value = outcome(item.get(name))
            if value is None:
                changed.pop(name, None)
            else:
                changed[name] = value
        return changed

    return Update(
        usage=usage_of(updates),
        apply=apply,
        touched=compile_projection([(name,) for name in updates]),
        written=frozenset(updates),
        kinds=lambda values: {
            name: rules.kind_of(update.value) for name, update in updates.items() if update.value is not None
        },
        creates=not updates or any(update.action != "DELETE" for update in updates.values()),
    )


def _outcome(update: AttributeValueUpdate) -> Outcome:
    action = update.action or "PUT"
    if update.value is None:
        if action != "DELETE":
            raise invalid_parameter("Only DELETE action is allowed when no attribute value is specified")
        return lambda present: None
    operand, _ = rules.legal(update.value)
    kind = rules.kind_of(operand)
    if action == "DELETE":
        if kind not in _SETS:
            raise invalid_parameter(f"DELETE action with value is not supported for the type {kind}")
        return lambda present: None if present is None else _without(_same(present, kind), operand)
    if action == "ADD":
        if kind not in _ADDABLE:
            raise invalid_parameter(f"ADD action is not supported for the type {kind}")
        return lambda present: operand if present is None else _with(_same(present, kind), operand)
    return lambda present: operand


def _same(present: AttributeValue, kind: str) -> AttributeValue:
    if rules.kind_of(present) != kind:
        raise ValidationException("Type mismatch for attribute to update")
    return present


def _with(present: AttributeValue, operand: AttributeValue) -> AttributeValue:
    """The sum, the union, or the longer list of two values of the same type."""
    if present.n is not None and operand.n is not None:
        return AttributeValue(n=numbers.add(present.n, operand.n))
    if present.l is not None and operand.l is not None:
        return AttributeValue(l=[*present.l, *operand.l])
    return comparisons.union(present, operand)


def _without(present: AttributeValue, operand: AttributeValue) -> AttributeValue | None:
    return comparisons.difference(present, operand)
