"""What is a function invoked with for messages of a queue, and which messages pass a mapping's filters?

Sources: Lambda Developer Guide, "Using Lambda with Amazon SQS", example events, and "Using event filtering with an
Amazon SQS event source"; recordings lambda_integration_sqs.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from pileus.kernel.event_patterns import EventPattern, compile_pattern
from pileus.services.lambda_.mappings.events import PAYLOAD_BYTES_MAX
from pileus.services.lambda_.mappings.model import MappingRecord
from pileus.services.lambda_.mappings.queues import QueueAttribute, QueueMessage

_ENVELOPE_BYTES: Final = 64
RECORDS_BYTES_MAX: Final = PAYLOAD_BYTES_MAX - _ENVELOPE_BYTES

_encode: Final = msgspec.json.Encoder().encode


class QueueRecord:
    """A message, and what its function gets of it."""

    __slots__ = ("event", "json", "message")

    def __init__(self, message: QueueMessage, mapping: MappingRecord) -> None:
        self.message = message
        self.event = _event(message, mapping)
        self.json = _encode(self.event)

    @property
    def message_id(self) -> str:
        return self.message.message_id


def _event(message: QueueMessage, mapping: MappingRecord) -> dict[str, Any]:
    event: dict[str, Any] = {
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": dict(message.attributes),
        "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
    }
    # All recordings agree: without attributes there is no sum, which a mapping with a batching window tells as null.
    if message.md5_of_message_attributes:
        event["md5OfMessageAttributes"] = message.md5_of_message_attributes
    elif mapping.batching_window_s:
        event["md5OfMessageAttributes"] = None
    event["md5OfBody"] = message.md5_of_body
    event["eventSource"] = "aws:sqs"
    event["eventSourceARN"] = mapping.source_arn
    event["awsRegion"] = mapping.source_arn.split(":", 4)[3]
    return event


def _attribute(value: QueueAttribute) -> dict[str, object]:
    told: dict[str, object] = {}
    if value.text is not None:
        told["stringValue"] = value.text
    if value.data is not None:
        told["binaryValue"] = b64encode(value.data).decode()
    return {**told, "stringListValues": [], "binaryListValues": [], "dataType": value.type}


def invocations(records: Sequence[QueueRecord]) -> Iterator[Sequence[QueueRecord]]:
    """A batch, in as many parts as its size needs."""
    begin, size_bytes = 0, 0
    for index, record in enumerate(records):
        more_bytes = len(record.json) + 1
        if index > begin and size_bytes + more_bytes > RECORDS_BYTES_MAX:
            yield records[begin:index]
            begin, size_bytes = index, 0
        size_bytes += more_bytes
    if begin < len(records):
        yield records[begin:]


def queue_event(records: Sequence[QueueRecord]) -> bytes:
    return b'{"Records":[%s]}' % b",".join([record.json for record in records])


class QueueFilter:
    """Any of the patterns; without patterns, everything.

    A pattern for a body that is JSON never fits one that is a plain text, nor the other way round.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns: list[tuple[EventPattern, bool]] = [
            (compile_pattern(pattern), isinstance(json.loads(pattern).get("body"), dict)) for pattern in patterns
        ]

    def passes(self, record: QueueRecord) -> bool:
        if not self._patterns:
            return True
        body = _document(record.message.body)
        event = record.event if body is None else {**record.event, "body": body}
        return any(
            pattern.matches(event)
            for pattern, wants_document in self._patterns
            if body is not None or not wants_document
        )


def _document(body: str) -> dict[str, Any] | None:
    """What a body says, where it is a JSON object."""
    if not body.lstrip().startswith("{"):
        return None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
