"""How is a table described?

Source: recordings `test_table_crud`, `test_gsi_with_billing_mode`, `test_table_warm_throughput`,
`test_batch_write_items_streaming`, `test_dynamodb_create_table_with_partial_sse_specification`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from pileus.services.dynamodb.limits import ON_DEMAND_WARM_READ_UNITS, ON_DEMAND_WARM_WRITE_UNITS
from pileus.services.dynamodb.shapes import (
    AttributeDefinition,
    BillingModeSummary,
    GlobalSecondaryIndexDescription,
    GlobalSecondaryIndexWarmThroughputDescription,
    KeySchemaElement,
    LocalSecondaryIndexDescription,
    OnDemandThroughput,
    Projection,
    ProvisionedThroughputDescription,
    SSEDescription,
    StreamSpecification,
    TableClassSummary,
    TableDescription,
    TableStatus,
    TableWarmThroughputDescription,
)
from pileus.services.dynamodb.table_records import IndexRecord, TableRecord
from pileus.services.dynamodb.tables.names import TablePlace, table_arn
from pileus.services.dynamodb.tables.states import State, index_state, state_of
from pileus.services.dynamodb.tables.throughput import ON_DEMAND


@dataclass(frozen=True, slots=True)
class Counted:
    """How much a table holds, or an index."""

    items: int = 0
    size_bytes: int = 0


NOTHING: Final = Counted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What was counted of a table, and of its indexes by their ids."""

    table: Counted = NOTHING
    indexes: Mapping[str, Counted] = field(default_factory=dict)


EMPTY: Final = Contents()


class Describer:
    """Describes one table as it is at one moment."""

    def __init__(self, place: TablePlace, partition: str, record: TableRecord, *, now_s: float) -> None:
        self._arn = table_arn(place, partition)
        self._record = record
        self._now_s = now_s

    # The three answers

    def created(self) -> TableDescription:
        """What CreateTable answers."""
        record = self._record
        described = self.described(EMPTY)
        warm = described.warm_throughput if record.warm_read_units or record.warm_write_units else None
        on_demand = record.billing_mode == ON_DEMAND
        return replace(
            described,
            table_status="CREATING",
            billing_mode_summary=BillingModeSummary(billing_mode=ON_DEMAND) if on_demand else None,
            global_secondary_indexes=[
                replace(index, index_status="CREATING", warm_throughput=None)
                for index in described.global_secondary_indexes or ()
            ]
            or None,
            warm_throughput=None if warm is None else replace(warm, status="UPDATING"),
        )

    def described(self, contents: Contents) -> TableDescription:
        """What DescribeTable answers."""
        record = self._record
        state = state_of(record, self._now_s)
        limited = record.max_read_units >= 0 or record.max_write_units >= 0
        return TableDescription(
            attribute_definitions=[
                AttributeDefinition(attribute_name=name, attribute_type=kind)
                for name, kind in sorted(record.attribute_definitions)
            ],
            table_name=record.name,
            key_schema=[KeySchemaElement(attribute_name=name, key_type=kind) for name, kind in record.key_schema],
            table_status=self._status(state),
            creation_date_time=_moment(record.created_at_s),
            provisioned_throughput=self._throughput(),
            table_size_bytes=contents.table.size_bytes,
            item_count=contents.table.items,
            table_arn=self._arn,
            table_id=record.id,
            billing_mode_summary=self._billing(),
            local_secondary_indexes=[
                self._local(index, contents.indexes.get(index.id, NOTHING)) for index in record.indexes if index.local
            ]
            or None,
            global_secondary_indexes=[
                self._global(index, contents.indexes.get(index.id, NOTHING))
                for index in record.indexes
                if not index.local
            ]
            or None,
            stream_specification=None
            if record.stream is None
            else StreamSpecification(stream_enabled=True, stream_view_type=record.stream.view),
            latest_stream_label=record.last_stream_label,
            latest_stream_arn=None
            if record.last_stream_label is None
            else f"{self._arn}/stream/{record.last_stream_label}",
            sse_description=self._encryption(),
            table_class_summary=self._table_class(),
            deletion_protection_enabled=record.deletion_protected,
            on_demand_throughput=_on_demand(record.max_read_units, record.max_write_units) if limited else None,
            warm_throughput=self._warm(state),
        )

    def deleted(self) -> TableDescription:
        """What DeleteTable answers, which is less."""
        record = self._record
        return TableDescription(
            table_name=record.name,
            table_status="DELETING",
            provisioned_throughput=self._throughput(),
            table_size_bytes=0,
            item_count=0,
            table_arn=self._arn,
            table_id=record.id,
            billing_mode_summary=BillingModeSummary(billing_mode=ON_DEMAND) if record.on_demand else None,
            deletion_protection_enabled=record.deletion_protected,
        )

    # Its parts

    def _status(self, state: State) -> TableStatus:
        """Source: lab notes of ack-api-quirks (2026-10), DDB-TABLE-331, -325."""
        encryption = self._record.encryption
        if state == "ACTIVE" and encryption is not None and encryption.inaccessible_since_s is not None:
            return "INACCESSIBLE_ENCRYPTION_CREDENTIALS"
        return state

    def _throughput(self) -> ProvisionedThroughputDescription:
        record = self._record
        return _provisioned(
            record.read_units,
            record.write_units,
            record.decreases_today if _same_day(record.decreased_at_s, self._now_s) else 0,
            record.increased_at_s,
            record.decreased_at_s,
        )

    def _billing(self) -> BillingModeSummary | None:
        """A table that was ever on demand tells its mode."""
        record = self._record
        if record.on_demand:
            since_s = record.created_at_s if record.on_demand_since_s is None else record.on_demand_since_s
        elif record.on_demand_since_s is not None:
            since_s = record.on_demand_since_s
        else:
            return None
        return BillingModeSummary(
            billing_mode=record.billing_mode, last_update_to_pay_per_request_date_time=_moment(since_s)
        )

    def _table_class(self) -> TableClassSummary | None:
        record = self._record
        if record.table_class is None:
            return None
        changes = record.table_class_changes_s
        return TableClassSummary(
            table_class=record.table_class, last_update_date_time=_moment(changes[-1]) if changes else None
        )

    def _encryption(self) -> SSEDescription | None:
        setting = self._record.encryption
        if setting is None:
            return None
        since_s = setting.inaccessible_since_s
        return SSEDescription(
            status="ENABLED",
            sse_type="KMS",
            kms_master_key_arn=setting.key_arn,
            inaccessible_encryption_date_time=None if since_s is None else _moment(since_s),
        )

    def _warm(self, state: State) -> TableWarmThroughputDescription:
        record = self._record
        reads, writes = warm_units(record, record)
        status: State = "ACTIVE" if state == "DELETING" else state
        return TableWarmThroughputDescription(read_units_per_second=reads, write_units_per_second=writes, status=status)

    def _local(self, index: IndexRecord, counted: Counted) -> LocalSecondaryIndexDescription:
        return LocalSecondaryIndexDescription(
            index_name=index.name,
            key_schema=_key_schema(index),
            projection=_projection(index),
            index_size_bytes=counted.size_bytes,
            item_count=counted.items,
            index_arn=f"{self._arn}/index/{index.name}",
        )

    def _global(self, index: IndexRecord, counted: Counted) -> GlobalSecondaryIndexDescription:
        reads, writes = warm_units(self._record, index)
        state = index_state(self._record, index, self._now_s)
        limited = index.max_read_units >= 0 or index.max_write_units >= 0
        return GlobalSecondaryIndexDescription(
            index_name=index.name,
            key_schema=_key_schema(index),
            projection=_projection(index),
            index_status=state,
            backfilling=index.backfilling if state == "CREATING" else None,
            provisioned_throughput=_provisioned(
                index.read_units,
                index.write_units,
                index.decreases_today if _same_day(index.decreased_at_s, self._now_s) else 0,
                index.increased_at_s,
                index.decreased_at_s,
            ),
            index_size_bytes=counted.size_bytes,
            item_count=counted.items,
            index_arn=f"{self._arn}/index/{index.name}",
            on_demand_throughput=_on_demand(index.max_read_units, index.max_write_units) if limited else None,
            warm_throughput=GlobalSecondaryIndexWarmThroughputDescription(
                read_units_per_second=reads,
                write_units_per_second=writes,
                status="UPDATING" if state == "CREATING" else state,
            ),
        )


