"""Where do functions' event source mappings get their records and messages from? Part of the composition; see `app.py`.

What a service tells of its streams or queues is said here in the words of who asks. Built when the first mapping is.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

from pileus.kernel.errors import ServiceError
from pileus.kernel.storage.seam import Watch
from pileus.services.lambda_.mappings.queues import QueueAttribute, QueueFacts, QueueGone, QueueMessage
from pileus.services.lambda_.mappings.sources import (
    RecordsTrimmed,
    SourceGone,
    SourcePage,
    SourceRecord,
    SourceShard,
)

if TYPE_CHECKING:
    from pileus.services.dynamodb.streams.reader import StreamReader
    from pileus.services.sqs.receiver import QueueReceiver, ReceivedMessage

T = TypeVar("T")

_GONE: Final = frozenset({"ResourceNotFoundException", "ValidationException"})
_TRIMMED: Final = "TrimmedDataAccessException"


class DynamoDbStreamSource:
    """Streams of DynamoDB tables, as a `StreamSource`."""

    def __init__(self, reader: "Callable[[], StreamReader]") -> None:
        self._build = reader
        self._built: StreamReader | None = None

    async def shards(self, arn: str) -> Sequence[SourceShard]:
        return [SourceShard(*shard) for shard in await _translated(self._reader.shards(arn))]

    async def oldest(self, arn: str, shard_id: str) -> int:
        return await _translated(self._reader.oldest(arn, shard_id))

    async def latest(self, arn: str, shard_id: str) -> int:
        return await _translated(self._reader.latest(arn, shard_id))

    async def at_time(self, arn: str, shard_id: str, moment: datetime) -> int:
        return await _translated(self._reader.at_time(arn, shard_id, moment))

    async def read(self, arn: str, shard_id: str, position: int, *, limit: int, bytes_max: int) -> SourcePage:
        page = await _translated(self._reader.read(arn, shard_id, position, limit=limit, bytes_max=bytes_max))
        records = [
            SourceRecord(event.position, event.sequence_number, event.at_ms, event.key, event.json)
            for event in page.events
        ]
        return SourcePage(records, page.next)

    async def watch(self, arn: str) -> Watch:
        return await _translated(self._reader.watch(arn))

    @property
    def _reader(self) -> "StreamReader":
        if self._built is None:
            self._built = self._build()
        return self._built


class SqsQueueSource:
    """Queues, as a `QueueSource`."""

    def __init__(self, receiver: "Callable[[], QueueReceiver]") -> None:
        self._build = receiver

    async def facts(self, arn: str) -> QueueFacts:
        facts = await _of_queue(self._build().facts(arn))
        return QueueFacts(fifo=facts.fifo, visibility_timeout_s=facts.visibility_timeout_s)

    async def receive(
        self, arn: str, *, max_messages: int, wait_s: float, wanted: Callable[[], bool]
    ) -> Sequence[QueueMessage]:
        receiving = self._build().receive(arn, max_messages=max_messages, wait_s=wait_s, wanted=wanted)
        return [_told(message) for message in await _of_queue(receiving)]

    async def hide(self, arn: str, handles: Sequence[str], *, for_s: int) -> None:
        await _of_queue(self._build().release(arn, handles, after_s=for_s))

    async def delete(self, arn: str, handles: Sequence[str]) -> None:
        await _of_queue(self._build().delete(arn, handles))


def _told(message: "ReceivedMessage") -> QueueMessage:
    return QueueMessage(
        message_id=message.message_id,
        receipt_handle=message.receipt_handle,
        body=message.body,
        md5_of_body=message.md5_of_body,
        attributes=message.attributes,
        message_attributes={
            name: QueueAttribute(value.data_type, value.string_value, value.binary_value)
            for name, value in message.message_attributes.items()
        },
        md5_of_message_attributes=message.md5_of_message_attributes,
    )


async def _of_queue(answer: Awaitable[T]) -> T:
    """The answer, or what its error means to the mappings."""
    from pileus.services.sqs import receiver

    try:
        return await answer
    except receiver.QueueGone as gone:
        raise QueueGone(str(gone)) from None


async def _translated(answer: Awaitable[T]) -> T:
    """The answer, or what its error means to the mappings."""
    try:
        return await answer
    except ServiceError as error:
        if error.code == _TRIMMED:
            raise RecordsTrimmed from error
        if error.code in _GONE:
            raise SourceGone from error
        raise
