"""What does ReceiveMessage tell of a message?

Source: API_ReceiveMessage; recordings sqs/sqs, test_receive_message_attribute_names_filters,
test_receive_message_message_attribute_names_filters.
"""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from pileus.services.sqs.errors import UnknownAttribute
from pileus.services.sqs.messages.bodies import attributes_md5
from pileus.services.sqs.messages.fifo import sequence_number
from pileus.services.sqs.messages.records import StoredAttribute
from pileus.services.sqs.messages.visit import Taken
from pileus.services.sqs.model import QueueRecord
from pileus.services.sqs.shapes import Message, MessageAttributeValue

_ALL: Final = "All"
_ANY: Final = frozenset({_ALL, ".*", "*"})
_PREFIX: Final = ".*"

_SYSTEM: Final[dict[str, Callable[[Taken, bool], str]]] = {
    "SenderId": lambda one, _: one.message.sender_id,
    "SentTimestamp": lambda one, _: str(one.message.sent_ms),
    "ApproximateReceiveCount": lambda one, _: str(one.message.received + one.times),
    "ApproximateFirstReceiveTimestamp": lambda one, _: str(one.first_received_ms),
    "SequenceNumber": lambda one, fifo: sequence_number(one.seq) if fifo else "",
    "MessageDeduplicationId": lambda one, _: one.message.deduplication_id,
    "MessageGroupId": lambda one, _: one.message.group,
    "AWSTraceHeader": lambda one, _: one.message.trace_header,
    "DeadLetterQueueSourceArn": lambda one, _: one.message.source_arn,
}


class Asked:
    """Which attributes a receiver wants to see; UnknownAttribute."""

    __slots__ = ("_any", "_names", "_prefixes", "_system")

    def __init__(self, system: Sequence[str], own: Sequence[str]) -> None:
        for name in system:
            if name != _ALL and name not in _SYSTEM:
                raise UnknownAttribute(name)
        self._system = tuple(_SYSTEM) if _ALL in system else tuple(dict.fromkeys(system))
        self._any = not _ANY.isdisjoint(own)
        self._names = frozenset(own)
        self._prefixes = tuple(name[: -len(_PREFIX)] for name in own if name.endswith(_PREFIX))

    def system(self, one: Taken, *, fifo: bool) -> dict[str, str]:
        if not self._system:
            return {}
        told = {name: _SYSTEM[name](one, fifo) for name in self._system}
        return {name: text for name, text in told.items() if text}

    def own(self, attributes: dict[str, StoredAttribute]) -> dict[str, StoredAttribute]:
        if self._any or not attributes:
            return attributes
        return {
            name: value
            for name, value in attributes.items()
            if name in self._names or (self._prefixes and name.startswith(self._prefixes))
        }


def message_told(queue: QueueRecord, one: Taken, asked: Asked) -> Message:
    message = one.message
    own = asked.own(message.attributes) if message.attributes else None
    return Message(
        message_id=message_id(message.id),
        receipt_handle=one.handle,
        md5_of_body=message.body_md5.hex(),
        body=message.body,
        attributes=asked.system(one, fifo=queue.fifo) or None,
        md5_of_message_attributes=attributes_md5(own) if own else None,
        message_attributes={name: _told(value) for name, value in own.items()} if own else None,
    )


def message_id(raw: bytes) -> str:
    """As clients see it; what `str(UUID(bytes=raw))` says, in a quarter of the time."""
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def message_id_bytes(text: str) -> bytes:
    return UUID(text).bytes


def _told(value: StoredAttribute) -> MessageAttributeValue:
    return MessageAttributeValue(data_type=value.type, string_value=value.text, binary_value=value.data)
