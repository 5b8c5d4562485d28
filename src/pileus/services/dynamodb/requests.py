"""What does a request ask for beside its key and item: expressions, conditions, what to return?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.dynamodb.errors import ValidationException, invalid_parameter
from pileus.services.dynamodb.expressions.checks import Values
from pileus.services.dynamodb.expressions.request import Condition, Expressions, KeyCondition, Projection, Update
from pileus.services.dynamodb.key_ranges import key_scalar_error
from pileus.services.dynamodb.limits import ITEM_BYTES_MAX
from pileus.services.dynamodb.model import KeySchema
from pileus.services.dynamodb.shapes import (
    AttributeValue,
    DeleteItemInput,
    GetItemInput,
    PutItemInput,
    QueryInput,
    ScanInput,
    UpdateItemInput,
)
from pileus.services.dynamodb.values import legal_members

_NO_VALUES: Final[Values] = {}


def _open_expressions(
    request: PutItemInput | DeleteItemInput | UpdateItemInput | QueryInput | ScanInput | GetItemInput,
    texts: Mapping[str, str | None],
    legacy: Mapping[str, object],
) -> Expressions:
    """The expressions of a request, ready to be read; refuses what does not go together, and what is not built.

    texts: by parameter name, in AWS's order. legacy: the parameters that came before expressions.
    """
    given = [name for name, text in texts.items() if text is not None]
    old = [name for name, content in legacy.items() if content is not None]
    if given and old:
        raise ValidationException(
            "Can not use both expression and non-expression parameters in the same request: "
            f"Non-expression parameters: {{{', '.join(old)}}} Expression parameters: {{{', '.join(given)}}}"
        )
    names = request.expression_attribute_names
    if names is not None and not given:
        raise ValidationException("ExpressionAttributeNames can only be specified when using expressions")
    values = None if isinstance(request, GetItemInput) else request.expression_attribute_values
    takers = [name for name in texts if name != "ProjectionExpression"]
    if values is not None and not any(texts[name] is not None for name in takers):
        raise ValidationException(
            "ExpressionAttributeValues can only be specified when using expressions: "
            f"{' and '.join(takers)} {'are' if len(takers) > 1 else 'is'} null"
        )
    if old:
        raise NotImplementedByPileus(f"The legacy parameter {old[0]} is not implemented")
    return Expressions(names, values)


# --- writes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePlan:
    """How a write depends on the item that is there, and what it answers.

    returns: NONE, ALL_OLD, UPDATED_OLD, ALL_NEW or UPDATED_NEW. capacity: ReturnConsumedCapacity.
    """

    condition: Condition | None
    update: Update | None
    values: Values
    returns: str
    capacity: str | None
    shows_item_on_failure: bool


def plain_put(request: PutItemInput) -> bool:
    """Whether a PutItem neither depends on what is there nor says anything about it: the hot path."""
    return (
        request.condition_expression is None
        and request.return_values is None
        and request.return_consumed_capacity is None
        and request.expected is None
        and request.conditional_operator is None
        and request.expression_attribute_names is None
        and request.expression_attribute_values is None
    )


def write_plan(request: PutItemInput | DeleteItemInput | UpdateItemInput) -> WritePlan:
    """Everything about a write but its key and item; `ValidationException` for what AWS refuses."""
    update_text = request.update_expression if isinstance(request, UpdateItemInput) else None
    texts = {"ConditionExpression": request.condition_expression}
    legacy: dict[str, object] = {
        "Expected": request.expected,
        "ConditionalOperator": request.conditional_operator,
    }
    if isinstance(request, UpdateItemInput):
        texts = {"UpdateExpression": update_text, **texts}
        legacy = {"AttributeUpdates": request.attribute_updates, **legacy}
    expressions = _open_expressions(request, texts, legacy)
    update = None if update_text is None else expressions.update(update_text)
    text = request.condition_expression
    condition = None if text is None else expressions.condition("ConditionExpression", text)
    expressions.finish()
    returns = request.return_values or "NONE"
    if update_text is None and not isinstance(request, UpdateItemInput) and returns not in {"NONE", "ALL_OLD"}:
        raise ValidationException("ReturnValues can only be ALL_OLD or NONE")
    return WritePlan(
        condition=condition,
        update=update,
        values=expressions.values,
        returns=returns,
        capacity=request.return_consumed_capacity,
        shows_item_on_failure=request.return_values_on_condition_check_failure == "ALL_OLD",
    )


def check_against_key(plan: WritePlan, schema: KeySchema) -> None:
    """What only the table's key can tell: no expression looks into a key attribute, no update writes one."""
    names = schema.names
    if plan.update is not None:
        for name in names:
            if name in plan.update.written:
                raise invalid_parameter(f"Cannot update attribute {name}. This attribute is part of the key")
        check_nested(plan.update, names)
    if plan.condition is not None:
        check_nested(plan.condition, names)


