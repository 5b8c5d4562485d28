"""Which subscriptions get a message, and how does it start its way to each?

Queues get it in the transaction of whoever publishes; everything else is written down for the outbox in the same
transaction. So a message that was acknowledged is in every queue, and on its way to everybody else, whatever dies next.

A topic may have millions of subscriptions: the publisher's transaction serves the first page, and leaves the rest to
`FanoutRecord`s, each of which serves the next page in a transaction of its own.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

import msgspec

from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Store, Transaction
from pileus.services.sns import metrics as counted
from pileus.services.sns.deliveries.outcomes import DeliveryLog, Outcome
from pileus.services.sns.deliveries.tasks import DeliveryTask, emit
from pileus.services.sns.envelopes import Envelope
from pileus.services.sns.filters import Candidate, Scope
from pileus.services.sns.foresight import Foresight, Foresights, is_large
from pileus.services.sns.limits import RAW_ATTRIBUTES_MAX
from pileus.services.sns.metrics import TopicMetrics
from pileus.services.sns.model import Message, SubscriptionRecord, TopicRecord
from pileus.services.sns.protection.findings import Findings
from pileus.services.sns.queue_target import NotDelivered, QueueTarget
from pileus.services.sns.signing import Signer, Signers
from pileus.services.sns.subscription_attributes import dead_letter_arn
from pileus.services.sns.views import Subscriber, TopicView, page, subscriber_of

FANOUT_TOPIC: Final = "sns.fanout"
SERVICE: Final = "sns.amazonaws.com"
_UNSIGNED: Final[Mapping[str, str]] = {}


class FanoutRecord(msgspec.Struct, frozen=True, kw_only=True, tag="sns.fanout.v1"):
    """A message that subscriptions behind `beyond` have not got yet. topic: as it was when it was published."""

    topic: TopicRecord
    message: Message
    beyond: str


class OutboundGuard(Protocol):
    """Data protection: what a subscription may read."""

    async def outbound(
        self,
        tx: Transaction,
        topic: TopicRecord,
        record: SubscriptionRecord,
        message: Message,
        findings: Findings | None = None,
    ) -> Message | None:
        """The message, perhaps masked; None where it may not be sent. findings: what was found in it already."""
        ...


class Fanout:
    """Sends a message to subscriptions."""

    def __init__(
        self,
        *,
        signers: Signers,
        queues: QueueTarget | None,
        metrics: TopicMetrics,
        guard: OutboundGuard | None = None,
        log: DeliveryLog | None = None,
        foresights: Foresights | None = None,
    ) -> None:
        """queues: None where there is no SQS, so that no queue exists.

        guard, log, foresights: None where nobody minds.
        """
        self._signers = signers
        self._queues = queues
        self._metrics = metrics
        self.guard = guard
        self.log = log
        self._foresights = foresights

    async def send(
        self,
        tx: Transaction,
        view: TopicView,
        message: Message,
        signatures: Mapping[str, str] = _UNSIGNED,
        foresight: Foresight | None = None,
    ) -> None:
        """To the first page; the rest follows. `Signers.ready` was awaited.

        signatures: by bodies, as far as they were made already; others are made here. foresight: of a large message.
        """
        await self._send_page(tx, view.topic, view.subscribers, message, signatures, foresight)
        if view.beyond is not None:
            self._continue(tx, FanoutRecord(topic=view.topic, message=message, beyond=view.beyond))

    async def deliver(self, store: Store, delivery: Delivery) -> None:
        """The outbox's handler: the next page."""
        record = decode(delivery.event.payload, FanoutRecord)
        await self._signers.ready()
        topic = record.topic
        foresight = None
        if self._foresights is not None and is_large(record.message):
            subscribers, _ = await page(store.snapshot(), topic.topic, topic.serial, beyond=record.beyond)
            foresight = await self._foresights.of(topic, subscribers, record.message, publisher=None)

        async def send(tx: Transaction) -> None:
            subscribers, beyond = await page(tx, topic.topic, topic.serial, beyond=record.beyond)
            await self._send_page(tx, topic, subscribers, record.message, foresight=foresight)
            # With the page, or whoever is killed here would fill the queues of this page, and those behind, once more.
            tx.clear(delivery.key)
            if beyond is not None:
                self._continue(tx, msgspec.structs.replace(record, beyond=beyond))

        await store.run(send)

    async def resend(
        self, tx: Transaction, topic: TopicRecord, record: SubscriptionRecord, messages: Iterable[Message]
    ) -> None:
        """To one subscription of a FIFO topic, whose messages nobody signs."""
        subscriber = subscriber_of(record)
        for message in messages:
            await self._send_page(tx, topic, (subscriber,), message)

    def _continue(self, tx: Transaction, record: FanoutRecord) -> None:
        # A FIFO topic's messages reach every page in their order.
        group = record.topic.serial.hex() if record.topic.fifo else ""
        tx.emit(Event(topic=FANOUT_TOPIC, payload=encode(record), group=group))

    async def _send_page(
        self,
        tx: Transaction,
        topic: TopicRecord,
        subscribers: Iterable[Subscriber],
        message: Message,
        signatures: Mapping[str, str] = _UNSIGNED,
        foresight: Foresight | None = None,
    ) -> None:
        candidates: dict[str, Candidate] = {} if foresight is None else foresight.candidates
        findings: Findings | None = None if foresight is None else foresight.findings
        envelopes: dict[str, Envelope] = {}
        for record, accepts in subscribers:
            body = message.body_for(record.protocol)
            if accepts is not None:
                candidate = candidates.get(body)
                if candidate is None:
                    candidate = candidates[body] = Candidate(message.attributes, body)
                if not accepts.accepts(candidate):
                    self._count_filtered(message, candidate, accepts.scope)
                    continue
            sent = message
            if self.guard is not None and topic.data_protection_policy:
                findings = findings or Findings()  # subscriptions share what is found
                guarded = await self.guard.outbound(tx, topic, record, message, findings)
                if guarded is None:
                    continue
                sent, body = guarded, guarded.body_for(record.protocol)
            if record.protocol != "sqs":
                emit(tx, _task(topic, record, sent), group=_group(topic, record))
                continue
            envelope = None
            if not record.raw:
                envelope = envelopes.get(body)
                if envelope is None:
                    envelope = envelopes[body] = self._envelope(topic, sent, body, signatures)
            await self.to_queue(tx, topic, record, sent, body if envelope is None else envelope.text(record))

    def _envelope(self, topic: TopicRecord, message: Message, body: str, signatures: Mapping[str, str]) -> Envelope:
        signer: Signer | None = self._signers.signer
        assert signer is not None, "Signers.ready was not awaited"
        version = topic.signature_version or "1"
        return Envelope(message, body, signer=signer, version=version, signature=signatures.get(body, ""))

    async def to_queue(
        self, tx: Transaction, topic: TopicRecord, record: SubscriptionRecord, message: Message, text: str
    ) -> None:
        """Put it into the queue, or into the dead-letter queue. text: what the queue gets for a body."""
        try:
            queued_id = await self.put(tx, record.endpoint, record, message, text)
        except NotDelivered as failure:
            self._metrics.add(message.topic, counted.FAILED)
            self._note(tx, topic, record, message, failure=failure.reason)
            await self.bury(tx, record, message, text)
        else:
            self._metrics.add(message.topic, counted.DELIVERED)
            self._metrics.delivered(message.topic, "sqs", text)
            self._note(tx, topic, record, message, queued_id=queued_id)

    def _note(
        self,
        tx: Transaction,
        topic: TopicRecord,
        record: SubscriptionRecord,
        message: Message,
        *,
        failure: str = "",
        queued_id: str = "",
    ) -> None:
        if self.log is None or not topic.feedback:
            return
        outcome = Outcome(
            feedback=topic.feedback,
            message=message,
            subscription=record,
            failure=failure,
            status_code=400 if failure else 200,
            response=failure or {"sqsMessageId": queued_id},
        )
        self.log.note(tx, outcome)

    async def bury(self, tx: Transaction, record: SubscriptionRecord, message: Message, text: str) -> None:
        """Put what cannot be delivered into the subscription's dead-letter queue, if it has one.

        That queue must let SNS in, too (SNS Developer Guide, "Amazon SNS dead-letter queues").
        """
        arn = dead_letter_arn(record)
        if not arn:
            return
        try:
            await self.put(tx, arn, record, message, text)
        except NotDelivered:
            self._metrics.add(message.topic, counted.REDRIVE_FAILED)
        else:
            self._metrics.add(message.topic, counted.REDRIVEN)

    async def put(
        self, tx: Transaction, queue_arn: str, record: SubscriptionRecord, message: Message, text: str
    ) -> str:
        """Put a message into a queue; its id there. text: its body. NotDelivered."""
        if self._queues is None:
            raise NotDelivered("there are no queues here")
        attributes = message.attributes if record.raw else {}
        if len(attributes) > RAW_ATTRIBUTES_MAX:
            raise NotDelivered("a queue takes no more than 10 attributes")
        group_id = deduplication_id = ""
        if queue_arn.endswith(".fifo"):
            # A dead-letter queue of a function's, say, that is FIFO gets messages of topics that are not.
            group_id = message.group_id or message.topic.name
            deduplication_id = message.deduplication_id or message.message_id
        elif message.sequence_number is None and message.group_id is not None:
            group_id = message.group_id
        return await self._queues.put(
            tx,
            queue_arn,
            text,
            attributes=attributes,
            group_id=group_id,
            deduplication_id=deduplication_id,
            trace_header=message.trace_header,
            call=ServiceCall(service=SERVICE, source_arn=message.topic.arn, request_id=message.message_id),
        )

    def _count_filtered(self, message: Message, candidate: Candidate, scope: Scope) -> None:
        add, topic = self._metrics.add, message.topic
        add(topic, counted.FILTERED_OUT)
        if scope is Scope.BODY:
            add(topic, counted.FILTERED_BY_BODY if candidate.event is not None else counted.INVALID_BODY)
        else:
            add(topic, counted.FILTERED_BY_ATTRIBUTES if message.attributes else counted.NO_ATTRIBUTES)


def _task(topic: TopicRecord, record: SubscriptionRecord, message: Message) -> DeliveryTask:
    return DeliveryTask(
        kind="Notification",
        message=message,
        subscription=record,
        signature_version=topic.signature_version or "1",
        topic_delivery_policy=topic.delivery_policy,
        feedback=topic.feedback,
    )


def _group(topic: TopicRecord, record: SubscriptionRecord) -> str:
    """An endpoint that is throttled gets one message after another, so that its turn keeps nobody else waiting."""
    throttled = "maxReceivesPerSecond" in record.delivery_policy or "maxReceivesPerSecond" in topic.delivery_policy
    return record.subscription_id if throttled else ""
