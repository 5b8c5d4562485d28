"""TagResource, UntagResource, ListTagsForResource: of buses and rules."""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.events import shapes
from pileus.services.events.model import BusRecord, RuleRecord
from pileus.services.events.names import BusName, resource_of_arn
from pileus.services.events.operations.base import EventsBase, bus_here
from pileus.services.events.store import get_bus, get_rule, put_bus, put_rule
from pileus.services.events.tagging import merged_tags, tag_shapes


class TagOperations(EventsBase):
    async def tag_resource(self, context: RequestContext, request: shapes.TagResourceRequest) -> None:
        async with self._store.transaction() as tx:
            record = await _tagged(tx, context, request.resource_arn)
            self._keep(tx, record, merged_tags(record.tags, request.tags))

    async def untag_resource(self, context: RequestContext, request: shapes.UntagResourceRequest) -> None:
        async with self._store.transaction() as tx:
            record = await _tagged(tx, context, request.resource_arn)
            gone = set(request.tag_keys)
            self._keep(tx, record, {key: value for key, value in record.tags.items() if key not in gone})

    async def list_tags_for_resource(
        self, context: RequestContext, request: shapes.ListTagsForResourceRequest
    ) -> shapes.ListTagsForResourceResponse:
        record = await _tagged(self._store.snapshot(), context, request.resource_arn)
        return shapes.ListTagsForResourceResponse(tags=tag_shapes(record.tags))

    def _keep(self, tx: Transaction, record: BusRecord | RuleRecord, tags: dict[str, str]) -> None:
        if isinstance(record, BusRecord):
            put_bus(tx, msgspec.structs.replace(record, tags=tags))
        else:
            put_rule(tx, msgspec.structs.replace(record, tags=tags), revision=self._revision())


async def _tagged(snapshot: Snapshot, context: RequestContext, arn: str) -> BusRecord | RuleRecord:
    """BusNotFound, RuleNotFound, ValidationException."""
    name = resource_of_arn(arn)
    bus = bus_here(context, (name if isinstance(name, BusName) else name.bus).arn)
    if isinstance(name, BusName):
        return await get_bus(snapshot, bus)
    return await get_rule(snapshot, bus, name.name)