def warm_units(table: TableRecord, of: TableRecord | IndexRecord) -> tuple[int, int]:
    """What a table or an index takes at once: as asked for, at least what it has by its mode."""
    if table.on_demand:
        least = ON_DEMAND_WARM_READ_UNITS, ON_DEMAND_WARM_WRITE_UNITS
    else:
        least = of.read_units, of.write_units
    return max(of.warm_read_units, least[0]), max(of.warm_write_units, least[1])


def _same_day(at_s: float | None, now_s: float) -> bool:
    """In UTC, when the count of decreases begins anew."""
    return at_s is not None and _moment(at_s).date() == _moment(now_s).date()


def _moment(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)


def _key_schema(index: IndexRecord) -> list[KeySchemaElement]:
    return [
        *(KeySchemaElement(attribute_name=name, key_type="HASH") for name in index.partition),
        *(KeySchemaElement(attribute_name=name, key_type="RANGE") for name in index.sort),
    ]


def _projection(index: IndexRecord) -> Projection:
    return Projection(projection_type=index.projection, non_key_attributes=index.attributes or None)


def _on_demand(reads: int, writes: int) -> OnDemandThroughput:
    """What is limited; the other member is absent."""
    return OnDemandThroughput(
        max_read_request_units=None if reads < 0 else reads, max_write_request_units=None if writes < 0 else writes
    )


def _provisioned(
    reads: int, writes: int, decreases: int, increased_at_s: float | None, decreased_at_s: float | None
) -> ProvisionedThroughputDescription:
    return ProvisionedThroughputDescription(
        last_increase_date_time=None if increased_at_s is None else _moment(increased_at_s),
        last_decrease_date_time=None if decreased_at_s is None else _moment(decreased_at_s),
        number_of_decreases_today=decreases,
        read_capacity_units=reads,
        write_capacity_units=writes,
    )
