"""Metrics are put, and read back as statistics over time."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.cloudwatch.conftest import NOON, CloudWatch, stat

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def datum(**more: Any) -> dict[str, Any]:
    return {"MetricName": "m", **more}


async def statistics(cloudwatch: CloudWatch, name: str = "m", **more: Any) -> list[dict[str, Any]]:
    asked = {"StartTime": NOON, "EndTime": NOON + 60 * MINUTE, "Period": 60, "Statistics": ["Sum"], **more}
    answer = await cloudwatch.call("GetMetricStatistics", Namespace="Mine", MetricName=name, **asked)
    points: list[dict[str, Any]] = answer["Datapoints"]
    return points


async def test_values_and_counts(cloudwatch: CloudWatch) -> None:
    """Recording test_put_metric_data_values_list: six values that sum up to 42."""
    data = datum(Values=[1.0, 10.0], Counts=[2.0, 4.0], Unit="Count")
    await cloudwatch.call("PutMetricData", Namespace="Mine", MetricData=[data])
    assert await statistics(cloudwatch, Statistics=["Sum", "SampleCount", "Maximum"]) == [
        {"Timestamp": NOON, "Unit": "Count", "Sum": 42.0, "SampleCount": 6.0, "Maximum": 10.0}
    ]


async def test_sets_of_statistics(cloudwatch: CloudWatch) -> None:
    """What is told of such a set is right; its percentiles nobody knows."""
    given = {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 4}
    await cloudwatch.call("PutMetricData", Namespace="Mine", MetricData=[datum(StatisticValues=given)])
    [point] = await statistics(cloudwatch, Statistics=["Average", "Minimum"], ExtendedStatistics=["p50"])
    assert (point["Average"], point["Minimum"], point.get("ExtendedStatistics")) == (2.5, 1.0, None)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (
            datum(Value=1, Values=[1]),
            "InvalidParameterCombination: The parameters MetricData.member.1.Value and MetricData.member.1.Values "
            "are mutually exclusive and you have specified both.",
        ),
        (
            datum(Values=[1], Counts=[1, 2]),
            "InvalidParameterValue: The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be "
            "of the same size.",
        ),
        (
            datum(Value=1, StatisticValues={"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}),
            "InvalidParameterCombination: The parameters MetricData.member.1.Value and "
            "MetricData.member.1.StatisticValues are mutually exclusive and you have specified both.",
        ),
    ],
)
async def test_validation(cloudwatch: CloudWatch, data: dict[str, Any], error: str) -> None:
    """Recording test_put_metric_data_validation."""
    assert await cloudwatch.error("PutMetricData", Namespace="Mine", MetricData=[data]) == error


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"MetricData": []}, "MissingParameter"),
        ({"MetricData": [datum()]}, "MissingParameter"),
        ({"MetricData": [datum(Value=1)] * 1_001}, "InvalidParameterValue"),
        ({"MetricData": [datum(Values=[1.0] * 151)]}, "InvalidParameterValue"),
        ({"MetricData": [datum(Values=[])]}, "InvalidParameterValue"),
        ({"MetricData": [datum(Value=float("nan"))]}, "InvalidParameterValue"),
        ({"MetricData": [datum(Value=2.0**361)]}, "InvalidParameterValue"),
        ({"MetricData": [datum(Value=1, StorageResolution=5)]}, "InvalidParameterValue"),
        ({"MetricData": [datum(Value=1, Timestamp=NOON - 15 * DAY)]}, "InvalidParameterValue"),
        ({"MetricData": [datum(Value=1, Timestamp=NOON + timedelta(hours=3))]}, "InvalidParameterValue"),
        ({"MetricData": [datum(Value=1, Dimensions=[{"Name": "a", "Value": "b"}] * 2)]}, "InvalidParameterValue"),
        ({"Namespace": "AWS/Lambda", "MetricData": [datum(Value=1)]}, "InvalidParameterValue"),
        ({"EntityMetricData": [], "MetricData": [datum(Value=1)]}, "NotImplemented"),
    ],
)
async def test_what_cannot_be_put(cloudwatch: CloudWatch, request_: dict[str, Any], code: str) -> None:
    """The caller's own error, and nothing is kept."""
    error = await cloudwatch.error("PutMetricData", **{"Namespace": "Mine", **request_})
    assert error.startswith(f"{code}: "), error
    assert (await cloudwatch.call("ListMetrics"))["Metrics"] == []