def check_nested(expression: Condition | Update | Projection, key_names: tuple[str, ...]) -> None:
    """No path may go into a key attribute."""
    for name in key_names:
        if name in expression.usage.nested:
            raise key_scalar_error(name)


def legal_item(item: dict[str, AttributeValue], too_large: str) -> tuple[dict[str, AttributeValue], int]:
    """The item in canonical form and its size; `ValidationException` when it is none, or larger than 400 KB."""
    legal, size = legal_members(item)
    if size > ITEM_BYTES_MAX:
        raise ValidationException(too_large)
    return legal, size


# --- reads -----------------------------------------------------------------------------------------------------------


def get_projection(request: GetItemInput) -> Projection | None:
    expressions = _open_expressions(
        request,
        {"ProjectionExpression": request.projection_expression},
        {"AttributesToGet": request.attributes_to_get},
    )
    text = request.projection_expression
    projection = None if text is None else expressions.projection(text)
    expressions.finish()
    return projection


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPlan:
    """What a Query or Scan keeps of what it reads. key: only a Query has one."""

    key: KeyCondition | None
    filter: Condition | None
    projection: Projection | None
    values: Values


def query_plan(request: QueryInput) -> ReadPlan:
    """The expressions of a Query, in AWS's order: filter, projection, key."""
    texts = {
        "ProjectionExpression": request.projection_expression,
        "FilterExpression": request.filter_expression,
        "KeyConditionExpression": request.key_condition_expression,
    }
    legacy = {
        "AttributesToGet": request.attributes_to_get,
        "QueryFilter": request.query_filter,
        "ConditionalOperator": request.conditional_operator,
        "KeyConditions": request.key_conditions,
    }
    expressions = _open_expressions(request, texts, legacy)
    text = request.key_condition_expression
    if text is None:
        raise ValidationException(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
        )
    filter_, projection = _filter_and_projection(expressions, request)
    key = expressions.key_condition(text)
    expressions.finish()
    _check_select(request, projection)
    return ReadPlan(key=key, filter=filter_, projection=projection, values=expressions.values)


def scan_plan(request: ScanInput) -> ReadPlan:
    """The expressions of a Scan, and whether its segment makes sense."""
    texts = {
        "ProjectionExpression": request.projection_expression,
        "FilterExpression": request.filter_expression,
    }
    legacy = {
        "AttributesToGet": request.attributes_to_get,
        "ScanFilter": request.scan_filter,
        "ConditionalOperator": request.conditional_operator,
    }
    expressions = _open_expressions(request, texts, legacy)
    _check_segment(request)
    filter_, projection = _filter_and_projection(expressions, request)
    expressions.finish()
    _check_select(request, projection)
    return ReadPlan(key=None, filter=filter_, projection=projection, values=expressions.values)


def _filter_and_projection(
    expressions: Expressions, request: QueryInput | ScanInput
) -> tuple[Condition | None, Projection | None]:
    text = request.filter_expression
    filter_ = None if text is None else expressions.condition("FilterExpression", text)
    text = request.projection_expression
    return filter_, None if text is None else expressions.projection(text)


def _check_select(request: QueryInput | ScanInput, projection: Projection | None) -> None:
    select = request.select
    if select is None:
        return
    if projection is None:
        if select == "SPECIFIC_ATTRIBUTES":
            raise invalid_parameter(
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
            )
    elif select != "SPECIFIC_ATTRIBUTES":
        chosen = "only the Count" if select == "COUNT" else select
        raise invalid_parameter(f"Cannot specify the ProjectionExpression when choosing to get {chosen}")
    if select == "ALL_PROJECTED_ATTRIBUTES" and request.index_name is None:
        raise invalid_parameter("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")


def _check_segment(request: ScanInput) -> None:
    segment, segments = request.segment, request.total_segments
    if segment is None and segments is None:
        return
    if segments is None:
        raise ValidationException(
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is "
            "present"
        )
    if segment is None:
        raise ValidationException(
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is "
            "present"
        )
    if segment >= segments:
        raise ValidationException(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            f"Segment: {segment} is not less than TotalSegments: {segments}"
        )
