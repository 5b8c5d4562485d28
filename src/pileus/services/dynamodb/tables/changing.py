"""What does an UpdateTable make of a table?

A pure function of the table's record and the request: `change` gives the record afterwards, what has to be done beside
it, and how AWS describes the change at once. Which change keeps which others waiting is in `admission.py`.

Source: API_UpdateTable; what AWS answered, in the lab notes of ack-api-quirks (2026-10), DDB-TABLE-050, -052, -082,
-165, -177, -283, -433.
"""

from dataclasses import dataclass

from msgspec.structs import replace

from pileus.kernel.ids import Ids
from pileus.services.dynamodb.errors import ValidationException, over_limit
from pileus.services.dynamodb.keys_of_kms import TableKey
from pileus.services.dynamodb.limits import TABLE_CLASS_CHANGES_MAX, TABLE_CLASS_WINDOW_S
from pileus.services.dynamodb.shapes import (
    GlobalSecondaryIndexDescription,
    ProvisionedThroughputDescription,
    SSEDescription,
    StreamViewType,
    TableDescription,
    UpdateTableInput,
)
from pileus.services.dynamodb.table_records import EncryptionSetting, IndexRecord, TableRecord
from pileus.services.dynamodb.tables.admission import check_admitted
from pileus.services.dynamodb.tables.descriptions import Contents, Describer
from pileus.services.dynamodb.tables.encryption import check_change, recent_changes, wanted
from pileus.services.dynamodb.tables.index_changes import with_indexes
from pileus.services.dynamodb.tables.names import TablePlace
from pileus.services.dynamodb.tables.quotas import check_maximum
from pileus.services.dynamodb.tables.throughput_changes import with_billing, with_on_demand, with_warm
from pileus.services.dynamodb.tables.update_checks import makes_or_removes


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """before, after: the table's records. created: an index to fill. deleted: one to clear.

    opens: the view of a stream to begin. closes: the stream ends.
    """

    before: TableRecord
    after: TableRecord
    created: IndexRecord | None = None
    deleted: IndexRecord | None = None
    opens: StreamViewType | None = None
    closes: bool = False


def change(
    record: TableRecord,
    request: UpdateTableInput,
    *,
    place: TablePlace,
    ids: Ids,
    now_s: float,
    settled_at_s: float,
    key: TableKey | None,
) -> Change:
    """request: already looked at by `update_checks`. settled_at_s: when the table is ACTIVE again.

    key: of KMS, where the request asks for one.
    """
    check_admitted(record, request, now_s=now_s)
    after = with_billing(record, request, now_s=now_s)
    if after is not record or request.billing_mode is not None:
        after = replace(after, updated_until_s=settled_at_s, updating="throughput")
    indexes = with_indexes(after, request, ids, now_s=now_s, settled_at_s=settled_at_s)
    after = indexes.record
    if makes_or_removes(request.global_secondary_index_updates or ()):
        after = replace(after, updated_until_s=settled_at_s, updating="index")
    if request.on_demand_throughput is not None:
        after = with_on_demand(after, after, request.on_demand_throughput)
    if request.warm_throughput is not None:
        after = with_warm(after, after, request.warm_throughput)
    if request.deletion_protection_enabled is not None:
        after = replace(after, deletion_protected=request.deletion_protection_enabled)
    after = _with_class(after, request, now_s=now_s, settled_at_s=settled_at_s)
    after = _with_encryption(after, request, key, now_s=now_s)
    check_maximum(after, place.region)
    opens, closes = _stream(record, request)
    if opens is not None or closes:
        after = replace(after, updated_until_s=settled_at_s, updating="stream")
    return Change(
        before=record, after=after, created=indexes.created, deleted=indexes.deleted, opens=opens, closes=closes
    )