async def test_a_thousand_metrics_at_once(cloudwatch: CloudWatch) -> None:
    """The largest request; values of the past and of the near future belong where they say."""
    times = {0: NOON - 14 * DAY + MINUTE, 1: NOON + timedelta(hours=2)}
    data = [
        {"MetricName": f"m{number}", "Value": number, "Timestamp": times.get(number, NOON)} for number in range(1_000)
    ]
    await cloudwatch.call("PutMetricData", Namespace="Mine", MetricData=data)
    assert [point["Sum"] for point in await statistics(cloudwatch, "m999")] == [999.0]
    for number, at in times.items():
        [point] = await statistics(cloudwatch, f"m{number}", StartTime=at - MINUTE, EndTime=at + MINUTE)
        assert (point["Timestamp"], point["Sum"]) == (at, float(number))


async def test_values_of_seconds(cloudwatch: CloudWatch) -> None:
    """With StorageResolution 1 they are told by the second for three hours, and then by the minute."""
    for second in range(20):
        await cloudwatch.put("m", 1.0, at=NOON + timedelta(seconds=second), StorageResolution=1)
    assert len(await statistics(cloudwatch, Period=1, EndTime=NOON + MINUTE)) == 20
    assert [point["Sum"] for point in await statistics(cloudwatch, Period=10, EndTime=NOON + MINUTE)] == [10.0, 10.0]
    assert [point["Sum"] for point in await statistics(cloudwatch)] == [20.0]
    cloudwatch.clock.jump(timedelta(hours=4))
    await cloudwatch.metrics.sweep()
    assert [point["Sum"] for point in await statistics(cloudwatch, Period=1, EndTime=NOON + MINUTE)] == [20.0]
    assert [point["Sum"] for point in await statistics(cloudwatch)] == [20.0]


async def test_units_are_told_apart(cloudwatch: CloudWatch) -> None:
    """Recordings test_handle_different_units and test_get_metric_data_different_units_no_unit_in_query."""
    for unit, value in (("Seconds", 1.0), ("Milliseconds", 60_000.0)):
        await cloudwatch.put("m", value, Unit=unit)
    assert {point["Unit"]: point["Sum"] for point in await statistics(cloudwatch)} == {
        "Seconds": 1.0,
        "Milliseconds": 60_000.0,
    }
    answer = await cloudwatch.data(stat("m1"))
    [result] = answer["MetricDataResults"]
    assert result["Values"] == [60_000.0]
    assert result["Messages"] == [
        {"Code": "MultipleUnits", "Value": "Multiple units returned: '[Milliseconds, Seconds]'"}
    ]
    assert await cloudwatch.values(stat("m1", unit="Seconds")) == [[1.0]]


async def test_too_many_datapoints(cloudwatch: CloudWatch) -> None:
    """Recording test_invalid_amount_of_datapoints."""
    asked: dict[str, Any] = {
        "Namespace": "n",
        "MetricName": "m",
        "Period": 1,
        "Statistics": ["Sum"],
        "StartTime": NOON - DAY,
        "EndTime": NOON,
    }
    assert await cloudwatch.error("GetMetricStatistics", **asked) == (
        "InvalidParameterCombination: You have requested up to 86400 datapoints, which exceeds the limit of 1440. "
        "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
    )
    assert await cloudwatch.error("GetMetricStatistics", **{**asked, "EndTime": NOON - DAY}) == (
        "InvalidParameterValue: The parameter StartTime must be less than the parameter EndTime."
    )
    assert (await cloudwatch.call("GetMetricStatistics", **{**asked, "Period": 60}))["Datapoints"] == []
    for wrong in (
        {"Period": 61},
        {"Statistics": None},
        {"ExtendedStatistics": ["p101"]},
        {"ExtendedStatistics": ["Sum"]},
    ):
        assert (await cloudwatch.error("GetMetricStatistics", **{**asked, "Period": 60, **wrong})).startswith("Invalid")


async def test_listing(cloudwatch: CloudWatch) -> None:
    """By namespace, name and dimensions; what is older than three hours or two weeks is not there."""
    dimensions = [{"Name": "host", "Value": "a"}]
    await cloudwatch.put("old", 1.0, at=NOON - 13 * DAY)
    await cloudwatch.put("new", 1.0, Dimensions=dimensions)
    await cloudwatch.metrics.take([])
    own = cloudwatch.metrics.series("111111111111", "us-east-1", ":metering", "x", (), "None")
    own.add(1.0)

    async def names(**asked: Any) -> list[str]:
        return [metric["MetricName"] for metric in (await cloudwatch.call("ListMetrics", **asked))["Metrics"]]

    assert await names() == ["new", "old"]
    assert await names(RecentlyActive="PT3H") == ["new"]
    assert await names(Namespace="Other") == []
    assert await names(MetricName="old") == ["old"]
    assert await names(Dimensions=[{"Name": "host"}]) == ["new"]
    assert await names(Dimensions=[{"Name": "host", "Value": "b"}]) == []
    [found] = (await cloudwatch.call("ListMetrics", MetricName="new"))["Metrics"]
    assert found == {"Namespace": "Mine", "MetricName": "new", "Dimensions": dimensions}
    cloudwatch.clock.jump(2 * DAY)
    assert await names() == ["new"]


