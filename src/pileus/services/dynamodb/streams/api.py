"""DynamoDB Streams: which streams are there, and what changed?"""

from datetime import UTC, datetime
from typing import Final

import msgspec

from pileus.kernel.auth.sealing import Seal
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.ids import Ids
from pileus.kernel.service import Encoded
from pileus.kernel.storage import records as kept
from pileus.kernel.storage.keys import after
from pileus.kernel.storage.seam import Store
from pileus.services.dynamodb.errors import ValidationException, invalid_parameter
from pileus.services.dynamodb.metrics import DynamoDbMetrics
from pileus.services.dynamodb.streams import model, reading
from pileus.services.dynamodb.streams.errors import shard_not_found, stream_not_found
from pileus.services.dynamodb.streams.iterators import ITERATORS_PURPOSE, Position, iterator_text, open_iterator
from pileus.services.dynamodb.streams.limits import DESCRIBE_SHARDS_MAX, LIST_STREAMS_MAX, RECORDS_MAX
from pileus.services.dynamodb.streams.records import ShardRecord, StreamRecord, stream_key, streams_of_region
from pileus.services.dynamodb.streams.rendering import record_json
from pileus.services.dynamodb.streams.shapes import (
    DescribeStreamInput,
    DescribeStreamOutput,
    GetRecordsInput,
    GetShardIteratorInput,
    GetShardIteratorOutput,
    KeySchemaElement,
    ListStreamsInput,
    ListStreamsOutput,
    SequenceNumberRange,
    Shard,
    Stream,
    StreamDescription,
)

_BY_NUMBER: Final = frozenset({"AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"})
_encode: Final = msgspec.json.Encoder().encode