def _with_class(record: TableRecord, request: UpdateTableInput, *, now_s: float, settled_at_s: float) -> TableRecord:
    wanted_class = request.table_class
    if wanted_class is None or wanted_class == (record.table_class or "STANDARD") == "STANDARD":
        return record
    lately = [at_s for at_s in record.table_class_changes_s if at_s > now_s - TABLE_CLASS_WINDOW_S]
    if len(lately) >= TABLE_CLASS_CHANGES_MAX:
        raise over_limit(f"Updates to TableClass are limited to {TABLE_CLASS_CHANGES_MAX} times in 30 day(s).")
    if wanted_class == record.table_class:
        return record
    return replace(
        record,
        table_class=wanted_class,
        table_class_changes_s=[*lately, now_s],
        updated_until_s=settled_at_s,
        updating="class",
    )


def _with_encryption(
    record: TableRecord, request: UpdateTableInput, key: TableKey | None, *, now_s: float
) -> TableRecord:
    specification = request.sse_specification
    if specification is None:
        return record
    check_change(record, specification, now_s=now_s)
    assert (key is not None) == wanted(specification), "a key is there where one is asked for"
    return replace(
        record,
        encryption=None if key is None else EncryptionSetting(key_arn=key.arn, sealed=key.sealed),
        encryption_changes_s=[*recent_changes(record, now_s=now_s), now_s],
    )


def _stream(record: TableRecord, request: UpdateTableInput) -> tuple[StreamViewType | None, bool]:
    specification = request.stream_specification
    if specification is None:
        return None, False
    if specification.stream_enabled:
        if record.stream is not None:
            raise ValidationException(f"Table already has an enabled stream: TableName: {record.name}")
        return specification.stream_view_type, False
    if record.stream is None:
        raise ValidationException(f"Table has no stream to disable: TableName: {record.name}")
    return None, True


# --- what is answered ------------------------------------------------------------------------------------------------


def described(
    change: Change, contents: Contents, request: UpdateTableInput, *, place: TablePlace, partition: str, now_s: float
) -> TableDescription:
    """The table as it begins to change: with the units that it still has."""
    before = Describer(place, partition, change.before, now_s=now_s).described(contents)
    after = Describer(place, partition, change.after, now_s=now_s).described(contents)
    settles = (
        request.provisioned_throughput is not None
        or request.billing_mode is not None
        or request.stream_specification is not None
        or request.table_class is not None
        or makes_or_removes(request.global_secondary_index_updates or ()) > 0
    )
    switches = change.before.billing_mode != change.after.billing_mode
    return replace(
        after,
        table_status="UPDATING" if settles else after.table_status,
        provisioned_throughput=after.provisioned_throughput
        if switches
        else _still(before.provisioned_throughput, after.provisioned_throughput),
        global_secondary_indexes=_indexes(before, after, request, switches=switches),
        sse_description=_encryption(before, after, request),
    )


def _still(
    before: ProvisionedThroughputDescription | None, after: ProvisionedThroughputDescription | None
) -> ProvisionedThroughputDescription | None:
    """The units, and the count of decreases, as they were; the moments are of this change already."""
    if before is None or after is None:
        return after
    return replace(
        after,
        read_capacity_units=before.read_capacity_units,
        write_capacity_units=before.write_capacity_units,
        number_of_decreases_today=before.number_of_decreases_today,
    )


def _indexes(
    before: TableDescription, after: TableDescription, request: UpdateTableInput, *, switches: bool
) -> list[GlobalSecondaryIndexDescription] | None:
    """An index that is updated still has its units; one that is made or deleted shows it."""
    old = {index.index_name: index for index in before.global_secondary_indexes or ()}
    updated = {
        update.update.index_name
        for update in request.global_secondary_index_updates or ()
        if update.update is not None and update.update.warm_throughput is None
    }
    found = []
    for index in after.global_secondary_indexes or ():
        if index.index_name in updated:
            throughput = index.provisioned_throughput
            if not switches:
                throughput = _still(old[index.index_name].provisioned_throughput, throughput)
            index = replace(index, index_status="UPDATING", provisioned_throughput=throughput)
        found.append(index)
    return found or None


def _encryption(before: TableDescription, after: TableDescription, request: UpdateTableInput) -> SSEDescription | None:
    if request.sse_specification is None:
        return after.sse_description
    shown = before.sse_description or after.sse_description
    return None if shown is None else replace(shown, status="UPDATING")
