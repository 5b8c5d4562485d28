"""Metric filters: kept, described, and counting what is put; and events that bring metrics with them."""

import json
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.ids import SeededIds
from pileus.kernel.metrics.counting import Metrics
from pileus.services.logs import shapes
from pileus.services.logs.errors import InvalidParameterException
from pileus.services.logs.shapes import (
    DeleteLogGroupRequest,
    DeleteMetricFilterRequest,
    DescribeLogGroupsRequest,
    DescribeMetricFiltersRequest,
    DescribeMetricFiltersResponse,
    MetricTransformation,
    PutMetricFilterRequest,
)
from pileus.services.logs.writer import FunctionLogWriter
from tests.support.time import JumpingClock
from tests.unit.logs.conftest import ACCOUNT, NOW_MS, Logs, context


async def put_filter(
    logs: Logs, pattern: str, value: str = "1", *, name: str = "f", group: str = "g", metric: str = "m", **members: Any
) -> None:
    request = PutMetricFilterRequest(
        log_group_name=group,
        filter_name=name,
        filter_pattern=pattern,
        metric_transformations=[
            MetricTransformation(metric_name=metric, metric_namespace="app", metric_value=value, **members)
        ],
    )
    await logs.api.put_metric_filter(context(), request)


async def describe(logs: Logs, **members: Any) -> DescribeMetricFiltersResponse:
    return await logs.api.describe_metric_filters(context(), DescribeMetricFiltersRequest(**members))


async def names(logs: Logs, **members: Any) -> list[str | None]:
    return [one.filter_name for one in (await describe(logs, **members)).metric_filters or ()]


async def test_filters_are_described(logs: Logs) -> None:
    """As recorded: with the group, the time of creation and all transformations; the group counts them."""
    await logs.create()
    await logs.create(group="h")
    await put_filter(logs, " ", name="b", default_value=0.0)
    await put_filter(logs, "x", name="a", group="h", metric="other")
    await put_filter(logs, "y", name="b", group="h")
    await put_filter(logs, "z", name="b", group="h")  # replaces it
    one, *others = (await describe(logs, log_group_name="g")).metric_filters or []
    assert not others
    assert (one.filter_pattern, one.creation_time, one.apply_on_transformed_logs) == (" ", NOW_MS, False)
    assert one.metric_transformations == [
        MetricTransformation(metric_name="m", metric_namespace="app", metric_value="1", default_value=0.0)
    ]
    assert await names(logs) == ["a", "b", "b"]
    assert await names(logs, filter_name_prefix="b", log_group_name="h") == ["b"]
    assert await names(logs, metric_name="other", metric_namespace="app") == ["a"]
    with pytest.raises(InvalidParameterException):
        await names(logs, metric_name="other")
    page = await describe(logs, limit=2)
    assert await names(logs, next_token=page.next_token) == ["b"]
    groups = await logs.api.describe_log_groups(context(), DescribeLogGroupsRequest())
    assert [group.metric_filter_count for group in groups.log_groups or ()] == [1, 2]
    await logs.api.delete_metric_filter(context(), DeleteMetricFilterRequest(log_group_name="h", filter_name="a"))
    await logs.api.delete_log_group(context(), DeleteLogGroupRequest(log_group_name="g"))
    assert await names(logs) == ["b"]
    with pytest.raises(ServiceError, match="metric filter does not exist"):
        await logs.api.delete_metric_filter(context(), DeleteMetricFilterRequest(log_group_name="h", filter_name="a"))


@pytest.mark.parametrize(
    ("pattern", "value", "members"),
    [
        ("{ $.a", "1", {}),
        ("x", "many", {}),
        ("x", "$.a", {}),  # terms name nothing
        ("[a, b]", "$c", {}),
        ("[a, b]", "$b", {"dimensions": {"A": "$c"}}),
        ("[a, b]", "$b", {"dimensions": {"A": "$a"}, "default_value": 0.0}),
        ("[a, b, c, d]", "1", {"dimensions": {"A": "$a", "B": "$b", "C": "$c", "D": "$d"}}),
    ],
)
async def test_filters_that_are_refused(logs: Logs, pattern: str, value: str, members: dict[str, Any]) -> None:
    """A filter that can never count is a mistake, told when it is made."""
    await logs.create()
    with pytest.raises(InvalidParameterException):
        await put_filter(logs, pattern, value, **members)


