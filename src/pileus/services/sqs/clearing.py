"""What becomes of the messages of a queue that was deleted?

DeleteQueue takes the queue away at once, with a note that its messages are to be cleared; that happens later, in pages,
so that a queue of a million messages holds nobody up. Nobody can reach them meanwhile: their keys begin with a serial
that no queue has any more.
"""

from typing import Final

import msgspec

from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Store, Transaction
from pileus.services.sqs.contents import QueueContents

TOPIC: Final = "sqs.clear"
_PAGE_MESSAGES: Final = 500


class ClearingRecord(msgspec.Struct, frozen=True, kw_only=True, tag="sqs.clearing.v1"):
    """The messages below this serial belong to no queue."""

    serial: bytes


def clear_later(tx: Transaction, serial: bytes) -> None:
    tx.emit(Event(topic=TOPIC, payload=encode(ClearingRecord(serial=serial))))


class Clearing:
    """Handles the topic."""

    def __init__(self, *, store: Store, contents: QueueContents) -> None:
        self._store = store
        self._contents = contents

    async def deliver(self, delivery: Delivery) -> None:
        """Clear everything; a repetition goes on where the last one ended."""
        serial = decode(delivery.event.payload, ClearingRecord).serial

        async def clear(tx: Transaction) -> bool:
            return await self._contents.clear(tx, serial, limit=_PAGE_MESSAGES)

        while await self._store.run(clear):
            await self._store.durable()  # others run meanwhile, and a page is never committed before the last is safe
