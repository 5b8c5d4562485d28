"""How does SNS write into CloudWatch Logs?

A line is written down as an event of the outbox, in the transaction of what it tells, and reaches its group from there:
no line tells of what a crash took back, and no publisher waits for logs.
"""

from typing import Final, Protocol
from uuid import NAMESPACE_URL, uuid5

import msgspec

from pileus.kernel.ids import Ids
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Transaction

LOG_TOPIC: Final = "sns.log"


class LogLine(msgspec.Struct, frozen=True, kw_only=True, tag="sns.log-line.v1"):
    """One line, for a stream of a group. Whose group it is, a sink asks by these names."""

    account_id: str
    region: str
    log_group: str
    log_stream: str
    at_s: float
    text: str


class LogSink(Protocol):
    """Takes lines; makes groups and streams that are missing."""

    def append(self, spec: LogLine, log_stream: str, lines: list[tuple[float, str]]) -> None: ...

    async def flush(self) -> None:
        """Return once what was appended is durable."""
        ...


def stream_of(arn: str) -> str:
    """One stream of each topic or application; AWS names its streams by ids, too, but random ones."""
    return str(uuid5(NAMESPACE_URL, arn))


def sampled(ids: Ids, percent: int) -> bool:
    """Whether one of so many in a hundred is this one."""
    return int.from_bytes(ids.bytes(4)) % 100 < percent


def write_line(tx: Transaction, line: LogLine) -> None:
    tx.emit(Event(topic=LOG_TOPIC, payload=encode(line)))


class LogLines:
    """Takes lines from the outbox."""

    def __init__(self, sink: LogSink) -> None:
        self._sink = sink

    async def deliver(self, delivery: Delivery) -> None:
        line = decode(delivery.event.payload, LogLine)
        self._sink.append(line, line.log_stream, [(line.at_s, line.text)])
        await self._sink.flush()