async def test_a_group_has_so_many_filters(logs: Logs) -> None:
    """100, of which five may have regular expressions; and a group must be there."""
    await logs.create()
    for number in range(5):
        await put_filter(logs, "%x%", name=f"r{number}")
    with pytest.raises(ServiceError, match=r"Resource limit exceeded\."):
        await put_filter(logs, "%x%", name="r5")
    for number in range(95):
        await put_filter(logs, "x", name=f"f{number}")
    with pytest.raises(ServiceError, match=r"Resource limit exceeded\."):
        await put_filter(logs, "x", name="f95")
    await put_filter(logs, "%y%", name="r0")  # replacing is no more
    with pytest.raises(ServiceError, match="log group does not exist"):
        await put_filter(logs, "x", group="missing")
    request = PutMetricFilterRequest(
        log_group_name="g",
        filter_name="f",
        filter_pattern="",
        metric_transformations=[],
        apply_on_transformed_logs=True,
    )
    with pytest.raises(NotImplementedByPileus):
        await logs.api.put_metric_filter(context(), request)


async def test_matching_events_count(logs: Logs) -> None:
    """Once each, at their own minute, whether numbers or fields; what is no number is not counted."""
    await logs.create("s")
    await put_filter(logs, "ERROR", name="errors", metric="errors", unit="Count")
    await put_filter(logs, "{ $.ms > 10 }", "$.ms", name="slow", metric="slow", unit="Milliseconds")
    await put_filter(logs, "[path, size]", "$size", name="size", metric="size", dimensions={"Path": "$path"})
    await logs.put("s", (-60_000, "ERROR 1"), (0, "ERROR 2"), (1, "fine"), (2, "ERROR"))
    await logs.put("s", (0, '{"ms": 12.5}'), (1, '{"ms": 10}'), (2, '{"ms": "x"}'), (3, '{"ms": 20}'))
    await logs.put("s", (0, "/a 5"), (1, "/b 7"), (2, "/a 1"), (3, "/a many"))
    assert await logs.counted("errors") == [(-1, 1, 1, "Count"), (0, 2, 2, "Count")]
    assert await logs.counted("slow") == [(0, 32.5, 2, "Milliseconds")]
    assert await logs.counted("size", Path="/a") == [(0, 6, 2, "None")]
    assert await logs.counted("size", Path="/b") == [(0, 7, 1, "None")]


async def test_minutes_without_a_match_count_the_default(logs: Logs) -> None:
    """Only where events came, and nothing matched."""
    await logs.create("s")
    await put_filter(logs, "ERROR", "1", default_value=0.0)
    await logs.put("s", (-120_000, "fine"), (0, "ERROR"), (1, "fine"))
    assert await logs.counted("m") == [(-2, 0, 1, "None"), (0, 1, 1, "None")]


async def test_events_bring_metrics(logs: Logs) -> None:
    """The embedded metric format: each dimension set, arrays of values, units; sets that are not there do not count."""
    await logs.create("s")
    event = {
        "_aws": {
            "Timestamp": NOW_MS - 60_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "app",
                    "Dimensions": [["Service"], ["Service", "Page"], ["Missing"]],
                    "Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}, {"Name": "Hits"}, {"Name": "Absent"}],
                }
            ],
        },
        "Service": "shop",
        "Page": "/",
        "Latency": [1, 2, 4],
        "Hits": 1,
    }
    await logs.put("s", (0, json.dumps(event)))
    assert await logs.counted("Latency", Service="shop") == [(-1, 7, 3, "Milliseconds")]
    assert await logs.counted("Hits", Service="shop", Page="/") == [(-1, 1, 1, "None")]
    assert await logs.counted("Hits", Missing="") == []


