"""How do statistics stay on disk, and for how long?

A set is kept by series and by the start of its period: for each minute at first, or for each second where somebody
asked for that; the sweep makes minutes of seconds that are older than 3 hours, five minutes of minutes older than 15
days, hours of those older than 63 days, and nothing of those older than 455 days.
Source: CloudWatch User Guide, "Metrics retention".

The name of a series could be longer than a key may be (30 dimensions of 1 KiB), so its dimensions stand in the key as a
digest, and in the record of the series in full.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

from pileus.kernel.metrics.series import Dimensions, Metric
from pileus.kernel.metrics.statistics import StatisticSet, merged
from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction

MINUTE_S: Final = 60
_DAY_S: Final = 86_400
SECOND_S: Final = 1
KEPT_S: Final = {SECOND_S: 10_800, MINUTE_S: 15 * _DAY_S, 300: 63 * _DAY_S, 3_600: 455 * _DAY_S}
"""Length of a period -> how long its sets are kept, both in seconds; the shortest first."""
PAGE: Final = 500
"""Sets that are read, or retired, without letting others work: some 10 ms."""

_SERIES: Final = Subspace("metrics", "series")
_SETS: Final = Subspace("metrics", "sets")


class SeriesRecord(msgspec.Struct, frozen=True, kw_only=True, tag="metric_series.v1"):
    """That there is such a series. last_s: start of the minute of its latest value."""

    dimensions: Dimensions
    last_s: int


class Listed(NamedTuple):
    """A series that was found. last_s: start of the minute of its latest value, seconds since 1970."""

    metric: Metric
    unit: str
    last_s: int


async def write(
    tx: Transaction, metric: Metric, unit: str, taken: Mapping[int, StatisticSet], *, period_s: int = MINUTE_S
) -> None:
    """Add to what is there. taken: by the start of periods so long, one of KEPT_S; one at least."""
    place = _place(metric, unit)
    periods = _SETS.subspace(*place, period_s)
    for at_s, statistics in taken.items():
        await _add(tx, periods.pack(at_s), statistics)
    key = _SERIES.pack(*place)
    kept = await tx.get(key)
    last_s = max(taken)
    last_s -= last_s % MINUTE_S
    if kept is None or decode(kept, SeriesRecord).last_s < last_s:
        tx.set(key, encode(SeriesRecord(dimensions=metric.dimensions, last_s=last_s)))


async def units(reader: Snapshot, metric: Metric) -> list[str]:
    """In which units there are values of it."""
    pairs = await reader.range(*_SERIES.range(*_named(metric)))
    return [str(_SERIES.unpack(key)[-1]) for key, _ in pairs]


async def sets(
    reader: Snapshot, metric: Metric, unit: str, *, period_s: int, start_s: int, end_s: int
) -> list[tuple[int, StatisticSet]]:
    """Those of periods that long which begin from start_s and before end_s: the first PAGE, with their begin."""
    space = _SETS.subspace(*_place(metric, unit), period_s)
    pairs = await reader.range(space.pack(start_s), space.pack(end_s), limit=PAGE)
    return [(_int(space.unpack(key)[0]), decode(value, StatisticSet)) for key, value in pairs]


async def listed(
    reader: Snapshot, *scope: str, at: bytes = b"", limit: int = PAGE
) -> tuple[list[Listed], bytes | None]:
    """A page of the series below `scope` (account, region, namespace, as many as matter), and where the next begins."""
    begin, end = _SERIES.range(*scope)
    pairs = await reader.range(max(begin, at), end, limit=limit)
    found = [_listed(key, decode(value, SeriesRecord)) for key, value in pairs]
    return found, after(pairs[-1][0]) if len(pairs) == limit else None


async def retire(tx: Transaction, *, series: Listed, now_s: int) -> bool:
    """Make longer periods of some that are old, and forget the oldest; whether there may be more to do."""
    place = _place(series.metric, series.unit)
    more = False
    for period_s, longer_s in (*pairwise(KEPT_S), (max(KEPT_S), None)):
        space = _SETS.subspace(*place, period_s)
        oldest_kept_s = now_s - KEPT_S[period_s]
        pairs = await tx.range(space.pack(0), space.pack(oldest_kept_s), limit=PAGE)
        if longer_s is not None:
            longer = _SETS.subspace(*place, longer_s)
            gathered: dict[int, list[StatisticSet]] = {}
            for key, value in pairs:
                at_s = _int(space.unpack(key)[0])
                gathered.setdefault(at_s - at_s % longer_s, []).append(decode(value, StatisticSet))
            for at_s, old in gathered.items():
                await _add(tx, longer.pack(at_s), merged(old))
        for key, _ in pairs:
            tx.clear(key)
        more = more or len(pairs) == PAGE
    if series.last_s < now_s - max(KEPT_S.values()):
        tx.clear(_SERIES.pack(*place))
    return more


async def _add(tx: Transaction, key: bytes, statistics: StatisticSet) -> None:
    kept = await tx.get(key)
    tx.set(key, encode(statistics if kept is None else merged((decode(kept, StatisticSet), statistics))))


def _named(metric: Metric) -> tuple[str | bytes, ...]:
    return (metric.account_id, metric.region, metric.namespace, metric.name, _digest(metric.dimensions))


def _place(metric: Metric, unit: str) -> tuple[str | bytes, ...]:
    return (*_named(metric), unit)


def _digest(dimensions: Dimensions) -> bytes:
    return blake2b(Subspace(*_flat(dimensions)).prefix, digest_size=16).digest()


def _flat(dimensions: Dimensions) -> Iterable[str]:
    return (text for pair in dimensions for text in pair)


def _listed(key: bytes, record: SeriesRecord) -> Listed:
    account_id, region, namespace, name, _, unit = _SERIES.unpack(key)
    metric = Metric(
        account_id=str(account_id),
        region=str(region),
        namespace=str(namespace),
        name=str(name),
        dimensions=record.dimensions,
    )
    return Listed(metric, str(unit), record.last_s)


def _int(part: object) -> int:
    assert isinstance(part, int)
    return part
