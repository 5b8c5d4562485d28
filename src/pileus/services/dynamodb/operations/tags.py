"""TagResource, UntagResource, ListTagsOfResource."""

from collections.abc import Callable

from msgspec.structs import replace

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.dynamodb.errors import ResourceNotFoundException, ValidationException
from pileus.services.dynamodb.operations.base import DynamoDbBase
from pileus.services.dynamodb.shapes import (
    ListTagsOfResourceInput,
    ListTagsOfResourceOutput,
    Tag,
    TagResourceInput,
    UntagResourceInput,
)
from pileus.services.dynamodb.store import Table, write_table
from pileus.services.dynamodb.tables.admission import check_settled
from pileus.services.dynamodb.tables.names import named_table
from pileus.services.dynamodb.tables.states import gone
from pileus.services.dynamodb.tables.tagging import (
    Tags,
    check_count,
    check_tag_key,
    checked_tags,
    with_tags,
    without_tags,
)


class TagOperations(DynamoDbBase):
    async def tag_resource(self, context: RequestContext, request: TagResourceInput) -> None:
        if not request.tags:
            raise ValidationException("Atleast one Tag needs to be provided as Input.")
        added = checked_tags(request.tags)
        await self._change_tags(context, request.resource_arn, lambda tags: with_tags(tags, added))

    async def untag_resource(self, context: RequestContext, request: UntagResourceInput) -> None:
        if not request.tag_keys:
            raise ValidationException("Atleast one Tag Key needs to be provided as Input.")
        for key in request.tag_keys:
            check_tag_key(key)
        check_count(request.tag_keys)
        await self._change_tags(context, request.resource_arn, lambda tags: without_tags(tags, request.tag_keys))

    async def list_tags_of_resource(
        self, context: RequestContext, request: ListTagsOfResourceInput
    ) -> ListTagsOfResourceOutput:
        """All at once: there are never many."""
        table = await self._tagged(context, request.resource_arn, self._snapshot)
        if request.next_token is not None:
            raise ValidationException("Invalid NextToken")
        return ListTagsOfResourceOutput(tags=[Tag(key=key, value=value) for key, value in table.record.tags])

    async def _change_tags(self, context: RequestContext, arn: str, changed: Callable[[Tags], Tags]) -> None:
        async def change(tx: Transaction) -> None:
            table = await self._tagged(context, arn, tx)
            check_settled(table.record, now_s=self._clock.timestamp())
            write_table(tx, table.region, replace(table.record, tags=changed(table.record.tags)))

        await self._store.run(change)

    async def _tagged(self, context: RequestContext, arn: str, reader: Snapshot) -> Table:
        table = await self._at(named_table(context, arn), reader)
        if table is None or gone(table.record, self._clock.timestamp()):
            raise ResourceNotFoundException(f"Requested resource not found: ResourceArn: {arn} not found")
        return table
