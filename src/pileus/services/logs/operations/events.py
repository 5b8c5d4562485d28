"""Log events: put into a stream, read from one, searched for in a group."""

from collections.abc import Sequence
from typing import Final

from pileus.kernel.context import RequestContext
from pileus.kernel.metrics.counting import Told
from pileus.kernel.storage.seam import Transaction
from pileus.services.logs.errors import InvalidParameterException
from pileus.services.logs.following import follow, tell
from pileus.services.logs.limits import PAGE_EVENTS_MAX
from pileus.services.logs.model import (
    StreamRecord,
    accepted,
    check_batch,
    event_id,
    group_name,
    message_bytes,
    oldest_shown,
    sequence_token,
)
from pileus.services.logs.operations.base import LogsBase, region_of
from pileus.services.logs.patterns import parse
from pileus.services.logs.reading import read_stream, search_group, time_span
from pileus.services.logs.shapes import (
    FilteredLogEvent,
    FilterLogEventsRequest,
    FilterLogEventsResponse,
    GetLogEventsRequest,
    GetLogEventsResponse,
    InputLogEvent,
    OutputLogEvent,
    PutLogEventsRequest,
    PutLogEventsResponse,
)
from pileus.services.logs.store import Reading, Writing

_LATEST_FIRST_SINCE_MS: Final = 1_704_067_200_000
"""2024-01-01: FilterLogEvents reads backward only from here on (API reference)."""


class EventOperations(LogsBase):
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
        reading = Reading(self._store.snapshot(), region_of(context))
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
        reading = Reading(self._store.snapshot(), region_of(context))
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

        async def put(tx: Transaction) -> tuple[PutLogEventsResponse, Sequence[Told], Sequence[InputLogEvent]]:
            writing = Writing(tx, region_of(context))
            group = await writing.group(request.log_group_name)
            stream = await writing.stream(group.name, request.log_stream_name)
            check_batch(request.log_events)
            told: Sequence[Told] = ()
            taken, rejected = accepted(request.log_events, group, now_ms=now_ms)
            if taken:
                events = [(event.timestamp, event.message) for event in taken]
                told = await follow(tx, region_of(context), group, stream, events, now_ms=now_ms)
                stream = writing.append(group.name, stream, events, now_ms=now_ms)
            answer = PutLogEventsResponse(next_sequence_token=sequence_token(stream), rejected_log_events_info=rejected)
            return answer, told, taken

        answer, told, taken = await self._store.run(put)
        await tell(self._metrics, told)
        if taken:
            size_bytes = sum(message_bytes(event.message) for event in taken)
            self._incoming.count(region_of(context), request.log_group_name, events=len(taken), size_bytes=size_bytes)
        return answer


async def _chosen_streams(reading: Reading, group: str, request: FilterLogEventsRequest) -> Sequence[StreamRecord]:
    """All, those named (each must exist), or those with the prefix."""
    if request.log_stream_names is None:
        return await reading.streams(group, prefix=request.log_stream_name_prefix or "")
    return [await reading.stream(group, name) for name in dict.fromkeys(request.log_stream_names)]
