"""Log streams: made, described, deleted."""

from collections.abc import Sequence

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.logs.errors import InvalidParameterException, ResourceAlreadyExistsException
from pileus.services.logs.limits import DESCRIBE_ITEMS_MAX
from pileus.services.logs.model import StreamRecord, described_stream, group_name
from pileus.services.logs.operations.base import LogsBase, read_name_token, region_of, write_name_token
from pileus.services.logs.shapes import (
    CreateLogStreamRequest,
    DeleteLogStreamRequest,
    DescribeLogStreamsRequest,
    DescribeLogStreamsResponse,
)
from pileus.services.logs.store import Reading, Writing
from pileus.services.logs.writer import STREAM_ID_BYTES


class StreamOperations(LogsBase):
    async def create_log_stream(self, context: RequestContext, request: CreateLogStreamRequest) -> None:
        stream = StreamRecord(
            name=request.log_stream_name, stream_id=self._ids.bytes(STREAM_ID_BYTES), created_ms=self._now_ms()
        )

        async def create(tx: Transaction) -> None:
            writing = Writing(tx, region_of(context))
            await writing.group(request.log_group_name)
            if await writing.find_stream(request.log_group_name, stream.name) is not None:
                raise ResourceAlreadyExistsException("The specified log stream already exists")
            writing.put_stream(request.log_group_name, stream)

        await self._store.run(create)

    async def delete_log_stream(self, context: RequestContext, request: DeleteLogStreamRequest) -> None:
        async def delete(tx: Transaction) -> None:
            writing = Writing(tx, region_of(context))
            await writing.group(request.log_group_name)
            stream = await writing.stream(request.log_group_name, request.log_stream_name)
            writing.delete_stream(request.log_group_name, stream)

        await self._store.run(delete)

    async def describe_log_streams(
        self, context: RequestContext, request: DescribeLogStreamsRequest
    ) -> DescribeLogStreamsResponse:
        group = group_name(context, name=request.log_group_name, identifier=request.log_group_identifier)
        by_time = request.order_by == "LastEventTime"
        if by_time and request.log_stream_name_prefix is not None:
            raise InvalidParameterException("Cannot order by LastEventTime with a logStreamNamePrefix.")
        reading = Reading(self._store.snapshot(), region_of(context))
        await reading.group(group)
        limit = request.limit or DESCRIBE_ITEMS_MAX
        beyond = read_name_token(request.next_token)
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
            next_token=None if last is None else write_name_token(_time_key(last) if by_time else last.name),
        )


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
