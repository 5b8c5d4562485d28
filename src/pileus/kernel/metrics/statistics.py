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
from math import inf
from typing import Final

import msgspec

CODES_MAX: Final = 150
"""Different codes in one set: some 1.2 KiB on disk."""
SAMPLED: Final = 4
"""See `Summing.add_sampled`."""
_CODES_GATHERED_MAX: Final = 1_024
"""In one that is still being made."""
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


class Summing:
    """A set in the making."""

    __slots__ = ("_counts", "_fresh", "_maximum", "_minimum", "_samples", "_sum", "_weight")

    def __init__(self) -> None:
        self._samples = 0.0
        self._sum = 0.0
        self._minimum = inf
        self._maximum = -inf
        self._counts: dict[int, float] = {}
        self._fresh: Counter[int] = Counter()  # which counts a list in C; each stands for _weight
        self._weight = 1

    def add(self, values: Sequence[float]) -> None:
        """values: finite; one at least."""
        self._add(values, values, 1)

    def add_sampled(self, values: Sequence[float]) -> None:
        """The same for many, at a third of the price: in the distribution, every fourth stands for four.

        values: a multiple of SAMPLED.
        """
        assert len(values) % SAMPLED == 0
        self._add(values, values[::SAMPLED], SAMPLED)

    def _add(self, values: Sequence[float], distributed: Sequence[float], weight: int) -> None:
        low, high = min(values), max(values)
        if low == high:
            self.add_repeated(low, len(values))
            return
        self._note(len(values), sum(values), low, high)
        words = memoryview(array("d", distributed)).cast("B").cast("I")[_HIGH_WORD::2]
        if weight != self._weight or len(self._fresh) > _CODES_GATHERED_MAX:
            self._count_fresh()
            self._weight = weight
        self._fresh.update([word >> _LOW_BITS for word in words])

    def add_repeated(self, value: float, count: float) -> None:
        """value: that came `count` times."""
        assert count > 0
        self._note(count, value * count, value, value)
        self._count({_code(value): count})

    def add_set(self, one: StatisticSet) -> None:
        self._note(one.samples, one.sum, one.minimum, one.maximum)
        self._count(one.distribution)

    def _count_fresh(self) -> None:
        self._count({code: count * self._weight for code, count in self._fresh.items()})
        self._fresh.clear()

    def _note(self, samples: float, total: float, minimum: float, maximum: float) -> None:
        self._samples += samples
        self._sum += total
        self._minimum = min(self._minimum, minimum)
        self._maximum = max(self._maximum, maximum)

    def _count(self, distribution: Mapping[int, float]) -> None:
        counts = self._counts
        for code, count in distribution.items():
            counts[code] = counts.get(code, 0) + count
        if len(counts) > _CODES_GATHERED_MAX:
            self._counts = _bounded(counts)

    def told(self) -> StatisticSet:
        """The set so far; something was added."""
        assert self._samples > 0
        self._count_fresh()
        return StatisticSet(
            samples=self._samples,
            sum=self._sum,
            minimum=self._minimum,
            maximum=self._maximum,
            distribution=_bounded(self._counts),
        )


def statistics_of(values: Sequence[float]) -> StatisticSet:
    """The set of finite values, one at least."""
    summing = Summing()
    summing.add(values)
    return summing.told()


def merged(sets: Iterable[StatisticSet]) -> StatisticSet:
    """The set of all their values; of one set at least."""
    summing = Summing()
    for one in sets:
        summing.add_set(one)
    return summing.told()


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
