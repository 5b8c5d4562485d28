"""Statistics that need to know how values are distributed, against the definitions of CloudWatch's guide."""

import pytest

from pileus.kernel.metrics.statistics import StatisticSet, statistics_of
from pileus.services.cloudwatch.statistic import statistic

HUNDRED = statistics_of([float(number) for number in range(1, 101)])
"""Whole numbers below 128, which are told exactly."""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Sum", 5_050.0),
        ("SampleCount", 100.0),
        ("p50", 50.0),
        ("p99.9", 100.0),
        ("p0", 1.0),
        ("tm90", 45.5),
        ("TM(10%:90%)", 50.5),
        ("TM(:50%)", 25.5),
        ("IQM", 50.5),
        ("TM(20:40)", 30.5),
        ("tc90", 90.0),
        ("TC(20:40)", 20.0),
        ("ts50", 1_275.0),
        ("TS(90%:)", 955.0),
        ("PR(:50)", 50.0),
        ("PR(20:40)", 20.0),
        ("wm80", (3_240.0 + 20 * 80) / 100),
    ],
)
def test_of_a_hundred_numbers(name: str, expected: float) -> None:
    """Each by hand."""
    compute = statistic(name)
    assert compute is not None
    assert compute(HUNDRED) == pytest.approx(expected)


@pytest.mark.parametrize(
    "name", ["", "p", "p101", "Median", "TM()", "TM(:)", "TM(5:10%)", "TM(90%:10%)", "PR(10%:20%)", "sum"]
)
def test_what_is_no_statistic(name: str) -> None:
    """It is refused, not guessed."""
    assert statistic(name) is None


def test_without_a_distribution() -> None:
    """Of a set of statistics there is a percentile only where all values are equal."""
    unknown = StatisticSet(samples=3, sum=6, minimum=1, maximum=3)
    equal = StatisticSet(samples=3, sum=6, minimum=2, maximum=2)
    for name, of_equal in (("p90", 2.0), ("tm90", 2.0), ("TC(:90%)", 2.7)):
        compute = statistic(name)
        assert compute is not None
        assert compute(unknown) is None
        assert compute(equal) == pytest.approx(of_equal)
