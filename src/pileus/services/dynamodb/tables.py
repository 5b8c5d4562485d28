"""Which tables may be created, and how is a table described?"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.dynamodb.errors import ResourceNotFoundException, ValidationException, invalid_parameter
from pileus.services.dynamodb.limits import (
    ON_DEMAND_WARM_READ_UNITS,
    ON_DEMAND_WARM_WRITE_UNITS,
    TABLE_NAME_LENGTH_MAX,
    TABLE_NAME_LENGTH_MIN,
    THROUGHPUT_UNITS_MAX,
)
from pileus.services.dynamodb.shapes import (
    AttributeDefinition,
    BillingModeSummary,
    CreateTableInput,
    KeySchemaElement,
    KeyType,
    OnDemandThroughput,
    ProvisionedThroughputDescription,
    ScalarAttributeType,
    TableClassSummary,
    TableDescription,
    TableWarmThroughputDescription,
)
from pileus.services.dynamodb.table_records import TableRecord

ON_DEMAND: Final = "PAY_PER_REQUEST"

_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]+\Z")
_ARN: Final = re.compile(r"arn:aws[a-z-]*:dynamodb:([^:]*):([^:]*):table/([^/]+)\Z")


# --- names -----------------------------------------------------------------------------------------------------------


def table_name(context: RequestContext, given: str) -> str:
    """The name in `TableName`, which may be an ARN; `ValidationException` when it is neither.

    A table of another account or region is not found: its resource policy could not let us in.
    """
    name = given
    if given.startswith("arn:"):
        match = _ARN.match(given)
        if match is None:
            raise ValidationException(f"Invalid table ARN: {given}")
        region, account_id, name = match.groups()
        if (region, account_id) != (context.region, context.account_id):
            raise ResourceNotFoundException("Requested resource not found")
    problems = list(_name_problems(name))
    if problems:
        errors = "; ".join(
            f"Value '{name}' at 'tableName' failed to satisfy constraint: {problem}" for problem in problems
        )
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''}"
        raise ValidationException(f"{count} detected: {errors}")
    return name


def _name_problems(name: str) -> Sequence[str]:
    problems = []
    if _NAME.match(name) is None:
        problems.append("Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
    if len(name) < TABLE_NAME_LENGTH_MIN:
        problems.append(f"Member must have length greater than or equal to {TABLE_NAME_LENGTH_MIN}")
    if len(name) > TABLE_NAME_LENGTH_MAX:
        problems.append(f"Member must have length less than or equal to {TABLE_NAME_LENGTH_MAX}")
    return problems


def table_arn(context: RequestContext, name: str) -> str:
    return f"arn:{context.partition}:dynamodb:{context.region}:{context.account_id}:table/{name}"


# --- what may be created ---------------------------------------------------------------------------------------------


def new_table(request: CreateTableInput, *, name: str, table_id: str, now_s: float, active_at_s: float) -> TableRecord:
    """The record of a table that may be created; raises what keeps it from that."""
    _check_built(request)
    _check_throughput(request)
    key_schema, definitions = _checked_keys(request)
    throughput = request.provisioned_throughput
    on_demand = request.on_demand_throughput or OnDemandThroughput()
    return TableRecord(
        name=name,
        id=table_id,
        key_schema=key_schema,
        attribute_definitions=definitions,
        created_at_s=now_s,
        active_at_s=active_at_s,
        billing_mode=request.billing_mode or "PROVISIONED",
        read_units=0 if throughput is None else throughput.read_capacity_units,
        write_units=0 if throughput is None else throughput.write_capacity_units,
        deletion_protected=bool(request.deletion_protection_enabled),
        table_class=request.table_class,
        max_read_units=_or_unset(on_demand.max_read_request_units),
        max_write_units=_or_unset(on_demand.max_write_request_units),
        tags=[(tag.key, tag.value) for tag in request.tags or ()],
    )


def _or_unset(units: int | None) -> int:
    return -1 if units is None else units


def _check_built(request: CreateTableInput) -> None:
    """What Pileus cannot do yet it says, instead of creating a table that lacks it."""
    streams, encryption = request.stream_specification, request.sse_specification
    asked_for = {
        "LocalSecondaryIndexes": request.local_secondary_indexes,
        "GlobalSecondaryIndexes": request.global_secondary_indexes,
        "StreamSpecification": streams is not None and streams.stream_enabled,
        "SSESpecification": encryption is not None and encryption.enabled,
        "ResourcePolicy": request.resource_policy,
        "WarmThroughput": request.warm_throughput,
        "GlobalTableSourceArn": request.global_table_source_arn,
        "GlobalTableSettingsReplicationMode": request.global_table_settings_replication_mode,
        "VectorIndexes": request.vector_indexes,
    }
    for parameter, value in asked_for.items():
        if value:
            raise NotImplementedByPileus(f"CreateTable with {parameter} is not implemented")


def _check_throughput(request: CreateTableInput) -> None:
    throughput = request.provisioned_throughput
    if request.billing_mode == ON_DEMAND:
        if throughput is not None:
            raise invalid_parameter(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
            )
        return
    if throughput is None:
        raise invalid_parameter(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    for parameter, units in (
        ("ReadCapacityUnits", throughput.read_capacity_units),
        ("WriteCapacityUnits", throughput.write_capacity_units),
    ):
        if units > THROUGHPUT_UNITS_MAX:
            raise ValidationException(f"Given value {units} for {parameter} is out of bounds")


def _null_member(member: str) -> ValidationException:
    return ValidationException(
        f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    )


def _checked_keys(request: CreateTableInput) -> tuple[list[tuple[str, KeyType]], list[tuple[str, ScalarAttributeType]]]:
    """Key schema and attribute definitions, after AWS's checks in AWS's order."""
    if request.attribute_definitions is None:
        raise _null_member("attributeDefinitions")
    if request.key_schema is None:
        raise _null_member("keySchema")
    definitions = [(one.attribute_name, one.attribute_type) for one in request.attribute_definitions]
    schema = [(one.attribute_name, one.key_type) for one in request.key_schema]
    keys = [name for name, _ in schema]
    defined = [name for name, _ in definitions]
    if len(schema) > 2:
        raise ValidationException(
            "1 validation error detected: Value at 'keySchema' failed to satisfy constraint: "
            "Member must have length less than or equal to 2"
        )
    if len(keys) > len(defined):
        raise ValidationException("Invalid KeySchema: Some index key attribute have no definition")
    if not set(keys) <= set(defined):
        raise invalid_parameter(
            "Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(keys)}], AttributeDefinitions: [{', '.join(defined)}]"
        )
    if len(set(keys)) < len(keys):
        raise ValidationException("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    if schema[0][1] != "HASH":
        raise ValidationException("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(schema) == 2 and schema[1][1] != "RANGE":
        raise ValidationException("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
    if len(definitions) != len(schema):
        raise invalid_parameter(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )
    return schema, definitions


# --- how a table is described ----------------------------------------------------------------------------------------


def created(context: RequestContext, record: TableRecord) -> TableDescription:
    """What CreateTable answers. Source: recordings `test_table_crud`, `test_gsi_with_billing_mode`."""
    on_demand = record.billing_mode == ON_DEMAND
    limited = record.max_read_units >= 0 or record.max_write_units >= 0
    return TableDescription(
        attribute_definitions=[
            AttributeDefinition(attribute_name=name, attribute_type=kind) for name, kind in record.attribute_definitions
        ],
        table_name=record.name,
        key_schema=[KeySchemaElement(attribute_name=name, key_type=kind) for name, kind in record.key_schema],
        table_status="CREATING",
        creation_date_time=datetime.fromtimestamp(record.created_at_s, UTC),
        provisioned_throughput=_throughput(record),
        table_size_bytes=0,
        item_count=0,
        table_arn=table_arn(context, record.name),
        table_id=record.id,
        billing_mode_summary=BillingModeSummary(billing_mode=ON_DEMAND) if on_demand else None,
        table_class_summary=TableClassSummary(table_class=record.table_class) if record.table_class else None,
        deletion_protection_enabled=record.deletion_protected,
        on_demand_throughput=OnDemandThroughput(
            max_read_request_units=record.max_read_units, max_write_request_units=record.max_write_units
        )
        if limited
        else None,
    )


def described(context: RequestContext, record: TableRecord, *, active: bool) -> TableDescription:
    """What DescribeTable answers."""
    on_demand = record.billing_mode == ON_DEMAND
    summary = BillingModeSummary(
        billing_mode=ON_DEMAND,
        last_update_to_pay_per_request_date_time=datetime.fromtimestamp(record.created_at_s, UTC),
    )
    return replace(
        created(context, record),
        table_status="ACTIVE" if active else "CREATING",
        billing_mode_summary=summary if on_demand else None,
        warm_throughput=TableWarmThroughputDescription(
            read_units_per_second=ON_DEMAND_WARM_READ_UNITS if on_demand else record.read_units,
            write_units_per_second=ON_DEMAND_WARM_WRITE_UNITS if on_demand else record.write_units,
            status="ACTIVE",
        ),
    )


def deleted(context: RequestContext, record: TableRecord) -> TableDescription:
    """What DeleteTable answers, which is less. Source: recording `test_table_crud`."""
    on_demand = record.billing_mode == ON_DEMAND
    return TableDescription(
        table_name=record.name,
        table_status="DELETING",
        provisioned_throughput=_throughput(record),
        table_size_bytes=0,
        item_count=0,
        table_arn=table_arn(context, record.name),
        table_id=record.id,
        billing_mode_summary=BillingModeSummary(billing_mode=ON_DEMAND) if on_demand else None,
        deletion_protection_enabled=record.deletion_protected,
    )


def _throughput(record: TableRecord) -> ProvisionedThroughputDescription:
    return ProvisionedThroughputDescription(
        number_of_decreases_today=0, read_capacity_units=record.read_units, write_capacity_units=record.write_units
    )
