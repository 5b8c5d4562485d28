"""BatchGetItem and BatchWriteItem.

A batch is no transaction to its client. Here a small one is written in one transaction, as that is the quickest way to
do it; of a large one as much as one turn allows, and the rest when others have had theirs. What can be wrong with any
of its writes is said before the first.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.service import Encoded
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.dynamodb import capacity, writing
from pileus.services.dynamodb.errors import ValidationException, key_mismatch
from pileus.services.dynamodb.index_rules import check_nested_in_indexes
from pileus.services.dynamodb.limits import (
    BATCH_BYTES_MAX,
    BATCH_GET_KEYS_MAX,
    BATCH_WRITE_REQUESTS_MAX,
    GLOBAL_INDEXES_MAX,
    LOCAL_INDEXES_MAX,
)
from pileus.services.dynamodb.model import KeySchema
from pileus.services.dynamodb.operations.base import DynamoDbBase, answer
from pileus.services.dynamodb.operations.batch_checks import check_names, check_one_way_to_project, java_shown
from pileus.services.dynamodb.operations.items import collection_metrics
from pileus.services.dynamodb.operations.spending import Spending
from pileus.services.dynamodb.operations.turns import Turn
from pileus.services.dynamodb.parameters import check_key_values
from pileus.services.dynamodb.requests import LegalItem, check_nested, get_projection, legal_item
from pileus.services.dynamodb.shapes import (
    BatchGetItemInput,
    BatchWriteItemInput,
    ItemCollectionMetrics,
    KeysAndAttributes,
    WriteRequest,
)
from pileus.services.dynamodb.store import Table
from pileus.services.dynamodb.stored import item_json, item_size, pack_item, unpack_item
from pileus.services.dynamodb.values import Item
from pileus.services.dynamodb.writing import ITEM_TOO_LARGE, Written

SMALL_BYTES: Final = 256 * 1024
"""What is written at once without a look at the time: items and entries of indexes together."""
LITTLE_BYTES: Final = 2048
"""25 items of that size, whatever they hold, are looked at in a few milliseconds."""
AT_ONCE_BYTES_MAX: Final = 2 * 1024 * 1024
"""What is committed at once: some 10 ms of the storage's work."""

_encode: Final = msgspec.json.Encoder().encode


_Write = tuple[str, LegalItem | None, Item]
"""One write: its table's name or ARN in the request; the item that is put; the same, or the key of what is deleted."""

