"""May this be sent to that queue, and what is kept of it?

Sources: API_SendMessage; SQS Developer Guide, "Message quotas"; recordings sqs/sqs.
"""

import re
from typing import Final, NamedTuple

from pileus.services.sqs.errors import (
    InvalidParameterValueException,
    MissingRequiredParameterException,
    invalid_parameter,
)
from pileus.services.sqs.limits import DELAY_S_MAX
from pileus.services.sqs.messages import bodies
from pileus.services.sqs.messages.contents import content_deduplication_id
from pileus.services.sqs.messages.records import MessageRecord, StoredAttribute
from pileus.services.sqs.model import QueueRecord
from pileus.services.sqs.shapes import SendMessageBatchRequestEntry, SendMessageRequest

_ID: Final = re.compile(r"[!-~]{1,128}")
_ID_RULE: Final = "can only include alphanumeric and punctuation characters. 1 to 128 in length."
_NOT_FOR_KIND: Final = "The request include parameter that is not valid for this queue type."
_NO_DEDUPLICATION: Final = (
    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
)


class TooLong(InvalidParameterValueException):
    """A message is too long for its queue. Recordings test_send_oversized_message, test_send_batch_message_size."""

    def __init__(self, bytes_max: int, *, in_batch: bool) -> None:
        told = "cannot be validated" if in_batch else "are invalid"
        super().__init__(f"One or more parameters {told}. Reason: Message must be shorter than {bytes_max} bytes.")


class Content(NamedTuple):
    """What a message says, checked for itself. size_bytes: with its attributes."""

    raw: bytes
    attributes: dict[str, StoredAttribute]
    trace_header: str
    size_bytes: int


class Outgoing(NamedTuple):
    """A message that may be sent. delay_s: None for the queue's."""

    message: MessageRecord
    size_bytes: int
    delay_s: int | None


def content_of(asked: SendMessageRequest | SendMessageBatchRequestEntry, *, trace_header: str = "") -> Content:
    """MissingRequiredParameterException, InvalidMessageContents, InvalidParameterValueException.

    trace_header: of the request itself, which counts where the message names none. Source: SQS Developer Guide,
    "Amazon SQS and AWS X-Ray"; recording test_aws_trace_header_propagation.
    """
    raw = bodies.body_bytes(asked.message_body)
    attributes = bodies.stored_attributes(asked.message_attributes) if asked.message_attributes else {}
    system = asked.message_system_attributes
    size_bytes = len(raw) + (bodies.attributes_bytes(attributes) if attributes else 0)
    return Content(raw, attributes, bodies.trace_header(system) if system else trace_header, size_bytes)


def check_place(
    queue: QueueRecord, asked: SendMessageRequest | SendMessageBatchRequestEntry, *, in_batch: bool
) -> None:
    """Group, deduplication id and delay, as this kind of queue has them."""
    group, once = asked.message_group_id, asked.message_deduplication_id
    if group is not None and _ID.fullmatch(group) is None:
        raise invalid_parameter("MessageGroupId", group, f"MessageGroupId {_ID_RULE}")
    if once is not None and _ID.fullmatch(once) is None:
        raise invalid_parameter("MessageDeduplicationId", once, f"MessageDeduplicationId {_ID_RULE}")
    delay_s = asked.delay_seconds
    if delay_s is not None and not 0 <= delay_s <= DELAY_S_MAX:
        raise invalid_parameter("DelaySeconds", delay_s, f"DelaySeconds must be >= 0 and <= {DELAY_S_MAX}.")
    if not queue.fifo:
        if once is not None:
            raise invalid_parameter("MessageDeduplicationId", once, _NOT_FOR_KIND)
        return
    if group is None:
        if in_batch:  # recording test_send_batch_missing_message_group_id_for_fifo_queue
            raise InvalidParameterValueException("The request must contain the parameter MessageGroupId.")
        raise MissingRequiredParameterException("MessageGroupId")
    if delay_s:
        raise invalid_parameter("DelaySeconds", delay_s, _NOT_FOR_KIND)
    if once is None and not queue.content_based_deduplication:
        raise InvalidParameterValueException(_NO_DEDUPLICATION)


def outgoing(
    queue: QueueRecord,
    asked: SendMessageRequest | SendMessageBatchRequestEntry,
    content: Content,
    *,
    message_id: bytes,
    sender_id: str,
    now_ms: int,
    in_batch: bool = False,
) -> Outgoing:
    """What to keep; TooLong."""
    if content.size_bytes > queue.message_bytes_max:
        raise TooLong(queue.message_bytes_max, in_batch=in_batch)
    once = asked.message_deduplication_id or ""
    if queue.fifo and not once:
        once = content_deduplication_id(content.raw)
    message = MessageRecord(
        id=message_id,
        sent_ms=now_ms,
        body=asked.message_body,
        body_md5=bodies.body_md5(content.raw),
        sender_id=sender_id,
        group=asked.message_group_id or "",
        deduplication_id=once,
        trace_header=content.trace_header,
        attributes=content.attributes,
    )
    return Outgoing(message, content.size_bytes, None if queue.fifo else asked.delay_seconds)
