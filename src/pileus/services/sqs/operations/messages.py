"""SendMessage, ReceiveMessage, DeleteMessage, ChangeMessageVisibility, and their batches.

Each is one transaction that awaits nothing else, so nothing comes between its reads and its writes; the answer leaves
when they are durable. What a batch cannot do for one entry it tells of that entry, and does for the others.

Sources: SQS API Reference; recordings sqs/sqs.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol, TypeVar

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.http.presence import presence
from pileus.services.sqs.errors import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    MissingRequiredParameterException,
    TooManyEntriesInBatchRequest,
    invalid_parameter,
)
from pileus.services.sqs.limits import MESSAGE_BYTES_MAX, VISIBILITY_TIMEOUT_S_MAX, WAIT_S_MAX
from pileus.services.sqs.messages import bodies
from pileus.services.sqs.messages.contents import Messages, Sent
from pileus.services.sqs.messages.fifo import sequence_number
from pileus.services.sqs.messages.metrics import SqsMetrics
from pileus.services.sqs.messages.outgoing import Content, Outgoing, check_place, content_of, outgoing
from pileus.services.sqs.messages.received import Asked, message_id, message_told
from pileus.services.sqs.messages.visit import Taken, Visit
from pileus.services.sqs.messages.waiting import Waiting
from pileus.services.sqs.model import QueueRecord
from pileus.services.sqs.names import queue_of_url
from pileus.services.sqs.operations.base import SqsBase
from pileus.services.sqs.queue_records import queue_key
from pileus.services.sqs.shapes import (
    BatchResultErrorEntry,
    ChangeMessageVisibilityBatchRequest,
    ChangeMessageVisibilityBatchResultEntry,
    ChangeMessageVisibilityRequest,
    DeleteMessageBatchRequest,
    DeleteMessageBatchResultEntry,
    DeleteMessageRequest,
    Message,
    ReceiveMessageRequest,
    ReceiveMessageResult,
    SendMessageBatchRequest,
    SendMessageBatchRequestEntry,
    SendMessageBatchResultEntry,
    SendMessageRequest,
    SendMessageResult,
)

BATCH_ENTRIES_MAX: Final = 10
RECEIVED_MAX: Final = 10
ADDRESSES_MAX: Final = 8_192
"""URLs whose meaning is kept at hand."""

_ENTRY_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,80}")
_ATTEMPT_ID: Final = re.compile(r"[!-~]{1,128}")
_QUERY_CODES: Final = {
    "InvalidParameterValueException": "InvalidParameterValue",
    "MissingRequiredParameterException": "MissingParameter",
}
"""What entries of a batch say, in both protocols. Recording sqs/sqs, test_send_batch_message_size."""


class SendMessageBatchAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The model requires both lists; AWS leaves out the one that is empty. So the other two."""

    successful: list[SendMessageBatchResultEntry] = msgspec.field(name="Successful", default_factory=list)
    failed: list[BatchResultErrorEntry] = msgspec.field(name="Failed", default_factory=list)


class DeleteMessageBatchAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """As above."""

    successful: list[DeleteMessageBatchResultEntry] = msgspec.field(name="Successful", default_factory=list)
    failed: list[BatchResultErrorEntry] = msgspec.field(name="Failed", default_factory=list)


class ChangeMessageVisibilityBatchAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """As above."""

    successful: list[ChangeMessageVisibilityBatchResultEntry] = msgspec.field(name="Successful", default_factory=list)
    failed: list[BatchResultErrorEntry] = msgspec.field(name="Failed", default_factory=list)


class _Entry(Protocol):
    @property
    def id(self) -> str: ...


E = TypeVar("E", bound=_Entry)


