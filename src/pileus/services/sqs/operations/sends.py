"""SendMessage, SendMessageBatch. Sources: SQS API Reference; recordings sqs/sqs."""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.traces import trace_of
from pileus.services.sqs.errors import BatchRequestTooLong
from pileus.services.sqs.limits import MESSAGE_BYTES_MAX
from pileus.services.sqs.messages import bodies
from pileus.services.sqs.messages.contents import Sent
from pileus.services.sqs.messages.fifo import sequence_number
from pileus.services.sqs.messages.outgoing import Content, Outgoing, check_place, content_of, outgoing
from pileus.services.sqs.messages.received import message_id
from pileus.services.sqs.operations.batches import check_entries, failed_entry
from pileus.services.sqs.operations.message_base import MessageBase
from pileus.services.sqs.shapes import (
    BatchResultErrorEntry,
    SendMessageBatchRequest,
    SendMessageBatchRequestEntry,
    SendMessageBatchResultEntry,
    SendMessageRequest,
    SendMessageResult,
)


class SendMessageBatchAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The model requires both lists; AWS leaves out the one that is empty. So do the other batches."""

    successful: list[SendMessageBatchResultEntry] = msgspec.field(name="Successful", default_factory=list)
    failed: list[BatchResultErrorEntry] = msgspec.field(name="Failed", default_factory=list)


class SendOperations(MessageBase):
    """How messages come into queues."""

    async def send_message(self, context: RequestContext, request: SendMessageRequest) -> SendMessageResult:
        header = context.trace_header
        content = content_of(request, trace_header=trace_of(header) if header else "")
        messages = self._messages
        async with self._store.transaction() as tx:
            queue = await messages.known.get(tx, self._key(context, request.queue_url))
            check_place(queue, request, in_batch=False)
            seen = await messages.visit(tx, queue)
            one = outgoing(
                queue,
                request,
                content,
                message_id=messages.new_id(),
                sender_id=context.principal.user_id,
                now_ms=seen.now_ms,
            )
            sent = await messages.send(seen, one.message, delay_s=one.delay_s)
            seen.save()
        counting = self._counting.of(queue)
        if counting is not None:
            counting.sent(one.size_bytes)
        told = one.message
        return SendMessageResult(
            md5_of_message_body=told.body_md5.hex(),
            md5_of_message_attributes=bodies.attributes_md5(told.attributes) if told.attributes else None,
            md5_of_message_system_attributes=bodies.trace_md5(told.trace_header)
            if request.message_system_attributes
            else None,
            message_id=message_id(sent.message_id),
            sequence_number=sequence_number(sent.seq) if sent.seq else None,
        )

    async def send_message_batch(
        self, context: RequestContext, request: SendMessageBatchRequest
    ) -> SendMessageBatchAnswer:
        entries = request.entries
        check_entries(entries, "SendMessageBatchRequestEntry")
        answer = SendMessageBatchAnswer()
        contents: list[tuple[SendMessageBatchRequestEntry, Content]] = []
        trace_header = trace_of(context.trace_header)
        for entry in entries:
            try:
                contents.append((entry, content_of(entry, trace_header=trace_header)))
            except ServiceError as error:
                answer.failed.append(failed_entry(entry.id, error))
        size_bytes = sum(content.size_bytes for _, content in contents)
        if size_bytes > MESSAGE_BYTES_MAX:
            raise BatchRequestTooLong(size_bytes=size_bytes, size_bytes_max=MESSAGE_BYTES_MAX)
        messages = self._messages
        sizes: list[int] = []
        async with self._store.transaction() as tx:
            queue = await messages.known.get(tx, self._key(context, request.queue_url))
            for entry in entries:
                check_place(queue, entry, in_batch=True)
            seen = await messages.visit(tx, queue)
            for entry, content in contents:
                try:
                    one = outgoing(
                        queue,
                        entry,
                        content,
                        message_id=messages.new_id(),
                        sender_id=context.principal.user_id,
                        now_ms=seen.now_ms,
                        in_batch=True,
                    )
                except ServiceError as error:
                    answer.failed.append(failed_entry(entry.id, error))
                    continue
                sent = await messages.send(seen, one.message, delay_s=one.delay_s)
                answer.successful.append(_told_sent(entry, one, sent))
                sizes.append(one.size_bytes)
            seen.save()
        counting = self._counting.of(queue)
        if counting is not None:
            counting.sent_batch(sizes)
        return answer


def _told_sent(entry: SendMessageBatchRequestEntry, one: Outgoing, sent: Sent) -> SendMessageBatchResultEntry:
    message = one.message
    return SendMessageBatchResultEntry(
        id=entry.id,
        message_id=message_id(sent.message_id),
        md5_of_message_body=message.body_md5.hex(),
        md5_of_message_attributes=bodies.attributes_md5(message.attributes) if message.attributes else None,
        md5_of_message_system_attributes=bodies.trace_md5(message.trace_header)
        if entry.message_system_attributes
        else None,
        sequence_number=sequence_number(sent.seq) if sent.seq else None,
    )
