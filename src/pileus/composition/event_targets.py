"""How do records of invocations, and events that nobody could process, reach queues and topics?

Lambda knows neither SQS nor SNS; here its `EventTargets` meet their sender and publisher. The execution role was asked,
and the queue's or topic's policy with it: nobody else is.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pileus.kernel.errors import ServiceError
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.lambda_.destinations import TargetMessage, service_of

if TYPE_CHECKING:
    from pileus.services.sns.publisher import TopicPublisher
    from pileus.services.sqs.sender import QueueSender

_NUMBERS: Final = frozenset({"ErrorCode"})
"""Recording lambda_destinations, test_dead_letter_queue: attributes that are no `String`."""


class TargetRefused(ServiceError):
    """A queue is not there, or cannot take such a message."""

    code = "InvalidParameterValueException"


class ServiceTargets:
    """Queues and topics, where their services are there."""

    def __init__(
        self,
        *,
        store: Store,
        queues: "Callable[[], QueueSender] | None",
        topics: "Callable[[], TopicPublisher] | None",
    ) -> None:
        self._store = store
        self._queues = queues
        self._topics = topics

    def takes(self, target_arn: str) -> bool:
        there = {"sqs": self._queues, "sns": self._topics}
        return there.get(service_of(target_arn)) is not None

    async def exists(self, target_arn: str) -> bool:
        if service_of(target_arn) == "sqs":
            from pileus.services.sqs.queue_records import find_queue_by_arn

            return await find_queue_by_arn(self._store.snapshot(), target_arn) is not None
        from pileus.services.sns.names import topic_of_arn
        from pileus.services.sns.store import find_topic

        try:
            topic = topic_of_arn(target_arn)
        except ServiceError:
            return False
        return await find_topic(self._store.snapshot(), topic) is not None

    async def send(self, message: TargetMessage) -> None:
        """Durable once this returns; ServiceError when it is refused."""
        if service_of(message.target_arn) == "sqs":
            await self._to_queue(message)
        else:
            await self._to_topic(message)

    async def _to_queue(self, message: TargetMessage) -> None:
        from pileus.services.sqs.sender import MessageAttribute, OutgoingMessage, QueueRefused

        assert self._queues is not None, "or `takes` would have said so"
        sender = self._queues()
        outgoing = OutgoingMessage(
            body=message.body.decode(errors="replace"),
            attributes={
                name: MessageAttribute(type=_type(name), text=value) for name, value in message.attributes.items()
            },
            trace_header=message.trace_id,
        )

        async def put(tx: Transaction) -> None:
            await sender.put(tx, message.target_arn, outgoing, call=None)

        try:
            await self._store.run(put)
        except QueueRefused as refused:
            raise TargetRefused(refused.reason) from None

    async def _to_topic(self, message: TargetMessage) -> None:
        from pileus.services.sns.model import MessageAttribute

        assert self._topics is not None, "or `takes` would have said so"
        publisher = self._topics()
        attributes = {
            name: MessageAttribute(data_type=_type(name), string_value=value)
            for name, value in message.attributes.items()
        }
        await publisher.ready()

        async def publish(tx: Transaction) -> None:
            await publisher.publish(
                tx,
                message.target_arn,
                message.body.decode(errors="replace"),
                attributes=attributes,
                trace_header=message.trace_id,
                call=None,
            )

        await self._store.run(publish)


def _type(name: str) -> str:
    return "Number" if name in _NUMBERS else "String"
