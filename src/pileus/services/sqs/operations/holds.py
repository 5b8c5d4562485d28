"""DeleteMessage, ChangeMessageVisibility, and their batches. Sources: SQS API Reference; recordings sqs/sqs.

What a batch cannot do for one entry it tells of that entry, and does for the others.
"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.services.sqs.errors import MissingRequiredParameterException, invalid_parameter
from pileus.services.sqs.limits import VISIBILITY_TIMEOUT_S_MAX
from pileus.services.sqs.messages.visit import Visit
from pileus.services.sqs.model import QueueRecord
from pileus.services.sqs.operations.batches import check_entries, failed_entry
from pileus.services.sqs.operations.message_base import MessageBase
from pileus.services.sqs.shapes import (
    BatchResultErrorEntry,
    ChangeMessageVisibilityBatchRequest,
    ChangeMessageVisibilityBatchResultEntry,
    ChangeMessageVisibilityRequest,
    DeleteMessageBatchRequest,
    DeleteMessageBatchResultEntry,
    DeleteMessageRequest,
)


class DeleteMessageBatchAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An empty list is left out: see `sends`."""

    successful: list[DeleteMessageBatchResultEntry] = msgspec.field(name="Successful", default_factory=list)
    failed: list[BatchResultErrorEntry] = msgspec.field(name="Failed", default_factory=list)


class ChangeMessageVisibilityBatchAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """As above."""

    successful: list[ChangeMessageVisibilityBatchResultEntry] = msgspec.field(name="Successful", default_factory=list)
    failed: list[BatchResultErrorEntry] = msgspec.field(name="Failed", default_factory=list)


class HoldOperations(MessageBase):
    """What becomes of messages that were received."""

    async def delete_message(self, context: RequestContext, request: DeleteMessageRequest) -> None:
        _check_given("ReceiptHandle", request.receipt_handle)
        async with self._store.transaction() as tx:
            queue = await self._messages.known.get(tx, self._key(context, request.queue_url))
            seen = await self._messages.visit(tx, queue)
            deleted = await self._messages.delete(seen, request.receipt_handle)
            seen.save()
        self._count(queue, deleted=int(deleted))

    async def delete_message_batch(
        self, context: RequestContext, request: DeleteMessageBatchRequest
    ) -> DeleteMessageBatchAnswer:
        check_entries(request.entries, "DeleteMessageBatchRequestEntry")
        answer = DeleteMessageBatchAnswer()
        deleted = 0
        async with self._store.transaction() as tx:
            queue = await self._messages.known.get(tx, self._key(context, request.queue_url))
            seen = await self._messages.visit(tx, queue)
            for entry in request.entries:
                try:
                    deleted += await self._messages.delete(seen, entry.receipt_handle)
                except ServiceError as error:
                    answer.failed.append(failed_entry(entry.id, error))
                else:
                    answer.successful.append(DeleteMessageBatchResultEntry(id=entry.id))
            seen.save()
        self._count(queue, deleted=deleted)
        return answer

    async def change_message_visibility(self, context: RequestContext, request: ChangeMessageVisibilityRequest) -> None:
        _check_given("ReceiptHandle", request.receipt_handle)
        async with self._store.transaction() as tx:
            queue = await self._messages.known.get(tx, self._key(context, request.queue_url))
            seen = await self._messages.visit(tx, queue)
            await self._change(seen, request.receipt_handle, request.visibility_timeout)
            seen.save()
        self._count(queue)

    async def change_message_visibility_batch(
        self, context: RequestContext, request: ChangeMessageVisibilityBatchRequest
    ) -> ChangeMessageVisibilityBatchAnswer:
        check_entries(request.entries, "ChangeMessageVisibilityBatchRequestEntry")
        answer = ChangeMessageVisibilityBatchAnswer()
        async with self._store.transaction() as tx:
            queue = await self._messages.known.get(tx, self._key(context, request.queue_url))
            seen = await self._messages.visit(tx, queue)
            for entry in request.entries:
                try:
                    if entry.visibility_timeout is None:
                        raise MissingRequiredParameterException("VisibilityTimeout")
                    await self._change(seen, entry.receipt_handle, entry.visibility_timeout)
                except ServiceError as error:
                    answer.failed.append(failed_entry(entry.id, error))
                else:
                    answer.successful.append(ChangeMessageVisibilityBatchResultEntry(id=entry.id))
            seen.save()
        self._count(queue)
        return answer

    async def _change(self, seen: Visit, receipt_handle: str, timeout_s: int) -> None:
        if not 0 <= timeout_s <= VISIBILITY_TIMEOUT_S_MAX:
            raise invalid_parameter(
                "VisibilityTimeout",
                timeout_s,
                f"VisibilityTimeout must be an integer between 0 and {VISIBILITY_TIMEOUT_S_MAX}",
            )
        await self._messages.change_visibility(seen, receipt_handle, timeout_s=timeout_s)

    def _count(self, queue: QueueRecord, *, deleted: int = 0) -> None:
        """A request, and what it deleted."""
        counting = self._counting.of(queue)
        if counting is not None:
            counting.requests(1)
            if deleted:
                counting.deleted(deleted)


def _check_given(name: str, text: str) -> None:
    if not text:
        raise MissingRequiredParameterException(name)
