"""Which secondary indexes may a table be created with?"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from pileus.kernel.ids import Ids
from pileus.services.dynamodb.errors import invalid_parameter
from pileus.services.dynamodb.limits import GLOBAL_INDEXES_MAX, INCLUDED_ATTRIBUTES_MAX, LOCAL_INDEXES_MAX
from pileus.services.dynamodb.shapes import (
    BillingMode,
    CreateGlobalSecondaryIndexAction,
    CreateTableInput,
    GlobalSecondaryIndex,
    LocalSecondaryIndex,
    Projection,
)
from pileus.services.dynamodb.table_records import IndexRecord
from pileus.services.dynamodb.tables.keys import (
    Schema,
    check_defined,
    check_length,
    check_order,
    check_order_of_many,
    schema_of,
)
from pileus.services.dynamodb.tables.throughput import (
    UNSET,
    check_on_demand,
    check_provisioned_of_index,
    check_warm,
)

INDEX_ID_CHARS: Final = 8
"""Unique within its table."""


def check_given(request: CreateTableInput) -> None:
    """Lists of indexes have some; the keys of local indexes have at most two attributes."""
    for at, index in enumerate(request.local_secondary_indexes or (), start=1):
        check_length(index.key_schema, f"localSecondaryIndexes.{at}.member.keySchema")


def check_not_empty(request: CreateTableInput) -> None:
    for parameter, given in (
        ("LocalSecondaryIndexes", request.local_secondary_indexes),
        ("GlobalSecondaryIndexes", request.global_secondary_indexes),
    ):
        if given is not None and not given:
            raise invalid_parameter(f"List of {parameter} is empty")


def check_indexes(request: CreateTableInput, mode: BillingMode, table_key: Schema) -> None:
    """Everything but whether the attributes are defined and used, which AWS looks at before."""
    names = set[str]()
    local = request.local_secondary_indexes or ()
    if local and len(table_key) < 2:
        raise invalid_parameter(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
        )
    for index in local:
        _check_local(index, table_key)
        _check_name(index.index_name, names)
    if len(local) > LOCAL_INDEXES_MAX:
        raise invalid_parameter(f"Number of LocalSecondaryIndexes exceeds per-table limit of {LOCAL_INDEXES_MAX}")
    for global_index in request.global_secondary_indexes or ():
        check_order_of_many(schema_of(global_index.key_schema))
        check_projection(global_index.projection)
        check_provisioned_of_index(mode, global_index)
        check_index_throughput(mode, global_index)
        _check_name(global_index.index_name, names)
    if len(request.global_secondary_indexes or ()) > GLOBAL_INDEXES_MAX:
        raise invalid_parameter(f"GlobalSecondaryIndex count exceeds the per-table limit of {GLOBAL_INDEXES_MAX}")
    every: Sequence[LocalSecondaryIndex | GlobalSecondaryIndex] = [*local, *(request.global_secondary_indexes or ())]
    check_included_names([index.projection.non_key_attributes or () for index in every])


def check_index_throughput(mode: BillingMode, index: GlobalSecondaryIndex | CreateGlobalSecondaryIndexAction) -> None:
    check_on_demand(mode, index.on_demand_throughput, index=index.index_name)
    check_warm(mode, index.warm_throughput, index.provisioned_throughput, index=index.index_name)


def _check_name(name: str, names: set[str]) -> None:
    if name in names:
        raise invalid_parameter(f"Duplicate index name: {name}")
    names.add(name)


def _check_local(index: LocalSecondaryIndex, table_key: Schema) -> None:
    schema = schema_of(index.key_schema)
    check_order(schema)
    if len(schema) < 2:
        raise invalid_parameter(f"Index KeySchema does not have a range key for index: {index.index_name}")
    own, tables = schema[0][0], table_key[0][0]
    if own != tables:
        raise invalid_parameter(
            "Index KeySchema does not have the same leading hash key as table KeySchema for index: "
            f"{index.index_name}. index hash key: {own}, table hash key: {tables}"
        )
    check_projection(index.projection)


def check_projection(projection: Projection) -> None:
    kind, attributes = projection.projection_type, projection.non_key_attributes
    if kind is None:
        raise invalid_parameter("Unknown ProjectionType: null")
    if kind == "INCLUDE" and attributes is None:
        raise invalid_parameter("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
    if kind != "INCLUDE" and attributes is not None:
        raise invalid_parameter(f"ProjectionType is {kind}, but NonKeyAttributes is specified")
    seen = set[str]()
    for name in attributes or ():
        if name in seen:
            raise invalid_parameter(f"Duplicate element in NonKeyAttributes: {name}")
        seen.add(name)


def check_included_names(included: Sequence[Sequence[str]]) -> None:
    """All INCLUDE projections of a table together. AWS's words for it are not known."""
    if sum(map(len, included)) > INCLUDED_ATTRIBUTES_MAX:
        raise invalid_parameter(
            f"Number of NonKeyAttributes across all indexes exceeds the per-table limit of {INCLUDED_ATTRIBUTES_MAX}"
        )


def check_attributes(schemas: Sequence[Schema], defined: Sequence[str]) -> None:
    """All key attributes of indexes are defined."""
    for schema in schemas:
        check_defined(schema, defined)


def local_record(index: LocalSecondaryIndex, ids: Ids) -> IndexRecord:
    return _record(index.index_name, schema_of(index.key_schema), index.projection, ids, local=True)


def global_record(index: GlobalSecondaryIndex | CreateGlobalSecondaryIndexAction, ids: Ids) -> IndexRecord:
    record = _record(index.index_name, schema_of(index.key_schema), index.projection, ids, local=False)
    provisioned, limits, warm = index.provisioned_throughput, index.on_demand_throughput, index.warm_throughput
    if provisioned is not None:
        record = replace(
            record, read_units=provisioned.read_capacity_units, write_units=provisioned.write_capacity_units
        )
    if limits is not None:
        record = replace(
            record,
            max_read_units=or_unset(limits.max_read_request_units),
            max_write_units=or_unset(limits.max_write_request_units),
        )
    if warm is not None:
        record = replace(
            record,
            warm_read_units=warm.read_units_per_second or 0,
            warm_write_units=warm.write_units_per_second or 0,
        )
    return record


def or_unset(units: int | None) -> int:
    return UNSET if units is None else units


def _record(name: str, schema: Schema, projection: Projection, ids: Ids, *, local: bool) -> IndexRecord:
    assert projection.projection_type is not None
    return IndexRecord(
        name=name,
        id=ids.base36(INDEX_ID_CHARS),
        local=local,
        partition=[attribute for attribute, kind in schema if kind == "HASH"],
        sort=[attribute for attribute, kind in schema if kind == "RANGE"],
        projection=projection.projection_type,
        attributes=sorted(projection.non_key_attributes or ()),
    )
