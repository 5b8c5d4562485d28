"""What becomes of the subscriptions of a topic that was deleted?

They go a page at a time, each page in a transaction of its own.
"""

from typing import Final

import msgspec

from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.sns import fifo
from pileus.services.sns.names import TopicName
from pileus.services.sns.store import clear_subscription, list_subscriptions

CLEANING_TOPIC: Final = "sns.deleted-topic"
_PAGE: Final = 100


class DeletedTopic(msgspec.Struct, frozen=True, kw_only=True, tag="sns.deleted-topic.v1"):
    """A topic that was."""

    topic: TopicName
    serial: bytes


async def clean(store: Store, delivery: Delivery) -> None:
    """The outbox's handler."""
    deleted = decode(delivery.event.payload, DeletedTopic)

    async def clear_page(tx: Transaction) -> bool:
        page = await list_subscriptions(tx, deleted.topic, deleted.serial, limit=_PAGE)
        for record in page:
            clear_subscription(tx, record)
        if len(page) < _PAGE:
            fifo.forget(tx, deleted.topic.account_id, deleted.topic.region, deleted.serial)
        return len(page) == _PAGE

    while await store.run(clear_page):
        pass
