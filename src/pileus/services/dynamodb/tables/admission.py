"""Which change of a table has to wait for which other?

Source: what AWS answered, in the lab notes of ack-api-quirks (2026-10), DDB-TABLE-175, -286, -375, -376, -444, -458.
"""

from collections.abc import Mapping
from typing import Final, Literal

from pileus.services.dynamodb.errors import in_use
from pileus.services.dynamodb.shapes import UpdateTableInput
from pileus.services.dynamodb.table_records import IndexState, TableRecord, UpdatedPart
from pileus.services.dynamodb.tables.states import index_state, state_of
from pileus.services.dynamodb.tables.update_checks import makes_or_removes

Asked = Literal["throughput", "stream", "class", "indexes", "limits"]

_IN_PROGRESS: Final = "when a table class update is in progress. Table: {table} TableClassUpdateInProgress: {to_class}"
_STREAM: Final = "when stream status is being updated. Table: {table} Stream: {stream} Operation: {operation}"
_WAITS: Final[Mapping[tuple[UpdatedPart, Asked], str]] = {
    ("throughput", "throughput"): "Table IOPS are currently being updated. Table: {table}",
    ("throughput", "stream"): "Can't enable or disable stream while table IOPS are being updated. Table: {table}",
    ("throughput", "indexes"): "Can't create or delete indexes while table IOPS are being updated. Table: {table}",
    ("throughput", "limits"): "OnDemandThroughput cannot be updated while BillingMode update is in progress",
    ("stream", "throughput"): f"Can't change table IOPS {_STREAM}",
    ("stream", "stream"): "A stream status change is currently in progress. Table: {table} Stream: {stream} "
    "Operation: {operation}",
    ("stream", "indexes"): f"Can't create or delete an index {_STREAM}",
    ("stream", "class"): f"Can't update table class {_STREAM}",
    ("class", "class"): f"Can't update table class {_IN_PROGRESS}",
    ("class", "stream"): f"Can't change stream status {_IN_PROGRESS}",
    ("class", "indexes"): f"Can't create or delete an index {_IN_PROGRESS}",
}
"""What is running, and what is asked for then; pairs that are absent go together."""

_WAITS_FOR_INDEX: Final[Mapping[Asked, str]] = {
    "throughput": "Can't change table IOPS when an index is being {doing}. Table: {table} Indexes: [{indexes}]",
    "stream": "Can't change stream status when an index is being {doing}. Table: {table} Indexes: [{indexes}]",
    "limits": "OnDemandThroughput cannot be updated while index {what} is in progress for indexes: [{indexes}]",
}


def check_admitted(record: TableRecord, request: UpdateTableInput, *, now_s: float) -> None:
    """`ResourceInUseException` while the table is not free for this UpdateTable."""
    check_settled(record, now_s=now_s)
    asked = _asked(record, request)
    if now_s < record.updated_until_s and record.updating is not None:
        for one in asked:
            text = _WAITS.get((record.updating, one))
            if text is not None:
                raise in_use(
                    text.format(
                        table=record.name,
                        to_class=record.table_class,
                        stream=record.last_stream_label,
                        operation="DISABLE" if record.stream is None else "ENABLE",
                    )
                )
    _check_indexes(record, asked)


def _asked(record: TableRecord, request: UpdateTableInput) -> list[Asked]:
    switches = request.billing_mode is not None and request.billing_mode != record.billing_mode
    given: Mapping[Asked, bool] = {
        "throughput": request.provisioned_throughput is not None or switches,
        "stream": request.stream_specification is not None,
        "indexes": makes_or_removes(request.global_secondary_index_updates or ()) > 0,
        "limits": request.on_demand_throughput is not None,
        "class": request.table_class is not None,
    }
    return [one for one, is_asked in given.items() if is_asked]


def _check_indexes(record: TableRecord, asked: list[Asked]) -> None:
    """What waits for an index. One that is being filled stops nothing any more."""
    for state, doing, what in (("CREATING", "created", "creation"), ("DELETING", "deleted", "deletion")):
        names = _indexes_in(record, state)
        for one in asked if names else ():
            if one in _WAITS_FOR_INDEX:
                text = _WAITS_FOR_INDEX[one]
                raise in_use(text.format(doing=doing, what=what, table=record.name, indexes=", ".join(names)))


def _indexes_in(record: TableRecord, state: str | IndexState) -> list[str]:
    return [index.name for index in record.indexes if index.state == state and not index.backfilling]


def check_settled(record: TableRecord, *, now_s: float) -> None:
    """Nothing changes while a table comes or goes."""
    match state_of(record, now_s):
        case "CREATING":
            raise in_use(f"Table is being created: {record.name}")
        case "DELETING":
            raise in_use(f"Table is being deleted: {record.name}")


def check_deletable(record: TableRecord, *, now_s: float) -> None:
    check_settled(record, now_s=now_s)
    if any(not index.local and index_state(record, index, now_s) != "ACTIVE" for index in record.indexes):
        raise in_use("Cannot delete table while indexes are being created, updated, or deleted.")
    if now_s < record.updated_until_s:
        if record.updating == "stream":
            raise in_use("Cannot delete table while stream is being enabled/disabled.")
        raise in_use(f"Table: {record.name} is in the process of being updated.")
