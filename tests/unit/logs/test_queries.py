"""Queries from StartQuery to their results: run from the outbox, stopped, described, forgotten."""

import asyncio
import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.outbox import Outbox
from pileus.kernel.storage.keys import Subspace
from pileus.services.logs.errors import (
    InvalidParameterException,
    LimitExceededException,
    MalformedQueryException,
    ResourceNotFoundException,
)
from pileus.services.logs.insights import Run
from pileus.services.logs.queries import TOPIC, Queries
from pileus.services.logs.shapes import (
    DescribeQueriesRequest,
    DescribeQueriesResponse,
    GetLogGroupFieldsRequest,
    GetLogRecordRequest,
    GetQueryResultsRequest,
    GetQueryResultsResponse,
    ListLogGroupsForQueryRequest,
    StartQueryRequest,
    StopQueryRequest,
)
from pileus.services.logs.worker import Retention
from tests.support.time import JumpingClock
from tests.unit.logs.conftest import ACCOUNT, NOW_MS, Logs, context

_NOW_S = NOW_MS // 1000


async def start(logs: Logs, query: str = "fields @message", **members: Any) -> str:
    given = {"start_time": _NOW_S - 3600, "end_time": _NOW_S + 3600} | members
    if not {"log_group_names", "log_group_identifiers"} & set(given):
        given.setdefault("log_group_name", "g")
    answer = await logs.api.start_query(context(), StartQueryRequest(query_string=query, **given))
    assert answer.query_id is not None
    return answer.query_id


async def results(logs: Logs, query_id: str, **members: Any) -> GetQueryResultsResponse:
    return await logs.api.get_query_results(context(), GetQueryResultsRequest(query_id=query_id, **members))


async def complete(logs: Logs, clock: JumpingClock, query_id: str) -> GetQueryResultsResponse:
    """Run the outbox until the query has ended."""
    outbox = Outbox(logs.store, clock)
    outbox.subscribe(TOPIC, Queries(store=logs.store, clock=clock, metrics=Metrics(logs.store, clock)).deliver)
    running = asyncio.create_task(outbox.run())
    try:
        async with asyncio.timeout(5):
            while (answer := await results(logs, query_id)).status in {"Scheduled", "Running"}:
                await asyncio.sleep(0)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return answer


def shown(answer: GetQueryResultsResponse) -> list[dict[str | None, str | None]]:
    return [{field.field_: field.value for field in row if field.field_ != "@ptr"} for row in answer.results or ()]


async def described(logs: Logs, **members: Any) -> DescribeQueriesResponse:
    return await logs.api.describe_queries(context(), DescribeQueriesRequest(**members))


@pytest.mark.parametrize(
    "query",
    [
        "filter @message like /^(a|aa)+$/",
        "parse @message /^(?<x>(a|aa)+)$/",
        "sort @message | filter @message like /^(a|aa)+$/",
    ],
)
async def test_an_expression_that_never_ends(logs: Logs, clock: JumpingClock, query: str) -> None:
    """The query fails; the server goes on, and does not run it again."""
    await logs.create("s")
    await logs.put("s", (0, "a" * 60 + "!"))
    query_id = await start(logs, query)
    assert (await complete(logs, clock, query_id)).status == "Failed"
    assert (await complete(logs, clock, query_id)).status == "Failed"


