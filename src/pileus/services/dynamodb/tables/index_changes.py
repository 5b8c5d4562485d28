"""How do the global indexes of a table change?

Source: API_UpdateTable; what AWS answered, in the lab notes of ack-api-quirks (2026-10), DDB-TABLE-148 to -175.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from pileus.kernel.ids import Ids
from pileus.services.dynamodb.errors import (
    ResourceNotFoundException,
    ValidationException,
    in_use,
    invalid_parameter,
    over_limit,
)
from pileus.services.dynamodb.limits import GLOBAL_INDEXES_MAX, THROUGHPUT_UNITS_MAX
from pileus.services.dynamodb.shapes import (
    AttributeDefinition,
    CreateGlobalSecondaryIndexAction,
    GlobalSecondaryIndexUpdate,
    UpdateGlobalSecondaryIndexAction,
    UpdateTableInput,
)
from pileus.services.dynamodb.table_records import IndexRecord, TableRecord
from pileus.services.dynamodb.tables.index_checks import (
    check_attributes,
    check_included_names,
    check_index_throughput,
    check_projection,
    global_record,
)
from pileus.services.dynamodb.tables.keys import Definitions, check_order_of_many, schema_of
from pileus.services.dynamodb.tables.throughput import ON_DEMAND, check_bounds
from pileus.services.dynamodb.tables.throughput_changes import with_on_demand, with_units, with_warm
from pileus.services.dynamodb.tables.update_checks import makes_or_removes

_BLOCKED: Final = (
    "This operation cannot be performed with given input values. Please contact DynamoDB service team for more info: "
    "Action Blocked: IndexUpdate"
)
_ONE_AT_A_TIME: Final = "Only 1 online index can be created or deleted simultaneously per table"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexChanges:
    """record: afterwards. created: to be filled. deleted: to be cleared, and then taken out of the record."""

    record: TableRecord
    created: IndexRecord | None = None
    deleted: IndexRecord | None = None


def with_indexes(
    record: TableRecord, request: UpdateTableInput, ids: Ids, *, now_s: float, settled_at_s: float
) -> IndexChanges:
    """record: with the billing mode that it will have."""
    updates = request.global_secondary_index_updates or ()
    making = makes_or_removes(updates)
    if making > 1 or (
        making and any(index.state != "ACTIVE" and not _goes(index, updates) for index in record.indexes)
    ):
        raise over_limit(_ONE_AT_A_TIME)
    created = deleted = None
    for update in updates:
        if update.create is not None:
            created = _created(record, update.create, request.attribute_definitions, ids, settled_at_s=settled_at_s)
            definitions = _with_definitions(record, created, request.attribute_definitions or ())
            record = replace(record, attribute_definitions=definitions, indexes=[*record.indexes, created])
        elif update.delete is not None:
            deleted = replace(_deletable(record, update.delete.index_name), state="DELETING", backfilling=None)
            record = with_index(record, deleted)
        elif update.update is not None:
            record = with_index(record, _updated(record, update.update, now_s=now_s, settled_at_s=settled_at_s))
    return IndexChanges(record=record, created=created, deleted=deleted)


def with_index(record: TableRecord, changed: IndexRecord) -> TableRecord:
    """The record with an index as it is now."""
    return replace(record, indexes=[changed if index.id == changed.id else index for index in record.indexes])


def without_index(record: TableRecord, index_id: str) -> TableRecord:
    """The record without an index, and without the attributes that only it needed."""
    indexes = [index for index in record.indexes if index.id != index_id]
    used = {name for name, _ in record.key_schema}
    for index in indexes:
        used.update(index.partition, index.sort)
    definitions = [(name, kind) for name, kind in record.attribute_definitions if name in used]
    return replace(record, indexes=indexes, attribute_definitions=definitions)


def _goes(index: IndexRecord, updates: Sequence[GlobalSecondaryIndexUpdate]) -> bool:
    """Whether the request is about this very index: its making is cancelled, or refused in better words."""
    return any(update.delete is not None and update.delete.index_name == index.name for update in updates)


# --- create ----------------------------------------------------------------------------------------------------------


def _created(
    record: TableRecord,
    action: CreateGlobalSecondaryIndexAction,
    definitions: Sequence[AttributeDefinition] | None,
    ids: Ids,
    *,
    settled_at_s: float,
) -> IndexRecord:
    name = action.index_name
    if any(index.name == name for index in record.indexes):
        raise ValidationException("Attempting to create an index which already exists")
    if definitions is None:
        raise invalid_parameter(f"AttributeDefinitions is not specified for index: {name}")
    schema = schema_of(action.key_schema)
    known = {name: None for name, _ in record.attribute_definitions} | {one.attribute_name: None for one in definitions}
    check_attributes([schema], list(known))
    check_order_of_many(schema)
    check_projection(action.projection)
    throughput = action.provisioned_throughput
    if record.on_demand and throughput is not None:
        raise invalid_parameter(
            f"Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: {name} when BillingMode is "
            "PAY_PER_REQUEST"
        )
    if not record.on_demand:
        if throughput is None:
            raise invalid_parameter(
                f"Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: {name}"
            )
        check_bounds(throughput, index=name)
    check_index_throughput(record.billing_mode, action)
    if sum(not index.local for index in record.indexes) >= GLOBAL_INDEXES_MAX:
        raise over_limit(f"Number of global secondary indexes exceeds per-table limit of {GLOBAL_INDEXES_MAX}")
    check_included_names([*(index.attributes for index in record.indexes), action.projection.non_key_attributes or ()])
    return replace(global_record(action, ids), state="CREATING", active_at_s=settled_at_s, backfilling=False)


def _with_definitions(record: TableRecord, created: IndexRecord, given: Sequence[AttributeDefinition]) -> Definitions:
    """The types that are known stay; of those that are given, the ones that the new index needs are added."""
    kinds = dict(record.attribute_definitions)
    for one in given:
        if one.attribute_name in (*created.partition, *created.sort):
            kinds.setdefault(one.attribute_name, one.attribute_type)
    return sorted(kinds.items())


# --- delete and update -----------------------------------------------------------------------------------------------


def _found(record: TableRecord, name: str, verb: str) -> IndexRecord:
    index = next((index for index in record.indexes if index.name == name), None)
    if index is None:
        raise ResourceNotFoundException(f"Requested resource not found: Index {name} for table {record.name}")
    if index.local:
        raise ValidationException(f"Cannot {verb} an index that is not a GlobalSecondaryIndex: {name}")
    if index.state == "DELETING":
        raise in_use(f"Index is being deleted. Table: {record.name} Index: {name}")
    return index


def _deletable(record: TableRecord, name: str) -> IndexRecord:
    index = _found(record, name, "delete")
    if index.state == "CREATING" and not index.backfilling:
        raise in_use(
            "Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the "
            f"index is active. Table: {record.name} Index: {name}"
        )
    return index


def _updated(
    record: TableRecord, action: UpdateGlobalSecondaryIndexAction, *, now_s: float, settled_at_s: float
) -> IndexRecord:
    name, throughput = action.index_name, action.provisioned_throughput
    if (
        throughput is not None
        and max(throughput.read_capacity_units, throughput.write_capacity_units) > THROUGHPUT_UNITS_MAX
    ):
        raise ValidationException(_BLOCKED)
    index = _found(record, name, "update")
    if now_s < index.updated_until_s:
        raise in_use(f"Index is being updated. Table: {record.name} Index: {name}")
    limits = action.on_demand_throughput
    limited = limits is not None and (limits.max_read_request_units or limits.max_write_request_units) is not None
    nothing = throughput is None and not limited and action.warm_throughput is None
    if record.billing_mode == ON_DEMAND and (throughput is not None or nothing):
        raise invalid_parameter(
            f"The only Updates for index: {name} when TableThroughputMode is PAY_PER_REQUEST can be to "
            "OnDemandThroughput, WarmThroughput"
        )
    if nothing:
        raise invalid_parameter(f"ProvisionedThroughput must be specified for index: {name}")
    if throughput is not None:
        index = with_units(record, index, throughput, now_s=now_s, index=name)
    if action.on_demand_throughput is not None:
        index = with_on_demand(record, index, action.on_demand_throughput, index=name)
    if action.warm_throughput is not None:
        return with_warm(record, index, action.warm_throughput, index=name)
    return replace(index, updated_until_s=settled_at_s)
