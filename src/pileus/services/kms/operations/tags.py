"""Tags of keys."""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.kms.errors import TagException
from pileus.services.kms.finding import check_alive
from pileus.services.kms.key_records import put_key
from pileus.services.kms.limits import TAGS_LISTED_DEFAULT, TAGS_LISTED_MAX
from pileus.services.kms.operations.base import KmsBase
from pileus.services.kms.paging import page, told, write_marker
from pileus.services.kms.shapes import (
    ListResourceTagsRequest,
    ListResourceTagsResponse,
    Tag,
    TagResourceRequest,
    UntagResourceRequest,
)
from pileus.services.kms.tagging import RESERVED, check_count, tags_given


class TagOperations(KmsBase):
    """Tags."""

    async def tag_resource(self, context: RequestContext, request: TagResourceRequest) -> None:
        given = tags_given(request.tags)
        async with self._store.transaction() as tx:
            key = await self.keys.customers(tx, context, request.key_id)
            check_alive(key)
            tags = {**key.tags, **given}
            check_count(tags)
            put_key(tx, msgspec.structs.replace(key, tags=tags))

    async def untag_resource(self, context: RequestContext, request: UntagResourceRequest) -> None:
        """Tags that the key has not are no error."""
        if any(key.lower().startswith("aws:") for key in request.tag_keys):
            raise TagException(RESERVED)
        async with self._store.transaction() as tx:
            key = await self.keys.customers(tx, context, request.key_id)
            check_alive(key)
            left = {name: value for name, value in key.tags.items() if name not in request.tag_keys}
            put_key(tx, msgspec.structs.replace(key, tags=left))

    async def list_resource_tags(
        self, context: RequestContext, request: ListResourceTagsRequest
    ) -> ListResourceTagsResponse:
        """In the order in which they were given."""
        key = await self.keys.own(self._store.snapshot(), context, request.key_id)
        asked = page(request.marker, request.limit, default=TAGS_LISTED_DEFAULT, most=TAGS_LISTED_MAX)
        names = list(key.tags)
        if asked.beyond is not None:
            names = names[names.index(asked.beyond) + 1 :] if asked.beyond in names else []
        shown, more = told(names, asked)
        return ListResourceTagsResponse(
            tags=[Tag(tag_key=name, tag_value=key.tags[name]) for name in shown],
            next_marker=write_marker(shown[-1]) if more else None,
            truncated=more,
        )
