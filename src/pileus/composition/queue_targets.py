"""How do services put messages into queues, who know nothing of SQS?

Each has a protocol of its own for it; here they meet SQS's sender.
"""

from collections.abc import Mapping

from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.storage.seam import Transaction
from pileus.services.sns.model import MessageAttribute
from pileus.services.sns.queue_target import NotDelivered
from pileus.services.sqs import sender


class TopicQueues:
    """Queues, to SNS: its `QueueTarget`."""

    def __init__(self, queues: sender.QueueSender) -> None:
        self._queues = queues

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
        message = sender.OutgoingMessage(
            body=body,
            attributes={name: _attribute(value) for name, value in attributes.items()} if attributes else {},
            group_id=group_id,
            deduplication_id=deduplication_id,
            trace_header=trace_header,
        )
        try:
            return await self._queues.put(tx, queue_arn, message, call=call)
        except sender.QueueRefused as refused:
            raise NotDelivered(refused.reason) from None


def _attribute(value: MessageAttribute) -> sender.MessageAttribute:
    return sender.MessageAttribute(type=value.data_type, text=value.string_value, data=value.binary_value)
