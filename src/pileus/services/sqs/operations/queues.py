"""CreateQueue, DeleteQueue, GetQueueUrl, ListQueues, ListDeadLetterSourceQueues, PurgeQueue, and attributes.

Sources: SQS API Reference; recordings sqs/sqs; error texts as said in `attributes`, `redrive` and `errors`.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.sqs.attributes import (
    ALL,
    amended,
    asks_for_fifo,
    check_asked,
    counts_asked,
    difference,
    rendered,
)
from pileus.services.sqs.clearing import clear_later
from pileus.services.sqs.errors import (
    InvalidParameterValueException,
    MissingRequiredParameterException,
    PurgeQueueInProgress,
    QueueDeletedRecently,
    QueueNameExists,
)
from pileus.services.sqs.limits import NAME_FREE_AFTER, PURGE_EVERY
from pileus.services.sqs.model import Counts, QueueRecord
from pileus.services.sqs.move_tasks import forget_tasks
from pileus.services.sqs.names import QueueName, check_name, queue_url
from pileus.services.sqs.operations.base import SqsBase, asked_queue, own_queue
from pileus.services.sqs.paging import page_limit, read_token, write_token
from pileus.services.sqs.queue_records import (
    delete_queue,
    deleted_at_s,
    find_queue,
    forget_deletion,
    get_queue,
    list_queues,
    list_sources,
    put_queue,
)
from pileus.services.sqs.redrive import check_redrive_target, redrive_target
from pileus.services.sqs.shapes import (
    CreateQueueRequest,
    CreateQueueResult,
    DeleteQueueRequest,
    GetQueueAttributesRequest,
    GetQueueAttributesResult,
    GetQueueUrlRequest,
    GetQueueUrlResult,
    ListDeadLetterSourceQueuesRequest,
    ListDeadLetterSourceQueuesResult,
    ListQueuesRequest,
    ListQueuesResult,
    PurgeQueueRequest,
    SetQueueAttributesRequest,
)
from pileus.services.sqs.tagging import check_tags

_SERIAL_BYTES: Final = 8


class QueueOperations(SqsBase):
    """Queues, but for their messages."""

    async def create_queue(self, context: RequestContext, request: CreateQueueRequest) -> CreateQueueResult:
        """An existing queue is answered for, if it has every value that is asked for (API_CreateQueue)."""
        attributes = request.attributes or {}
        if not request.queue_name:
            raise InvalidParameterValueException("Queue name cannot be empty")
        fifo = asks_for_fifo(attributes)
        check_name(request.queue_name, fifo=fifo)
        named = QueueName(account_id=context.account_id, region=context.region, name=request.queue_name)
        tags = request.tags or {}
        check_tags(tags, queue_name=named.name)
        async with self._store.transaction() as tx:
            existing = await find_queue(tx, named)
            if existing is None:
                await self._make(tx, named, attributes, fifo=fifo, tags=tags)
            elif (other := difference(existing, attributes)) is not None:
                raise QueueNameExists(other)
        return CreateQueueResult(queue_url=queue_url(context, named))

    async def _make(
        self,
        tx: Transaction,
        named: QueueName,
        attributes: Mapping[str, str],
        *,
        fifo: bool,
        tags: dict[str, str],
    ) -> None:
        now_s = self._clock.timestamp()
        blank = QueueRecord(
            account_id=named.account_id,
            region=named.region,
            name=named.name,
            serial=self._ids.bytes(_SERIAL_BYTES),
            created_at_s=int(now_s),
            modified_at_s=int(now_s),
            fifo=fifo,
            tags=tags,
        )
        queue = amended(blank, attributes)
        await _check_target(tx, queue, attributes)
        deleted_s = await deleted_at_s(tx, named)
        if deleted_s is not None:
            if now_s - deleted_s < NAME_FREE_AFTER.total_seconds():
                raise QueueDeletedRecently
            forget_deletion(tx, named)
        put_queue(tx, queue, before=None)

    async def delete_queue(self, context: RequestContext, request: DeleteQueueRequest) -> None:
        """Its messages are cleared later, see `clearing`."""
        async with self._store.transaction() as tx:
            queue = await own_queue(tx, context, request.queue_url)
            delete_queue(tx, queue, now_s=self._clock.timestamp())
            forget_tasks(tx, queue)
            clear_later(tx, queue, now=self._clock.now())

    async def get_queue_url(self, context: RequestContext, request: GetQueueUrlRequest) -> GetQueueUrlResult:
        if not request.queue_name:
            raise InvalidParameterValueException(
                "Value for parameter QueueName is invalid. Reason: Must specify a queue name."
            )
        owner = request.queue_owner_aws_account_id or context.account_id
        named = QueueName(account_id=owner, region=context.region, name=request.queue_name)
        await get_queue(self._store.snapshot(), named)
        return GetQueueUrlResult(queue_url=queue_url(context, named))

    async def list_queues(self, context: RequestContext, request: ListQueuesRequest) -> ListQueuesResult:
        """In order of names. Only with MaxResults is there a next page (API_ListQueues)."""
        limit = page_limit(request.max_results)
        names = await list_queues(
            self._store.snapshot(),
            account_id=context.account_id,
            region=context.region,
            prefix=request.queue_name_prefix or "",
            beyond=read_token(request.next_token),
            limit=limit + 1,
        )
        urls = [
            queue_url(context, QueueName(account_id=context.account_id, region=context.region, name=name))
            for name in names[:limit]
        ]
        token = write_token(urls[-1]) if request.max_results and len(names) > limit else None
        return ListQueuesResult(queue_urls=urls or None, next_token=token)

    async def list_dead_letter_source_queues(
        self, context: RequestContext, request: ListDeadLetterSourceQueuesRequest
    ) -> ListDeadLetterSourceQueuesResult:
        limit = page_limit(request.max_results)
        snapshot = self._store.snapshot()
        queue = await asked_queue(snapshot, context, request.queue_url)
        beyond = read_token(request.next_token)
        sources = await list_sources(snapshot, queue.queue_name, beyond=beyond, limit=limit + 1)
        urls = [queue_url(context, source) for source in sources[:limit]]
        token = write_token(urls[-1]) if request.max_results and len(sources) > limit else None
        return ListDeadLetterSourceQueuesResult(queue_urls=urls, next_token=token)

    async def get_queue_attributes(
        self, context: RequestContext, request: GetQueueAttributesRequest
    ) -> GetQueueAttributesResult:
        names = request.attribute_names or []
        check_asked(names)
        snapshot = self._store.snapshot()
        queue = await asked_queue(snapshot, context, request.queue_url)
        counts = await self._contents.counts(snapshot, queue) if counts_asked(names) else Counts()
        told = rendered(queue, counts)
        if ALL not in names:
            told = {name: told[name] for name in names if name in told}
        return GetQueueAttributesResult(attributes=told or None)

    async def set_queue_attributes(self, context: RequestContext, request: SetQueueAttributesRequest) -> None:
        attributes = request.attributes
        if not attributes:
            raise MissingRequiredParameterException("Attribute.Name")  # local-aws-sqs, test/set-queue-attributes
        async with self._store.transaction() as tx:
            before = await own_queue(tx, context, request.queue_url)
            queue = amended(before, attributes)
            await _check_target(tx, queue, attributes)
            queue = msgspec.structs.replace(queue, modified_at_s=int(self._clock.timestamp()))
            put_queue(tx, queue, before=before)

    async def purge_queue(self, context: RequestContext, request: PurgeQueueRequest) -> None:
        now_s = self._clock.timestamp()
        async with self._store.transaction() as tx:
            queue = await asked_queue(tx, context, request.queue_url)
            if queue.purged_at_s and now_s - queue.purged_at_s < PURGE_EVERY.total_seconds():
                raise PurgeQueueInProgress(queue.name)
            await self._contents.purge(tx, queue)
            put_queue(tx, msgspec.structs.replace(queue, purged_at_s=now_s), before=queue)


async def _check_target(tx: Transaction, queue: QueueRecord, attributes: Mapping[str, str]) -> None:
    """Whether the dead-letter queue that is asked for may be one."""
    text = attributes.get("RedrivePolicy")
    if text and queue.redrive is not None:
        target = redrive_target(text, queue.redrive, queue.queue_name)
        check_redrive_target(text, await find_queue(tx, target), queue.queue_name)
