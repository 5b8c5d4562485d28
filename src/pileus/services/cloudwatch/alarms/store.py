"""Where are alarms and their history kept?"""

from collections.abc import AsyncIterator
from typing import Final

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.cloudwatch.alarms.records import AlarmRecord, HistoryRecord
from pileus.services.cloudwatch.model import Scope

ALARMS: Final = Subspace("cloudwatch", "alarms")
_COMPOSITES: Final = Subspace("cloudwatch", "composites")
"""Names of composite alarms, which are looked at whenever another changes."""
_HISTORY: Final = Subspace("cloudwatch", "history")
_PAGE: Final = 200


async def find_alarm(reader: Snapshot, scope: Scope, name: str) -> AlarmRecord | None:
    kept = await reader.get(ALARMS.pack(scope.account_id, scope.region, name))
    return None if kept is None else decode(kept, AlarmRecord)


async def alarms_of(reader: Snapshot, scope: Scope, *, prefix: str = "") -> list[AlarmRecord]:
    """In order of their names."""
    pairs = await reader.range(*ALARMS.range(scope.account_id, scope.region))
    return [one for _, value in pairs if (one := decode(value, AlarmRecord)).name.startswith(prefix)]


async def composites_of(reader: Snapshot, scope: Scope) -> list[AlarmRecord]:
    space = _COMPOSITES.subspace(scope.account_id, scope.region)
    names = [str(space.unpack(key)[0]) for key, _ in await reader.range(*space.range())]
    found = [await find_alarm(reader, scope, name) for name in names]
    return [alarm for alarm in found if alarm is not None]


async def every_alarm(reader: Snapshot) -> AsyncIterator[tuple[Scope, AlarmRecord]]:
    """Of all accounts and regions. The partition is the region's."""
    at, end = ALARMS.range()
    while True:
        pairs = await reader.range(at, end, limit=_PAGE)
        for key, value in pairs:
            account_id, region, _ = (str(part) for part in ALARMS.unpack(key))
            yield Scope(account_id=account_id, region=region, partition=_partition(region)), decode(value, AlarmRecord)
        if len(pairs) < _PAGE:
            return
        at = after(pairs[-1][0])


def put_alarm(tx: Transaction, scope: Scope, alarm: AlarmRecord) -> None:
    tx.set(ALARMS.pack(scope.account_id, scope.region, alarm.name), encode(alarm))
    key = _COMPOSITES.pack(scope.account_id, scope.region, alarm.name)
    if alarm.rule is None:
        tx.clear(key)
    else:
        tx.set(key, b"")


def clear_alarm(tx: Transaction, scope: Scope, name: str) -> None:
    tx.clear(ALARMS.pack(scope.account_id, scope.region, name))
    tx.clear(_COMPOSITES.pack(scope.account_id, scope.region, name))


async def add_history(tx: Transaction, scope: Scope, item: HistoryRecord) -> None:
    """After what happened at the same moment."""
    space = _HISTORY.subspace(scope.account_id, scope.region, item.alarm)
    at_us = int(item.at_s * 1_000_000)
    latest = await tx.range(space.pack(at_us), space.pack(at_us + 1), limit=1, reverse=True)
    number = 0
    if latest:
        last = space.unpack(latest[0][0])[1]
        assert isinstance(last, int)
        number = last + 1
    tx.set(space.pack(at_us, number), encode(item))


async def history_of(reader: Snapshot, scope: Scope, name: str | None) -> list[HistoryRecord]:
    """Of one alarm, or of all; each one's in order of time."""
    names = () if name is None else (name,)
    pairs = await reader.range(*_HISTORY.range(scope.account_id, scope.region, *names))
    return [decode(value, HistoryRecord) for _, value in pairs]


async def forget_history(tx: Transaction, *, before_s: float) -> None:
    """What is older, of all alarms."""
    at, end = _HISTORY.range()
    while True:
        pairs = await tx.range(at, end, limit=_PAGE)
        for key, value in pairs:
            if decode(value, HistoryRecord).at_s < before_s:
                tx.clear(key)
        if len(pairs) < _PAGE:
            return
        at = after(pairs[-1][0])


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
