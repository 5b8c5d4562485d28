"""TagQueue, UntagQueue, ListQueueTags. Recording sqs/sqs, test_tag_untag_queue."""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.sqs.errors import InvalidParameterValueException, MissingRequiredParameterException
from pileus.services.sqs.limits import TAG_KEY_CHARACTERS_MAX
from pileus.services.sqs.operations.base import SqsBase, own_queue
from pileus.services.sqs.queue_records import put_queue
from pileus.services.sqs.shapes import ListQueueTagsRequest, ListQueueTagsResult, TagQueueRequest, UntagQueueRequest
from pileus.services.sqs.tagging import KEY_LENGTH, check_tags


class TagOperations(SqsBase):
    """Tags of queues."""

    async def tag_queue(self, context: RequestContext, request: TagQueueRequest) -> None:
        if not request.tags:
            raise MissingRequiredParameterException("Tags")
        async with self._store.transaction() as tx:
            queue = await own_queue(tx, context, request.queue_url)
            tags = {**queue.tags, **request.tags}
            check_tags(tags, queue_name=queue.name)
            put_queue(tx, msgspec.structs.replace(queue, tags=tags), before=queue)

    async def untag_queue(self, context: RequestContext, request: UntagQueueRequest) -> None:
        """A key that is not there is no error."""
        keys = request.tag_keys
        if not keys or any(not 1 <= len(key) <= TAG_KEY_CHARACTERS_MAX for key in keys):
            raise InvalidParameterValueException(KEY_LENGTH)
        async with self._store.transaction() as tx:
            queue = await own_queue(tx, context, request.queue_url)
            left = {key: value for key, value in queue.tags.items() if key not in keys}
            put_queue(tx, msgspec.structs.replace(queue, tags=left), before=queue)

    async def list_queue_tags(self, context: RequestContext, request: ListQueueTagsRequest) -> ListQueueTagsResult:
        queue = await own_queue(self._store.snapshot(), context, request.queue_url)
        return ListQueueTagsResult(tags=queue.tags or None)