_Done = tuple[Table, Written | float]
"""What a write did, or of a plain one how many units it consumed."""


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
        _check_distinct([place for of_table in places.values() for place in of_table])
        responses: dict[str, bytes] = {}
        unprocessed: dict[str, KeysAndAttributes] = {}
        spending, turn = Spending(), Turn(self._clock)
        left_bytes = BATCH_BYTES_MAX
        for name, one in asked.items():
            found: list[bytes] = []
            spent = spending.of(name, tables[name])
            project = projections[name]
            for number, place in enumerate(places[name]):
                if project is not None and turn.over:
                    await turn.rest()
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
        spending.count("BatchGetItem", started_s, writing=False)
        return answer(
            {
                "Responses": _object(responses),
                "UnprocessedKeys": _encode(unprocessed),
                "ConsumedCapacity": spending.told(request.return_consumed_capacity),
            }
        )

    async def batch_write_item(self, context: RequestContext, request: BatchWriteItemInput) -> Encoded:
        started_s = self._clock.monotonic()
        asked = request.request_items
        check_names(asked, shown=lambda: java_shown(asked))
        if sum(map(len, asked.values())) > BATCH_WRITE_REQUESTS_MAX:
            raise ValidationException("Too many items requested for the BatchWriteItem call")
        writes = await self._legal(asked)
        plain = not capacity.wanted(request.return_consumed_capacity)
        if await self._large(context, writes):
            done = await self._write_by_turns(context, writes, plain=plain)
        else:
            done = await self._store.run(partial(self._write_batch, context, writes, plain=plain))
        spending = Spending()
        collections: dict[str, list[ItemCollectionMetrics]] = {}
        spent, last = None, ""
        for (given, _, _), (table, written) in zip(writes, done, strict=True):
            if spent is None or given != last:
                spent, last = spending.of(given, table), given
            if isinstance(written, float):
                spent.table += written
                continue
            spent.add(written.units)
            if (metrics := collection_metrics(table, written)) is not None:
                collections.setdefault(given, []).append(metrics)
        spending.count("BatchWriteItem", started_s, writing=True)
        wants_collections = request.return_item_collection_metrics == "SIZE" and collections
        return answer(
            {
                "UnprocessedItems": b"{}",
                "ItemCollectionMetrics": _encode(collections) if wants_collections else None,
                "ConsumedCapacity": spending.told(request.return_consumed_capacity),
            }
        )

    async def _legal(self, asked: Mapping[str, Sequence[WriteRequest]]) -> list[_Write]:
        """What is asked for, in order; `ValidationException` when some of it is not legal by itself."""
        for writes in asked.values():
            for one in writes:
                _check_one_kind(one)
                if one.delete_request is not None:
                    check_key_values(one.delete_request.key)
        legal: list[_Write] = []
        turn = Turn(self._clock)
        for given, writes in asked.items():
            for one in writes:
                if one.put_request is not None:
                    item = legal_item(one.put_request.item, ITEM_TOO_LARGE)
                    legal.append((given, item, item[0]))
                    if item[1] > LITTLE_BYTES and turn.over:
                        await turn.rest()
                elif one.delete_request is not None:
                    legal.append((given, None, one.delete_request.key))
        return legal

    async def _large(self, context: RequestContext, writes: Sequence[_Write]) -> bool:
        """Whether to write all of this at once may take long."""
        size_bytes = sum([item[1] for _, item, _ in writes if item is not None])
        if size_bytes * (GLOBAL_INDEXES_MAX + LOCAL_INDEXES_MAX + 1) <= SMALL_BYTES:
            return False
        tables = await self._tables_of(context, writes, self._snapshot)
        copied_bytes = sum(
            table.kept_bytes(item[1]) for (_, item, _), table in zip(writes, tables, strict=True) if item is not None
        )
        return copied_bytes > SMALL_BYTES

    async def _write_by_turns(self, context: RequestContext, writes: Sequence[_Write], *, plain: bool) -> list[_Done]:
        """All of it, but not at once."""
        turn = Turn(self._clock)
        tables = await self._tables_of(context, writes, self._snapshot)
        places = _places(writes, tables)
        for (_, item, key), table, place in zip(writes, tables, places, strict=True):
            for index in table.indexes if item is not None else ():
                index.entry_key(key, place)
            if turn.over:
                await turn.rest()
        done: list[_Done] = []
        while len(done) < len(writes):
            await turn.rest()
            left = writes[len(done) :]
            write_some = partial(self._write_batch, context, left, plain=plain, turn=turn)
            done += await self._store.run(write_some)
        return done

    async def _write_batch(
        self,
        context: RequestContext,
        writes: Sequence[_Write],
        tx: Transaction,
        *,
        plain: bool,
        turn: Turn | None = None,
    ) -> list[_Done]:
        """Write as many as a turn allows; without one, all. plain: nobody asks what was there."""
        tables = await self._tables_of(context, writes, tx)
        now_s = self._clock.timestamp()
        done: list[_Done] = []
        copied_bytes = 0
        for (_, item, key), table, place in zip(writes, tables, _places(writes, tables), strict=True):
            if turn is not None:
                if done and (turn.over or copied_bytes > AT_ONCE_BYTES_MAX):
                    break
                if item is not None:
                    copied_bytes += table.kept_bytes(item[1])
            if plain and table.plain:
                # The units are for the metrics. A larger item that is gone now cost more: nobody looked at it.
                if item is None:
                    tx.clear(place)
                    done.append((table, 1.0))
                else:
                    tx.set(place, pack_item(item[0], item[1]))
                    done.append((table, capacity.started_write_units(item[1])))
            elif item is not None:
                done.append((table, await writing.put(tx, table, item[0], item[1], None, now_s=now_s, place=place)))
            else:
                done.append((table, await writing.delete(tx, table, key, None, now_s=now_s, place=place)))
        return done

    async def _tables_of(self, context: RequestContext, writes: Sequence[_Write], reader: Snapshot) -> list[Table]:
        """The table of each."""
        tables = {
            given: await self._open(context, given, reader)
            for given in dict.fromkeys([given for given, _, _ in writes])
        }
        return [tables[given] for given, _, _ in writes]


def _check_one_kind(one: WriteRequest) -> None:
    if (one.put_request is None) == (one.delete_request is None):
        raise ValidationException(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
            "datatypes"
        )


def _places(writes: Sequence[_Write], tables: Sequence[Table]) -> list[bytes]:
    """Where the item of each lies; `ValidationException` unless each has one, and another."""
    places = []
    for (_, item, key), table in zip(writes, tables, strict=True):
        if item is None:
            places.append(table.key.key(key))
            continue
        try:
            places.append(table.key.key_of(key))
        except ValidationException as error:
            raise _as_of_a_key(table.key, key, error) from None
    _check_distinct(places)
    return places


def _as_of_a_key(schema: KeySchema, item: Item, error: ValidationException) -> ValidationException:
    """An item without its key, or with one of another type, is told of as a key would be."""
    for attribute in (*schema.partition_attributes, *schema.sort_attributes):
        value = item.get(attribute.name)
        if value is None or attribute.encode(value) is None:
            return key_mismatch()
    return error


def _check_distinct(places: list[bytes]) -> None:
    if len(set(places)) < len(places):
        raise ValidationException("Provided list of item keys contains duplicates")


def _object(members: Mapping[str, bytes]) -> bytes:
    return b"{%s}" % b",".join(_encode(name) + b":" + json for name, json in members.items())
