"""What does each operation of CloudWatch Logs do?"""

from collections.abc import Sequence
from typing import Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.logs.errors import (
    InvalidNextToken,
    InvalidParameterException,
    ResourceAlreadyExistsException,
)
from pileus.services.logs.limits import DESCRIBE_ITEMS_MAX, PAGE_EVENTS_MAX, RETENTION_DAYS
from pileus.services.logs.model import (
    GroupRecord,
    StreamRecord,
    accepted,
    check_batch,
    described_group,
    described_stream,
    event_id,
    group_name,
    oldest_shown,
    sequence_token,
)
from pileus.services.logs.patterns import parse
from pileus.services.logs.reading import read_stream, search_group, time_span
from pileus.services.logs.shapes import (
    CreateLogGroupRequest,
    CreateLogStreamRequest,
    DeleteLogGroupRequest,
    DeleteLogStreamRequest,
    DeleteRetentionPolicyRequest,
    DescribeLogGroupsRequest,
    DescribeLogGroupsResponse,
    DescribeLogStreamsRequest,
    DescribeLogStreamsResponse,
    FilteredLogEvent,
    FilterLogEventsRequest,
    FilterLogEventsResponse,
    GetLogEventsRequest,
    GetLogEventsResponse,
    OutputLogEvent,
    PutLogEventsRequest,
    PutLogEventsResponse,
    PutRetentionPolicyRequest,
)
from pileus.services.logs.store import Reading, Writing
from pileus.services.logs.writer import STREAM_ID_BYTES

_LATEST_FIRST_SINCE_MS: Final = 1_704_067_200_000
"""2024-01-01: FilterLogEvents reads backward only from here on (API reference)."""