@pytest.mark.parametrize(
    "change",
    [
        {"_aws": 1},
        {"_aws": {"Timestamp": NOW_MS}},
        {"_aws": {"Timestamp": "now", "CloudWatchMetrics": []}},
        {"Latency": "fast"},
        {"Latency": [1] * 101},
        {"Latency": None},
        {"Latency": True},
    ],
)
async def test_what_breaks_the_format_is_a_log_event_only(logs: Logs, change: dict[str, Any]) -> None:
    """A function's mistake must not cost its line, nor the batch."""
    await logs.create("s")
    directive = {"Namespace": "app", "Dimensions": [[]], "Metrics": [{"Name": "Latency"}]}
    event = {"_aws": {"Timestamp": NOW_MS, "CloudWatchMetrics": [directive]}, "Latency": 1}
    await logs.put("s", (0, json.dumps(event)), (1, json.dumps(event | change)))
    assert await logs.counted("Latency") == [(0, 1, 1, "None")]
    assert len((await logs.get("s")).events or ()) == 2


class _Function:
    account_id, region, log_group = ACCOUNT, "us-east-1", "g"


async def test_lines_of_functions_count_too(logs: Logs, clock: JumpingClock, tmp_path: Path) -> None:
    """They come by another way than PutLogEvents."""
    await logs.create()
    await put_filter(logs, "ERROR")
    metrics = Metrics(logs.store, clock)
    writer = FunctionLogWriter(logs.store, clock, SeededIds(), metrics=metrics)
    directive = {"Namespace": "app", "Metrics": [{"Name": "Hits"}]}
    embedded = json.dumps({"_aws": {"Timestamp": NOW_MS, "CloudWatchMetrics": [directive]}, "Hits": 3})
    moment = clock.timestamp()
    writer.append(_Function(), "s", [(moment, "ERROR 1"), (moment, embedded), (moment - 60, "ERROR 2")])
    await writer.flush()
    assert await logs.counted("m") == [(-1, 1, 1, "None"), (0, 1, 1, "None")]
    assert await logs.counted("Hits") == [(0, 3, 1, "None")]


async def test_patterns_are_tried(logs: Logs) -> None:
    """TestMetricFilter numbers events from 0 and shows the fields of those that match (API reference, examples)."""
    request = shapes.TestMetricFilterRequest(
        filter_pattern="[ip, ..., size > 10]", log_event_messages=["10.0.0.1 - 5", "10.0.0.2 - 50"]
    )
    answer = await logs.api.test_metric_filter(context(), request)
    match, *others = answer.matches or []
    assert not others
    assert (match.event_number, match.event_message) == (1, "10.0.0.2 - 50")
    assert match.extracted_values == {"$ip": "10.0.0.2", "$size": "50"}
    with pytest.raises(InvalidParameterException):
        await logs.api.test_metric_filter(
            context(), shapes.TestMetricFilterRequest(filter_pattern="{", log_event_messages=["x"])
        )


async def test_what_comes_in_is_counted(logs: Logs, clock: JumpingClock) -> None:
    """By group and over all, whichever way it comes; what was refused is not."""
    await logs.create("s")
    await logs.put("s", (-15 * 24 * 3600 * 1000, "old"), (0, "abc"), (1, "\u00fc"))
    writer = FunctionLogWriter(logs.store, clock, SeededIds(), metrics=logs.metrics)
    writer.append(_Function(), "s", [(clock.timestamp(), "four"), (clock.timestamp(), "")])
    await writer.flush()
    for dimensions in ({"LogGroupName": "g"}, {}):
        events = await logs.counted("IncomingLogEvents", namespace="AWS/Logs", **dimensions)
        size_bytes = await logs.counted("IncomingBytes", namespace="AWS/Logs", **dimensions)
        assert [(total, unit) for _, total, _, unit in events] == [(3, "Count")]
        assert [(total, unit) for _, total, _, unit in size_bytes] == [(9, "Bytes")]
