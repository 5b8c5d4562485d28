"""Query and Scan, of tables and of indexes."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.service import Encoded
from pileus.services.dynamodb import capacity
from pileus.services.dynamodb.capacity import Units
from pileus.services.dynamodb.errors import ValidationException, invalid_parameter
from pileus.services.dynamodb.index_rules import check_nested_in_indexes
from pileus.services.dynamodb.indexes import Index
from pileus.services.dynamodb.key_ranges import (
    KeyRange,
    check_query_start,
    own_names,
    query_range,
    query_start,
    scan_start,
)
from pileus.services.dynamodb.layers import current
from pileus.services.dynamodb.operations.base import DynamoDbBase, answer
from pileus.services.dynamodb.pages import Page, Selection, read_page
from pileus.services.dynamodb.read_plans import ReadPlan, check_filter, query_plan, scan_plan
from pileus.services.dynamodb.requests import check_nested
from pileus.services.dynamodb.shapes import QueryInput, ScanInput
from pileus.services.dynamodb.store import Table
from pileus.services.dynamodb.values import Item

_encode: Final = msgspec.json.Encoder().encode


class QueryOperations(DynamoDbBase):
    async def query(self, context: RequestContext, request: QueryInput) -> Encoded:
        started_s = self._clock.monotonic()
        try:
            plan = query_plan(request)
        except ValidationException as error:
            raise current(error) from None
        table = await self._open(context, request.table_name, self._snapshot)
        index = _index(table, request, plan)
        keyed = index or table.key
        assert plan.key is not None
        if request.exclusive_start_key is not None:
            check_query_start(keyed, request.exclusive_start_key)
        check_filter(plan, own_names(keyed))
        asked, partition = query_range(keyed, plan.key, plan.values)
        _check_read_plan(plan, keyed.names, table.indexes)
        if index is not None:
            _check_filtered(plan, index)
        reverse = request.scan_index_forward is False
        if request.exclusive_start_key is not None:
            start = query_start(keyed, request.exclusive_start_key, asked=asked, partition=partition)
            asked = asked.beyond(start, reverse=reverse)
        selection = self._selection(request, plan, index, reverse=reverse)
        page = await read_page(self._snapshot, keyed, asked, selection)
        units = page_units(index, page, consistent=bool(request.consistent_read))
        table.metrics.done("Query", units, started_s, writing=False)
        table.metrics.returned_items("Query", page.count)
        return _answered(request, page, units)

    async def scan(self, context: RequestContext, request: ScanInput) -> Encoded:
        started_s = self._clock.monotonic()
        plan = scan_plan(request)
        table = await self._open(context, request.table_name, self._snapshot)
        index = _index(table, request, plan)
        keyed = index or table.key
        segment, segments = request.segment or 0, request.total_segments or 1
        asked = KeyRange(*keyed.segment(segment, segments))
        if request.exclusive_start_key is not None:
            start = scan_start(keyed, request.exclusive_start_key, asked=asked, segment=segment, segments=segments)
            asked = asked.beyond(start, reverse=False)
        _check_read_plan(plan, keyed.names, table.indexes)
        selection = self._selection(request, plan, index, reverse=False)
        page = await read_page(self._snapshot, keyed, asked, selection)
        units = page_units(index, page, consistent=bool(request.consistent_read))
        table.metrics.done("Scan", units, started_s, writing=False)
        table.metrics.returned_items("Scan", page.count)
        return _answered(request, page, units)

    def _selection(
        self, request: QueryInput | ScanInput, plan: ReadPlan, index: Index | None, *, reverse: bool
    ) -> Selection:
        keeps = None
        if plan.filter is not None:
            test, values = plan.filter.test, plan.values

            def keeps(item: Item) -> bool:
                return test(item, values)

        return Selection(
            limit=request.limit or 0,
            reverse=reverse,
            refer=None if index is None else partial(index.referred, self._snapshot),
            keeps=keeps,
            fetch=self._fetch(index) if index is not None and _looks_beyond(request, plan, index) else None,
            project=None if plan.projection is None else plan.projection.project,
            count_only=request.select == "COUNT",
        )

    def _fetch(self, index: Index) -> Callable[[Item], Awaitable[bytes | None]]:
        def fetch(entry: Item) -> Awaitable[bytes | None]:
            return self._snapshot.get(index.item_key(entry))

        return fetch


def _index(table: Table, request: QueryInput | ScanInput, plan: ReadPlan) -> Index | None:
    """The index that is asked, if one is; `ValidationException` when it cannot answer."""
    name = request.index_name
    if name is None:
        return None
    index = table.index(name)
    if index is None:
        raise ValidationException(f"The table does not have the specified index: {name}")
    if index.record.state == "CREATING":
        raise ValidationException(f"Cannot read from backfilling global secondary index: {name}")
    if index.local:
        return index
    if request.consistent_read:
        raise ValidationException("Consistent reads are not supported on global secondary indexes")
    if request.select == "ALL_ATTRIBUTES" and not index.projects_all:
        raise invalid_parameter(
            f"Select type ALL_ATTRIBUTES is not supported for global secondary index {name} because its projection "
            "type is not ALL"
        )
    if plan.projection is not None and not index.projects(plan.projection.usage.heads):
        missing = sorted(head for head in plan.projection.usage.heads if not index.projects(frozenset((head,))))
        raise invalid_parameter(f"Global secondary index {name} does not project [{', '.join(missing)}]")
    return index


def _check_filtered(plan: ReadPlan, index: Index) -> None:
    """A Query filters by what the index holds; a Scan may ask for more, and finds nothing there.

    Source: paritysuite/dynamodb-conformance, tests/tier2/partiql/indexQualifier.test.ts (2026).
    """
    if plan.filter is None or index.projects(plan.filter.usage.heads):
        return
    missing = sorted(head for head in plan.filter.usage.heads if not index.projects(frozenset((head,))))
    raise invalid_parameter(
        f"Secondary index {index.name} does not project one or more filter attributes: [{', '.join(missing)}]"
    )


def _looks_beyond(request: QueryInput | ScanInput, plan: ReadPlan, index: Index) -> bool:
    """Whether a local index's entries do not hold all that is asked for."""
    if not index.local or index.projects_all:
        return False
    if request.select == "ALL_ATTRIBUTES":
        return True
    return plan.projection is not None and not index.projects(plan.projection.usage.heads)


def _check_read_plan(plan: ReadPlan, key_names: tuple[str, ...], indexes: Iterable[Index]) -> None:
    for expression in (plan.projection, plan.filter):
        if expression is not None:
            check_nested(expression, key_names)
            check_nested_in_indexes(expression, indexes)


def page_units(index: Index | None, page: Page, *, consistent: bool) -> Units:
    """What a page consumed."""
    fetched = sum((capacity.read_units(size, consistent=consistent) for size in page.fetched_bytes), 0.0)
    looked_at = page.size_bytes - sum(page.fetched_bytes)
    units = Units()
    share = capacity.read_units(looked_at, consistent=consistent)
    if index is None:
        units.table = share
    else:
        units.table = fetched
        units.count(index.name, share, local=index.local)
    return units


def _answered(request: QueryInput | ScanInput, page: Page, units: Units) -> Encoded:
    return answer(
        {
            "Items": None if request.select == "COUNT" else b"[" + b",".join(page.items) + b"]",
            "Count": b"%d" % page.count,
            "ScannedCount": b"%d" % page.scanned,
            "LastEvaluatedKey": None if page.last is None else _encode(page.last),
            "ConsumedCapacity": capacity.consumed(request.table_name, units, request.return_consumed_capacity),
        }
    )
