"""What must somebody be allowed to do, to use DynamoDB?

Sources: Service Authorization Reference, "Amazon DynamoDB"; DynamoDB Developer Guide, "Using IAM policy conditions for
fine-grained access control".
"""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from pileus.kernel.auth.permissions import (
    Conditions,
    KnownResource,
    Permission,
    Permissions,
    ResourceType,
    arn_of,
    gives_tags,
    request_tags,
    tag_keys,
)
from pileus.kernel.auth.policy import ContextValue
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.services.dynamodb.expressions.request import Expressions
from pileus.services.dynamodb.numbers import canonical
from pileus.services.dynamodb.partiql.permissions import ACTIONS, AskedStatement, asked_statements
from pileus.services.dynamodb.shapes import AttributeValue, BatchGetItemInput, BatchWriteItemInput
from pileus.services.dynamodb.tables.names import in_other_account

PARTITION_KEY: Final = "partition_key"
"""The detail of a table that `dynamodb:LeadingKeys` is made with."""
INDEX_PARTITION_KEY: Final = "index_partition_key"
"""The same of an index, where one is asked about."""
FURTHER_INDEX_KEYS: Final = tuple(f"{INDEX_PARTITION_KEY}_{number}" for number in (2, 3, 4))
"""Details of an index whose partition key has several attributes."""
_VALUES_OF: Final = tuple(f"dynamodb:{which}partitionkeyvalues" for which in ("first", "second", "third", "fourth"))
"""Condition keys with what `dynamodb:LeadingKeys` has, of each attribute of the partition key."""
_TRANSACTIONS: Final = frozenset({"TransactWriteItems", "TransactGetItems", "ExecuteTransaction"})


def _table_arn(context: RequestContext, given: Any) -> str:
    return _arn_of_named(context, given.table_name)


def _resource_arn(context: RequestContext, given: Any) -> str:
    return _arn_of_named(context, given.resource_arn)


def _arn_of_named(context: RequestContext, name: str) -> str:
    """A name may be an ARN, and then of another account too; one that names another partition means the same."""
    if name.startswith("arn:"):
        return f"arn:{context.partition}:{name.split(':', 2)[-1]}"
    return f"arn:{context.partition}:dynamodb:{context.region}:{context.account_id}:table/{name}"


def _table_or_index_arn(context: RequestContext, given: Any) -> str:
    table = _table_arn(context, given)
    return table if given.index_name is None else f"{table}/index/{given.index_name}"


_ANY_TABLE: Final = ResourceType(name="table", arn=arn_of("arn:{partition}:dynamodb:{region}:{account}:table/*"))
"""What AWS asks ListTables about, by its denials; the Reference says that the action knows no resource."""


def _foreign(context: RequestContext, given: Any) -> bool:
    return in_other_account(context, given.table_name)


def _foreign_by_arn(context: RequestContext, given: Any) -> bool:
    return in_other_account(context, given.resource_arn)


_BY_ARN: Final = ResourceType(name="table", arn=_resource_arn, foreign=_foreign_by_arn)
_TABLE: Final = ResourceType(name="table", arn=_table_arn, foreign=_foreign)
_TABLE_OR_INDEX: Final = ResourceType(name="table", arn=_table_or_index_arn, foreign=_foreign)


def _of_creation(context: RequestContext, given: Any, table: KnownResource | None) -> Conditions:
    return request_tags({tag.key: tag.value for tag in given.tags or ()})


def _of_untagging(context: RequestContext, given: Any, table: KnownResource | None) -> Conditions:
    return tag_keys(given.tag_keys)


def _gives_policy(context: RequestContext, given: Any) -> bool:
    return given.resource_policy is not None


def _of_items(context: RequestContext, given: Any, table: KnownResource | None) -> Conditions:
    """What a request for items tells; keys that it does not tell are absent."""
    found: dict[str, ContextValue | None] = {
        "dynamodb:attributes": tuple(sorted(_attributes(given))) or None,
        "dynamodb:select": _select(given),
        "dynamodb:returnvalues": (given.return_values or "NONE") if hasattr(given, "return_values") else None,
        "dynamodb:returnconsumedcapacity": getattr(given, "return_consumed_capacity", None),
        "dynamodb:enclosingoperation": context.operation if context.operation in _TRANSACTIONS else None,
    }
    keys = _partition_keys(table, getattr(given, "index_name", None))
    found |= _values_of_keys([_leading_keys(given, key) for key in keys])
    return {key: value for key, value in found.items() if value is not None}


def _partition_keys(table: KnownResource | None, index_name: str | None) -> list[str]:
    """The attributes of the table's partition key, or of its index's where one is asked: a Query names no other."""
    if table is None:
        return []
    details = (PARTITION_KEY,) if index_name is None else (INDEX_PARTITION_KEY, *FURTHER_INDEX_KEYS)
    return [table.details[detail] for detail in details if detail in table.details]


