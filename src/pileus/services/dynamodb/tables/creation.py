"""Which tables may be created?"""

from collections.abc import Sequence

from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.ids import Ids
from pileus.services.dynamodb.errors import invalid_parameter
from pileus.services.dynamodb.shapes import CreateTableInput, OnDemandThroughput, StreamSpecification, StreamViewType
from pileus.services.dynamodb.table_records import IndexRecord, TableRecord
from pileus.services.dynamodb.tables import keys
from pileus.services.dynamodb.tables.encryption import check_encryption
from pileus.services.dynamodb.tables.index_checks import (
    check_attributes,
    check_given,
    check_indexes,
    check_not_empty,
    global_record,
    local_record,
    or_unset,
)
from pileus.services.dynamodb.tables.names import TablePlace
from pileus.services.dynamodb.tables.quotas import check_maximum
from pileus.services.dynamodb.tables.tagging import checked_tags
from pileus.services.dynamodb.tables.throughput import (
    PROVISIONED,
    check_on_demand,
    check_provisioned,
    check_warm,
)


def new_table(
    request: CreateTableInput, *, place: TablePlace, ids: Ids, now_s: float, active_at_s: float
) -> TableRecord:
    """The record of a table that may be created, but for its key of KMS; raises what keeps it from that."""
    _check_built(request)
    mode = request.billing_mode or PROVISIONED
    check_provisioned(mode, request.provisioned_throughput)
    key_schema, definitions = _checked_keys(request)
    check_indexes(request, mode, key_schema)
    check_on_demand(mode, request.on_demand_throughput)
    check_warm(mode, request.warm_throughput, request.provisioned_throughput)
    check_encryption(request.sse_specification)
    throughput = request.provisioned_throughput
    on_demand = request.on_demand_throughput or OnDemandThroughput()
    warm = request.warm_throughput
    record = TableRecord(
        name=place.name,
        id=ids.uuid(),
        key_schema=key_schema,
        attribute_definitions=definitions,
        created_at_s=now_s,
        active_at_s=active_at_s,
        billing_mode=mode,
        read_units=0 if throughput is None else throughput.read_capacity_units,
        write_units=0 if throughput is None else throughput.write_capacity_units,
        deletion_protected=bool(request.deletion_protection_enabled),
        table_class=request.table_class,
        max_read_units=or_unset(on_demand.max_read_request_units),
        max_write_units=or_unset(on_demand.max_write_request_units),
        tags=checked_tags(request.tags or ()),
        indexes=_indexes(request, ids),
        warm_read_units=0 if warm is None else warm.read_units_per_second or 0,
        warm_write_units=0 if warm is None else warm.write_units_per_second or 0,
    )
    check_maximum(record, place.region)
    return record


def _check_built(request: CreateTableInput) -> None:
    """What Pileus cannot do yet it says, instead of creating a table that lacks it."""
    asked_for = {
        "GlobalTableSourceArn": request.global_table_source_arn,
        "GlobalTableSettingsReplicationMode": request.global_table_settings_replication_mode,
        "VectorIndexes": request.vector_indexes,
    }
    for parameter, value in asked_for.items():
        if value:
            raise NotImplementedByPileus(f"CreateTable with {parameter} is not implemented")


def _checked_keys(request: CreateTableInput) -> tuple[keys.Schema, keys.Definitions]:
    definitions = keys.checked_definitions(request.attribute_definitions)
    if request.key_schema is None:
        raise keys.null_member("keySchema")
    keys.check_length(request.key_schema, "keySchema")
    check_given(request)
    schema = keys.schema_of(request.key_schema)
    keys.check_duplicate_definitions(definitions)
    defined = [name for name, _ in definitions]
    keys.check_table_key(schema, defined)
    check_not_empty(request)
    indexes: Sequence[keys.Schema] = [
        keys.schema_of(index.key_schema)
        for index in (*(request.local_secondary_indexes or ()), *(request.global_secondary_indexes or ()))
    ]
    check_attributes(indexes, defined)
    keys.check_all_used(defined, [schema, *indexes])
    return schema, sorted(definitions)


def _indexes(request: CreateTableInput, ids: Ids) -> list[IndexRecord]:
    return [
        *(local_record(index, ids) for index in request.local_secondary_indexes or ()),
        *(global_record(index, ids) for index in request.global_secondary_indexes or ()),
    ]


def new_view(specification: StreamSpecification | None) -> StreamViewType | None:
    """What the stream that a new table begins with shows; None for a table without one."""
    if specification is None:
        return None
    if specification.stream_enabled:
        if specification.stream_view_type is None:
            raise invalid_parameter("Table is being created with a stream enabled, UpdateViewType is required")
        return specification.stream_view_type
    if specification.stream_view_type is not None:
        raise invalid_parameter("Table is being created with a stream disabled, UpdateViewType should not be specified")
    return None
