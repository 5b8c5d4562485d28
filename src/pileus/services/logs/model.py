"""What are log groups, log streams and log events, and which events are accepted?"""

import re
from collections.abc import Sequence
from typing import Final, Literal, NewType

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.logs.errors import InvalidParameterException, LogGroupNotFound, ValidationException
from pileus.services.logs.limits import (
    BATCH_BYTES_MAX,
    BATCH_SPAN_MAX,
    EVENT_AGE_MAX,
    EVENT_AHEAD_MAX,
    EVENT_OVERHEAD_BYTES,
)
from pileus.services.logs.shapes import InputLogEvent, LogGroup, LogStream, RejectedLogEventsInfo

Millis = NewType("Millis", int)
"""A moment as this service counts it: milliseconds since 1970."""

_DAY_MS: Final = 24 * 3600 * 1000
_GROUP_ARN: Final = re.compile(
    r"arn:aws[a-zA-Z-]*:logs:(?P<region>[^:]+):(?P<account>\d{12}):log-group:(?P<name>[^:*]+)(?::\*)?"
)


class GroupRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="logs.group.v1"):
    """A log group. Expired events are neither shown nor kept for long. metric_filters...: how many it has."""

    name: str
    created_ms: int
    log_class: str = "STANDARD"
    retention_days: int | None = None
    tags: dict[str, str] = {}
    deletion_protection: bool = False
    metric_filters: int = 0
    subscription_filters: int = 0


class StreamRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="logs.stream.v1"):
    """A log stream. stream_id: names its events' keys, so that they stay short. next_sequence: of the next event."""

    name: str
    stream_id: bytes
    created_ms: int
    next_sequence: int = 0
    first_event_ms: int | None = None
    last_event_ms: int | None = None
    ingested_ms: int | None = None
    stored_bytes: int = 0


class EventRecord(msgspec.Struct, frozen=True, kw_only=True, tag="logs.event.v1"):
    """A log event; its moment is in its key."""

    message: str
    ingested_ms: int


class Transformation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a metric filter counts. value: a number, or a selector. dimensions: names, and selectors."""

    metric: str
    namespace: str
    value: str
    default: float | None = None
    dimensions: dict[str, str] = {}
    unit: str | None = None


class MetricFilterRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="logs.metric-filter.v1"):
    """A metric filter of a group."""

    name: str
    group: str
    pattern: str
    created_ms: int
    transformations: list[Transformation]


class SubscriptionFilterRecord(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="logs.subscription-filter.v1"
):
    """A subscription filter of a group."""

    name: str
    group: str
    pattern: str
    created_ms: int
    destination_arn: str
    group_arn: str
    distribution: str = "ByLogStream"


class ResourcePolicyRecord(msgspec.Struct, frozen=True, kw_only=True, tag="logs.resource-policy.v1"):
    """A policy of the account; document: as it was given."""

    name: str
    document: str
    updated_ms: int


class QueryDefinitionRecord(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="logs.query-definition.v1"
):
    """A query that somebody keeps."""

    definition_id: str
    name: str
    query: str
    modified_ms: int
    groups: list[str] = []
    client_token: str | None = None


QueryState = Literal["Scheduled", "Running", "Complete", "Failed", "Cancelled"]


class QueryRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="logs.query.v1"):
    """An Insights query. end_ms: included. scanned...: what it looked at. rows: how many it gave."""

    query_id: str
    query: str
    groups: list[str]
    start_ms: int
    end_ms: int
    limit: int
    created_ms: int
    state: QueryState = "Scheduled"
    matched: int = 0
    scanned: int = 0
    scanned_bytes: int = 0
    rows: int = 0
    took_ms: int = 0


class QueryResultsRecord(msgspec.Struct, frozen=True, kw_only=True, tag="logs.query-results.v1"):
    """Some rows of a query's results: fields and values."""

    rows: list[list[tuple[str, str]]]


