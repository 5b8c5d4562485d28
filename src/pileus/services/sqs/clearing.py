"""What becomes of a queue that was deleted: of its messages, and of its name?

DeleteQueue takes the queue away at once, with a note that its messages are to be cleared; that happens later, in pages,
so that a queue of a million messages holds nobody up. Nobody can reach them meanwhile: their keys begin with a serial
that no queue has any more. That its name was in use is forgotten when it is free.
"""

from datetime import datetime
from typing import Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Store, Transaction
from pileus.services.sqs.contents import QueueContents
from pileus.services.sqs.limits import NAME_FREE_AFTER
from pileus.services.sqs.model import QueueRecord
from pileus.services.sqs.names import QueueName
from pileus.services.sqs.queue_records import deleted_at_s, forget_deletion

TOPIC: Final = "sqs.clear"
_PAGE_MESSAGES: Final = 500


class ClearingRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sqs.clearing.v1"):
    """The messages below this serial belong to no queue. name: is free, when there is one."""

    serial: bytes
    account_id: str = ""
    region: str = ""
    name: str = ""


def clear_later(tx: Transaction, queue: QueueRecord, *, now: datetime) -> None:
    """Of a queue that is deleted now."""
    cleared = ClearingRecord(serial=queue.serial)
    tx.emit(Event(topic=TOPIC, payload=encode(cleared)))
    freed = msgspec.structs.replace(cleared, account_id=queue.account_id, region=queue.region, name=queue.name)
    tx.emit(Event(topic=TOPIC, payload=encode(freed)), at=now + NAME_FREE_AFTER)


class Clearing:
    """Handles the topic."""

    def __init__(self, *, store: Store, clock: Clock, contents: QueueContents) -> None:
        self._store = store
        self._clock = clock
        self._contents = contents

    async def deliver(self, delivery: Delivery) -> None:
        """Clear everything; a repetition goes on where the last one ended."""
        record = decode(delivery.event.payload, ClearingRecord)
        if record.name:
            await self._store.run(lambda tx: self._free(tx, record))
            return

        async def clear(tx: Transaction) -> bool:
            return await self._contents.clear(tx, record.serial, limit=_PAGE_MESSAGES)

        while await self._store.run(clear):
            await self._store.durable()  # others run meanwhile, and a page is never committed before the last is safe

    async def _free(self, tx: Transaction, record: ClearingRecord) -> None:
        """Unless a queue of the name was made and deleted meanwhile."""
        named = QueueName(account_id=record.account_id, region=record.region, name=record.name)
        deleted_s = await deleted_at_s(tx, named)
        if deleted_s is not None and self._clock.timestamp() - deleted_s >= NAME_FREE_AFTER.total_seconds():
            forget_deletion(tx, named)
