"""BatchGetItem and BatchWriteItem.

A batch is no transaction to its client; here it is one anyway, as that is the quickest way to do it.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.service import Encoded
from pileus.kernel.storage.seam import Transaction
from pileus.services.dynamodb import capacity, writing
from pileus.services.dynamodb.capacity import Units, consumed_shape
from pileus.services.dynamodb.errors import ValidationException, key_mismatch
from pileus.services.dynamodb.index_rules import check_nested_in_indexes
from pileus.services.dynamodb.limits import BATCH_BYTES_MAX, BATCH_GET_KEYS_MAX, BATCH_WRITE_REQUESTS_MAX
from pileus.services.dynamodb.model import KeySchema
from pileus.services.dynamodb.operations.base import DynamoDbBase, answer
from pileus.services.dynamodb.operations.batch_checks import check_names, check_one_way_to_project, java_shown
from pileus.services.dynamodb.operations.items import collection_metrics
from pileus.services.dynamodb.parameters import check_key_values
from pileus.services.dynamodb.requests import check_nested, get_projection, legal_item
from pileus.services.dynamodb.shapes import (
    AttributeValue,
    BatchGetItemInput,
    BatchWriteItemInput,
    ItemCollectionMetrics,
    KeysAndAttributes,
    WriteRequest,
)
from pileus.services.dynamodb.store import Table
from pileus.services.dynamodb.stored import item_json, item_size, pack_item, unpack_item
from pileus.services.dynamodb.values import Item
from pileus.services.dynamodb.writing import ITEM_TOO_LARGE

_encode: Final = msgspec.json.Encoder().encode


class BatchOperations(DynamoDbBase):
    async def batch_get_item(self, context: RequestContext, request: BatchGetItemInput) -> Encoded:
        started_s = self._clock.monotonic()
        asked = request.request_items
        check_names(asked, shown=lambda: _encode(asked).decode())
        check_one_way_to_project(asked.values())
        if sum(len(one.keys) for one in asked.values()) > BATCH_GET_KEYS_MAX:
            raise ValidationException("Too many items requested for the BatchGetItem call")
        projections = {name: get_projection(one) for name, one in asked.items()}
        tables = {name: await self._open(context, name, self._snapshot) for name in asked}
        places: dict[str, list[bytes]] = {}
        for name, one in asked.items():
            table, projection = tables[name], projections[name]
            if projection is not None:
                check_nested(projection, table.key.names)
                check_nested_in_indexes(projection, table.indexes)
            places[name] = [table.key.key(key) for key in one.keys]
            _check_distinct(places[name])
        responses: dict[str, bytes] = {}
        unprocessed: dict[str, KeysAndAttributes] = {}
        units: dict[str, Units] = {}
        left_bytes = BATCH_BYTES_MAX
        for name, one in asked.items():
            found: list[bytes] = []
            spent = units[name] = Units()
            project = projections[name]
            for number, place in enumerate(places[name]):
                if project is not None and number:
                    await asyncio.sleep(0)  # to look into a large item takes 10 ms
                data = await self._snapshot.get(place)
                size = 0 if data is None else item_size(data)
                if size > left_bytes:
                    unprocessed[name] = msgspec.structs.replace(one, keys=one.keys[number:])
                    left_bytes = -1  # what comes later is not processed either
                    break
                left_bytes -= size
                spent.table += capacity.read_units(size, consistent=bool(one.consistent_read))
                if data is not None:
                    found.append(item_json(data) if project is None else _encode(project.project(unpack_item(data))))
            responses[name] = b"[" + b",".join(found) + b"]"
            tables[name].metrics.done("BatchGetItem", spent, started_s, writing=False)
        return answer(
            {
                "Responses": _object(responses),
                "UnprocessedKeys": _encode(unprocessed),
                "ConsumedCapacity": _consumed(tables, units, request.return_consumed_capacity),
            }
        )

    async def batch_write_item(self, context: RequestContext, request: BatchWriteItemInput) -> Encoded:
        started_s = self._clock.monotonic()
        asked = request.request_items
        check_names(asked, shown=lambda: java_shown(asked))
        if sum(map(len, asked.values())) > BATCH_WRITE_REQUESTS_MAX:
            raise ValidationException("Too many items requested for the BatchWriteItem call")
        for writes in asked.values():
            for one in writes:
                _check_one_kind(one)
                if one.delete_request is not None:
                    check_key_values(one.delete_request.key)
        legal = {
            name: [
                None if one.put_request is None else legal_item(one.put_request.item, ITEM_TOO_LARGE) for one in writes
            ]
            for name, writes in asked.items()
        }
        plain_answer = not capacity.wanted(request.return_consumed_capacity)
        now_s = self._clock.timestamp()

        async def write(tx: Transaction) -> tuple[Encoded, list[tuple[Table, Units]]]:
            tables = {name: await self._open(context, name, tx) for name in asked}
            places: dict[str, list[bytes]] = {}
            for name, writes in asked.items():
                key = tables[name].key
                places[name] = [
                    _place(key, item[0]) if item is not None else key.key(_deleted(one))
                    for one, item in zip(writes, legal[name], strict=True)
                ]
                _check_distinct(places[name])
            units: dict[str, Units] = {}
            collections: dict[str, list[ItemCollectionMetrics]] = {}
            for name, writes in asked.items():
                table = tables[name]
                spent = units[name] = Units()
                for one, item, place in zip(writes, legal[name], places[name], strict=True):
                    if plain_answer and table.plain:
                        if item is None:
                            tx.clear(place)
                        else:
                            tx.set(place, pack_item(*item))
                        # For the metrics. A larger item that is gone now cost more: nobody looked at it.
                        spent.table += capacity.started_write_units(0 if item is None else item[1])
                        continue
                    if item is not None:
                        written = await writing.put(tx, table, *item, None, now_s=now_s)
                    else:
                        written = await writing.delete(tx, table, _deleted(one), None, now_s=now_s)
                    spent.add(written.units)
                    if (metrics := collection_metrics(table, written)) is not None:
                        collections.setdefault(name, []).append(metrics)
            wants_collections = request.return_item_collection_metrics == "SIZE"
            told = answer(
                {
                    "UnprocessedItems": b"{}",
                    "ItemCollectionMetrics": _encode(collections) if wants_collections and collections else None,
                    "ConsumedCapacity": _consumed(tables, units, request.return_consumed_capacity),
                }
            )
            return told, [(tables[name], spent) for name, spent in units.items()]

        told, consumed = await self._store.run(write)
        for table, spent in consumed:
            table.metrics.done("BatchWriteItem", spent, started_s, writing=True)
        return told


def _check_one_kind(one: WriteRequest) -> None:
    if (one.put_request is None) == (one.delete_request is None):
        raise ValidationException(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
            "datatypes"
        )


def _place(key: KeySchema, item: Item) -> bytes:
    """Where an item belongs. One without its key, or with one of another type, is told of as a key would be."""
    try:
        return key.key_of(item)
    except ValidationException:
        for attribute in (*key.partition_attributes, *key.sort_attributes):
            value = item.get(attribute.name)
            if value is None or attribute.encode(value) is None:
                raise key_mismatch() from None
        raise


def _deleted(one: WriteRequest) -> dict[str, AttributeValue]:
    assert one.delete_request is not None
    return one.delete_request.key


def _check_distinct(places: list[bytes]) -> None:
    if len(set(places)) < len(places):
        raise ValidationException("Provided list of item keys contains duplicates")


def _object(members: Mapping[str, bytes]) -> bytes:
    return b"{%s}" % b",".join(_encode(name) + b":" + json for name, json in members.items())


def _consumed(tables: Mapping[str, Table], units: Mapping[str, Units], option: str | None) -> bytes | None:
    if not capacity.wanted(option):
        return None
    return _encode([consumed_shape(table.name, units[name], option) for name, table in tables.items()])
