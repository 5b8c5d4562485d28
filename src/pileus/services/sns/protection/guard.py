"""What happens to sensitive data in a message that comes in or goes out?

Of the statements that concern its direction and its principal, audits come first and see what was published; then
whatever is to be masked or taken away is; then what is denied is looked for in what is left, as AWS evaluates them: a
`Deny` of a number that another statement masks lets the masked message through only if no number is left.

Source: SNS Developer Guide, "Data protection policy operations".
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, Protocol

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Transaction
from pileus.services.sns.deliveries.outcomes import DeliveryLog, Outcome
from pileus.services.sns.errors import ProtectionDenied
from pileus.services.sns.log_lines import LogLine, sampled, stream_of, write_line
from pileus.services.sns.model import Message, SubscriptionRecord, TopicRecord
from pileus.services.sns.names import TopicName
from pileus.services.sns.protection.findings import Findings, Texts
from pileus.services.sns.protection.identifiers import Finding
from pileus.services.sns.protection.policy import Audit, Deidentify, Deny, Statement, compiled

WITH_FINDINGS: Final = "MessagesWithFindings"
WITHOUT_FINDINGS: Final = "MessagesWithNoFindings"


class Counts(Protocol):
    """What CloudWatch hears of topics."""

    def add(self, topic: TopicName, name: str, value: float = 1.0) -> None: ...


class DataProtection:
    """Acts on topics' policies; a topic without one costs a look at its record."""

    def __init__(self, *, clock: Clock, ids: Ids, metrics: Counts, log: DeliveryLog | None = None) -> None:
        """log: hears of what is not delivered."""
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self._log = log

    def look(
        self,
        topic: TopicRecord,
        message: Message,
        findings: Findings,
        *,
        inbound: bool,
        principal: str,
    ) -> Message:
        """Look for all that the policy asks for, so that it is known; the message, perhaps masked. For any thread."""
        if not topic.data_protection_policy:
            return message
        statements = _concerning(compiled(topic.data_protection_policy), inbound=inbound, principal=principal)
        for statement in statements:
            if isinstance(statement.operation, Audit):
                findings.of(message.body, statement.identifiers)
        masked = _deidentified(statements, message, findings)
        _denied(statements, masked, findings)
        return masked

    async def inbound(
        self,
        tx: Transaction,
        topic: TopicRecord,
        message: Message,
        *,
        publisher: str = "",
        findings: Findings | None = None,
    ) -> Message:
        """The message, perhaps masked; ProtectionDenied. publisher: the ARN of who publishes. findings: its own."""
        if not topic.data_protection_policy:
            return message
        findings = findings or Findings()
        statements = _concerning(compiled(topic.data_protection_policy), inbound=True, principal=publisher)
        for statement in statements:
            if isinstance(statement.operation, Audit):
                self._audit(tx, statement, statement.operation, message, publisher, findings)
        masked = _deidentified(statements, message, findings)
        if _denied(statements, masked, findings) or (message.body and not masked.body):
            # The second: what is left is nothing, and nobody can publish that.
            raise ProtectionDenied(
                f"The topic's data protection policy prohibits this message from being published to {topic.arn}"
            )
        return masked

    async def outbound(
        self,
        tx: Transaction,
        topic: TopicRecord,
        record: SubscriptionRecord,
        message: Message,
        findings: Findings | None = None,
    ) -> Message | None:
        """The message, perhaps masked; None where it may not be delivered. findings: the message's own."""
        if not topic.data_protection_policy:
            return message
        findings = findings or Findings()
        statements = _concerning(compiled(topic.data_protection_policy), inbound=False, principal=record.principal_arn)
        masked = _deidentified(statements, message, findings)
        if not _denied(statements, masked, findings) and (masked.body or not message.body):
            return masked
        if self._log is not None and topic.feedback:
            failure = "The topic's data protection policy prohibits this message from being delivered to " + record.arn
            self._log.note(
                tx,
                Outcome(
                    feedback=topic.feedback,
                    message=message,
                    subscription=record,
                    failure=failure,
                    status_code=403,
                    response=failure,
                    dwell_ms=max(0, int((self._clock.timestamp() - message.published_at_s) * 1000)),
                ),
            )
        return None

    def _audit(
        self,
        tx: Transaction,
        statement: Statement,
        audit: Audit,
        message: Message,
        publisher: str,
        findings: Findings,
    ) -> None:
        """Of a sample."""
        if not sampled(self._ids, audit.sample_rate):
            return
        found = findings.of(message.body, statement.identifiers)
        self._metrics.add(message.topic, WITH_FINDINGS if found else WITHOUT_FINDINGS)
        group = audit.findings_group if found else audit.no_findings_group
        if not group:
            return
        now_s = self._clock.timestamp()
        topic = message.topic
        write_line(
            tx,
            LogLine(
                account_id=topic.account_id,
                region=topic.region,
                log_group=group,
                log_stream=stream_of(topic.arn),
                at_s=now_s,
                text=_audit_line(message, publisher, found, now_s=now_s),
            ),
        )


def _concerning(policy: Iterable[Statement], *, inbound: bool, principal: str) -> tuple[Statement, ...]:
    return tuple(each for each in policy if each.inbound is inbound and each.concerns(principal))


def _denied(statements: Iterable[Statement], message: Message, findings: Findings) -> bool:
    return any(
        findings.of(text, statement.identifiers)
        for statement in statements
        if isinstance(statement.operation, Deny)
        for text in (message.body, *message.by_protocol.values())
    )


def _deidentified(statements: Iterable[Statement], message: Message, findings: Findings | None = None) -> Message:
    """In the order of the statements, in every form of the message."""
    masking = tuple(each for each in statements if isinstance(each.operation, Deidentify))
    if not masking:
        return message
    found = findings or Findings()
    before = (message.body, tuple(message.by_protocol.items()))
    after = found.masked(masking, before, lambda: _left(masking, before, found))
    if after == before:
        return message
    return msgspec.structs.replace(message, body=after[0], by_protocol=dict(after[1]))


def _left(statements: Iterable[Statement], texts: Texts, findings: Findings) -> Texts:
    body, by_protocol = texts
    for statement in statements:
        assert isinstance(statement.operation, Deidentify)
        mask, names = statement.operation.mask, statement.identifiers
        body = _masked(body, names, mask, findings)
        by_protocol = tuple((protocol, _masked(text, names, mask, findings)) for protocol, text in by_protocol)
    return body, by_protocol


def _masked(text: str, names: tuple[str, ...], mask: str, findings: Findings) -> str:
    """Each character of what is found becomes the mask; overlapping findings are one."""
    parts: list[str] = []
    at = 0
    for start, end in sorted(each for found in findings.of(text, names).values() for each in found):
        if end > at:
            parts += [text[at:start], mask * (end - max(start, at))]
            at = end
    return "".join([*parts, text[at:]])


def _audit_line(message: Message, publisher: str, found: Mapping[str, list[Finding]], *, now_s: float) -> str:
    return msgspec.json.encode(
        {
            "messageId": message.message_id,
            "auditTimestamp": datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "callerPrincipal": publisher,
            "resourceArn": message.topic.arn,
            "dataIdentifiers": [
                {
                    "name": name,
                    "count": len(findings),
                    "detections": [{"start": each.start, "end": each.end} for each in findings],
                }
                for name, findings in found.items()
            ],
        }
    ).decode()
