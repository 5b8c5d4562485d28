"""How are topics created, described and deleted?

Sources: SNS API Reference, CreateTopic, DeleteTopic, GetTopicAttributes, SetTopicAttributes, ListTopics; recordings
sns, TestSNSTopicCrud and TestSNSTopicCrudV2.
"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.records import encode
from pileus.kernel.storage.seam import Event
from pileus.services.sns.archive.topics import archive_told, archiving, check_deletable
from pileus.services.sns.cleaning import CLEANING_TOPIC, DeletedTopic
from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.limits import ORPHANS_KEPT, PAGE_ITEMS
from pileus.services.sns.model import TopicRecord
from pileus.services.sns.names import check_topic_name, topic_arn_here, topic_name
from pileus.services.sns.operations.base import SnsBase
from pileus.services.sns.paging import read_token, write_token
from pileus.services.sns.shapes import (
    CreateTopicInput,
    CreateTopicResponse,
    DeleteTopicInput,
    GetTopicAttributesInput,
    GetTopicAttributesResponse,
    ListTopicsInput,
    ListTopicsResponse,
    SetTopicAttributesInput,
    Topic,
)
from pileus.services.sns.store import clear_topic, find_topic, get_topic, list_topics, put_topic
from pileus.services.sns.tagging import given_tags
from pileus.services.sns.topic_attributes import changed, created, described, differs, read_truth


class TopicOperations(SnsBase):
    """Topics themselves."""

    async def create_topic(self, context: RequestContext, request: CreateTopicInput) -> CreateTopicResponse:
        attributes = request.attributes or {}
        check_topic_name(request.name, fifo=read_truth(attributes.get("FifoTopic", "false"), "FifoTopic"))
        tags = given_tags(request.tags)
        name = topic_name(context, request.name)
        async with self._store.transaction() as tx:
            existing = await find_topic(tx, name)
            if existing is not None:
                if any(existing.tags.get(key) != value for key, value in tags.items()):
                    raise InvalidParameter("Tags Reason: Topic already exists with different tags")
                if differs(existing, attributes):
                    raise InvalidParameter("Attributes Reason: Topic already exists with different attributes")
                return CreateTopicResponse(topic_arn=name.arn)
            record = TopicRecord(
                partition=name.partition,
                region=name.region,
                account_id=name.account_id,
                name=name.name,
                serial=self._ids.bytes(12),
                created_at_s=self._clock.timestamp(),
                tags=tags,
            )
            record = archiving(tx, created(record, attributes), ids=self._ids, now_s=record.created_at_s)
            record = put_topic(tx, record)
            if request.data_protection_policy:
                await self._protect(tx, record, request.data_protection_policy)
        return CreateTopicResponse(topic_arn=name.arn)

    async def delete_topic(self, context: RequestContext, request: DeleteTopicInput) -> None:
        """Deleting one that is not there succeeds (recording `test_delete_non_existent_topic`).

        Its subscriptions can be asked about for a while (recording `test_delete_subscriptions_on_delete_topic`); they
        are cleaned away beside this request: there may be millions.
        """
        name = topic_arn_here(context, request.topic_arn)
        async with self._store.transaction() as tx:
            record = await find_topic(tx, name)
            if record is None:
                return
            check_deletable(record)
            clear_topic(tx, record)
            deleted = DeletedTopic(topic=record.topic, serial=record.serial)
            tx.emit(Event(topic=CLEANING_TOPIC, payload=encode(deleted)), at=self._clock.now() + ORPHANS_KEPT)

    async def get_topic_attributes(
        self, context: RequestContext, request: GetTopicAttributesInput
    ) -> GetTopicAttributesResponse:
        record = await get_topic(self._store.snapshot(), topic_arn_here(context, request.topic_arn))
        told = archive_told(record, self._clock.timestamp())
        return GetTopicAttributesResponse(attributes=described(record) | told)

    async def set_topic_attributes(self, context: RequestContext, request: SetTopicAttributesInput) -> None:
        name = topic_arn_here(context, request.topic_arn)
        async with self._store.transaction() as tx:
            record = await get_topic(tx, name)
            record = changed(record, request.attribute_name, request.attribute_value or "")
            put_topic(tx, archiving(tx, record, ids=self._ids, now_s=self._clock.timestamp()))

    async def list_topics(self, context: RequestContext, request: ListTopicsInput) -> ListTopicsResponse:
        records = await list_topics(
            self._store.snapshot(),
            context.account_id,
            context.region,
            beyond=read_token(request.next_token),
            limit=PAGE_ITEMS + 1,
        )
        page = records[:PAGE_ITEMS]
        more = len(records) > PAGE_ITEMS
        return ListTopicsResponse(
            topics=[Topic(topic_arn=msgspec.structs.replace(each, partition=context.partition).arn) for each in page],
            next_token=write_token(page[-1].name) if more else None,
        )
