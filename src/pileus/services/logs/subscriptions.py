"""How do log events reach those who subscribed to their group?

Where events are appended, those that match a subscription filter are emitted, in pieces that fit into an invocation:
one lane for each filter and stream, so that a subscriber sees a stream's events in order. What is delivered is what the
filter says then; a filter that has gone gets nothing. A destination that fails is tried again for a day.

Source: CloudWatch Logs User Guide, "Log group-level subscription filters"; "Real-time processing of log data with
subscriptions" says how long deliveries are tried.
"""

import gzip
import logging
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final, Protocol

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Store, Transaction
from pileus.services.logs.model import Place, StreamRecord, SubscriptionFilterRecord, event_id, message_bytes
from pileus.services.logs.patterns import Pattern, parse
from pileus.services.logs.store import SUBSCRIPTION_FILTERS, Region
from pileus.services.logs.transformations import Moment

TOPIC: Final = "logs.subscription"
TRIED_FOR: Final = timedelta(hours=24)
PIECE_BYTES_MAX: Final = 512 * 1024
"""Of messages in one payload; what does not compress at all is a third more in base64."""
PIECE_EVENTS_MAX: Final = 10_000
PRINCIPAL: Final = "logs.amazonaws.com"

_log: Final = logging.getLogger(__name__)


class FunctionInvoker(Protocol):
    """What hands an event to a function, if the function's policy lets logs."""

    async def invoke_event(
        self, *, function_arn: str, payload: bytes, service_principal: str, source_arn: str, source_account: str = ""
    ) -> str:
        """Raises ServiceError when the function is not there, or may not be invoked."""
        ...


FunctionInvokers = Callable[[], FunctionInvoker]
"""Builds it when it is needed first."""


class SubscribedEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """As destinations see it. extracted_fields: of a pattern with columns."""

    id: str
    timestamp: int
    message: str
    extracted_fields: dict[str, str] | None = None


class SubscribedRecord(msgspec.Struct, frozen=True, kw_only=True, tag="logs.subscribed.v1"):
    """Events on their way to a subscriber."""

    account_id: str
    region: str
    group: str
    stream: str
    filter: str
    events: list[SubscribedEvent]


class _Message(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    message_type: str
    owner: str
    log_group: str
    log_stream: str
    subscription_filters: Sequence[str]
    log_events: Sequence[SubscribedEvent]


def emit(
    tx: Transaction,
    region: Region,
    filters: Iterable[SubscriptionFilterRecord],
    stream: StreamRecord,
    events: Sequence[Moment],
) -> None:
    """Send what matches on its way. stream: as it was before these events."""
    for record in filters:
        pattern = parse(record.pattern)
        for piece in _pieces(_matching(pattern, record.pattern, stream, events)):
            subscribed = SubscribedRecord(
                account_id=region[0],
                region=region[1],
                group=record.group,
                stream=stream.name,
                filter=record.name,
                events=piece,
            )
            lane = "/".join((*region, stream.stream_id.hex(), record.name))
            tx.emit(Event(topic=TOPIC, payload=encode(subscribed), group=lane))


def _matching(pattern: Pattern, text: str, stream: StreamRecord, events: Sequence[Moment]) -> Iterator[SubscribedEvent]:
    columns = text.lstrip().startswith("[")
    for sequence, (timestamp_ms, message) in enumerate(events, stream.next_sequence):
        extracted = pattern.extract(message) if columns else None
        if extracted is not None or (not columns and pattern.matches(message)):
            yield SubscribedEvent(
                id=event_id(stream, Place(timestamp_ms, sequence)),
                timestamp=timestamp_ms,
                message=message,
                extracted_fields={name.removeprefix("$"): value for name, value in extracted.items()}
                if extracted
                else None,
            )


def _pieces(events: Iterable[SubscribedEvent]) -> Iterator[list[SubscribedEvent]]:
    piece: list[SubscribedEvent] = []
    size_bytes = 0
    for event in events:
        event_bytes = message_bytes(event.message)
        if piece and (size_bytes + event_bytes > PIECE_BYTES_MAX or len(piece) == PIECE_EVENTS_MAX):
            yield piece
            piece, size_bytes = [], 0
        piece.append(event)
        size_bytes += event_bytes
    if piece:
        yield piece


class Subscriptions:
    """Hands subscribed events to their destinations; `deliver` is the topic's handler."""

    def __init__(
        self, *, store: Store, clock: Clock, functions: FunctionInvokers, metrics: Metrics | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._functions = functions
        self._metrics = metrics

    async def deliver(self, delivery: Delivery) -> None:
        """Raises ServiceError when it is to be tried again."""
        subscribed = decode(delivery.event.payload, SubscribedRecord)
        region = subscribed.account_id, subscribed.region
        record = await SUBSCRIPTION_FILTERS.find(self._store.snapshot(), region, subscribed.group, subscribed.filter)
        if record is None:
            return
        try:
            await send(self._functions(), record, data_message(subscribed))
        except ServiceError as error:
            self._count("DeliveryErrors", record, region, len(subscribed.events))
            if self._clock.now() - delivery.due < TRIED_FOR:
                raise
            _log.warning("%d log events for %s are lost: %s", len(subscribed.events), record.destination_arn, error)
        else:
            self._count("ForwardedLogEvents", record, region, len(subscribed.events))

    def _count(self, name: str, record: SubscriptionFilterRecord, region: Region, value: int) -> None:
        if self._metrics is not None:
            dimensions = (
                ("LogGroupName", record.group),
                ("DestinationType", "Lambda"),
                ("FilterName", record.name),
            )
            self._metrics.series(*region, "AWS/Logs", name, dimensions, "None").add(value)


async def send(functions: FunctionInvoker, record: SubscriptionFilterRecord, message: bytes) -> None:
    """Hand a message to a function, compressed; its policy decides by the group's ARN.

    A policy may name the service of the region (recording logs_subscription_filters, add_permission).
    """
    compressed = b64encode(gzip.compress(message, compresslevel=6, mtime=0)).decode()
    payload = msgspec.json.encode({"awslogs": {"data": compressed}})
    region = record.group_arn.split(":", 4)[3]
    try:
        await _invoke(functions, record, payload, PRINCIPAL)
    except ServiceError as error:
        if error.error_code != "AccessDeniedException":
            raise
        await _invoke(functions, record, payload, f"logs.{region}.amazonaws.com")


async def _invoke(functions: FunctionInvoker, record: SubscriptionFilterRecord, payload: bytes, principal: str) -> None:
    await functions.invoke_event(
        function_arn=record.destination_arn,
        payload=payload,
        service_principal=principal,
        source_arn=f"{record.group_arn}:*",
    )


def data_message(subscribed: SubscribedRecord) -> bytes:
    return msgspec.json.encode(
        _Message(
            message_type="DATA_MESSAGE",
            owner=subscribed.account_id,
            log_group=subscribed.group,
            log_stream=subscribed.stream,
            subscription_filters=[subscribed.filter],
            log_events=subscribed.events,
        )
    )


def control_message(*, now_ms: int) -> bytes:
    """What a destination gets when somebody subscribes it: nobody else's business, but it must arrive."""
    text = "CWL CONTROL MESSAGE: Checking health of destination Lambda."
    return msgspec.json.encode(
        _Message(
            message_type="CONTROL_MESSAGE",
            owner="CloudwatchLogs",
            log_group="",
            log_stream="",
            subscription_filters=[],
            log_events=[SubscribedEvent(id="", timestamp=now_ms, message=text)],
        )
    )