class DynamoDbStreamsApi:
    """secret: of the server, which iterators are sealed with."""

    def __init__(
        self, *, store: Store, clock: Clock, ids: Ids, secret: bytes, metrics: DynamoDbMetrics | None = None
    ) -> None:
        self._store = store
        self._snapshot = store.snapshot()
        self._clock = clock
        self._seal = Seal(secret, purpose=ITERATORS_PURPOSE, ids=ids)
        self._metrics = metrics

    async def describe_stream(self, context: RequestContext, request: DescribeStreamInput) -> DescribeStreamOutput:
        limit = request.limit or DESCRIBE_SHARDS_MAX
        if limit > DESCRIBE_SHARDS_MAX:  # words: DynamoDB Local 2.0
            raise invalid_parameter(f"Limit cannot be greater than the maximum: {DESCRIBE_SHARDS_MAX}")
        chosen = request.shard_filter
        if chosen is not None and (chosen.type is None or chosen.shard_id is None):  # AWS's words are not known
            raise invalid_parameter("ShardFilter requires both Type and ShardId")
        now_s = self._clock.timestamp()
        stream = await self._find(context, request.stream_arn, now_s)
        shards = [
            shard
            for shard in stream.shown_shards(now_s)
            if (request.exclusive_start_shard_id is None or shard.id > request.exclusive_start_shard_id)
            and (chosen is None or shard.parent == chosen.shard_id)
        ]
        return DescribeStreamOutput(
            stream_description=StreamDescription(
                stream_arn=model.stream_arn(context, stream.table, stream.label),
                stream_label=stream.label,
                stream_status=model.status(stream, now_s),
                stream_view_type=stream.view,
                creation_request_date_time=datetime.fromtimestamp(stream.created_at_s, UTC),
                table_name=stream.table,
                key_schema=[KeySchemaElement(attribute_name=name, key_type=kind) for name, kind in stream.key_schema],
                shards=[_described(shard) for shard in shards[:limit]],
                last_evaluated_shard_id=shards[limit - 1].id if len(shards) > limit else None,
            )
        )

    async def get_records(self, context: RequestContext, request: GetRecordsInput) -> Encoded:
        started_s, now_s = self._clock.monotonic(), self._clock.timestamp()
        limit = request.limit or RECORDS_MAX
        if limit > RECORDS_MAX:  # words: DynamoDB Local 2.0
            raise invalid_parameter(f"Limit should be less than or equal to {RECORDS_MAX}")
        arn, position = open_iterator(self._seal, request.shard_iterator, now_s=now_s)
        stream = await self._find(context, arn, now_s)
        shard = _shard(stream, position.shard_id, now_s)
        page = await reading.read_page(self._snapshot, stream, shard, position.number, limit=limit, now_s=now_s)
        answer = b'{"Records":[%s]' % b",".join(map(record_json, page.views))
        if page.next is not None:
            following = iterator_text(self._seal, arn, Position(shard.id, page.next, now_s))
            answer += b',"NextShardIterator":' + _encode(following)
        if self._metrics is not None:
            self._metrics.table(context.account_id, context.region, stream.table).returned_records(
                stream.label,
                count=len(page.views),
                size_bytes=sum(view.size_bytes for view in page.views),
                started_s=started_s,
            )
        return Encoded(answer + b"}")

    async def get_shard_iterator(
        self, context: RequestContext, request: GetShardIteratorInput
    ) -> GetShardIteratorOutput:
        now_s = self._clock.timestamp()
        _check_start(request, now_s)
        stream = await self._find(context, request.stream_arn, now_s)
        shard = _shard(stream, request.shard_id, now_s)
        number = await self._start(stream, shard, request, now_s)
        arn = model.stream_arn(context, stream.table, stream.label)
        return GetShardIteratorOutput(shard_iterator=iterator_text(self._seal, arn, Position(shard.id, number, now_s)))

    async def list_streams(self, context: RequestContext, request: ListStreamsInput) -> ListStreamsOutput:
        limit = request.limit or LIST_STREAMS_MAX
        if limit > LIST_STREAMS_MAX:  # words: DynamoDB Local 2.0
            raise invalid_parameter(f"Limit cannot be greater than the maximum allowed size: {LIST_STREAMS_MAX}")
        of_region = streams_of_region(context.account_id, context.region)
        begin, end = of_region.range() if request.table_name is None else of_region.range(request.table_name)
        if request.exclusive_start_stream_arn is not None:
            last = model.parse_arn(request.exclusive_start_stream_arn)
            begin = max(begin, after(stream_key(context.account_id, context.region, last.table, last.label)))
        found = await self._shown(begin, end, limit + 1) if begin < end else []
        streams = [
            Stream(
                stream_arn=model.stream_arn(context, stream.table, stream.label),
                table_name=stream.table,
                stream_label=stream.label,
            )
            for stream in found
        ]
        return ListStreamsOutput(
            streams=streams[:limit],
            last_evaluated_stream_arn=streams[limit - 1].stream_arn if len(streams) > limit else None,
        )

    async def _shown(self, begin: bytes, end: bytes, wanted: int) -> list[StreamRecord]:
        """At most so many streams between two keys, without those that are gone."""
        now_s = self._clock.timestamp()
        found: list[StreamRecord] = []
        while len(found) < wanted:
            pairs = await self._snapshot.range(begin, end, limit=wanted)
            streams = (kept.decode(data, StreamRecord) for _, data in pairs)
            found += [stream for stream in streams if not stream.gone(now_s)]
            if len(pairs) < wanted:
                break
            begin = after(pairs[-1][0])
        return found[:wanted]

    async def _find(self, context: RequestContext, arn: str, now_s: float) -> StreamRecord:
        """The caller's stream; another account's, region's or partition's is not found."""
        parts = model.parse_arn(arn)
        if parts[:3] != (context.partition, context.region, context.account_id):
            raise stream_not_found(arn)
        stream = await reading.find(
            self._store,
            self._snapshot,
            account_id=parts.account_id,
            region_name=parts.region,
            table=parts.table,
            label=parts.label,
            now_s=now_s,
        )
        if stream is None:
            raise stream_not_found(arn)
        return stream

    async def _start(
        self, stream: StreamRecord, shard: ShardRecord, request: GetShardIteratorInput, now_s: float
    ) -> int:
        """The number of the first change to read."""
        reader = self._snapshot
        match request.shard_iterator_type:
            case "TRIM_HORIZON":
                return await reading.oldest(reader, stream, shard, now_s=now_s)
            case "LATEST":
                return await reading.latest(reader, stream, shard)
            case "AT_TIMESTAMP":
                assert request.timestamp is not None
                at_s = request.timestamp.timestamp()
                return await reading.at_time(reader, stream, shard, at_s=at_s, now_s=now_s)
        number = model.sequence_number(request.sequence_number or "")
        last = await reading.latest(reader, stream, shard) - 1
        if number is None or not shard.first <= number <= last:  # words: DynamoDB Local 2.0
            raise ValidationException("Invalid SequenceNumber for the shard")
        await reading.check_kept(reader, stream, number, now_s=now_s)
        return number + 1 if request.shard_iterator_type == "AFTER_SEQUENCE_NUMBER" else number


def _check_start(request: GetShardIteratorInput, now_s: float) -> None:
    """That a number, or a time, is there exactly when the type asks for one. AWS's words are not known."""
    kind = request.shard_iterator_type
    if (request.sequence_number is not None) != (kind in _BY_NUMBER):
        rule = "is required" if kind in _BY_NUMBER else "is not allowed"
        raise invalid_parameter(f"SequenceNumber {rule} when ShardIteratorType is {kind}")
    if (request.timestamp is not None) != (kind == "AT_TIMESTAMP"):
        rule = "is required" if kind == "AT_TIMESTAMP" else "is not allowed"
        raise invalid_parameter(f"Timestamp {rule} when ShardIteratorType is {kind}")
    if request.timestamp is not None and request.timestamp.timestamp() > now_s:
        raise invalid_parameter("Timestamp must not be in the future")


def _shard(stream: StreamRecord, shard_id: str, now_s: float) -> ShardRecord:
    for shard in stream.shown_shards(now_s):
        if shard.id == shard_id:
            return shard
    raise shard_not_found()


def _described(shard: ShardRecord) -> Shard:
    return Shard(
        shard_id=shard.id,
        sequence_number_range=SequenceNumberRange(
            starting_sequence_number=model.sequence_text(shard.first),
            ending_sequence_number=None if shard.last is None else model.sequence_text(shard.last),
        ),
        parent_shard_id=shard.parent,
    )
