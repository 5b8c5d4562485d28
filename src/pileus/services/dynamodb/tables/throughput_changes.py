"""How does the throughput of a table, or of an index, change?

Source: what AWS answered, in the lab notes of ack-api-quirks (2026-10), DDB-TABLE-058, -059, -152, -153, -164, -184.
"""

from datetime import UTC, datetime
from typing import TypeVar

from msgspec.structs import replace

from pileus.services.dynamodb.errors import ValidationException, invalid_parameter, over_limit
from pileus.services.dynamodb.limits import DECREASE_PAUSE_S, FREE_DECREASES_A_DAY
from pileus.services.dynamodb.shapes import (
    OnDemandThroughput,
    ProvisionedThroughput,
    UpdateTableInput,
    WarmThroughput,
)
from pileus.services.dynamodb.table_records import IndexRecord, TableRecord
from pileus.services.dynamodb.tables.descriptions import warm_units
from pileus.services.dynamodb.tables.quotas import REFER
from pileus.services.dynamodb.tables.throughput import (
    ON_DEMAND,
    PROVISIONED,
    UNSET,
    check_on_demand_change,
    check_warm_change,
)

Provisioned = TypeVar("Provisioned", TableRecord, IndexRecord)
Limited = TypeVar("Limited", TableRecord, IndexRecord)


def with_billing(record: TableRecord, request: UpdateTableInput, *, now_s: float) -> TableRecord:
    """The table in the mode, and with the units, that are asked for."""
    mode, throughput = request.billing_mode or record.billing_mode, request.provisioned_throughput
    if mode == record.billing_mode:
        if throughput is None:
            return record
        if mode == ON_DEMAND:
            raise invalid_parameter(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
            )
        return with_units(record, record, throughput, now_s=now_s)
    if mode == PROVISIONED:
        assert throughput is not None
        return _provisioned(record, request, throughput)
    return _on_demand(record, now_s=now_s)


def _provisioned(record: TableRecord, request: UpdateTableInput, throughput: ProvisionedThroughput) -> TableRecord:
    """From on demand: every index needs units too. Limits of what may be consumed go."""
    given = {
        update.update.index_name
        for update in request.global_secondary_index_updates or ()
        if update.update is not None and update.update.provisioned_throughput is not None
    }
    for index in record.indexes:
        if not index.local and index.state != "DELETING" and index.name not in given:
            raise invalid_parameter(f"ProvisionedThroughput must be specified for index: {index.name}")
    return replace(
        _kept_warm(record),
        billing_mode=PROVISIONED,
        read_units=throughput.read_capacity_units,
        write_units=throughput.write_capacity_units,
        max_read_units=UNSET,
        max_write_units=UNSET,
        on_demand_since_s=record.created_at_s if record.on_demand_since_s is None else record.on_demand_since_s,
    )


def _on_demand(record: TableRecord, *, now_s: float) -> TableRecord:
    warm = _kept_warm(record)
    return replace(
        warm,
        billing_mode=ON_DEMAND,
        read_units=0,
        write_units=0,
        on_demand_since_s=now_s,
        indexes=[index if index.local else replace(index, read_units=0, write_units=0) for index in warm.indexes],
    )


def _kept_warm(record: TableRecord) -> TableRecord:
    """What a table took at once it goes on taking."""
    indexes = []
    for index in record.indexes:
        reads, writes = warm_units(record, index)
        indexes.append(
            index
            if index.local
            else replace(
                index, warm_read_units=reads, warm_write_units=writes, max_read_units=UNSET, max_write_units=UNSET
            )
        )
    reads, writes = warm_units(record, record)
    return replace(record, warm_read_units=reads, warm_write_units=writes, indexes=indexes)


def with_units(
    table: TableRecord,
    of: Provisioned,
    throughput: ProvisionedThroughput,
    *,
    now_s: float,
    index: str | None = None,
) -> Provisioned:
    """A table, or one of its indexes, with other units; `ValidationException` when they are the same."""
    reads, writes = throughput.read_capacity_units, throughput.write_capacity_units
    if (reads, writes) == (of.read_units, of.write_units):
        whose = "the table" if index is None else f"index {index}"
        told = "the table" if index is None else f"the index {index}"
        raise ValidationException(
            f"The provisioned throughput for {told} will not change. The requested value equals the current value. "
            f"Current ReadCapacityUnits provisioned for {whose}: {of.read_units}. "
            f"Requested ReadCapacityUnits: {reads}. "
            f"Current WriteCapacityUnits provisioned for {whose}: {of.write_units}. "
            f"Requested WriteCapacityUnits: {writes}. {REFER}"
        )
    warm_reads, warm_writes = warm_units(table, of)
    changed = replace(
        of, read_units=reads, write_units=writes, warm_read_units=warm_reads, warm_write_units=warm_writes
    )
    if reads > of.read_units or writes > of.write_units:
        changed = replace(changed, increased_at_s=now_s)
    if reads < of.read_units or writes < of.write_units:
        changed = replace(changed, decreased_at_s=now_s, decreases_today=_decreases(of, now_s) + 1)
    return changed


def _decreases(of: TableRecord | IndexRecord, now_s: float) -> int:
    """How often units were taken away today (UTC), before this time; `LimitExceededException`."""
    last_s = of.decreased_at_s
    if last_s is None or _moment(last_s).date() != _moment(now_s).date():
        return 0
    if of.decreases_today >= FREE_DECREASES_A_DAY and now_s < last_s + DECREASE_PAUSE_S:
        raise over_limit(
            "Provisioned throughput decreases are limited within a given UTC day. After the first "
            f"{FREE_DECREASES_A_DAY} decreases, each subsequent decrease in the same UTC day can be performed at most "
            f"once every {DECREASE_PAUSE_S} seconds. Number of decreases today: {of.decreases_today}. "
            f"Last decrease at {_told(last_s)}. Next decrease can be made at {_told(last_s + DECREASE_PAUSE_S)}"
        )
    return of.decreases_today


def _moment(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)


def _told(at_s: float) -> str:
    """`Wednesday, July 25, 2018 at 8:48:14 AM Coordinated Universal Time`."""
    at = _moment(at_s)
    hour = at.hour % 12 or 12
    return f"{at:%A, %B} {at.day}, {at.year} at {hour}:{at:%M:%S %p} Coordinated Universal Time"


def with_on_demand(table: TableRecord, of: Limited, limits: OnDemandThroughput, *, index: str | None = None) -> Limited:
    """With other limits; what is not given stays, -1 takes one away."""
    check_on_demand_change(table.billing_mode, limits, index=index)
    reads, writes = limits.max_read_request_units, limits.max_write_request_units
    return replace(
        of,
        max_read_units=of.max_read_units if reads is None else reads,
        max_write_units=of.max_write_units if writes is None else writes,
    )


def with_warm(table: TableRecord, of: Limited, warm: WarmThroughput, *, index: str | None = None) -> Limited:
    current = warm_units(table, of)
    check_warm_change(warm, current, index=index)
    reads, writes = warm.read_units_per_second, warm.write_units_per_second
    return replace(
        of,
        warm_read_units=current[0] if reads is None else reads,
        warm_write_units=current[1] if writes is None else writes,
    )
