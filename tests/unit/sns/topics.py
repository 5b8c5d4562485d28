"""SNS over a real store, with queues that only listen."""

from collections.abc import Mapping
from typing import Any

from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.emissions import EventRecord, waiting
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Transaction
from pileus.kernel.storage.sqlite import SqliteStore
from pileus.services.sns.api import SnsApi
from pileus.services.sns.model import MessageAttribute
from pileus.services.sns.queue_target import NotDelivered
from pileus.services.sns.shapes import CreateTopicInput, PublishInput, SetSubscriptionAttributesInput, SubscribeInput
from tests.support.time import JumpingClock
from tests.unit.sns.asking import ACCOUNT, asked_by

QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"


class Queues:
    """What was put into each; those that are closed take nothing."""

    def __init__(self) -> None:
        self.bodies: dict[str, list[str]] = {}
        self.closed: set[str] = set()

    async def put(
        self,
        tx: Transaction,
        queue_arn: str,
        body: str,
        *,
        attributes: Mapping[str, MessageAttribute],
        group_id: str,
        deduplication_id: str,
        trace_header: str,
        call: ServiceCall | None,
    ) -> str:
        if queue_arn in self.closed:
            raise NotDelivered("the queue does not exist")
        self.bodies.setdefault(queue_arn, []).append(body)
        return "queued"


class Topics:
    """The API, in few words."""

    def __init__(self, store: SqliteStore, clock: JumpingClock) -> None:
        self.store = store
        self.clock = clock
        self.queues = Queues()
        self.api = SnsApi(
            store=store, clock=clock, ids=SeededIds(), secret=b"x" * 32, queues=self.queues, signing_bits=1024
        )

    async def create(self, name: str = "t", *, policy: str | None = None, **attributes: str) -> str:
        request = CreateTopicInput(name=name, attributes=attributes or None, data_protection_policy=policy)
        answer = await self.api.create_topic(asked_by(), request)
        assert answer.topic_arn is not None
        return answer.topic_arn

    async def subscribe(self, topic: str, endpoint: str = QUEUE, *, protocol: str = "sqs", **attributes: str) -> str:
        given = {"RawMessageDelivery": "true"} if protocol == "sqs" else {}
        request = SubscribeInput(
            topic_arn=topic,
            protocol=protocol,
            endpoint=endpoint,
            attributes={**given, **attributes},
            return_subscription_arn=True,
        )
        answer = await self.api.subscribe(asked_by(), request)
        assert answer.subscription_arn is not None
        return answer.subscription_arn

    async def set_subscription(self, arn: str, name: str, value: str) -> None:
        request = SetSubscriptionAttributesInput(subscription_arn=arn, attribute_name=name, attribute_value=value)
        await self.api.set_subscription_attributes(asked_by(), request)

    async def publish(self, topic: str, message: str, **members: Any) -> str:
        answer = await self.api.publish(asked_by(), PublishInput(topic_arn=topic, message=message, **members))
        assert answer.message_id is not None
        return answer.message_id

    def got(self, queue: str = QUEUE) -> list[str]:
        """What a queue has, and takes it out."""
        return self.queues.bodies.pop(queue, [])

    async def emitted(self, topic: str) -> list[bytes]:
        """What waits in the outbox under a topic."""
        pairs = await self.store.snapshot().range(*waiting(topic).range())
        return [decode(value, EventRecord).payload for _, value in pairs]