class MessageOperations(SqsBase):
    """What is done with messages."""

    _messages: Messages
    _waiting: Waiting
    _counting: SqsMetrics
    _addresses: dict[tuple[str, str], bytes]

    async def send_message(self, context: RequestContext, request: SendMessageRequest) -> SendMessageResult:
        content = content_of(request)
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
        self._count_sent(queue, one.size_bytes)
        told = one.message
        return SendMessageResult(
            md5_of_message_body=told.body_md5.hex(),
            md5_of_message_attributes=bodies.attributes_md5(told.attributes) if told.attributes else None,
            md5_of_message_system_attributes=bodies.trace_md5(told.trace_header) if told.trace_header else None,
            message_id=message_id(sent.message_id),
            sequence_number=sequence_number(sent.seq) if sent.seq else None,
        )

    async def send_message_batch(
        self, context: RequestContext, request: SendMessageBatchRequest
    ) -> SendMessageBatchAnswer:
        entries = request.entries
        _check_entries(entries, "SendMessageBatchRequestEntry")
        answer = SendMessageBatchAnswer()
        contents: list[tuple[SendMessageBatchRequestEntry, Content]] = []
        for entry in entries:
            try:
                contents.append((entry, content_of(entry)))
            except ServiceError as error:
                answer.failed.append(_failed(entry.id, error))
        size_bytes = sum(content.size_bytes for _, content in contents)
        if size_bytes > MESSAGE_BYTES_MAX:
            raise BatchRequestTooLong(size_bytes=size_bytes, size_bytes_max=MESSAGE_BYTES_MAX)
        messages = self._messages
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
                    answer.failed.append(_failed(entry.id, error))
                    continue
                sent = await messages.send(seen, one.message, delay_s=one.delay_s)
                answer.successful.append(_told_sent(entry.id, one, sent))
                self._count_sent(queue, one.size_bytes)
            seen.save()
        return answer

    async def receive_message(self, context: RequestContext, request: ReceiveMessageRequest) -> ReceiveMessageResult:
        limit = _check_receive(request)
        system = [*(request.attribute_names or ()), *(request.message_system_attribute_names or ())]
        asked = Asked(system, request.message_attribute_names or ())
        key = self._key(context, request.queue_url)
        queue, taken, wait_s = await self._receive(key, request, limit)
        if not taken and wait_s:
            taken = await self._poll(queue, lambda: self._receive(key, request, limit), seconds=wait_s)
        counting = self._counting.of(queue)
        if not taken:
            if counting is not None:
                counting.empty_receives(1)
            return ReceiveMessageResult()
        if counting is not None:
            counting.received(len(taken))
        told: list[Message] = [message_told(queue, one, asked) for one in taken]
        return ReceiveMessageResult(messages=told)

    async def _receive(
        self, key: bytes, request: ReceiveMessageRequest, limit: int
    ) -> tuple[QueueRecord, list[Taken], int]:
        """Queue, messages, and how long to wait when there are none."""
        messages = self._messages
        async with self._store.transaction() as tx:
            queue = await messages.known.get(tx, key)
            attempt_id = request.receive_request_attempt_id
            if attempt_id is not None:
                _check_attempt(queue, attempt_id)
            wait_s = queue.wait_s if request.wait_time_seconds is None else request.wait_time_seconds
            visibility_s = request.visibility_timeout
            seen = await messages.visit(tx, queue)
            taken = await messages.receive(
                seen,
                limit=limit,
                visibility_s=queue.visibility_timeout_s if visibility_s is None else visibility_s,
                attempt_id=attempt_id or "",
                patient=wait_s > 0,
            )
            seen.save()
        return queue, taken, wait_s

    async def _poll(
        self,
        queue: QueueRecord,
        receive: Callable[[], Awaitable[tuple[QueueRecord, list[Taken], int]]],
        *,
        seconds: float,
    ) -> list[Taken]:
        """Wait for messages; what a client who has hung up would get, the next one gets."""
        here = presence()
        loop = asyncio.get_running_loop()
        end_s = loop.time() + seconds
        while await self._waiting.wait(queue, seconds=end_s - loop.time(), here=here):
            if not here():
                self._waiting.pass_on(queue)
                break
            _, taken, _ = await receive()
            if taken:
                return taken
        return []

    async def delete_message(self, context: RequestContext, request: DeleteMessageRequest) -> None:
        _check_given("ReceiptHandle", request.receipt_handle)
        async with self._store.transaction() as tx:
            queue = await self._messages.known.get(tx, self._key(context, request.queue_url))
            seen = await self._messages.visit(tx, queue)
            deleted = await self._messages.delete(seen, request.receipt_handle)
            seen.save()
        if deleted:
            self._count_deleted(queue, 1)

    async def delete_message_batch(
        self, context: RequestContext, request: DeleteMessageBatchRequest
    ) -> DeleteMessageBatchAnswer:
        _check_entries(request.entries, "DeleteMessageBatchRequestEntry")
        answer = DeleteMessageBatchAnswer()
        deleted = 0
        async with self._store.transaction() as tx:
            queue = await self._messages.known.get(tx, self._key(context, request.queue_url))
            seen = await self._messages.visit(tx, queue)
            for entry in request.entries:
                try:
                    deleted += await self._messages.delete(seen, entry.receipt_handle)
                except ServiceError as error:
                    answer.failed.append(_failed(entry.id, error))
                else:
                    answer.successful.append(DeleteMessageBatchResultEntry(id=entry.id))
            seen.save()
        self._count_deleted(queue, deleted)
        return answer

    async def change_message_visibility(self, context: RequestContext, request: ChangeMessageVisibilityRequest) -> None:
        _check_given("ReceiptHandle", request.receipt_handle)
        async with self._store.transaction() as tx:
            queue = await self._messages.known.get(tx, self._key(context, request.queue_url))
            seen = await self._messages.visit(tx, queue)
            await self._change(seen, request.receipt_handle, request.visibility_timeout)
            seen.save()

    async def change_message_visibility_batch(
        self, context: RequestContext, request: ChangeMessageVisibilityBatchRequest
    ) -> ChangeMessageVisibilityBatchAnswer:
        _check_entries(request.entries, "ChangeMessageVisibilityBatchRequestEntry")
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
                    answer.failed.append(_failed(entry.id, error))
                else:
                    answer.successful.append(ChangeMessageVisibilityBatchResultEntry(id=entry.id))
            seen.save()
        return answer

    async def _change(self, seen: Visit, receipt_handle: str, timeout_s: int) -> None:
        if not 0 <= timeout_s <= VISIBILITY_TIMEOUT_S_MAX:
            raise invalid_parameter(
                "VisibilityTimeout",
                timeout_s,
                f"VisibilityTimeout must be an integer between 0 and {VISIBILITY_TIMEOUT_S_MAX}",
            )
        await self._messages.change_visibility(seen, receipt_handle, timeout_s=timeout_s)

    def _key(self, context: RequestContext, url: str) -> bytes:
        """Where the queue of a URL is kept; InvalidAddress."""
        address = context.region, url
        key = self._addresses.get(address)
        if key is None:
            if len(self._addresses) >= ADDRESSES_MAX:
                self._addresses.clear()
            key = self._addresses[address] = queue_key(queue_of_url(context, url))
        return key

    def _count_sent(self, queue: QueueRecord, size_bytes: int) -> None:
        counting = self._counting.of(queue)
        if counting is not None:
            counting.sent(1)
            counting.sent_bytes(size_bytes)

    def _count_deleted(self, queue: QueueRecord, count: int) -> None:
        counting = self._counting.of(queue)
        if counting is not None and count:
            counting.deleted(count)