def _values_of_keys(values: Sequence[tuple[str, ...] | None]) -> dict[str, ContextValue | None]:
    """values: of each attribute of the partition key, that the request names."""
    found: dict[str, ContextValue | None] = dict(zip(_VALUES_OF, values, strict=False))
    if values:
        found["dynamodb:leadingkeys"] = values[0]
    return found


def _leading_keys(given: Any, partition_key: str) -> tuple[str, ...] | None:
    """The partition key that the request names: of the item, or of the partition that is queried."""
    items: Sequence[Mapping[str, AttributeValue]] | None = getattr(given, "items", None)
    if items is None:
        item: Mapping[str, AttributeValue] | None = getattr(given, "key", None) or getattr(given, "item", None)
        items = () if item is None else (item,)
    values = [item.get(partition_key) for item in items] if items else [_queried(given, partition_key)]
    return tuple(text for value in values if value is not None and (text := _text(value)) is not None) or None


def _queried(given: Any, partition_key: str) -> AttributeValue | None:
    text: str | None = getattr(given, "key_condition_expression", None)
    if text is None:
        legacy = (getattr(given, "key_conditions", None) or {}).get(partition_key)
        if legacy is None or legacy.comparison_operator != "EQ" or not legacy.attribute_value_list:
            return None
        first: AttributeValue = legacy.attribute_value_list[0]
        return first
    with suppress(ServiceError):  # the operation itself says what is wrong with it
        expressions = Expressions(given.expression_attribute_names, given.expression_attribute_values)
        condition = expressions.key_condition(text)
        test = condition.tests().get(partition_key)
        if test is not None and test.operator == "=":
            return expressions.values.get(test.values[0])
    return None


def _text(value: AttributeValue) -> str | None:
    """Of a key's value: one text for equal keys, however they were spelt."""
    if value.b is not None:
        return base64.b64encode(value.b).decode()
    if value.s is not None or value.n is None:
        return value.s
    try:
        return canonical(value.n)
    except ServiceError:
        return value.n  # the operation itself says what is wrong with it


_BY_NAME: Final = ("key", "item", "expected", "attribute_updates", "key_conditions", "query_filter", "scan_filter")
"""Members whose keys are names of attributes."""


def _attributes(given: Any) -> set[str]:
    """The attributes at the top level that a request names, wherever it does."""
    found = set[str]()
    for member in _BY_NAME:
        found.update(getattr(given, member, None) or ())
    found.update(getattr(given, "attributes_to_get", None) or ())
    for item in getattr(given, "items", ()):
        found.update(item)
    found.update(_of_expressions(given))
    return found


def _of_expressions(given: Any) -> Iterator[str]:
    with suppress(ServiceError):
        expressions = Expressions(given.expression_attribute_names, getattr(given, "expression_attribute_values", None))
        if (text := getattr(given, "projection_expression", None)) is not None:
            yield from expressions.projection(text).usage.heads
        if (text := getattr(given, "update_expression", None)) is not None:
            yield from expressions.update(text).usage.heads
        if (text := getattr(given, "key_condition_expression", None)) is not None:
            yield from expressions.key_condition(text).usage.heads
        for member, label in (
            ("condition_expression", "ConditionExpression"),
            ("filter_expression", "FilterExpression"),
        ):
            if (text := getattr(given, member, None)) is not None:
                yield from expressions.condition(label, text).usage.heads


def _select(given: Any) -> str | None:
    """What comes back: as said, or as it follows from the rest (API_Query, Select). Writes have none."""
    if not hasattr(given, "projection_expression"):
        return None
    chosen: str | None = getattr(given, "select", None)
    if chosen is not None:
        return chosen
    if given.projection_expression is not None or getattr(given, "attributes_to_get", None) is not None:
        return "SPECIFIC_ATTRIBUTES"
    return "ALL_PROJECTED_ATTRIBUTES" if getattr(given, "index_name", None) else "ALL_ATTRIBUTES"


