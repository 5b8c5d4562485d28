"""Which key condition do KeyConditions state?"""

from collections.abc import Mapping
from typing import Final

from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.expressions.checks import Values
from pileus.services.dynamodb.expressions.key_conditions import KeyTest
from pileus.services.dynamodb.expressions.request import KeyCondition
from pileus.services.dynamodb.expressions.syntax import Path
from pileus.services.dynamodb.legacy.operators import legal_arguments, usage_of
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.shapes import Condition as ConditionShape

_OPERATORS: Final = {
    "EQ": "=",
    "LT": "<",
    "LE": "<=",
    "GT": ">",
    "GE": ">=",
    "BETWEEN": "BETWEEN",
    "BEGINS_WITH": "begins_with",
}
"""The others stay as they are: no index can answer them, which the table's key says in its turn."""


def key_condition(conditions: Mapping[str, ConditionShape]) -> tuple[KeyCondition, Values]:
    """The key condition, and its values under placeholders which no client can use."""
    values: dict[str, AttributeValue] = {}
    tests: dict[str, KeyTest] = {}
    for number, (name, condition) in enumerate(conditions.items()):
        operator = condition.comparison_operator
        arguments = legal_arguments(operator, condition.attribute_value_list or ())
        placeholders = tuple(f"KeyConditions.{number}.{index}" for index in range(len(arguments)))
        values.update(zip(placeholders, arguments, strict=True))
        tests[name] = KeyTest(_OPERATORS.get(operator, operator), Path((name,)), placeholders)
    if len(tests) not in {1, 2}:
        raise ValidationException("Conditions can be of length 1 or 2 only")
    return KeyCondition(usage=usage_of(conditions), tests=lambda: tests), values
