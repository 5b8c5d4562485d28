"""Metric math: each function on series that can be checked by hand."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.cloudwatch.conftest import NOON, CloudWatch, stat

MINUTE = timedelta(minutes=1)
SERIES = {"a": [1.0, 2.0, None, 4.0], "b": [10.0, 20.0, 30.0, None], "empty": []}
"""By the minute from noon; None: no value."""
QUERIES = [stat(f"m_{name}", name, ReturnData=False) for name in SERIES]


@pytest.fixture
async def filled(cloudwatch: CloudWatch) -> CloudWatch:
    for name, values in SERIES.items():
        for minute, value in enumerate(values):
            if value is not None:
                await cloudwatch.put(name, value, at=NOON + minute * MINUTE)
    return cloudwatch


async def evaluated(cloudwatch: CloudWatch, expression: str, *more: dict[str, Any]) -> list[list[float]]:
    return await cloudwatch.values(*QUERIES, *more, {"Id": "e", "Expression": expression}, minutes=4)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m_a", [1, 2, 4]),
        ("m_a + m_b", [11, 22]),
        ("m_a + 1", [2, 3, 5]),
        ("2 * m_a ^ 2 - 1", [1, 7, 31]),
        ("-m_a ^ 2", [-1, -4, -16]),
        ("2 ^ -1 * m_a", [0.5, 1, 2]),
        ("100 * (m_a / m_b)", [10, 10]),
        ("m_a / 0", []),
        ("m_a / (m_a - 1)", [2, 4 / 3]),
        ("m_a > 1", [0, 1, 1]),
        ("m_a == 2", [0, 1, 0]),
        ("m_a != 2", [1, 0, 1]),
        ("m_a >= 2 AND m_a <= 2", [0, 1, 0]),
        ("m_a < 2 || m_a > 3", [1, 0, 1]),
        ("m_a && 0", [0, 0, 0]),
        ("ABS(m_a - 2)", [1, 0, 2]),
        ("CEIL(m_a / 4)", [1, 1, 1]),
        ("FLOOR(m_a / 4)", [0, 0, 1]),
        ("LOG10(m_b)", [1, 1.30103, 1.47712]),
        ("LOG(m_a - 1)", [0, 1.098612]),
        ("RATE(m_b)", [1 / 6, 1 / 6]),
        ("DIFF(m_a)", [1, 2]),
        ("DIFF_TIME(m_a)", [60, 120]),
        ("RUNNING_SUM(m_a)", [1, 3, 7]),
        ("m_a * PERIOD(m_a)", [60, 120, 240]),
        ("m_a / SUM(m_a)", [1 / 7, 2 / 7, 4 / 7]),
        ("m_a - AVG(m_a)", [1 - 7 / 3, 2 - 7 / 3, 4 - 7 / 3]),
        ("m_a * MAX(m_a) - MIN(m_a)", [3, 7, 15]),
        ("m_a * 0 + STDDEV(m_b)", [8.164966] * 3),
        ("m_a * 0 + DATAPOINT_COUNT(m_a)", [3, 3, 3]),
        ("m_a * 0 + METRIC_COUNT(METRICS())", [3, 3, 3]),
        ("SUM([m_a, m_b])", [11, 22, 30, 4]),
        ("SUM(METRICS())", [11, 22, 30, 4]),
        ('SUM(METRICS("_a"))', [1, 2, 4]),
        ("AVG([m_a, m_b])", [5.5, 11, 30, 4]),
        ("MAX(m_a, m_b)", [10, 20, 30, 4]),
        ("MIN([m_a, m_b])", [1, 2, 30, 4]),
        ("FILL(m_a, 0)", [1, 2, 0, 4]),
        ("FILL(m_a, REPEAT)", [1, 2, 2, 4]),
        ("FILL(m_a, LINEAR)", [1, 2, 3, 4]),
        ("FILL(m_b, LINEAR)", [10, 20, 30]),
        ("FILL(m_b, REPEAT)", [10, 20, 30, 30]),
        ("FILL(m_a, m_b)", [1, 2, 30, 4]),
        ("FILL(m_empty, 5)", [5, 5, 5, 5]),
        ("IF(m_a > 1, m_b, 0)", [0, 20]),
        ("IF(m_a > 1, 7)", [7, 7]),
        (" + ".join(["m_a"] * 300), [300, 600, 1200]),
        ("m_a * 1e308 * 10", []),
        ("SUM([m_a * 1e308, m_a * 1e308, m_b])", [20, 30]),
        ("STDDEV([m_a * 1e300, m_b])", [0, 0]),
        ("IF(1, m_a, m_b)", [1, 2, 4]),
        ("IF(SUM(m_b) > 100, m_a, m_b)", [10, 20, 30]),
        ("TIME_SERIES(3)", [3, 3, 3, 3]),
        ("FIRST([m_a, m_b])", [1, 2, 4]),
        ("LAST([m_a, m_b])", [10, 20, 30]),
        ("SLICE(SORT([m_a, m_b], MAX, DESC), 0)", [10, 20, 30]),
        ("SLICE([m_a, m_b], 1)", [10, 20, 30]),
        ("m_a * 0 + MINUTE(m_a)", [0, 1, 3]),
        ("m_a * 0 + HOUR(m_a)", [12, 12, 12]),
        ("m_a * 0 + DAY(m_a)", [1, 1, 1]),
        ("m_a * 0 + DATE(m_a) + MONTH(m_a) + YEAR(m_a)", [2033, 2033, 2033]),
    ],
)
async def test_one_series(filled: CloudWatch, expression: str, expected: list[float]) -> None:
    """CloudWatch User Guide, "Using math expressions with CloudWatch metrics"."""
    [values] = await evaluated(filled, expression)
    assert values == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("[m_a, m_b]", [[1, 2, 4], [10, 20, 30]]),
        ("[m_a, m_b] * 2", [[2, 4, 8], [20, 40, 60]]),
        ("10 - [m_a, m_b]", [[9, 8, 6], [0, -10, -20]]),
        ("[m_a, m_b] + m_a", [[2, 4, 8], [11, 22]]),
        ("[m_a, m_b] + [m_b, m_a]", [[11, 22], [11, 22]]),
        ("SORT([m_a, m_b], SUM, DESC)", [[10, 20, 30], [1, 2, 4]]),
        ("SORT([m_b, m_a], AVG, ASC, 1)", [[1, 2, 4]]),
        ("SLICE([m_a, m_b, m_empty], 0, 2)", [[1, 2, 4], [10, 20, 30]]),
        ("REMOVE_EMPTY(METRICS())", [[1, 2, 4], [10, 20, 30]]),
        ("DIFF([m_a, m_b])", [[1, 2], [10, 10]]),
        ("FILL([m_a, m_b], 0)", [[1, 2, 0, 4], [10, 20, 30, 0]]),
        ("IF(m_a > 1, [m_a, m_b], 0)", [[0, 2, 4], [0, 20]]),
    ],
)
async def test_arrays(filled: CloudWatch, expression: str, expected: list[list[float]]) -> None:
    """An array gives a result for each of its series."""
    assert await evaluated(filled, expression) == expected


async def test_expressions_of_expressions(filled: CloudWatch) -> None:
    """In any order; what is not to be returned is computed all the same."""
    first = {"Id": "e1", "Expression": "e2 * 2", "ReturnData": False}
    second = {"Id": "e2", "Expression": "m_a + 1", "ReturnData": False}
    assert await evaluated(filled, "e1 + e2", first, second) == [[6.0, 9.0, 15.0]]


@pytest.mark.parametrize(
    "expression",
    [
        "m_a +",
        "(m_a",
        "m_a m_b",
        "nobody",
        "e",
        "NOSUCH(m_a)",
        "SUM()",
        "m_a ? 1",
        "AVG(m_a)",
        "'text'",
        "m_a + 'text'",
        "[m_a, m_b] + [m_a]",
        "[m_a, 1]",
        "SORT(m_a, SUM, ASC)",
        "SORT([m_a], COUNT, ASC)",
        "SLICE([m_a], 5)",
        "FILL(m_a, SOMETIMES)",
        "SEARCH(m_a)",
        "SEARCH('{Mine} x', 'Median', 60)",
        "SEARCH('{Mine} x', 'Sum', 1e999)",
        "SEARCH('{Mine} x', 'Sum', 0)",
        "SLICE([m_a], 1e999)",
        "CEIL(1e999) + m_a",
        "(" * 200 + "m_a" + ")" * 200,
        "-" * 200 + "m_a",
    ],
)
async def test_what_cannot_be_evaluated(filled: CloudWatch, expression: str) -> None:
    """The caller's error, whatever it is: never ours."""
    queries = [*QUERIES, {"Id": "e", "Expression": expression}]
    error = await filled.error("GetMetricData", MetricDataQueries=queries, StartTime=NOON, EndTime=NOON + MINUTE)
    assert error.startswith("ValidationError: Error in expression 'e': "), error


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{Shop,Host} MetricName=Errors", ["a", "b"]),
        ("{Shop,Host} Errors", ["a", "b"]),
        ('{Shop,Host} MetricName="Errors" Host="a"', ["Errors"]),
        ("{Shop,Host} Errors NOT a", ["Errors"]),
        ("{Shop,Host} (a OR b) Errors", ["a", "b"]),
        ("{Shop,Host} MetricName=Order", ["OrderTime"]),
        ('{Shop,Host} MetricName="Order"', []),
        ("{Shop} Errors", ["Errors"]),
        ("{Shop,Host,Zone} Errors", []),
        ('Namespace="Shop" MetricName="OrderTime"', ["OrderTime"]),
        ("{Other,Host} Errors", []),
    ],
)
async def test_searching(cloudwatch: CloudWatch, text: str, expected: list[str]) -> None:
    """CloudWatch User Guide, "CloudWatch search expression syntax". Series are called by what tells them apart."""
    for name, host in (("Errors", "a"), ("Errors", "b"), ("OrderTime", "a"), ("Errors", "")):
        dimensions = [{"Name": "Host", "Value": host}] if host else []
        data = {"MetricName": name, "Value": 1, "Dimensions": dimensions}
        await cloudwatch.call("PutMetricData", Namespace="Shop", MetricData=[data])
    answer = await cloudwatch.data({"Id": "e", "Expression": f"SEARCH('{text}', 'Sum', 60)"})
    assert [result["Label"] for result in answer["MetricDataResults"]] == expected
    assert all(result["Values"] == [1.0] for result in answer["MetricDataResults"])
