"""What is left to do when uploads are over?

Taken from the outbox, a few rows at a time.
"""

from collections.abc import Awaitable, Callable

from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.s3.upload_records import (
    ABANDON_TOPIC,
    FORGET_TOPIC,
    PARTS_TOPIC,
    abandon_some,
    forget_completed,
    remove_some_parts,
)


class UploadRemains:
    """Gives up the parts of aborted uploads and the uploads of removed buckets, and forgets what was completed."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def take(self, delivery: Delivery) -> None:
        """Any of these topics."""
        topic, payload = delivery.event.topic, delivery.event.payload
        if topic == FORGET_TOPIC:
            async with self._store.transaction() as tx:
                forget_completed(tx, payload.decode())
        elif topic == ABANDON_TOPIC:
            await self._until_done(lambda tx: abandon_some(tx, int(payload)))
        else:
            assert topic == PARTS_TOPIC, topic
            await self._until_done(lambda tx: remove_some_parts(tx, payload.decode()))

    async def _until_done(self, some: Callable[[Transaction], Awaitable[bool]]) -> None:
        more = True
        while more:
            async with self._store.transaction() as tx:
                more = await some(tx)
            await self._store.durable()
