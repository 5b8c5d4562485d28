"""Which condition do Expected, QueryFilter and ScanFilter state?"""

from collections.abc import Mapping, Sized

from pileus.services.dynamodb import values as rules
from pileus.services.dynamodb.errors import ValidationException, invalid_parameter
from pileus.services.dynamodb.expressions.conditions import Test
from pileus.services.dynamodb.expressions.request import Condition
from pileus.services.dynamodb.legacy.operators import comparison, legal_arguments, takes_none, usage_of
from pileus.services.dynamodb.shapes import AttributeValue, ExpectedAttributeValue
from pileus.services.dynamodb.shapes import Condition as ConditionShape


def check_conditional_operator(operator: str | None, conditions: Sized | None) -> None:
    """There must be something that ConditionalOperator can join."""
    if operator is None:
        return
    if not conditions:
        raise ValidationException("ConditionalOperator cannot be used without Filter or Expected")
    if len(conditions) < 2:
        raise ValidationException(
            "ConditionalOperator can only be used when Filter or Expected has two or more elements"
        )


def filter_condition(filters: Mapping[str, ConditionShape] | None, operator: str | None) -> Condition | None:
    """The condition of a QueryFilter or ScanFilter; an empty one states none."""
    tests = {
        name: comparison(
            name,
            condition.comparison_operator,
            legal_arguments(condition.comparison_operator, condition.attribute_value_list or ()),
        )
        for name, condition in (filters or {}).items()
    }
    return _joined(tests, operator)


def expected_condition(expected: Mapping[str, ExpectedAttributeValue] | None, operator: str | None) -> Condition | None:
    """The condition of an Expected; an empty one states none."""
    return _joined({name: _expected(name, one) for name, one in (expected or {}).items()}, operator)


def _joined(tests: Mapping[str, Test], operator: str | None) -> Condition | None:
    if not tests:
        return None
    parts = tuple(tests.values())

    def every(item: rules.Item, values: Mapping[str, AttributeValue]) -> bool:
        return all(part(item, values) for part in parts)

    def some(item: rules.Item, values: Mapping[str, AttributeValue]) -> bool:
        return any(part(item, values) for part in parts)

    return Condition(usage=usage_of(tests), test=some if operator == "OR" else every)


def _expected(name: str, expected: ExpectedAttributeValue) -> Test:
    operator, listed, value = expected.comparison_operator, expected.attribute_value_list, expected.value
    if listed is not None and value is not None:
        raise invalid_parameter(f"Value and AttributeValueList cannot be used together for Attribute: {name}")
    if operator is None:
        if listed is not None:
            raise invalid_parameter(
                f"AttributeValueList can only be used with a ComparisonOperator for Attribute: {name}"
            )
        return _expected_value(name, expected)
    if expected.exists is not None:
        raise invalid_parameter(f"Exists and ComparisonOperator cannot be used together for Attribute: {name}")
    if listed is None and value is None and not takes_none(operator):
        raise invalid_parameter(
            f"Value or AttributeValueList must be used with ComparisonOperator: {operator} for Attribute: {name}"
        )
    given = listed if listed is not None else [] if value is None else [value]
    return comparison(name, operator, legal_arguments(operator, given))


def _expected_value(name: str, expected: ExpectedAttributeValue) -> Test:
    """`Value` means that the attribute equals it, `Exists: false` that it is absent."""
    value = expected.value
    if value is None:
        if expected.exists is False:
            return comparison(name, "NULL", ())
        shown = "null" if expected.exists is None else "true"
        raise invalid_parameter(f"Value must be provided when Exists is {shown} for Attribute: {name}")
    if expected.exists is False:
        raise invalid_parameter(f"Value cannot be used when Exists is false for Attribute: {name}")
    return comparison(name, "EQ", (rules.legal(value)[0],))
