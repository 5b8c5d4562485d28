"""How do events of buckets reach queues, topics and functions?

S3 knows neither; here its `EventReceivers` meet SQS's sender, SNS's publisher and Lambda's invoker.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.errors import ServiceError
from pileus.kernel.storage.seam import Transaction
from pileus.services.s3.events.targets import NotTaken

if TYPE_CHECKING:
    from pileus.services.lambda_.operations.base import ServiceInvoker
    from pileus.services.sns.publisher import TopicPublisher
    from pileus.services.sqs.sender import QueueSender

_SUBJECT = "Amazon S3 Notification"
"""Recording s3/s3_notifications_sns, test_object_created_put."""


class ServiceReceivers:
    """Those of the services that are there; the others' are not."""

    def __init__(
        self,
        *,
        queues: "Callable[[], QueueSender] | None",
        topics: "Callable[[], TopicPublisher] | None",
        functions: "Callable[[], ServiceInvoker] | None",
    ) -> None:
        self._queues = queues
        self._topics = topics
        self._functions = functions

    async def ready(self, target_arn: str) -> None:
        if _service(target_arn) == "sns" and self._topics is not None:
            await self._topics().ready()

    async def put(self, tx: Transaction, target_arn: str, body: str, *, trace_header: str, call: ServiceCall) -> None:
        if _service(target_arn) == "sqs":
            await self._to_queue(tx, target_arn, body, trace_header, call)
        else:
            await self._to_topic(tx, target_arn, body, trace_header, call)

    async def _to_queue(
        self, tx: Transaction, target_arn: str, body: str, trace_header: str, call: ServiceCall
    ) -> None:
        if self._queues is None:
            raise NotTaken("there is no SQS", absent=True)
        from pileus.services.sqs.queue_records import find_queue_by_arn
        from pileus.services.sqs.sender import OutgoingMessage, QueueRefused

        if await find_queue_by_arn(tx, target_arn) is None:
            raise NotTaken("there is no such queue", absent=True)
        try:
            await self._queues().put(tx, target_arn, OutgoingMessage(body=body, trace_header=trace_header), call=call)
        except QueueRefused as refused:
            raise NotTaken(refused.reason) from None

    async def _to_topic(
        self, tx: Transaction, target_arn: str, body: str, trace_header: str, call: ServiceCall
    ) -> None:
        if self._topics is None:
            raise NotTaken("there is no SNS", absent=True)
        from pileus.services.sns.errors import TopicNotFound

        try:
            await self._topics().publish(tx, target_arn, body, subject=_SUBJECT, trace_header=trace_header, call=call)
        except TopicNotFound as absent:
            raise NotTaken(absent.message, absent=True) from None
        except ServiceError as refused:
            raise NotTaken(refused.message) from None

    async def invoke(self, function_arn: str, event: bytes, *, trace_header: str, call: ServiceCall) -> None:
        if self._functions is None:
            raise NotTaken("there is no Lambda", absent=True)
        try:
            await self._functions().accept_event(
                function_arn=function_arn, payload=event, call=call, trace_header=trace_header
            )
        except ServiceError as refused:
            raise NotTaken(refused.message) from None

    async def check_function(self, function_arn: str, *, call: ServiceCall) -> None:
        if self._functions is None:
            raise NotTaken("there is no Lambda", absent=True)
        try:
            await self._functions().check(function_arn=function_arn, call=call)
        except ServiceError as refused:
            raise NotTaken(refused.message) from None


def _service(arn: str) -> str:
    return [*arn.split(":", 3), "", "", ""][2]
