"""What do a Query and a Scan ask for beside their keys: filters, projections, where to go on?

Expressions and legacy parameters become the same plans, as in `requests.py`.
"""

import msgspec

from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.expressions.checks import Values
from pileus.services.dynamodb.expressions.request import Condition, Expressions, KeyCondition, Projection
from pileus.services.dynamodb.legacy.conditions import check_conditional_operator, filter_condition
from pileus.services.dynamodb.legacy.keys import key_condition
from pileus.services.dynamodb.legacy.projections import projection_of
from pileus.services.dynamodb.parameters import check_segment, check_select, check_start_key, check_together
from pileus.services.dynamodb.shapes import QueryInput, ScanInput


class ReadPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a Query or Scan keeps of what it reads. key: only a Query has one. filter_is: what messages call it."""

    key: KeyCondition | None
    filter: Condition | None
    projection: Projection | None
    values: Values
    filter_is: str = "Filter Expression"


def query_plan(request: QueryInput) -> ReadPlan:
    """What a Query wants, checked in AWS's order."""
    if (
        request.key_condition_expression is None
        or request.attributes_to_get is not None
        or request.query_filter is not None
        or request.conditional_operator is not None
        or request.key_conditions is not None
    ):
        _check_query_together(request)
    filter_ = filter_condition(request.query_filter, request.conditional_operator)
    attributes = request.attributes_to_get
    projection = None if attributes is None else projection_of(attributes)
    check_start_key(request.exclusive_start_key)
    key, values = (None, {}) if request.key_conditions is None else key_condition(request.key_conditions)
    names, values_given = request.expression_attribute_names, request.expression_attribute_values
    expressions = Expressions(names, values_given, layer="current")
    if request.filter_expression is not None:
        filter_ = expressions.condition("FilterExpression", request.filter_expression)
    if request.projection_expression is not None:
        projection = expressions.projection(request.projection_expression)
    if request.key_condition_expression is not None:
        key = expressions.key_condition(request.key_condition_expression)
    expressions.finish()
    if key is None:
        raise ValidationException(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
        )
    key.tests()
    check_select(request)
    return ReadPlan(
        key=key,
        filter=filter_,
        projection=projection,
        values={**expressions.values, **values} if values else expressions.values,
        filter_is="QueryFilter" if request.query_filter is not None else "Filter Expression",
    )


def _check_query_together(request: QueryInput) -> None:
    """Nothing to say where there are only expressions, and one of them asks for keys."""
    texts = {
        "ProjectionExpression": request.projection_expression,
        "FilterExpression": request.filter_expression,
        "KeyConditionExpression": request.key_condition_expression,
    }
    legacy: dict[str, object] = {
        "AttributesToGet": request.attributes_to_get,
        "QueryFilter": request.query_filter,
        "ConditionalOperator": request.conditional_operator,
    }
    if request.key_condition_expression is not None:  # without it, KeyConditions go with the other expressions
        legacy["KeyConditions"] = request.key_conditions
    check_together(texts, legacy, request.expression_attribute_names, request.expression_attribute_values)
    check_conditional_operator(request.conditional_operator, request.query_filter)


def scan_plan(request: ScanInput) -> ReadPlan:
    """What a Scan wants, and whether its segment makes sense, checked in AWS's order."""
    texts = {
        "ProjectionExpression": request.projection_expression,
        "FilterExpression": request.filter_expression,
    }
    legacy = {
        "AttributesToGet": request.attributes_to_get,
        "ScanFilter": request.scan_filter,
        "ConditionalOperator": request.conditional_operator,
    }
    check_together(texts, legacy, request.expression_attribute_names, request.expression_attribute_values)
    check_conditional_operator(request.conditional_operator, request.scan_filter)
    attributes = request.attributes_to_get
    projection = None if attributes is None else projection_of(attributes)
    filter_ = filter_condition(request.scan_filter, request.conditional_operator)
    check_start_key(request.exclusive_start_key)
    check_segment(request)
    expressions = Expressions(request.expression_attribute_names, request.expression_attribute_values)
    if request.filter_expression is not None:
        filter_ = expressions.condition("FilterExpression", request.filter_expression)
    if request.projection_expression is not None:
        projection = expressions.projection(request.projection_expression)
    expressions.finish()
    check_select(request)
    return ReadPlan(key=None, filter=filter_, projection=projection, values=expressions.values)


def check_filter(plan: ReadPlan, key_names: tuple[str, ...]) -> None:
    """The filter of a Query does not look at the key of what is queried: the key condition is for that."""
    if plan.filter is None:
        return
    for name in key_names:
        if name in plan.filter.usage.heads:
            raise ValidationException(
                f"{plan.filter_is} can only contain non-primary key attributes: Primary key attribute: {name}"
            )
