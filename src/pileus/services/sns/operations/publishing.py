"""How are messages published, one or ten at a time?

Sources: SNS API Reference, Publish, PublishBatch; recordings sns, TestSNSPublishCrud, `test_publish_batch_exceptions`,
`test_publish_batch_invalid_entry_id`.
"""

import re
from typing import Final

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.traces import trace_of
from pileus.services.sns.errors import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    InvalidParameter,
    ProtectionDenied,
    TooManyEntriesInBatchRequest,
)
from pileus.services.sns.limits import BATCH_ENTRIES_MAX, BATCH_ENTRY_ID_CHARS_MAX, MESSAGE_BYTES_MAX
from pileus.services.sns.messages import Draft, drafted
from pileus.services.sns.names import TopicName, topic_arn_here
from pileus.services.sns.operations.base import SnsBase
from pileus.services.sns.publishing import Published
from pileus.services.sns.shapes import (
    BatchResultErrorEntry,
    PublishBatchInput,
    PublishBatchRequestEntry,
    PublishBatchResponse,
    PublishBatchResultEntry,
    PublishInput,
    PublishResponse,
)

_ENTRY_ID: Final = re.compile(r"[A-Za-z0-9_-]*")
_ENDPOINT: Final = re.compile(r"arn:aws[a-zA-Z-]*:sns:[a-z0-9-]+:\d{12}:endpoint/.+")


class PublishOperations(SnsBase):
    """Publishing to topics, mobile endpoints and phone numbers."""

    async def publish(self, context: RequestContext, request: PublishInput) -> PublishResponse:
        if request.phone_number is not None:
            return await self._publish_to_phone(context, request)
        arn = request.topic_arn if request.topic_arn is not None else request.target_arn
        if arn is None:
            raise InvalidParameter("TopicArn or TargetArn Reason: no value for required parameter")
        if request.topic_arn is not None and request.target_arn is not None:
            raise InvalidParameter("TopicArn or TargetArn Reason: exactly one of them is required")
        if request.topic_arn is None and _ENDPOINT.fullmatch(arn) is not None:
            return await self._publish_to_endpoint(context, request)
        name = _topic(context, arn, member="TargetArn" if request.topic_arn is None else "TopicArn")
        draft = drafted_from(request)
        [stamp] = await self.publishing.stamp(name, (draft,), publisher=_publisher(context))
        published: Published | ProtectionDenied
        async with self._store.transaction() as tx:
            view = await self.publishing.view(tx, name)
            try:
                published = await self.publishing.publish(
                    tx,
                    view,
                    draft,
                    base_url=self._links.of(context),
                    stamp=stamp,
                    publisher=_publisher(context),
                    trace_header=trace_of(context.trace_header),
                )
            except ProtectionDenied as denied:
                published = denied  # outside of the transaction, so that what audits wrote down stays
        if isinstance(published, ProtectionDenied):
            raise published
        self.topic_metrics.published(name, draft.size_bytes)
        return PublishResponse(message_id=published.message_id, sequence_number=published.sequence_number)

    async def publish_batch(self, context: RequestContext, request: PublishBatchInput) -> PublishBatchResponse:
        """What is wrong with one message is wrong with the request; only data protection refuses one among others."""
        entries = request.publish_batch_request_entries
        name = _topic(context, request.topic_arn, member="TopicArn")
        _check_entries(entries)
        drafts = [drafted_from(entry) for entry in entries]
        if sum(draft.size_bytes for draft in drafts) > MESSAGE_BYTES_MAX:
            raise BatchRequestTooLong
        stamps = await self.publishing.stamp(name, drafts, publisher=_publisher(context))
        successful: list[PublishBatchResultEntry] = []
        failed: list[BatchResultErrorEntry] = []
        async with self._store.transaction() as tx:
            view = await self.publishing.view(tx, name)
            for entry, draft, stamp in zip(entries, drafts, stamps, strict=True):
                try:
                    published = await self.publishing.publish(
                        tx,
                        view,
                        draft,
                        base_url=self._links.of(context),
                        stamp=stamp,
                        publisher=_publisher(context),
                        trace_header=trace_of(context.trace_header),
                    )
                except ProtectionDenied as denied:
                    failed.append(
                        BatchResultErrorEntry(
                            id=entry.id, code=denied.error_code, message=denied.message, sender_fault=True
                        )
                    )
                    continue
                successful.append(
                    PublishBatchResultEntry(
                        id=entry.id, message_id=published.message_id, sequence_number=published.sequence_number
                    )
                )
        self.topic_metrics.published(name, sum(draft.size_bytes for draft in drafts))
        return PublishBatchResponse(successful=successful, failed=failed)

    async def _publish_to_phone(self, context: RequestContext, request: PublishInput) -> PublishResponse:
        raise NotImplementedByPileus("Pileus does not send short messages yet")

    async def _publish_to_endpoint(self, context: RequestContext, request: PublishInput) -> PublishResponse:
        raise NotImplementedByPileus("Pileus does not send to mobile devices yet")


def drafted_from(request: PublishInput | PublishBatchRequestEntry) -> Draft:
    """The message of a request, found in order."""
    return drafted(
        message=request.message,
        subject=request.subject,
        structure=request.message_structure,
        attributes=request.message_attributes,
        group_id=request.message_group_id,
        deduplication_id=request.message_deduplication_id,
    )


def _publisher(context: RequestContext) -> str:
    """The role, of who assumed one."""
    principal = context.principal
    return (principal.session.role_arn if principal.session is not None else "") or principal.arn


def _topic(context: RequestContext, arn: str, *, member: str) -> TopicName:
    return topic_arn_here(context, arn, member=member)


def _check_entries(entries: list[PublishBatchRequestEntry]) -> None:
    if not entries:
        raise EmptyBatchRequest
    if len(entries) > BATCH_ENTRIES_MAX:
        raise TooManyEntriesInBatchRequest
    for entry in entries:
        if len(entry.id) > BATCH_ENTRY_ID_CHARS_MAX:
            raise InvalidBatchEntryId(f"The Id of a batch entry in the batch request is too long: {entry.id}")
        if _ENTRY_ID.fullmatch(entry.id) is None:
            raise InvalidBatchEntryId(
                f"The Id of a batch entry in the batch request contains an impermissible character: {entry.id}"
            )
    if len({entry.id for entry in entries}) < len(entries):
        raise BatchEntryIdsNotDistinct
