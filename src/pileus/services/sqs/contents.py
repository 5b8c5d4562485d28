"""What do those who look after queues ask of those who look after messages?

The messages' own package fills it. Everything happens within the caller's transaction, and nothing here takes longer
for a queue of a million messages than for one of a thousand.
"""

from typing import Protocol

import msgspec

from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.sqs.model import Counts, QueueRecord


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What one step of a move did. more: a bound ended it. failure: why the next message cannot be moved; '' when it
    can, or there is none.

    The names of failures are those that ListMessageMoveTasks tells: `CouldNotDetermineMessageSource`,
    `AWS.SimpleQueueService.NonExistentQueue`.
    """

    count: int
    failure: str = ""
    more: bool = False


class QueueContents(Protocol):
    """The messages of queues."""

    async def counts(self, snapshot: Snapshot, queue: QueueRecord) -> Counts: ...

    async def purge(self, tx: Transaction, queue: QueueRecord) -> None:
        """Nobody receives any more what the queue held until now, in flight and delayed too."""
        ...

    async def clear(self, tx: Transaction, serial: bytes, *, limit: int) -> bool:
        """Remove up to `limit` messages of a deleted queue, with all that belongs to them; whether there are more."""
        ...

    async def move(self, tx: Transaction, source: QueueRecord, target: QueueRecord | None, *, limit: int) -> Moved:
        """Take up to `limit` messages that can be received, and send them on as new ones.

        target: None for the queue that each came from. The first message that cannot be moved stays, and ends it.
        """
        ...
