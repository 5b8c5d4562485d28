"""Insights queries: asked, answered, stopped, described; and the fields of single events."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Transaction
from pileus.services.logs import queries
from pileus.services.logs.errors import (
    InvalidNextToken,
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
)
from pileus.services.logs.insights import parse_query
from pileus.services.logs.insights.values import text
from pileus.services.logs.limits import (
    FIELDS_SHOWN_MAX,
    QUERIES_RUNNING_MAX,
    QUERY_GROUPS_MAX,
    QUERY_PAGE_MAX,
    QUERY_ROWS_MAX,
)
from pileus.services.logs.model import Place, QueryRecord, group_name
from pileus.services.logs.operations.base import LogsBase, read_name_token, region_of, write_name_token
from pileus.services.logs.reading import every_event, time_span
from pileus.services.logs.shapes import (
    DescribeQueriesRequest,
    DescribeQueriesResponse,
    GetLogGroupFieldsRequest,
    GetLogGroupFieldsResponse,
    GetLogRecordRequest,
    GetLogRecordResponse,
    GetQueryResultsRequest,
    GetQueryResultsResponse,
    ListLogGroupsForQueryRequest,
    ListLogGroupsForQueryResponse,
    LogGroupField,
    QueryInfo,
    QueryStatistics,
    ResultField,
    StartQueryRequest,
    StartQueryResponse,
    StopQueryRequest,
    StopQueryResponse,
)
from pileus.services.logs.store import Reading

_FIELDS_SPAN_MS: Final = 15 * 60_000
"""Of the events that GetLogGroupFields looks at: before now, or around the time that is given (API reference)."""
_FIELDS_EVENTS_MAX: Final = 1_000
"""Ours: events that it looks at."""


class QueryOperations(LogsBase):
    async def start_query(self, context: RequestContext, request: StartQueryRequest) -> StartQueryResponse:
        if request.query_language not in (None, "CWLI"):
            raise NotImplementedByPileus(f"queryLanguage {request.query_language} is not implemented")
        groups = _groups(context, request)
        parse_query(request.query_string)
        if request.end_time < request.start_time:
            raise InvalidParameterException("startTime must be before endTime.")
        region = region_of(context)
        record = QueryRecord(
            query_id=self._ids.uuid(),
            query=request.query_string,
            groups=list(groups),
            start_ms=request.start_time * 1000,
            end_ms=request.end_time * 1000 + 999,  # recording logs_queries, test_describe_queries
            limit=request.limit or QUERY_ROWS_MAX,
            created_ms=self._now_ms(),
        )

        async def start(tx: Transaction) -> None:
            for group in groups:
                if await Reading(tx, region).find_group(group) is None:
                    # In these words: recording logs_queries, test_start_query_log_group_not_found.
                    raise ResourceNotFoundException(
                        f"Log group '{group}' does not exist for account ID '{context.account_id}' (Service: AWSLogs; "
                        "Status Code: 400; Error Code: ResourceNotFoundException; Request ID: "
                        f"{context.request_id}; Proxy: null)"
                    )
            known = await queries.QUERIES.list(tx, region)
            if sum(one.state in {"Scheduled", "Running"} for one in known) >= QUERIES_RUNNING_MAX:
                raise LimitExceededException
            queries.ask(tx, region, record)

        await self._store.run(start)
        return StartQueryResponse(query_id=record.query_id)

    async def get_query_results(
        self, context: RequestContext, request: GetQueryResultsRequest
    ) -> GetQueryResultsResponse:
        record = await self._query(context, request.query_id)
        rows = await queries.results(self._store, region_of(context), record.query_id)
        begin = _offset(request.next_token)
        end = begin + (request.max_items or QUERY_ROWS_MAX)
        return GetQueryResultsResponse(
            query_language="CWLI",
            results=[[ResultField(field_=name, value=value) for name, value in row] for row in rows[begin:end]],
            statistics=QueryStatistics(
                records_matched=float(record.matched),
                records_scanned=float(record.scanned),
                estimated_records_skipped=0.0,
                bytes_scanned=float(record.scanned_bytes),
                estimated_bytes_skipped=0.0,
                log_groups_scanned=float(len(record.groups)),
            ),
            status=record.state,
            next_token=write_name_token(str(end)) if end < len(rows) else None,
        )

    async def stop_query(self, context: RequestContext, request: StopQueryRequest) -> StopQueryResponse:
        async def stop(tx: Transaction) -> None:
            record = await queries.QUERIES.find(tx, region_of(context), request.query_id)
            if record is None:
                raise _unknown(request.query_id)
            if record.state not in {"Scheduled", "Running"}:
                raise InvalidParameterException("The specified query is not running.")
            stopped = msgspec.structs.replace(record, state="Cancelled")
            queries.QUERIES.put(tx, region_of(context), stopped, record.query_id)

        await self._store.run(stop)
        return StopQueryResponse(success=True)

    async def describe_queries(
        self, context: RequestContext, request: DescribeQueriesRequest
    ) -> DescribeQueriesResponse:
        """The latest first."""
        limit = request.max_results or QUERY_PAGE_MAX
        beyond = read_name_token(request.next_token)
        known = await queries.QUERIES.list(self._store.snapshot(), region_of(context))
        found = [
            record
            for record in sorted(known, key=_order, reverse=True)
            if request.log_group_name in (None, *record.groups)
            and request.status in (None, record.state)
            and request.query_language in (None, "CWLI")
            and (beyond is None or _order(record) < beyond)
        ]
        return DescribeQueriesResponse(
            queries=[_described(record) for record in found[:limit]],
            next_token=write_name_token(_order(found[limit - 1])) if len(found) > limit else None,
        )

    async def list_log_groups_for_query(
        self, context: RequestContext, request: ListLogGroupsForQueryRequest
    ) -> ListLogGroupsForQueryResponse:
        record = await self._query(context, request.query_id)
        begin = _offset(request.next_token)
        end = begin + (request.max_results or QUERY_GROUPS_MAX)
        return ListLogGroupsForQueryResponse(
            log_group_identifiers=record.groups[begin:end],
            next_token=write_name_token(str(end)) if end < len(record.groups) else None,
        )

    async def get_log_record(self, context: RequestContext, request: GetLogRecordRequest) -> GetLogRecordResponse:
        name, stream_name, place = queries.read_pointer(request.log_record_pointer)
        reading = Reading(self._store.snapshot(), region_of(context))
        await reading.group(name)
        stream = await reading.stream(name, stream_name)
        end = Place(place.timestamp_ms, place.sequence + 1)
        events = await reading.events(stream, begin=place, end=end, limit=1)
        if not events:
            raise ResourceNotFoundException("The specified log record does not exist.")
        row = queries.row_of(region_of(context), name, stream, events[0])
        fields = {field: text(value) for field, value in row.all().items()}
        fields["@timestamp"] = str(place.timestamp_ms)
        fields["@ingestionTime"] = str(events[0].ingested_ms)
        return GetLogRecordResponse(log_record=fields)

    async def get_log_group_fields(
        self, context: RequestContext, request: GetLogGroupFieldsRequest
    ) -> GetLogGroupFieldsResponse:
        name = group_name(context, name=request.log_group_name, identifier=request.log_group_identifier)
        reading = Reading(self._store.snapshot(), region_of(context))
        await reading.group(name)
        if request.time is None:
            begin_ms, end_ms = self._now_ms() - _FIELDS_SPAN_MS, self._now_ms() + 1
        else:
            half_ms = _FIELDS_SPAN_MS // 2
            begin_ms, end_ms = request.time * 1000 - half_ms, request.time * 1000 + half_ms
        counts: Counter[str] = Counter()
        events = 0
        span = time_span(start=max(begin_ms, 0), end=max(end_ms, 0), oldest_ms=0)
        async for found in every_event(reading, await reading.streams(name), span, backward=True):
            counts.update(queries.row_of(region_of(context), name, found.stream, found.event).all().keys())
            events += 1
            if events == _FIELDS_EVENTS_MAX:
                break
        del counts["@ptr"]
        return GetLogGroupFieldsResponse(
            log_group_fields=[
                LogGroupField(name=field, percent=count * 100 // events)
                for field, count in counts.most_common(FIELDS_SHOWN_MAX)
            ]
        )

    async def _query(self, context: RequestContext, query_id: str) -> QueryRecord:
        record = await queries.QUERIES.find(self._store.snapshot(), region_of(context), query_id)
        if record is None:
            raise _unknown(query_id)
        return record


def _unknown(query_id: str) -> ResourceNotFoundException:
    return ResourceNotFoundException(f"Query {query_id} does not exist.")


def _groups(context: RequestContext, request: StartQueryRequest) -> Sequence[str]:
    """The groups that a request names in just one of three ways."""
    given = [one for one in (request.log_group_name, request.log_group_names, request.log_group_identifiers) if one]
    if len(given) != 1:
        raise InvalidParameterException(
            "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified."
        )
    if request.log_group_name:
        return [request.log_group_name]
    names = [
        group_name(context, name=None, identifier=identifier)
        for identifier in request.log_group_names or request.log_group_identifiers or ()
    ]
    if len(names) > QUERY_GROUPS_MAX:
        raise InvalidParameterException(f"A query may be about at most {QUERY_GROUPS_MAX} log groups.")
    return list(dict.fromkeys(names))


def _offset(token: str | None) -> int:
    name = read_name_token(token)
    if name is None:
        return 0
    if not name.isascii() or not name.isdigit():
        raise InvalidNextToken
    return int(name)


def _order(record: QueryRecord) -> str:
    return f"{record.created_ms:020d}{record.query_id}"


def _described(record: QueryRecord) -> QueryInfo:
    """Recording logs_queries, test_describe_queries."""
    sources = ", ".join(f'"{group}"' for group in record.groups)
    return QueryInfo(
        query_language="CWLI",
        query_id=record.query_id,
        query_string=f"SOURCE {sources} START={record.start_ms} END={record.end_ms} | {record.query}",
        status=record.state,
        create_time=record.created_ms,
        log_group_name=record.groups[0],
    )
