"""PutItem, GetItem, DeleteItem, UpdateItem.

Writers run in a transaction which reads the table's record first, so a table that is deleted meanwhile is noticed.
Answers are put together from stored JSON; see `stored.py`.
"""

from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.service import Encoded
from pileus.kernel.storage.seam import Transaction
from pileus.services.dynamodb import capacity, writing
from pileus.services.dynamodb.capacity import Units
from pileus.services.dynamodb.collections import size_estimate
from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.index_rules import check_nested_in_indexes
from pileus.services.dynamodb.layers import enveloped
from pileus.services.dynamodb.operations.base import EMPTY, DynamoDbBase, answer
from pileus.services.dynamodb.requests import (
    WritePlan,
    check_nested,
    get_projection,
    legal_item,
    plain_put,
    write_plan,
)
from pileus.services.dynamodb.shapes import (
    AttributeValue,
    DeleteItemInput,
    GetItemInput,
    ItemCollectionMetrics,
    PutItemInput,
    UpdateItemInput,
)
from pileus.services.dynamodb.store import Table
from pileus.services.dynamodb.stored import item_json, item_size, pack_item, unpack_item
from pileus.services.dynamodb.values import Item
from pileus.services.dynamodb.writing import ITEM_TOO_LARGE, Written

_encode: Final = msgspec.json.Encoder().encode


class ItemOperations(DynamoDbBase):
    async def get_item(self, context: RequestContext, request: GetItemInput) -> Encoded:
        started_s = self._clock.monotonic()
        projection = None
        if (
            request.projection_expression is not None
            or request.expression_attribute_names is not None
            or request.attributes_to_get is not None
        ):
            projection = get_projection(request)
        data, looked = None, False
        table = kept = self._tables.kept(context, request.table_name)
        if kept is not None and kept.active and not kept.sealed:
            try:
                data = await self._snapshot.get(kept.key.key(request.key))
                looked = True
            except ValidationException:
                pass  # the key may fit the table that has the name now
        if data is None or table is None:  # only an item that is found proves the kept table
            table = await self._open(context, request.table_name, self._snapshot)
            if table is not kept or not looked:
                data = await self._snapshot.get(table.key.key(request.key))
        if projection is not None:
            check_nested(projection, table.key.names)
            check_nested_in_indexes(projection, table.indexes)
        size = 0 if data is None else item_size(data)
        read_units = capacity.read_units(size, consistent=bool(request.consistent_read))
        table.metrics.read("GetItem", read_units, started_s)
        if request.return_consumed_capacity is None and projection is None:
            return EMPTY if data is None else Encoded(b'{"Item":' + item_json(data) + b"}")
        item = None
        if data is not None:
            item = item_json(data) if projection is None else _encode(projection.project(unpack_item(data)))
        consumed = capacity.consumed(request.table_name, Units(read_units), request.return_consumed_capacity)
        return answer({"Item": item, "ConsumedCapacity": consumed})

    async def put_item(self, context: RequestContext, request: PutItemInput) -> Encoded:
        started_s = self._clock.monotonic()
        plain = plain_put(request) and request.return_item_collection_metrics is None
        try:
            plan = None if plain else write_plan(request)
            item, size = legal_item(request.item, ITEM_TOO_LARGE)
        except ValidationException as error:
            raise enveloped(error) from None

        async def put(tx: Transaction) -> Table | Written:
            table = await self._open(context, request.table_name, tx)
            if plan is None and table.plain:
                tx.set(table.key.key_of(item), pack_item(item, size))
                return table
            return await writing.put(tx, table, item, size, plan, now_s=self._clock.timestamp())

        done = await self._store.run(put)
        if isinstance(done, Table):
            # A larger item that was overwritten cost more than is counted here: nobody looked at it.
            done.metrics.wrote("PutItem", capacity.started_write_units(size), started_s)
            return EMPTY
        done.table.metrics.done("PutItem", done.units, started_s, writing=True)
        return (
            EMPTY if plan is None else _answered(request.table_name, plan, done, request.return_item_collection_metrics)
        )

    async def delete_item(self, context: RequestContext, request: DeleteItemInput) -> Encoded:
        started_s = self._clock.monotonic()
        plan = _plan(request)

        async def delete(tx: Transaction) -> Written:
            table = await self._open(context, request.table_name, tx)
            return await writing.delete(tx, table, request.key, plan, now_s=self._clock.timestamp())

        written = await self._store.run(delete)
        written.table.metrics.done("DeleteItem", written.units, started_s, writing=True)
        return _answered(request.table_name, plan, written, request.return_item_collection_metrics)

    async def update_item(self, context: RequestContext, request: UpdateItemInput) -> Encoded:
        started_s = self._clock.monotonic()
        plan = _plan(request)

        async def update(tx: Transaction) -> Written:
            table = await self._open(context, request.table_name, tx)
            return await writing.update(tx, table, request.key, plan, now_s=self._clock.timestamp())

        written = await self._store.run(update)
        written.table.metrics.done("UpdateItem", written.units, started_s, writing=True)
        return _answered(request.table_name, plan, written, request.return_item_collection_metrics, key=request.key)


def _plan(request: DeleteItemInput | UpdateItemInput) -> WritePlan:
    try:
        return write_plan(request)
    except ValidationException as error:
        raise enveloped(error) from None


def _answered(
    given: str, plan: WritePlan, written: Written, metrics: str | None, *, key: Item | None = None
) -> Encoded:
    """given: the table's name or ARN in the request."""
    attributes = writing.returned_attributes(plan, written, key)
    collection = collection_metrics(written.table, written) if metrics == "SIZE" else None
    if attributes is None and collection is None and not capacity.wanted(plan.capacity):
        return EMPTY
    return answer(
        {
            "Attributes": attributes,
            "ConsumedCapacity": capacity.consumed(given, written.units, plan.capacity),
            "ItemCollectionMetrics": None if collection is None else _encode(collection),
        }
    )


def collection_metrics(table: Table, written: Written) -> ItemCollectionMetrics | None:
    """What a write tells of the item collection; None for a table without local indexes, which has none."""
    image = written.new or written.old
    if written.collection_bytes is None or image is None:
        return None
    name = table.key.partition.name
    value: AttributeValue = image.item[name]
    return ItemCollectionMetrics(
        item_collection_key={name: value}, size_estimate_range_gb=size_estimate(written.collection_bytes)
    )