def _told_sent(entry_id: str, one: Outgoing, sent: Sent) -> SendMessageBatchResultEntry:
    message = one.message
    return SendMessageBatchResultEntry(
        id=entry_id,
        message_id=message_id(sent.message_id),
        md5_of_message_body=message.body_md5.hex(),
        md5_of_message_attributes=bodies.attributes_md5(message.attributes) if message.attributes else None,
        md5_of_message_system_attributes=bodies.trace_md5(message.trace_header) if message.trace_header else None,
        sequence_number=sequence_number(sent.seq) if sent.seq else None,
    )


def _check_entries(entries: Sequence[_Entry], shape: str) -> None:
    if not entries:
        raise EmptyBatchRequest(f"There should be at least one {shape} in the request.")
    if len(entries) > BATCH_ENTRIES_MAX:
        raise TooManyEntriesInBatchRequest(len(entries))
    seen: set[str] = set()
    for entry in entries:
        if _ENTRY_ID.fullmatch(entry.id) is None:
            raise InvalidBatchEntryId
    for entry in entries:
        if entry.id in seen:
            raise BatchEntryIdsNotDistinct(entry.id)
        seen.add(entry.id)


def _check_given(name: str, text: str) -> None:
    if not text:
        raise MissingRequiredParameterException(name)


def _check_receive(request: ReceiveMessageRequest) -> int:
    """How many messages are wanted; recordings test_send_receive_max_number_of_messages, ..._wait_time_seconds."""
    limit = 1 if request.max_number_of_messages is None else request.max_number_of_messages
    if not 1 <= limit <= RECEIVED_MAX:
        raise invalid_parameter("MaxNumberOfMessages", limit, f"Must be between 1 and {RECEIVED_MAX}, if provided.")
    wait_s = request.wait_time_seconds
    if wait_s is not None and not 0 <= wait_s <= WAIT_S_MAX:
        raise invalid_parameter("WaitTimeSeconds", wait_s, f"Must be >= 0 and <= {WAIT_S_MAX}, if provided.")
    timeout_s = request.visibility_timeout
    if timeout_s is not None and not 0 <= timeout_s <= VISIBILITY_TIMEOUT_S_MAX:
        raise invalid_parameter(
            "VisibilityTimeout", timeout_s, f"Must be >= 0 and <= {VISIBILITY_TIMEOUT_S_MAX}, if provided."
        )
    return limit


def _check_attempt(queue: QueueRecord, attempt_id: str) -> None:
    if not queue.fifo:
        raise invalid_parameter(
            "ReceiveRequestAttemptId",
            attempt_id,
            "The request include parameter that is not valid for this queue type.",
        )
    if _ATTEMPT_ID.fullmatch(attempt_id) is None:
        raise invalid_parameter(
            "ReceiveRequestAttemptId",
            attempt_id,
            "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
        )


def _failed(entry_id: str, error: ServiceError) -> BatchResultErrorEntry:
    code = error.error_code
    return BatchResultErrorEntry(
        id=entry_id, sender_fault=True, code=_QUERY_CODES.get(code, code), message=error.message
    )
