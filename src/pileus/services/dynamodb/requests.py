"""What does a request ask for beside its key and item: conditions, updates, projections, what to return?

Expressions and legacy parameters become the same plans. A plan is made without a table; what only the table's key can
tell, `check_against_key` and `check_nested` say afterwards. Of Query and Scan: `read_plans.py`.
"""

from typing import Final

import msgspec

from pileus.services.dynamodb.errors import PlainValidationException, ValidationException, invalid_parameter
from pileus.services.dynamodb.expressions.checks import Values
from pileus.services.dynamodb.expressions.request import Condition, Expressions, Projection, Update
from pileus.services.dynamodb.key_ranges import key_scalar_error
from pileus.services.dynamodb.legacy.conditions import (
    check_conditional_operator,
    expected_condition,
)
from pileus.services.dynamodb.legacy.projections import projection_of
from pileus.services.dynamodb.legacy.updates import attribute_updates
from pileus.services.dynamodb.limits import ITEM_BYTES_MAX
from pileus.services.dynamodb.model import KeySchema
from pileus.services.dynamodb.parameters import (
    check_distinct_keys,
    check_key_values,
    check_together,
)
from pileus.services.dynamodb.shapes import (
    AttributeValue,
    ConditionCheck,
    Delete,
    DeleteItemInput,
    Get,
    GetItemInput,
    KeysAndAttributes,
    Put,
    PutItemInput,
    UpdateItemInput,
)
from pileus.services.dynamodb.shapes import Update as UpdateMember
from pileus.services.dynamodb.values import legal_members

_ITEM_TOO_LARGE: Final = "Item size has exceeded the maximum allowed size"

# --- writes ----------------------------------------------------------------------------------------------------------


class WritePlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a write depends on the item that is there, and what it answers.

    returns: NONE, ALL_OLD, UPDATED_OLD, ALL_NEW or UPDATED_NEW. capacity: ReturnConsumedCapacity.
    """

    condition: Condition | None
    update: Update | None
    values: Values
    returns: str = "NONE"
    capacity: str | None = None
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
    """Everything about a write but its key and item; `ValidationException` for what AWS refuses.

    Only for PutItem, DeleteItem and UpdateItem themselves, which the current layer of checks answers (`layers.py`).
    The values of a Key are checked too; those of an Item are only when something else is wrong, to tell of them first.
    """
    _check_together(request)
    if not isinstance(request, PutItemInput):
        check_key_values(request.key)
    try:
        return _write_plan(request)
    except ValidationException:
        if isinstance(request, PutItemInput):
            legal_members(request.item)
        raise


def _check_together(request: PutItemInput | DeleteItemInput | UpdateItemInput) -> None:
    text, expected, operator = request.condition_expression, request.expected, request.conditional_operator
    update_text = updates = None
    if isinstance(request, UpdateItemInput):
        update_text, updates = request.update_expression, request.attribute_updates
    legacy_given = expected is not None or updates is not None or operator is not None
    if (text is not None or update_text is not None) and not legacy_given:
        return  # nearly always
    texts = {"ConditionExpression": text}
    legacy: dict[str, object] = {"Expected": expected, "ConditionalOperator": operator}
    if isinstance(request, UpdateItemInput):
        texts = {"UpdateExpression": update_text, **texts}
        legacy = {"AttributeUpdates": updates, **legacy}
    check_together(texts, legacy, request.expression_attribute_names, request.expression_attribute_values)
    check_conditional_operator(operator, expected)


def _write_plan(request: PutItemInput | DeleteItemInput | UpdateItemInput) -> WritePlan:
    returns = request.return_values or "NONE"
    update = update_text = None
    if isinstance(request, UpdateItemInput):
        update_text = request.update_expression
        if request.attribute_updates is not None:
            update = attribute_updates(request.attribute_updates)
    elif returns not in {"NONE", "ALL_OLD"}:
        raise ValidationException("ReturnValues can only be ALL_OLD or NONE")
    expected = expected_condition(request.expected, request.conditional_operator)
    names, values = request.expression_attribute_names, request.expression_attribute_values
    expressions = Expressions(names, values, layer="current")
    if update_text is not None:
        update = expressions.update(update_text)
    text = request.condition_expression
    condition = expected if text is None else expressions.condition("ConditionExpression", text)
    expressions.finish()
    return WritePlan(
        condition=condition,
        update=update,
        values=expressions.values,
        returns=returns,
        capacity=request.return_consumed_capacity,
        shows_item_on_failure=request.return_values_on_condition_check_failure == "ALL_OLD",
    )


LegalItem = tuple[dict[str, AttributeValue], int]
"""An item in canonical form, and its size; what `legal_item` gives."""


def transact_write_plan(
    member: Put | Delete | UpdateMember | ConditionCheck,
) -> tuple[WritePlan | None, LegalItem | None]:
    """`write_plan` for one action of TransactWriteItems, the values of its Key or Item included; the Item of a Put.

    No plan: what is there does not matter.
    """
    text, names, values = member.condition_expression, member.expression_attribute_names, None
    values = member.expression_attribute_values
    update_text = member.update_expression if isinstance(member, UpdateMember) else None
    if text is None and update_text is None and (names is not None or values is not None):
        texts = {"ConditionExpression": text}
        if isinstance(member, UpdateMember):
            texts = {"UpdateExpression": update_text, **texts}
        check_together(texts, {}, names, values)
    item = legal_item(member.item, _ITEM_TOO_LARGE) if isinstance(member, Put) else None
    plan = None
    if text is not None or update_text is not None or isinstance(member, UpdateMember):
        expressions = Expressions(names, values)
        update = None if update_text is None else expressions.update(update_text)
        condition = None if text is None else expressions.condition("ConditionExpression", text)
        expressions.finish()
        plan = WritePlan(
            condition=condition,
            update=update,
            values=expressions.values,
            shows_item_on_failure=member.return_values_on_condition_check_failure == "ALL_OLD",
        )
    if not isinstance(member, Put):
        check_key_values(member.key)
    return plan, item


def check_against_key(plan: WritePlan, schema: KeySchema) -> None:
    """What only the table's key can tell: no expression looks into a key attribute, no update writes one."""
    names = schema.names
    if plan.update is not None:
        if not plan.update.written.isdisjoint(names):
            name = next(name for name in names if name in plan.update.written)
            raise invalid_parameter(f"Cannot update attribute {name}. This attribute is part of the key")
        check_nested(plan.update, names)
    if plan.condition is not None:
        check_nested(plan.condition, names)


def check_nested(expression: Condition | Update | Projection, key_names: tuple[str, ...]) -> None:
    """No path may go into a key attribute."""
    if expression.usage.nested:
        for name in key_names:
            if name in expression.usage.nested:
                raise key_scalar_error(name)


def legal_item(item: dict[str, AttributeValue], too_large: str) -> LegalItem:
    """The item in canonical form and its size; `ValidationException` when it is none, or larger than 400 KB."""
    if "" in item:
        raise PlainValidationException("Empty attribute name")
    legal, size = legal_members(item)
    if size > ITEM_BYTES_MAX:
        raise PlainValidationException(too_large)
    return legal, size


# --- reads -----------------------------------------------------------------------------------------------------------


def get_projection(request: GetItemInput | Get | KeysAndAttributes) -> Projection | None:
    """What a GetItem, a Get of a transaction or a table's share of a BatchGetItem wants to see of its items.

    Also checks the values of the keys, and that a batch names each once.
    """
    attributes = None if isinstance(request, Get) else request.attributes_to_get
    text, names = request.projection_expression, request.expression_attribute_names
    check_together({"ProjectionExpression": text}, {"AttributesToGet": attributes}, names)
    if isinstance(request, KeysAndAttributes):
        check_distinct_keys(request.keys)
    else:
        check_key_values(request.key)
    projection = None if attributes is None else projection_of(attributes)
    expressions = Expressions(names, None)
    if text is not None:
        projection = expressions.projection(text)
    expressions.finish()
    return projection
