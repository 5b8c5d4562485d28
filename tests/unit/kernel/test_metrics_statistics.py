"""What is kept of many values."""

import math
import random

import pytest

from pileus.kernel.metrics.statistics import CODES_MAX, StatisticSet, Summing, merged, statistics_of
from pileus.kernel.storage.records import decode, encode


@pytest.mark.parametrize(
    ("values", "total", "minimum", "maximum"),
    [
        ([0.0], 0.0, 0.0, 0.0),
        ([-0.0, 0.0], 0.0, 0.0, 0.0),
        ([0.5, 0.5, 0.5], 1.5, 0.5, 0.5),
        ([3.0, 1.0, 2.0], 6.0, 1.0, 3.0),
        ([-2.0, 5.0], 3.0, -2.0, 5.0),
        ([2.0**360, -(2.0**360)], 0.0, -(2.0**360), 2.0**360),  # the range of API_MetricDatum
    ],
)
def test_the_four_statistics_are_exact(values: list[float], total: float, minimum: float, maximum: float) -> None:
    """Sum, minimum, maximum and count rest on no bucket."""
    found = statistics_of(values)
    assert (found.samples, found.sum, found.minimum, found.maximum) == (len(values), total, minimum, maximum)


def test_small_whole_numbers_keep_their_value() -> None:
    """Capacity units and counts of items are told as they were."""
    numbers = [-7.0, 0.0, 0.5, 1.0, 1.5, *map(float, range(120, 200)), 256.0]
    assert [value for value, _ in statistics_of(numbers).values()] == numbers


def test_values_count_within_a_hundredth_of_themselves() -> None:
    """A few values of any size are told to 0.8 %, never farther from zero than they were."""
    numbers = sorted(random.Random(1).uniform(-1, 1) * 10.0**exponent for exponent in range(-60, 60))
    told = [value for value, _ in statistics_of(numbers).values()]
    assert len(told) == len(numbers)
    for number, value in zip(numbers, told, strict=True):
        assert math.isclose(number, value, rel_tol=1 / 128)
        assert abs(value) <= abs(number)


def test_a_set_is_bounded_however_its_values_differ() -> None:
    """A million different values take no more room than 150, and percentiles are still right to some percent."""
    dice = random.Random(2)
    numbers = [dice.lognormvariate(0, 1) for _ in range(20_000)]
    found = merged(statistics_of(numbers[at : at + 100]) for at in range(0, len(numbers), 100))
    assert len(found.distribution) <= CODES_MAX
    assert found.samples == len(numbers)
    assert sum(count for _, count in found.values()) == len(numbers)
    for percent in (0, 1, 50, 90, 99, 100):
        exact = sorted(numbers)[max(0, math.ceil(len(numbers) * percent / 100) - 1)]
        told = found.percentile(percent)
        assert told is not None
        assert math.isclose(told, exact, rel_tol=0.13)
    assert len(encode(found)) < 2_048


def test_merging_is_the_same_as_counting_together() -> None:
    """Minutes become hours without a difference, as long as the distribution is not coarsened."""
    one, other = [1.0, 2.0, 2.0], [2.0, 7.5]
    assert merged([statistics_of(one), statistics_of(other)]) == statistics_of(one + other)
    summing = Summing()
    summing.add(one)
    summing.add_repeated(4.0, 3)
    assert summing.told() == statistics_of([*one, 4.0, 4.0, 4.0])
    assert merged([statistics_of(one)]) == statistics_of(one)


def test_samples_stand_for_the_others() -> None:
    """A busy series pays for a quarter of its distribution, and every value still counts."""
    dice = random.Random(3)
    numbers = [dice.lognormvariate(0, 0.5) for _ in range(4_096)]
    summing, exact = Summing(), statistics_of(numbers)
    for at in range(0, len(numbers), 256):
        summing.add_sampled(numbers[at : at + 256])
    summing.add([1.0, 2.0])
    found = summing.told()
    assert found.samples == len(numbers) + 2 == sum(count for _, count in found.values())
    assert (found.minimum, found.maximum) == (exact.minimum, exact.maximum)
    assert math.isclose(found.sum, sum(numbers) + 3.0)
    for percent in (25, 50, 75, 95):
        one, other = found.percentile(percent), exact.percentile(percent)
        assert one is not None
        assert other is not None
        assert math.isclose(one, other, rel_tol=0.1)


def test_percentiles_by_rank() -> None:
    """A percentile is one of the values: the smallest that so many percent do not exceed."""
    found = statistics_of([float(number) for number in range(1, 11)])
    assert [found.percentile(percent) for percent in (0, 10, 11, 50, 99, 100)] == [1.0, 1.0, 2.0, 5.0, 10.0, 10.0]


def test_no_percentile_without_a_distribution() -> None:
    """Of statistics that somebody else summed up, nobody knows the median, unless all values are equal."""
    summed = StatisticSet(samples=3, sum=6.0, minimum=1.0, maximum=3.0)
    assert summed.percentile(50) is None
    assert merged([summed, statistics_of([1.0])]).percentile(50) is None
    assert StatisticSet(samples=3, sum=6.0, minimum=2.0, maximum=2.0).percentile(50) == 2.0
    assert summed.average == 2.0


def test_sets_of_the_first_version_still_read() -> None:
    """These bytes were written by the first version; whatever comes later must read them."""
    kept = bytes.fromhex(
        "86a474797065b07374617469737469635f7365742e7631a773616d706c657303a373756dcb4008000000000000a76d696e69"
        "6d756dcb3fe0000000000000a76d6178696d756dcb4000000000000000ac646973747269627574696f6e82ce0001ff0002ce"
        "0002000001"
    )
    assert decode(kept, StatisticSet) == statistics_of([0.5, 0.5, 2.0])
