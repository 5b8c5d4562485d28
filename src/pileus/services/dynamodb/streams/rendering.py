"""What does a change look like to those who read a stream?

Sources: API_streams_Record, API_streams_StreamRecord; recordings `test_batch_write_items_streaming`,
`test_dynamodb_stream_stream_view_type`. For functions: Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB".
"""

from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from pileus.services.dynamodb.changes import Change
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.stored import item_json, item_size
from pileus.services.dynamodb.streams.model import sequence_text
from pileus.services.dynamodb.streams.records import StreamRecord
from pileus.services.dynamodb.values import size_of_members

EVENT_ID_BYTES: Final = 16
_OLD_VIEWS: Final = frozenset({"OLD_IMAGE", "NEW_AND_OLD_IMAGES"})
_NEW_VIEWS: Final = frozenset({"NEW_IMAGE", "NEW_AND_OLD_IMAGES"})
_BY_TTL: Final = b',"userIdentity":{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"}'
_BY_TTL_FOR_LAMBDA: Final = b',"userIdentity":{"principalId":"dynamodb.amazonaws.com","type":"Service"}'

_decode_keys: Final = msgspec.json.Decoder(dict[str, AttributeValue]).decode


class View(NamedTuple):
    """A change as one stream shows it. old, new: only where its view has them. size_bytes: its `SizeBytes`."""

    stream: StreamRecord
    number: int
    change: Change
    old: bytes | None
    new: bytes | None
    size_bytes: int


def view_of(stream: StreamRecord, number: int, change: Change) -> View:
    """The log may know more than the stream shows."""
    old = change.old if stream.view in _OLD_VIEWS else None
    new = change.new if stream.view in _NEW_VIEWS else None
    size = size_of_members(_decode_keys(change.keys))
    size += 0 if old is None else item_size(old)
    size += 0 if new is None else item_size(new)
    return View(stream, number, change, old, new, size)


def event_id(stream: StreamRecord, number: int) -> str:
    """The same whenever the change is read, and of no other change."""
    return blake2b(f"{stream.table_id}/{number}".encode(), digest_size=EVENT_ID_BYTES).hexdigest()


def record_json(view: View) -> bytes:
    """A record of GetRecords."""
    return b"%s%s}" % (_body(view), _BY_TTL if view.change.by_ttl else b"")


def event_json(view: View, arn: str) -> bytes:
    """A record of a function's event. arn: the stream's."""
    source = b',"eventSourceARN":"%s"' % arn.encode()
    return b"%s%s%s}" % (_body(view), _BY_TTL_FOR_LAMBDA if view.change.by_ttl else b"", source)


def _body(view: View) -> bytes:
    """All that both have, without the end."""
    stream, change = view.stream, view.change
    images = b""
    if view.new is not None:
        images += b',"NewImage":' + item_json(view.new)
    if view.old is not None:
        images += b',"OldImage":' + item_json(view.old)
    head = (
        f'{{"eventID":"{event_id(stream, view.number)}","eventName":"{change.kind}","eventVersion":"1.1",'
        f'"eventSource":"aws:dynamodb","awsRegion":"{stream.region}","dynamodb":{{'
        f'"ApproximateCreationDateTime":{change.at_ms // 1000},"Keys":'
    )
    tail = (
        f',"SequenceNumber":"{sequence_text(view.number)}","SizeBytes":{view.size_bytes},'
        f'"StreamViewType":"{stream.view}"}}'
    )
    return b"".join((head.encode(), change.keys, images, tail.encode()))
