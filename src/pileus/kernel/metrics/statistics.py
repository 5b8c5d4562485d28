"""What is kept of many values, so that any statistic can be told of them later?

Sum, minimum, maximum and sample count, exactly; and how the values are distributed, roughly. For that a value counts
under its *code*: the upper 19 bits of its double (sign, exponent, 7 bits of the mantissa), so that all values under one
code lie within 0.8 % and whole numbers up to 256 are exact. Where a set would get more codes than CODES_MAX, the lowest
bits are dropped until it fits: values of two decades are told to 6 % then, of four to 12 %. CloudWatch itself calls
equal what differs by 10 % (the SEH1 of its agent), and takes 150 values at once (PutMetricData).
"""

import struct
import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

CODES_MAX: Final = 150
"""Different codes in one set: some 1.2 KiB on disk."""
_DOUBLE_BITS: Final = 64
_CODE_BITS: Final = 19
_HIGH_WORD: Final = 1 if sys.byteorder == "little" else 0
"""Which half of a double in memory holds the code."""
_LOW_BITS: Final = 32 - _CODE_BITS
_double: Final = struct.Struct(">d")


class StatisticSet(msgspec.Struct, frozen=True, kw_only=True, tag="statistic_set.v1"):
    """What some values, one at least, have in common. samples: how many they are.

    distribution: code -> how many; it lacks those of which only the other four are known (`StatisticValues`).
    """

    samples: float
    sum: float
    minimum: float
    maximum: float
    distribution: dict[int, float] = {}

    @property
    def average(self) -> float:
        return self.sum / self.samples

    def values(self) -> list[tuple[float, float]]:
        """Each value, rounded toward zero, and how often it came; the smallest first."""
        return sorted((_value(code), count) for code, count in self.distribution.items())

    def percentile(self, percent: float) -> float | None:
        """The smallest value that so many percent do not exceed; None where the distribution is not known.

        Source: CloudWatch User Guide, "Percentiles": without the raw values there is one only if all are equal.
        """
        assert 0 <= percent <= 100
        if self.minimum == self.maximum:
            return self.maximum
        if sum(self.distribution.values()) < self.samples:
            return None
        rank = self.samples * percent / 100
        seen = 0.0
        for value, count in self.values():
            seen += count
            if seen >= rank:
                return min(max(value, self.minimum), self.maximum)
        return self.maximum


def statistics_of(values: Sequence[float]) -> StatisticSet:
    """The set of finite values, one at least; 0.15 us each."""
    low, high = min(values), max(values)
    if low == high:
        return repeated(low, len(values))
    words = memoryview(array("d", values)).cast("B").cast("I")[_HIGH_WORD::2]
    return StatisticSet(
        samples=len(values),
        sum=sum(values),
        minimum=low,
        maximum=high,
        distribution=_bounded(Counter([word >> _LOW_BITS for word in words])),
    )


def repeated(value: float, count: float) -> StatisticSet:
    """The set of one value that came `count` times."""
    assert count > 0
    return StatisticSet(
        samples=count, sum=value * count, minimum=value, maximum=value, distribution={_code(value): count}
    )


def merged(sets: Iterable[StatisticSet]) -> StatisticSet:
    """The set of all their values; of one set at least."""
    first, *others = sets
    if not others:
        return first
    every = (first, *others)
    distribution = dict(first.distribution)
    for other in others:
        _count_in(distribution, other.distribution)
    return StatisticSet(
        samples=sum(one.samples for one in every),
        sum=sum(one.sum for one in every),
        minimum=min(one.minimum for one in every),
        maximum=max(one.maximum for one in every),
        distribution=_bounded(distribution),
    )


def _count_in(distribution: dict[int, float], more: dict[int, float]) -> None:
    for code, count in more.items():
        distribution[code] = distribution.get(code, 0) + count


def _bounded(distribution: Mapping[int, float]) -> dict[int, float]:
    dropped_bits = 0
    while len(distribution) > CODES_MAX:
        dropped_bits += 1
        coarser: dict[int, float] = {}
        for code, count in distribution.items():
            code = code >> dropped_bits << dropped_bits
            coarser[code] = coarser.get(code, 0) + count
        distribution = coarser
    return dict(distribution)


def _code(value: float) -> int:
    return int.from_bytes(_double.pack(value), "big") >> (_DOUBLE_BITS - _CODE_BITS)


def _value(code: int) -> float:
    """The value of this code that is nearest to zero."""
    value: float = _double.unpack((code << (_DOUBLE_BITS - _CODE_BITS)).to_bytes(8, "big"))[0]
    return value
