"""How are topics tagged?

Sources: SNS API Reference, TagResource, UntagResource, ListTagsForResource; recording sns, `test_tags`.
"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Snapshot
from pileus.services.sns.errors import ResourceNotFound
from pileus.services.sns.model import TopicRecord
from pileus.services.sns.names import topic_arn_here
from pileus.services.sns.operations.base import SnsBase
from pileus.services.sns.shapes import (
    ListTagsForResourceRequest,
    ListTagsForResourceResponse,
    Tag,
    TagResourceRequest,
    TagResourceResponse,
    UntagResourceRequest,
    UntagResourceResponse,
)
from pileus.services.sns.store import find_topic, put_topic
from pileus.services.sns.tagging import check_count, given_tags


class TagOperations(SnsBase):
    """Tags of topics."""

    async def list_tags_for_resource(
        self, context: RequestContext, request: ListTagsForResourceRequest
    ) -> ListTagsForResourceResponse:
        record = await _tagged(self._store.snapshot(), context, request.resource_arn)
        return ListTagsForResourceResponse(tags=[Tag(key=key, value=value) for key, value in record.tags.items()])

    async def tag_resource(self, context: RequestContext, request: TagResourceRequest) -> TagResourceResponse:
        given = given_tags(request.tags)
        async with self._store.transaction() as tx:
            record = await _tagged(tx, context, request.resource_arn)
            tags = record.tags | given
            check_count(tags)
            put_topic(tx, msgspec.structs.replace(record, tags=tags))
        return TagResourceResponse()

    async def untag_resource(self, context: RequestContext, request: UntagResourceRequest) -> UntagResourceResponse:
        async with self._store.transaction() as tx:
            record = await _tagged(tx, context, request.resource_arn)
            tags = {key: value for key, value in record.tags.items() if key not in request.tag_keys}
            put_topic(tx, msgspec.structs.replace(record, tags=tags))
        return UntagResourceResponse()


async def _tagged(snapshot: Snapshot, context: RequestContext, arn: str) -> TopicRecord:
    """Or ResourceNotFound."""
    record = await find_topic(snapshot, topic_arn_here(context, arn, member="ResourceArn"))
    if record is None:
        raise ResourceNotFound
    return record