class Place(msgspec.Struct, frozen=True, order=True):
    """Where an event stands in its stream."""

    timestamp_ms: int
    sequence: int


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it is read."""

    place: Place
    message: str
    ingested_ms: int

    @property
    def size_bytes(self) -> int:
        return message_bytes(self.message) + EVENT_OVERHEAD_BYTES


def message_bytes(message: str) -> int:
    return len(message) if message.isascii() else len(message.encode())


def group_name(context: RequestContext, *, name: str | None, identifier: str | None) -> str:
    """The log group that a request names in one of two ways; `identifier` is a name or an ARN."""
    if name is not None and identifier is not None:
        raise ValidationException("LogGroup name and LogGroup ARN are mutually exclusive parameters.")
    given = name or identifier
    if given is None:
        raise InvalidParameterException("Either logGroupName or logGroupIdentifier must be specified.")
    if not given.startswith("arn:"):
        return given
    match = _GROUP_ARN.fullmatch(given)
    if match is None:
        raise InvalidParameterException(f"Invalid log group identifier: {given}")
    if (match["account"], match["region"]) != (context.account_id, context.region):
        raise LogGroupNotFound
    return match["name"]


def group_arn(context: RequestContext, name: str) -> str:
    return f"arn:{context.partition}:logs:{context.region}:{context.account_id}:log-group:{name}"


def described_group(context: RequestContext, group: GroupRecord, *, stored_bytes: int | None) -> LogGroup:
    """Recording logs_groups: found by a pattern, a group comes without sizes and protection (`stored_bytes` None)."""
    arn = group_arn(context, group.name)
    return LogGroup(
        log_group_name=group.name,
        creation_time=group.created_ms,
        retention_in_days=group.retention_days,
        metric_filter_count=group.metric_filters,
        arn=f"{arn}:*",
        stored_bytes=stored_bytes,
        log_group_class=group.log_class,  # type: ignore[arg-type]  # checked when it was written
        log_group_arn=arn,
        deletion_protection_enabled=None if stored_bytes is None else group.deletion_protection,
    )


def described_stream(context: RequestContext, group: str, stream: StreamRecord) -> LogStream:
    """`storedBytes` of a stream is 0 since 2019 (API_LogStream)."""
    return LogStream(
        log_stream_name=stream.name,
        creation_time=stream.created_ms,
        first_event_timestamp=stream.first_event_ms,
        last_event_timestamp=stream.last_event_ms,
        last_ingestion_time=stream.ingested_ms,
        upload_sequence_token=None if stream.ingested_ms is None else sequence_token(stream),
        arn=f"{group_arn(context, group)}:log-stream:{stream.name}",
        stored_bytes=0,
    )


def sequence_token(stream: StreamRecord) -> str:
    """Nobody checks it any more; clients expect one of 56 digits."""
    return f"{stream.next_sequence:056d}"


def event_id(stream: StreamRecord, place: Place) -> str:
    """56 digits, unique among all events and ordered by time."""
    number = place.timestamp_ms << 128 | int.from_bytes(stream.stream_id, "big") << 64 | place.sequence
    return f"{number:056d}"


def oldest_shown(group: GroupRecord, now_ms: int) -> int:
    """The moment before which events have expired; 0 when the group keeps them for ever."""
    return 0 if group.retention_days is None else max(0, now_ms - group.retention_days * _DAY_MS)


def check_batch(events: Sequence[InputLogEvent]) -> None:
    """What makes PutLogEvents fail as a whole; InvalidParameterException."""
    size_bytes = sum(message_bytes(event.message) + EVENT_OVERHEAD_BYTES for event in events)
    if size_bytes > BATCH_BYTES_MAX:
        raise InvalidParameterException(f"Upload too large: {size_bytes} bytes exceeds limit of {BATCH_BYTES_MAX}")
    previous = 0
    for event in events:
        if event.timestamp < previous:
            raise InvalidParameterException(
                "Log events in a single PutLogEvents request must be in chronological order."
            )
        previous = event.timestamp


def accepted(
    events: Sequence[InputLogEvent], group: GroupRecord, *, now_ms: int
) -> tuple[Sequence[InputLogEvent], RejectedLogEventsInfo | None]:
    """The events of an ordered batch that are taken, and what is said about the others.

    An end index is that of the first event which is not refused for this reason, as AWS's page has it: "exclusive".
    """
    too_old_before = now_ms - int(EVENT_AGE_MAX.total_seconds() * 1000)
    expired_before = oldest_shown(group, now_ms)
    too_new_after = now_ms + int(EVENT_AHEAD_MAX.total_seconds() * 1000)
    too_old = sum(event.timestamp < too_old_before for event in events)
    expired = sum(event.timestamp < expired_before for event in events)
    too_new = sum(event.timestamp > too_new_after for event in events)
    taken = events[max(too_old, expired) : len(events) - too_new]
    if taken and taken[-1].timestamp - taken[0].timestamp > BATCH_SPAN_MAX.total_seconds() * 1000:
        raise InvalidParameterException(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
    if len(taken) == len(events):
        return taken, None
    return taken, RejectedLogEventsInfo(
        too_old_log_event_end_index=too_old or None,
        expired_log_event_end_index=expired if expired > too_old else None,
        too_new_log_event_start_index=len(events) - too_new if too_new else None,
    )
