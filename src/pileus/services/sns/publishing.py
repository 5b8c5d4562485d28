"""What happens when somebody publishes to a topic?

Within the caller's transaction: the topic is read, a FIFO topic numbers the message or knows that it has it already,
and it starts its way to whoever subscribed (`fanout.py`). Operations and other services publish through the same door.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.sns import fifo
from pileus.services.sns import metrics as counted
from pileus.services.sns.envelopes import signed_text
from pileus.services.sns.fanout import Fanout
from pileus.services.sns.foresight import Foresight, Foresights
from pileus.services.sns.messages import Draft, checked_for_topic
from pileus.services.sns.metrics import TopicMetrics
from pileus.services.sns.model import Message, TopicRecord
from pileus.services.sns.names import TopicName
from pileus.services.sns.protection.findings import Findings
from pileus.services.sns.signing import Signers
from pileus.services.sns.views import TopicView, TopicViews


class Published(NamedTuple):
    """What the publisher is told. sequence_number: of a FIFO topic's message."""

    message_id: str
    sequence_number: str | None = None


class Stamp(NamedTuple):
    """What a message has before its transaction. version: of the signatures, which are by bodies.

    foresight: of a large message.
    """

    message_id: str
    at_s: float
    version: str = ""
    signatures: Mapping[str, str] = {}
    foresight: Foresight | None = None


class InboundGuard(Protocol):
    """Data protection: what may be published."""

    async def inbound(
        self,
        tx: Transaction,
        topic: TopicRecord,
        message: Message,
        *,
        publisher: str,
        findings: Findings | None = None,
    ) -> Message:
        """The message, perhaps masked; a ServiceError where it may not be published.

        publisher: the ARN of who publishes; "" of a service. findings: what was found in it already.
        """
        ...


class Archive(Protocol):
    """What a FIFO topic with an archive policy keeps."""

    async def keep(self, tx: Transaction, topic: TopicRecord, message: Message) -> None: ...


class Publishing:
    """Publishes to topics."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        signers: Signers,
        fanout: Fanout,
        metrics: TopicMetrics,
        guard: InboundGuard | None = None,
        archive: Archive | None = None,
        foresights: Foresights | None = None,
    ) -> None:
        """guard, archive, foresights: None where nobody minds."""
        self._store = store
        self._clock = clock
        self._ids = ids
        self._signers = signers
        self._fanout = fanout
        self._metrics = metrics
        self._views = TopicViews()
        self.guard = guard
        self.archive = archive
        self._foresights = foresights

    async def view(self, tx: Transaction, name: TopicName) -> TopicView:
        """The topic, to be published to; TopicNotFound."""
        return await self._views.get(tx, name)

    async def stamp(self, name: TopicName, drafts: Sequence[Draft], *, publisher: str = "") -> list[Stamp]:
        """Sign messages, and look at large ones, before the transaction that publishes them; TopicNotFound.

        What the transaction finds otherwise (another signature version, a body that data protection masks) it signs
        itself.
        """
        # It may be outdated: the transaction looks again.
        view = self._views.latest(name) or await self._views.get(self._store.snapshot(), name)
        stamps = await self._signed(view, drafts)
        if self._foresights is None or not view.looks:
            return stamps
        return [
            stamp._replace(
                foresight=await self._foresights.of(
                    view.topic, view.subscribers, _message(view.topic, draft, stamp), publisher=publisher
                )
            )
            for draft, stamp in zip(drafts, stamps, strict=True)
        ]

    async def _signed(self, view: TopicView, drafts: Sequence[Draft]) -> list[Stamp]:
        signer = self._signers.signer or await self._signers.ready()
        now_s = self._clock.timestamp()
        topic = view.topic
        if not view.signs:
            return [Stamp(self._ids.uuid(), now_s) for _ in drafts]
        version = topic.signature_version or "1"
        ids = [self._ids.uuid() for _ in drafts]
        bodies = [draft.by_protocol.get("sqs", draft.body) for draft in drafts]
        waiting: list[Coroutine[Any, Any, str]] = []
        for message_id, body, draft in zip(ids, bodies, drafts, strict=True):
            message = Message(
                topic=topic.topic, message_id=message_id, published_at_s=now_s, body=body, subject=draft.subject
            )
            waiting.append(signer.sign_beside(signed_text(message, body), version))
        signatures = [await waiting[0]] if len(waiting) == 1 else await asyncio.gather(*waiting)
        return [
            Stamp(message_id, now_s, version, {body: signature})
            for message_id, body, signature in zip(ids, bodies, signatures, strict=True)
        ]

    async def publish(
        self,
        tx: Transaction,
        view: TopicView,
        draft: Draft,
        *,
        base_url: str,
        stamp: Stamp | None = None,
        trace_header: str = "",
        publisher: str = "",
    ) -> Published:
        """Publish a message. InvalidParameter where the topic takes no such message.

        stamp: what was made before the transaction. publisher: see `InboundGuard`.
        """
        topic = view.topic
        fifo_topic = bool(topic.fifo)
        draft = checked_for_topic(draft, fifo=fifo_topic, content_based=topic.content_based_deduplication)
        if stamp is None:
            stamp = Stamp(self._ids.uuid(), self._clock.timestamp())
        message_id, now_s = stamp.message_id, stamp.at_s
        sequence_number = None
        if fifo_topic:
            assert draft.group_id is not None
            assert draft.deduplication_id is not None
            given = {"group_id": draft.group_id, "deduplication_id": draft.deduplication_id}
            before = await fifo.seen(tx, topic, **given, now_s=now_s)
            if before is not None:
                return Published(before.message_id, before.sequence_number)
            sequence_number = await fifo.note(tx, topic, **given, message_id=message_id, now_s=now_s)
        message = Message(
            topic=topic.topic,
            message_id=message_id,
            published_at_s=now_s,
            body=draft.body,
            subject=draft.subject,
            by_protocol=draft.by_protocol,
            attributes=draft.attributes,
            group_id=draft.group_id,
            deduplication_id=draft.deduplication_id,
            sequence_number=sequence_number,
            trace_header=trace_header,
            base_url=base_url,
        )
        if self.guard is not None and topic.data_protection_policy:
            findings = None if stamp.foresight is None else stamp.foresight.findings
            message = await self.guard.inbound(tx, topic, message, publisher=publisher, findings=findings)
        if self.archive is not None:
            await self.archive.keep(tx, topic, message)
        signed = stamp.signatures if stamp.version == (topic.signature_version or "1") else {}
        await self._fanout.send(tx, view, message, signed, stamp.foresight)
        self._metrics.add(topic.topic, counted.PUBLISHED)
        self._metrics.add(topic.topic, counted.PUBLISH_SIZE, draft.size_bytes)
        return Published(message_id, sequence_number)


def _message(topic: TopicRecord, draft: Draft, stamp: Stamp) -> Message:
    """As much of it as filters and data protection look at."""
    return Message(
        topic=topic.topic,
        message_id=stamp.message_id,
        published_at_s=stamp.at_s,
        body=draft.body,
        by_protocol=draft.by_protocol,
        attributes=draft.attributes,
    )