async def test_listing_in_pages(cloudwatch: CloudWatch) -> None:
    """500 metrics in an answer."""
    data = [{"MetricName": f"m{number:03}", "Value": 1} for number in range(501)]
    await cloudwatch.call("PutMetricData", Namespace="Mine", MetricData=data)
    first = await cloudwatch.call("ListMetrics")
    assert len(first["Metrics"]) == 500
    rest = await cloudwatch.call("ListMetrics", NextToken=first["NextToken"])
    assert [metric["MetricName"] for metric in rest["Metrics"]] == ["m500"]
    assert "NextToken" not in rest
    assert (await cloudwatch.error("ListMetrics", NextToken="x")).startswith("InvalidNextToken")


async def test_data_in_pages(cloudwatch: CloudWatch) -> None:
    """MaxDatapoints counts the values of all results together; a result that goes on is PartialData."""
    for minute in range(3):
        for name in ("a", "b"):
            await cloudwatch.put(name, float(minute), at=NOON + minute * MINUTE)
    seen: dict[str, list[float]] = {}
    token: dict[str, Any] = {}
    statuses = []
    while True:
        answer = await cloudwatch.data(stat("a", "a"), stat("b", "b"), MaxDatapoints=2, **token)
        for result in answer["MetricDataResults"]:
            seen.setdefault(result["Id"], []).extend(result["Values"])
            statuses.append((result["Id"], result["StatusCode"]))
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert seen == {"a": [0.0, 1.0, 2.0], "b": [0.0, 1.0, 2.0]}
    assert statuses == [("a", "PartialData"), ("a", "Complete"), ("b", "PartialData"), ("b", "Complete")]


async def test_the_latest_come_first(cloudwatch: CloudWatch) -> None:
    """Unless ScanBy says otherwise."""
    for minute in range(3):
        await cloudwatch.put("m", float(minute), at=NOON + minute * MINUTE)
    answer = await cloudwatch.data(stat("m1"), ScanBy="TimestampDescending")
    assert answer["MetricDataResults"][0]["Values"] == [2.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("queries", "labels"),
    [
        ([stat("a"), stat("b", stat="Minimum", period=30)], ["m Sum 60", "m Minimum 30"]),
        ([stat("a"), stat("b", stat="Minimum")], ["m Sum", "m Minimum"]),
        ([stat("a"), stat("b", period=30)], ["m 60", "m 30"]),
        ([stat("a"), stat("b", unit="Seconds")], ["m", "m"]),
        ([stat("a", Label="mine ${MAX} of ${LABEL}")], ["mine 7 of m"]),
        ([stat("a", Label="${PROP('Dim.x')}${PROP('MetricName')}")], ["m"]),
    ],
)
async def test_labels(cloudwatch: CloudWatch, queries: list[dict[str, Any]], labels: list[str]) -> None:
    """Recording test_label_generation; CloudWatch User Guide, "Using dynamic labels"."""
    await cloudwatch.put("m", 7.0)
    answer = await cloudwatch.data(*queries)
    assert [result["Label"] for result in answer["MetricDataResults"]] == labels


@pytest.mark.parametrize(
    ("queries", "code"),
    [
        ([], "MissingParameter"),
        ([stat("a"), stat("a")], "ValidationError"),
        ([stat("A")], "ValidationError"),
        ([{"Id": "a"}], "ValidationError"),
        ([stat("a", Expression="b")], "ValidationError"),
        ([stat("a", stat="Median")], "InvalidParameterValue"),
        ([stat("a", period=7)], "InvalidParameterValue"),
        ([stat("a", AccountId="222222222222")], "NotImplemented"),
        ([{"Id": "a", "Expression": "SELECT AVG(x) FROM y"}], "NotImplemented"),
        ([stat("m1"), {"Id": "a", "Expression": "ANOMALY_DETECTION_BAND(m1)"}], "NotImplemented"),
    ],
)
async def test_queries_that_make_no_sense(cloudwatch: CloudWatch, queries: list[dict[str, Any]], code: str) -> None:
    """They are refused before anything is read."""
    error = await cloudwatch.error(
        "GetMetricData", MetricDataQueries=queries, StartTime=NOON, EndTime=NOON + 10 * MINUTE
    )
    assert error.startswith(f"{code}: "), error
