"""What may a request not do with the attributes that are keys of a table's indexes?

Some of it is refused for its text alone, before the item is read; the rest when the index's entry is made (`indexes`).
"""

from collections.abc import Iterable
from operator import attrgetter
from typing import Final

from pileus.services.dynamodb.errors import ValidationException, invalid_parameter
from pileus.services.dynamodb.expressions.checks import Values
from pileus.services.dynamodb.expressions.request import Condition, Projection, Update
from pileus.services.dynamodb.indexes import Index
from pileus.services.dynamodb.requests import WritePlan

_name: Final = attrgetter("name")


def check_against_indexes(plan: WritePlan, indexes: Iterable[Index]) -> None:
    """`check_nested_in_indexes` and `check_kinds` for all that a write says."""
    if plan.update is not None:
        check_kinds(plan.update, plan.values, indexes)
        check_nested_in_indexes(plan.update, indexes)
    if plan.condition is not None:
        check_nested_in_indexes(plan.condition, indexes)


def check_nested_in_indexes(expression: Condition | Update | Projection, indexes: Iterable[Index]) -> None:
    """No path may go into a key attribute of an index."""
    nested = expression.usage.nested
    for index in indexes:
        for attribute in (*index.partition, *index.sort):
            if attribute.name in nested:
                raise ValidationException(
                    "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
                    f"IndexKey: {attribute.name}"
                )


def check_kinds(update: Update, values: Values, indexes: Iterable[Index]) -> None:
    """No key attribute of an index may get another type, where that shows without the item.

    The first index by name is told (paritysuite/dynamodb-conformance, transactIndexKeys.test.ts).
    """
    kinds = update.kinds(values)
    for index in sorted(indexes, key=_name):
        for attribute in (*index.partition, *index.sort):
            kind = kinds.get(attribute.name, attribute.kind)
            if kind != attribute.kind:
                raise invalid_parameter(
                    f"Type mismatch for Index Key {attribute.name} Expected: {attribute.kind} Actual: {kind} "
                    f"IndexName: {index.name}"
                )
