"""How do records of invocations, and events that nobody could process, reach queues, topics, buckets and buses?

Lambda knows none of them; here its `EventTargets` meet SQS's sender, SNS's publisher, S3 and EventBridge's buses. The
execution role was asked, and the target's policy with it: nobody else is.

Sources: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations"; recording lambda_destinations,
test_invoke_lambda_eventbridge.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pileus.kernel.errors import ServiceError
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.lambda_.destinations import EVENT_SOURCE, TargetMessage, detail_type, service_of
from pileus.services.lambda_.names import LATEST

if TYPE_CHECKING:
    from pileus.composition.object_writing import ObjectsOfRoles
    from pileus.services.events.of_services import ServiceEvents
    from pileus.services.sns.publisher import TopicPublisher
    from pileus.services.sqs.sender import QueueSender

_NUMBERS: Final = frozenset({"ErrorCode"})
"""Recording lambda_destinations, test_dead_letter_queue: attributes that are no `String`."""


class TargetRefused(ServiceError):
    """A queue is not there, or cannot take such a message."""

    code = "InvalidParameterValueException"


class ServiceTargets:
    """Queues, topics, buckets and buses, where their services are there."""

    def __init__(
        self,
        *,
        store: Store,
        queues: "Callable[[], QueueSender] | None",
        topics: "Callable[[], TopicPublisher] | None",
        objects: "ObjectsOfRoles | None" = None,
        buses: "Callable[[], ServiceEvents] | None" = None,
    ) -> None:
        self._store = store
        self._queues = queues
        self._topics = topics
        self._objects = objects
        self._buses = buses

    def takes(self, target_arn: str) -> bool:
        there = {"sqs": self._queues, "sns": self._topics, "s3": self._objects, "events": self._buses}
        return there.get(service_of(target_arn)) is not None

    async def exists(self, target_arn: str) -> bool:
        service = service_of(target_arn)
        if service == "s3":
            return self._objects is not None and await self._objects.exists(target_arn)
        if service == "events":
            from pileus.services.events.of_services import bus_exists

            return await bus_exists(self._store.snapshot(), target_arn)
        if service == "sqs":
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
        service = service_of(message.target_arn)
        if service == "sqs":
            await self._to_queue(message)
        elif service == "s3":
            await self._to_bucket(message)
        elif service == "events":
            await self._to_bus(message)
        else:
            await self._to_topic(message)

    async def _to_bucket(self, message: TargetMessage) -> None:
        assert self._objects is not None, "or `takes` would have said so"
        await self._objects.put(
            message.target_arn,
            message.object_key,
            message.body,
            role_arn=message.role_arn,
            content_type="application/json",
        )

    async def _to_bus(self, message: TargetMessage) -> None:
        assert self._buses is not None, "or `takes` would have said so"
        function = message.function
        await self._buses().put(
            message.target_arn,
            account_id=function.account_id,
            region=function.region,
            source=EVENT_SOURCE,
            detail_type=detail_type(succeeded=message.succeeded),
            detail=message.body,
            resources=(message.target_arn, f"{function.arn}:{function.qualifier or LATEST}"),
            trace_header=message.trace_id,
        )

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
