"""Which queue is meant, at the price of one read?

Each operation reads the queue's record in its own transaction, so a change is seen at once, whoever made it; what is
kept is the decoded record, for as long as the bytes are the same.
"""

from functools import lru_cache
from typing import Final

from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Snapshot
from pileus.services.sqs.errors import QueueDoesNotExist
from pileus.services.sqs.model import QueueRecord
from pileus.services.sqs.names import QueueName, queue_of_arn
from pileus.services.sqs.queue_records import queue_key

KNOWN_MAX: Final = 4_096
_ARN_CHARACTERS_MAX: Final = 256
"""Longer than any queue's."""


class KnownQueues:
    """Queues that were asked for lately."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[bytes, QueueRecord]] = {}

    async def get(self, snapshot: Snapshot, key: bytes) -> QueueRecord:
        """The queue under its `queue_key`, or QueueDoesNotExist."""
        queue = await self.find(snapshot, key)
        if queue is None:
            raise QueueDoesNotExist
        return queue

    async def find(self, snapshot: Snapshot, key: bytes) -> QueueRecord | None:
        data = await snapshot.get(key)
        if data is None:
            self._known.pop(key, None)
            return None
        kept = self._known.get(key)
        if kept is not None and kept[0] == data:
            return kept[1]
        queue = decode(data, QueueRecord)
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        self._known[key] = data, queue
        return queue

    async def find_by_arn(self, snapshot: Snapshot, arn: str) -> QueueRecord | None:
        key = _key_of_arn(arn) if len(arn) <= _ARN_CHARACTERS_MAX else None
        return None if key is None else await self.find(snapshot, key)

    async def find_by_name(self, snapshot: Snapshot, name: QueueName) -> QueueRecord | None:
        return await self.find(snapshot, queue_key(name))


@lru_cache(maxsize=KNOWN_MAX)
def _key_of_arn(arn: str) -> bytes | None:
    """Who sends by ARN sends to the same queues."""
    named = queue_of_arn(arn)
    return None if named is None else queue_key(named)
