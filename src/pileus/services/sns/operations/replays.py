"""How is a subscription told again what its topic has kept?

Source: see `archive/policies.py`.
"""

from pileus.kernel.storage.seam import Transaction
from pileus.services.sns.archive.replaying import begin_replay
from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.model import SubscriptionRecord, TopicRecord
from pileus.services.sns.operations.subscriptions import SubscriptionOperations
from pileus.services.sns.store import find_topic


class ReplayOperations(SubscriptionOperations):
    """What `ReplayPolicy` sets in motion."""

    async def _check_new(self, tx: Transaction, record: SubscriptionRecord) -> None:
        await super()._check_new(tx, record)
        await self._check_replay(tx, record)

    async def _begun(self, tx: Transaction, topic: TopicRecord, record: SubscriptionRecord) -> None:
        await super()._begun(tx, topic, record)
        if record.replay_policy:
            begin_replay(tx, record)

    async def _changing(self, tx: Transaction, before: SubscriptionRecord, record: SubscriptionRecord) -> None:
        await super()._changing(tx, before, record)
        if record.replay_policy and record.replay_number != before.replay_number:
            await self._check_replay(tx, record)
            begin_replay(tx, record)

    async def _check_replay(self, tx: Transaction, record: SubscriptionRecord) -> None:
        if not record.replay_policy:
            return
        topic = await find_topic(tx, record.topic)
        if topic is None or not topic.archive_serial:
            raise InvalidParameter("ReplayPolicy: the topic has no active ArchivePolicy")
