"""What are sequence numbers, ARNs and states of streams?"""

import re
from typing import Final, NamedTuple

from pileus.kernel.context import RequestContext
from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.streams.records import StreamRecord
from pileus.services.dynamodb.streams.shapes import StreamStatus

_SEQUENCE_ZERO: Final = 10**20
"""So that each has 21 digits, the fewest that the service's model allows, and texts sort as numbers do."""
_ARN: Final = re.compile(r"arn:(aws[a-z-]*):dynamodb:([^:]*):([^:]*):table/([^/]+)/stream/([^/]+)\Z")


class StreamArn(NamedTuple):
    partition: str
    region: str
    account_id: str
    table: str
    label: str


def sequence_text(number: int) -> str:
    """The sequence number of a change, by its number in the table's log."""
    return str(_SEQUENCE_ZERO + number)


def sequence_number(text: str) -> int | None:
    """The number in the log that a sequence number means, which may be none that was ever given; None: not a number."""
    return int(text) - _SEQUENCE_ZERO if text.isascii() and text.isdecimal() else None


def stream_arn(context: RequestContext, table: str, label: str) -> str:
    """Of a stream in the caller's account and region."""
    return f"arn:{context.partition}:dynamodb:{context.region}:{context.account_id}:table/{table}/stream/{label}"


def parse_arn(arn: str) -> StreamArn:
    """`ValidationException` when it is not a stream's. Its words: as the JavaScript SDK's tests meet them at AWS."""
    match = _ARN.match(arn)
    if match is None:
        raise ValidationException("Invalid StreamArn")
    return StreamArn(*match.groups())


def status(stream: StreamRecord, now_s: float) -> StreamStatus:
    if stream.closed_at_s is not None:
        return "DISABLING" if stream.done_at_s is not None and now_s < stream.done_at_s else "DISABLED"
    return "ENABLING" if now_s < stream.ready_at_s else "ENABLED"