PARTIAL: Final = {
    "CreateLogGroup": "no encryption, deletion protection, delivery class",
    "DescribeLogGroups": "of one account, by name or prefix",
    "PutLogEvents": "the entity is not kept",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""


class LogsApi:
    """The operations, in the order of the model. docs/services says what is built."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def create_log_group(self, context: RequestContext, request: CreateLogGroupRequest) -> None:
        if request.kms_key_id is not None:
            raise NotImplementedByPileus("kmsKeyId is not implemented")
        if request.deletion_protection_enabled:
            raise NotImplementedByPileus("deletionProtectionEnabled is not implemented")
        if request.log_group_class == "DELIVERY":
            raise NotImplementedByPileus("logGroupClass DELIVERY is not implemented")
        group = GroupRecord(
            name=request.log_group_name,
            created_ms=self._now_ms(),
            log_class=request.log_group_class or "STANDARD",
            tags=dict(request.tags or {}),
        )

        async def create(tx: Transaction) -> None:
            writing = Writing(tx, _region(context))
            if await writing.find_group(group.name) is not None:
                raise ResourceAlreadyExistsException("The specified log group already exists")
            writing.put_group(group)

        await self._store.run(create)

    async def create_log_stream(self, context: RequestContext, request: CreateLogStreamRequest) -> None:
        stream = StreamRecord(
            name=request.log_stream_name, stream_id=self._ids.bytes(STREAM_ID_BYTES), created_ms=self._now_ms()
        )

        async def create(tx: Transaction) -> None:
            writing = Writing(tx, _region(context))
            await writing.group(request.log_group_name)
            if await writing.find_stream(request.log_group_name, stream.name) is not None:
                raise ResourceAlreadyExistsException("The specified log stream already exists")
            writing.put_stream(request.log_group_name, stream)

        await self._store.run(create)

    async def delete_log_group(self, context: RequestContext, request: DeleteLogGroupRequest) -> None:
        async def delete(tx: Transaction) -> None:
            writing = Writing(tx, _region(context))
            await writing.group(request.log_group_name)
            await writing.delete_group(request.log_group_name)

        await self._store.run(delete)

    async def delete_log_stream(self, context: RequestContext, request: DeleteLogStreamRequest) -> None:
        async def delete(tx: Transaction) -> None:
            writing = Writing(tx, _region(context))
            await writing.group(request.log_group_name)
            stream = await writing.stream(request.log_group_name, request.log_stream_name)
            writing.delete_stream(request.log_group_name, stream)

        await self._store.run(delete)

    async def delete_retention_policy(self, context: RequestContext, request: DeleteRetentionPolicyRequest) -> None:
        await self._set_retention(context, request.log_group_name, None)

    async def describe_log_groups(
        self, context: RequestContext, request: DescribeLogGroupsRequest
    ) -> DescribeLogGroupsResponse:
        if request.log_group_name_prefix is not None and request.log_group_name_pattern is not None:
            raise InvalidParameterException(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
            )
        if request.include_linked_accounts or request.account_identifiers:
            raise NotImplementedByPileus("includeLinkedAccounts and accountIdentifiers are not implemented")
        if request.log_group_identifiers is not None:
            raise NotImplementedByPileus("logGroupIdentifiers is not implemented")
        reading = Reading(self._store.snapshot(), _region(context))
        wanted = request.log_group_name_pattern
        limit = request.limit or DESCRIBE_ITEMS_MAX
        matching = [
            group
            for group in await reading.groups(
                prefix=request.log_group_name_prefix or "", after_name=_read_name_token(request.next_token)
            )
            if (wanted is None or wanted.lower() in group.name.lower())
            and request.log_group_class in (None, group.log_class)
        ]
        page = matching[:limit]
        described = []
        for group in page:
            stored_bytes = None if wanted else sum(stream.stored_bytes for stream in await reading.streams(group.name))
            described.append(described_group(context, group, stored_bytes=stored_bytes))
        return DescribeLogGroupsResponse(
            log_groups=described, next_token=_write_name_token(page[-1].name) if len(matching) > limit else None
        )

    async def describe_log_streams(
        self, context: RequestContext, request: DescribeLogStreamsRequest
    ) -> DescribeLogStreamsResponse:
        group = group_name(context, name=request.log_group_name, identifier=request.log_group_identifier)
        by_time = request.order_by == "LastEventTime"
        if by_time and request.log_stream_name_prefix is not None:
            raise InvalidParameterException("Cannot order by LastEventTime with a logStreamNamePrefix.")
        reading = Reading(self._store.snapshot(), _region(context))
        await reading.group(group)
        limit = request.limit or DESCRIBE_ITEMS_MAX
        beyond = _read_name_token(request.next_token)
        descending = bool(request.descending)
        if by_time:
            page = await _streams_by_time(reading, group, beyond=beyond, limit=limit + 1, descending=descending)
        else:
            page = await reading.streams(
                group,
                prefix=request.log_stream_name_prefix or "",
                beyond=beyond,
                limit=limit + 1,
                descending=descending,
            )
        last = page[limit - 1] if len(page) > limit else None
        return DescribeLogStreamsResponse(
            log_streams=[described_stream(context, group, stream) for stream in page[:limit]],
            next_token=None if last is None else _write_name_token(_time_key(last) if by_time else last.name),
        )

    async def filter_log_events(
        self, context: RequestContext, request: FilterLogEventsRequest
    ) -> FilterLogEventsResponse:
        name = group_name(context, name=request.log_group_name, identifier=request.log_group_identifier)
        if request.log_stream_names is not None and request.log_stream_name_prefix is not None:
            raise InvalidParameterException("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
        from_head = request.start_from_head is not False
        if not from_head and (request.start_time or 0) < _LATEST_FIRST_SINCE_MS:
            raise InvalidParameterException("startFromHead false is supported only with a startTime since 2024.")
        pattern = parse(request.filter_pattern or "")
        reading = Reading(self._store.snapshot(), _region(context))
        group = await reading.group(name)
        page = await search_group(
            reading,
            await _chosen_streams(reading, name, request),
            time_span(
                start=request.start_time,
                end=None if request.end_time is None else request.end_time + 1,  # unlike GetLogEvents, it is included
                oldest_ms=oldest_shown(group, self._now_ms()),
            ),
            pattern=pattern,
            limit=request.limit or PAGE_EVENTS_MAX,
            token=request.next_token,
            from_head=from_head,
        )
        return FilterLogEventsResponse(
            events=[
                FilteredLogEvent(
                    log_stream_name=found.stream.name,
                    timestamp=found.event.place.timestamp_ms,
                    message=found.event.message,
                    ingestion_time=found.event.ingested_ms,
                    event_id=event_id(found.stream, found.event.place),
                )
                for found in page.found
            ],
            searched_log_streams=[],  # AWS sends it empty since 2021 (API_FilterLogEvents)
            next_token=page.token,
        )

    async def get_log_events(self, context: RequestContext, request: GetLogEventsRequest) -> GetLogEventsResponse:
        name = group_name(context, name=request.log_group_name, identifier=request.log_group_identifier)
        reading = Reading(self._store.snapshot(), _region(context))
        group = await reading.group(name)
        stream = await reading.stream(name, request.log_stream_name)
        page = await read_stream(
            reading,
            stream,
            time_span(start=request.start_time, end=request.end_time, oldest_ms=oldest_shown(group, self._now_ms())),
            limit=request.limit or PAGE_EVENTS_MAX,
            token=request.next_token,
            from_head=bool(request.start_from_head),
        )
        return GetLogEventsResponse(
            events=[
                OutputLogEvent(
                    timestamp=event.place.timestamp_ms, message=event.message, ingestion_time=event.ingested_ms
                )
                for event in page.events
            ],
            next_forward_token=page.forward,
            next_backward_token=page.backward,
        )

    async def put_log_events(self, context: RequestContext, request: PutLogEventsRequest) -> PutLogEventsResponse:
        now_ms = self._now_ms()

        async def put(tx: Transaction) -> PutLogEventsResponse:
            writing = Writing(tx, _region(context))
            group = await writing.group(request.log_group_name)
            stream = await writing.stream(group.name, request.log_stream_name)
            check_batch(request.log_events)
            taken, rejected = accepted(request.log_events, group, now_ms=now_ms)
            if taken:
                events = [(event.timestamp, event.message) for event in taken]
                stream = writing.append(group.name, stream, events, now_ms=now_ms)
            return PutLogEventsResponse(next_sequence_token=sequence_token(stream), rejected_log_events_info=rejected)

        return await self._store.run(put)

    async def put_retention_policy(self, context: RequestContext, request: PutRetentionPolicyRequest) -> None:
        if request.retention_in_days not in RETENTION_DAYS:
            raise InvalidParameterException(
                f"1 validation error detected: Value '{request.retention_in_days}' at 'retentionInDays' failed to "
                f"satisfy constraint: Member must satisfy enum value set: {sorted(RETENTION_DAYS, reverse=True)}"
            )
        await self._set_retention(context, request.log_group_name, request.retention_in_days)

    # What they share

    def _now_ms(self) -> int:
        return int(self._clock.timestamp() * 1000)

    async def _set_retention(self, context: RequestContext, group: str, days: int | None) -> None:
        async def change(tx: Transaction) -> None:
            writing = Writing(tx, _region(context))
            writing.put_group(msgspec.structs.replace(await writing.group(group), retention_days=days))

        await self._store.run(change)


def _region(context: RequestContext) -> tuple[str, str]:
    return context.account_id, context.region


async def _chosen_streams(reading: Reading, group: str, request: FilterLogEventsRequest) -> Sequence[StreamRecord]:
    """All, those named (each must exist), or those with the prefix."""
    if request.log_stream_names is None:
        return await reading.streams(group, prefix=request.log_stream_name_prefix or "")
    return [await reading.stream(group, name) for name in dict.fromkeys(request.log_stream_names)]


async def _streams_by_time(
    reading: Reading, group: str, *, beyond: str | None, limit: int, descending: bool
) -> Sequence[StreamRecord]:
    """In order of their latest events; streams without any count as the oldest."""
    ordered = sorted(await reading.streams(group), key=_time_key, reverse=descending)
    if beyond is not None:
        ordered = [
            stream for stream in ordered if (_time_key(stream) < beyond if descending else _time_key(stream) > beyond)
        ]
    return ordered[:limit]


def _time_key(stream: StreamRecord) -> str:
    return f"{stream.last_event_ms or 0:020d} {stream.name}"


def _write_name_token(name: str) -> str:
    return name.encode().hex()


def _read_name_token(token: str | None) -> str | None:
    if token is None:
        return None
    try:
        return bytes.fromhex(token).decode()
    except ValueError:
        raise InvalidNextToken from None