class _Share(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch asks of one table; named as the members of requests are.

    items: those that are written, and the keys of those that are read or deleted.
    """

    table_name: str
    items: Sequence[Mapping[str, AttributeValue]]
    return_consumed_capacity: str | None
    attributes_to_get: Sequence[str] | None = None
    projection_expression: str | None = None
    expression_attribute_names: dict[str, str] | None = None


def _read_shares(context: RequestContext, given: BatchGetItemInput) -> Iterator[_Share]:
    for name, asked in given.request_items.items():
        yield _Share(
            table_name=name,
            items=asked.keys,
            return_consumed_capacity=given.return_consumed_capacity,
            attributes_to_get=asked.attributes_to_get,
            projection_expression=asked.projection_expression,
            expression_attribute_names=asked.expression_attribute_names,
        )


def _written_shares(context: RequestContext, given: BatchWriteItemInput) -> Iterator[_Share]:
    for name, writes in given.request_items.items():
        puts = [one.put_request.item for one in writes if one.put_request is not None]
        deletes = [one.delete_request.key for one in writes if one.delete_request is not None]
        yield _Share(table_name=name, items=[*puts, *deletes], return_consumed_capacity=given.return_consumed_capacity)


def _actions(member: str) -> Callable[[RequestContext, Any], Iterator[Any]]:
    """The actions of one kind in a transaction. member: where an element of it holds them."""

    def found(context: RequestContext, given: Any) -> Iterator[Any]:
        for one in given.transact_items:
            action = getattr(one, member)
            if action is not None:
                yield action

    return found


def _of_statement(context: RequestContext, given: AskedStatement, table: KnownResource | None) -> Conditions:
    """What a statement of PartiQL tells; keys that it does not tell are absent."""
    keys = _partition_keys(table, given.index_name)
    values = [tuple(text for value in given.leading(key) if (text := _text(value)) is not None) or None for key in keys]
    scans = given.scans(keys[0]) if keys else None
    found: dict[str, ContextValue | None] = {
        **_values_of_keys(values),
        "dynamodb:attributes": tuple(sorted(given.attributes())) or None,
        "dynamodb:select": given.select(),
        "dynamodb:fulltablescan": None if scans is None else str(scans).lower(),
        "dynamodb:returnvalues": given.return_values(),
        "dynamodb:enclosingoperation": context.operation if context.operation in _TRANSACTIONS else None,
    }
    return {key: value for key, value in found.items() if value is not None}


_TRANSACTED: Final = {
    "ConditionCheckItem": "condition_check",
    "PutItem": "put",
    "DeleteItem": "delete",
    "UpdateItem": "update",
}


def _on(resource: ResourceType | None, actions: Iterable[str], **more: Any) -> dict[str, tuple[Permission]]:
    return {action: (Permission(action=f"dynamodb:{action}", resource=resource, **more),) for action in actions}


_STATEMENTS: Final = tuple(
    Permission(
        action=f"dynamodb:{action}",
        resource=_TABLE_OR_INDEX,
        conditions=_of_statement,
        members=asked_statements(action),
    )
    for action in ACTIONS
)

PERMISSIONS: Final[Permissions] = {
    "CreateTable": (
        Permission(action="dynamodb:CreateTable", resource=_TABLE, conditions=_of_creation),
        Permission(action="dynamodb:TagResource", resource=_TABLE, conditions=_of_creation, asked=gives_tags),
        Permission(action="dynamodb:PutResourcePolicy", resource=_TABLE, asked=_gives_policy),
    ),
    **_on(
        _TABLE,
        (
            "DeleteTable",
            "DescribeContinuousBackups",
            "DescribeContributorInsights",
            "DescribeKinesisStreamingDestination",
            "DescribeTable",
            "DescribeTimeToLive",
            "UpdateContinuousBackups",
            "UpdateTable",
            "UpdateTimeToLive",
        ),
    ),
    **_on(None, ("DescribeEndpoints", "DescribeLimits")),
    **_on(_BY_ARN, ("DeleteResourcePolicy", "GetResourcePolicy", "ListTagsOfResource", "PutResourcePolicy")),
    "TagResource": (Permission(action="dynamodb:TagResource", resource=_BY_ARN, conditions=_of_creation),),
    "UntagResource": (Permission(action="dynamodb:UntagResource", resource=_BY_ARN, conditions=_of_untagging),),
    **_on(_ANY_TABLE, ("ListTables",)),
    **_on(_TABLE, ("GetItem", "PutItem", "DeleteItem", "UpdateItem"), conditions=_of_items),
    **_on(_TABLE_OR_INDEX, ("Query", "Scan"), conditions=_of_items),
    **_on(_TABLE, ("BatchGetItem",), conditions=_of_items, members=_read_shares),
    **_on(_TABLE, ("BatchWriteItem",), conditions=_of_items, members=_written_shares),
    "TransactWriteItems": tuple(
        Permission(action=f"dynamodb:{action}", resource=_TABLE, conditions=_of_items, members=_actions(member))
        for action, member in _TRANSACTED.items()
    ),
    "TransactGetItems": (
        Permission(action="dynamodb:GetItem", resource=_TABLE, conditions=_of_items, members=_actions("get")),
    ),
    **dict.fromkeys(("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"), _STATEMENTS),
}
