"""How does another service put a message into a queue?

In its own transaction: the message is there if what caused it is, and not otherwise. The queue's policy must let the
service, as on AWS; that it does not is noted with the transaction, where the caller lets it commit.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from pileus.kernel.auth.audit import Occasion, emit_denial, record_of
from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.service_calls import ServiceCall, service_decision, service_query
from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.seam import Transaction
from pileus.services.sqs.messages.contents import Messages
from pileus.services.sqs.messages.metrics import SqsMetrics
from pileus.services.sqs.messages.outgoing import check_place, content_of, outgoing
from pileus.services.sqs.messages.received import message_id
from pileus.services.sqs.model import QueueRecord
from pileus.services.sqs.shapes import (
    MessageAttributeValue,
    MessageSystemAttributeValue,
    SendMessageRequest,
)

SEND: Final = "sqs:SendMessage"
_CHANGING_KEYS: Final = ("aws:currenttime", "aws:epochtime", "aws:resourcetag", "${")
"""What a policy may ask of that the next message may answer otherwise."""
_LET_IN_MAX: Final = 1_024


class QueueRefused(Exception):
    """A queue is not there, does not let the service in, or cannot take such a message. reason: for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MessageAttribute(msgspec.Struct, frozen=True, kw_only=True):
    """type: `String`, `Number`, `Binary`, or one of these with a suffix. text or data, as it says."""

    type: str
    text: str | None = None
    data: bytes | None = None


class OutgoingMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What to send. group_id, deduplication_id, trace_header: "" for none."""

    body: str
    attributes: Mapping[str, MessageAttribute] = {}
    group_id: str = ""
    deduplication_id: str = ""
    trace_header: str = ""


class QueueSender:
    """Puts messages into queues."""

    def __init__(
        self,
        *,
        clock: Clock,
        ids: Ids,
        metrics: Metrics | None = None,
        messages: Messages | None = None,
        organization: Organization | None = None,
    ) -> None:
        """messages: those that the API works with, which know the queues of late already.

        organization: of whose accounts some are, if there is one.
        """
        self._organization = organization
        self._clock = clock
        self._messages = messages or Messages(clock=clock, ids=ids)
        self._counting = SqsMetrics(metrics)
        self._let_in: set[tuple[str, ...]] = set()
        """Callers that a policy lets in, whatever the hour: a topic sends the same way thousands of times a second."""

    async def put(self, tx: Transaction, queue_arn: str, message: OutgoingMessage, *, call: ServiceCall | None) -> str:
        """Write a message in the caller's transaction; its id. QueueRefused.

        call: None asks no policy: a dead-letter queue of the caller's own account.
        """
        queue = await self._messages.known.find_by_arn(tx, queue_arn)
        if queue is None:
            raise QueueRefused("The specified queue does not exist.")
        if call is not None:
            self._check_policy(tx, queue_arn, queue, call)
        asked = _request(message)
        try:
            content = content_of(asked)
            check_place(queue, asked, in_batch=False)
            seen = await self._messages.visit(tx, queue)
            one = outgoing(
                queue,
                asked,
                content,
                message_id=self._messages.new_id(),
                sender_id=queue.account_id if call is None else call.service,
                now_ms=seen.now_ms,
            )
        except ServiceError as error:
            raise QueueRefused(error.message) from None
        sent = await self._messages.send(seen, one.message)
        seen.save()
        counting = self._counting.of(queue)
        if counting is not None:
            counting.sent(one.size_bytes)
        return message_id(sent.message_id)

    def _check_policy(self, tx: Transaction, queue_arn: str, queue: QueueRecord, call: ServiceCall) -> None:
        known = (queue_arn, queue.policy, call.service, call.source_arn, call.source_account)
        if known in self._let_in:
            return
        arn = queue.arn
        # Imported when the first service calls: see `kernel.auth.permissions`.
        from pileus.kernel.auth.policy import NamedPolicy, PolicySet, compile_policy, denial_of

        policy = NamedPolicy(arn, compile_policy(queue.policy), "resource") if queue.policy else None
        query = service_query(
            call,
            action=SEND,
            resource=arn,
            region=queue.region,
            resource_tags=queue.tags,
            organization=self._organization,
            now_s=self._clock.timestamp(),
        )
        decision = service_decision(query, policy)
        if not decision.allowed:
            denial = denial_of(query, decision, PolicySet(resource=policy))
            occasion = Occasion(call.request_id, queue.region)
            emit_denial(tx, record_of(denial, occasion, at_s=self._clock.timestamp()))
            raise QueueRefused(f"Access to the resource {arn} is denied.")
        if not call.conditions and not any(key in queue.policy.lower() for key in _CHANGING_KEYS):
            if len(self._let_in) >= _LET_IN_MAX:
                self._let_in.clear()
            self._let_in.add(known)


def _request(message: OutgoingMessage) -> SendMessageRequest:
    attributes = {
        name: MessageAttributeValue(data_type=value.type, string_value=value.text, binary_value=value.data)
        for name, value in message.attributes.items()
    }
    trace = MessageSystemAttributeValue(data_type="String", string_value=message.trace_header)
    return SendMessageRequest(
        queue_url="",
        message_body=message.body,
        message_attributes=attributes or None,
        message_system_attributes={"AWSTraceHeader": trace} if message.trace_header else None,
        message_group_id=message.group_id or None,
        message_deduplication_id=message.deduplication_id or None,
    )