async def test_results_are_made_beside_the_loop(
    logs: Logs, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 rows are sorted and written as texts at the end: a tenth of a second in which nobody would be served."""
    made: list[bool] = []
    end = Run.end

    def noted(self: Run) -> Any:
        made.append(threading.current_thread() is threading.main_thread())
        return end(self)

    monkeypatch.setattr(Run, "end", noted)
    await logs.create("s")
    await logs.put("s", (0, "one"))
    assert (await complete(logs, clock, await start(logs, "sort @message"))).status == "Complete"
    assert made == [False]


async def test_a_query_runs_over_all_streams_of_its_groups(logs: Logs, clock: JumpingClock) -> None:
    """In its time range, both ends included; with how much it looked at."""
    await logs.create("a", "b")
    await logs.create("c", group="h")
    await logs.put("a", (-3_600_001, "early"), (0, '{"n": 1}'), (2_000, '{"n": 2}'))
    await logs.put("b", (1_000, '{"n": 3}'), (3_600_999, "late"), (3_601_000, "later"))
    await logs.put("c", (1_500, '{"n": 4}'), group="h")
    query_id = await start(logs, "filter ispresent(n) | fields n | sort @timestamp asc", log_group_names=["g", "h"])
    assert (await results(logs, query_id)).status == "Scheduled"
    answer = await complete(logs, clock, query_id)
    assert answer.status == "Complete"
    assert shown(answer) == [{"n": "1"}, {"n": "3"}, {"n": "4"}, {"n": "2"}]
    told = answer.statistics
    assert told is not None
    assert (told.records_matched, told.records_scanned, told.log_groups_scanned) == (4, 5, 2)
    asked = ListLogGroupsForQueryRequest(query_id=query_id)
    assert (await logs.api.list_log_groups_for_query(context(), asked)).log_group_identifiers == ["g", "h"]
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:h"
    answer = await complete(logs, clock, await start(logs, log_group_identifiers=[arn], limit=1))
    assert shown(answer) == [{"@message": '{"n": 4}'}]


async def test_the_pointer_leads_to_the_event(logs: Logs, clock: JumpingClock) -> None:
    """GetLogRecord gives all its fields."""
    await logs.create("s")
    await logs.put("s", (0, '{"a": {"b": 1}}'))
    answer = await complete(logs, clock, await start(logs))
    [pointer] = [field.value for row in answer.results or () for field in row if field.field_ == "@ptr"]
    assert pointer is not None
    record = await logs.api.get_log_record(context(), GetLogRecordRequest(log_record_pointer=pointer))
    assert record.log_record is not None
    assert record.log_record["a.b"] == "1"
    assert record.log_record["@log"] == f"{ACCOUNT}:g"
    assert record.log_record["@timestamp"] == str(NOW_MS)
    with pytest.raises(InvalidParameterException):
        await logs.api.get_log_record(context(), GetLogRecordRequest(log_record_pointer="x"))


async def test_fields_of_a_group(logs: Logs) -> None:
    """How many percent of the latest events have each."""
    await logs.create("s")
    await logs.put("s", (0, '{"a": 1}'), (0, '{"a": 1, "b": 2}'))
    answer = await logs.api.get_log_group_fields(context(), GetLogGroupFieldsRequest(log_group_name="g"))
    found = {field.name: field.percent for field in answer.log_group_fields or ()}
    assert found == {
        **dict.fromkeys(("@timestamp", "@message", "@ingestionTime", "@logStream", "@log", "a"), 100),
        "b": 50,
    }


async def test_results_come_in_pages_when_asked_for(logs: Logs, clock: JumpingClock) -> None:
    """Beyond one piece of what is stored, in order."""
    await logs.create("s")
    await logs.put("s", *((n, str(n)) for n in range(1_200)))
    query_id = await start(logs, "fields @message | sort @timestamp asc")
    answer = await complete(logs, clock, query_id)
    assert [row["@message"] for row in shown(answer)] == [str(n) for n in range(1_200)]
    page = await results(logs, query_id, max_items=700)
    rest = await results(logs, query_id, max_items=700, next_token=page.next_token)
    assert shown(page) + shown(rest) == shown(answer)
    assert rest.next_token is None
    with pytest.raises(InvalidParameterException):
        await results(logs, query_id, next_token="zz")


async def test_a_stopped_query_gives_nothing(logs: Logs, clock: JumpingClock) -> None:
    """Nor does it run later; one that has ended cannot be stopped."""
    await logs.create("s")
    await logs.put("s", (0, "x"))
    query_id = await start(logs)
    assert (await logs.api.stop_query(context(), StopQueryRequest(query_id=query_id))).success
    second = await start(logs)
    assert len(shown(await complete(logs, clock, second))) == 1
    answer = await results(logs, query_id)
    assert (answer.status, answer.results) == ("Cancelled", [])
    with pytest.raises(InvalidParameterException):
        await logs.api.stop_query(context(), StopQueryRequest(query_id=second))
    with pytest.raises(ResourceNotFoundException):
        await logs.api.stop_query(context(), StopQueryRequest(query_id="none"))


async def test_queries_are_described(logs: Logs, clock: JumpingClock) -> None:
    """Recording logs_queries, test_describe_queries: with their source and range before the query; the latest first."""
    await logs.create()
    await logs.create(group="h")
    first = await start(logs)
    clock.jump(timedelta(seconds=1))
    second = await start(logs, log_group_name="h")
    found = (await described(logs, log_group_name="g")).queries or []
    assert [(one.query_id, one.status, one.query_language) for one in found] == [(first, "Scheduled", "CWLI")]
    assert found[0].query_string == f'SOURCE "g" START={NOW_MS - 3_600_000} END={NOW_MS + 3_600_999} | fields @message'
    assert [one.query_id for one in (await described(logs)).queries or ()] == [second, first]
    page = await described(logs, max_results=1)
    assert [one.query_id for one in (await described(logs, next_token=page.next_token)).queries or ()] == [first]
    await complete(logs, clock, first)
    assert [one.query_id for one in (await described(logs, status="Complete")).queries or ()]


async def test_queries_that_are_refused(logs: Logs) -> None:
    """In AWS's words where they are recorded (logs_queries, test_start_query_log_group_not_found)."""
    await logs.create()
    with pytest.raises(ResourceNotFoundException, match=f"Log group 'none' does not exist for account ID '{ACCOUNT}'"):
        await start(logs, log_group_name="none")
    with pytest.raises(MalformedQueryException):
        await start(logs, "bogus")
    with pytest.raises(InvalidParameterException):
        await start(logs, start_time=_NOW_S, end_time=_NOW_S - 1)
    with pytest.raises(InvalidParameterException):
        await start(logs, log_group_name="g", log_group_names=["g"])
    with pytest.raises(NotImplementedByPileus):
        await start(logs, query_language="SQL")
    with pytest.raises(ServiceError):
        await results(logs, "none")
    for _ in range(100):
        await start(logs)
    with pytest.raises(LimitExceededException):
        await start(logs)


async def test_a_group_that_is_deleted_meanwhile_is_left_out(logs: Logs, clock: JumpingClock) -> None:
    """And results are forgotten after a week."""
    await logs.create("s")
    await logs.create("s", group="h")
    await logs.put("s", (0, "x"))
    await logs.put("s", (0, "y"), group="h")
    query_id = await start(logs, log_group_names=["g", "h"])
    await logs.store.run(_deleting(logs, "g"))
    assert shown(await complete(logs, clock, query_id)) == [{"@message": "y"}]
    await logs.store.run(_deleting(logs, "h"))  # a region without groups is swept too
    clock.jump(timedelta(days=8))
    await Retention(store=logs.store, clock=clock).sweep()
    with pytest.raises(ResourceNotFoundException):
        await results(logs, query_id)
    left = await logs.store.snapshot().range(*Subspace("logs", ACCOUNT, "us-east-1", "query-results").range())
    assert left == []


def _deleting(logs: Logs, group: str) -> Any:
    from pileus.services.logs.store import Writing

    return lambda tx: Writing(tx, (ACCOUNT, "us-east-1")).delete_group(group)
