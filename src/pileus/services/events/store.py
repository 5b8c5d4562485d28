"""Where are buses, rules and targets kept?

Below `(events, ACCOUNT, REGION)` of the bus:
- `(bus, NAME)`: a bus. The default bus has a row once something was said of it;
- `(rule, BUS, NAME)`: a rule;
- `(target, BUS, RULE, ID)`: a target;
- `(revision, BUS)`: what changes whenever a rule or a target of the bus does, so that what was compiled is known to be
  old. A bus without it has no rules.
"""

from typing import Final

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.events.errors import BusNotFound, RuleNotFound
from pileus.services.events.model import BusRecord, RuleRecord, TargetRecord
from pileus.services.events.names import DEFAULT, BusName

_ROOT: Final = Subspace("events")
DEFAULT_SINCE_S: Final = 1_562_803_200.0
"""When a default bus was made of which nothing was said: 11 July 2019, EventBridge's first day."""


def _space(bus: BusName) -> Subspace:
    return _ROOT.subspace(bus.account_id, bus.region)


def revision_key(bus: BusName) -> bytes:
    return _space(bus).pack("revision", bus.name)


async def find_bus(snapshot: Snapshot, bus: BusName) -> BusRecord | None:
    value = await snapshot.get(_space(bus).pack("bus", bus.name))
    if value is not None:
        return decode(value, BusRecord)
    if bus.name == DEFAULT:
        return BusRecord(bus=bus, created_at_s=DEFAULT_SINCE_S, modified_at_s=DEFAULT_SINCE_S)
    return None


async def get_bus(snapshot: Snapshot, bus: BusName) -> BusRecord:
    """Or BusNotFound."""
    found = await find_bus(snapshot, bus)
    if found is None:
        raise BusNotFound(bus.name)
    return found


async def list_buses(snapshot: Snapshot, place: BusName, *, prefix: str, beyond: str | None) -> list[BusRecord]:
    """place: any bus of the account and region. In order of their names, the default bus among them."""
    begin, end = _space(place).range_starting("bus", prefix=prefix)
    found = {
        each.bus.name: each for _, value in await snapshot.range(begin, end) for each in [decode(value, BusRecord)]
    }
    if DEFAULT.startswith(prefix) and DEFAULT not in found:
        default = await find_bus(snapshot, place._replace(name=DEFAULT))
        assert default is not None
        found[DEFAULT] = default
    return [found[name] for name in sorted(found) if beyond is None or name > beyond]


async def count_buses(snapshot: Snapshot, place: BusName) -> int:
    return len(await snapshot.range(*_space(place).range("bus")))


def put_bus(tx: Transaction, record: BusRecord) -> None:
    tx.set(_space(record.bus).pack("bus", record.bus.name), encode(record))


def clear_bus(tx: Transaction, bus: BusName) -> None:
    tx.clear(_space(bus).pack("bus", bus.name))
    tx.clear(revision_key(bus))


async def find_rule(snapshot: Snapshot, bus: BusName, name: str) -> RuleRecord | None:
    value = await snapshot.get(_space(bus).pack("rule", bus.name, name))
    return None if value is None else decode(value, RuleRecord)


async def get_rule(snapshot: Snapshot, bus: BusName, name: str) -> RuleRecord:
    """BusNotFound, RuleNotFound."""
    found = await find_rule(snapshot, bus, name)
    if found is None:
        await get_bus(snapshot, bus)
        raise RuleNotFound(name, bus.name)
    return found


async def list_rules(
    snapshot: Snapshot, bus: BusName, *, prefix: str = "", beyond: str | None = None, limit: int = 0
) -> list[RuleRecord]:
    """In order of their names. beyond: begin behind this one."""
    space = _space(bus)
    begin, end = space.range_starting("rule", bus.name, prefix=prefix)
    if beyond is not None:
        begin = max(begin, after(space.pack("rule", bus.name, beyond)))
    return [decode(value, RuleRecord) for _, value in await snapshot.range(begin, end, limit=limit)]


def put_rule(tx: Transaction, record: RuleRecord, *, revision: bytes) -> None:
    """revision: one that the bus never had."""
    tx.set(_space(record.bus).pack("rule", record.bus.name, record.name), encode(record))
    tx.set(revision_key(record.bus), revision)


def clear_rule(tx: Transaction, record: RuleRecord, *, revision: bytes) -> None:
    tx.clear(_space(record.bus).pack("rule", record.bus.name, record.name))
    tx.set(revision_key(record.bus), revision)


async def list_targets(
    snapshot: Snapshot, bus: BusName, rule: str, *, beyond: str | None = None, limit: int = 0
) -> list[TargetRecord]:
    """A rule's, in order of their ids."""
    space = _space(bus)
    begin, end = space.range("target", bus.name, rule)
    if beyond is not None:
        begin = after(space.pack("target", bus.name, rule, beyond))
    return [decode(value, TargetRecord) for _, value in await snapshot.range(begin, end, limit=limit)]


async def rules_by_target(snapshot: Snapshot, bus: BusName, target_arn: str) -> list[str]:
    """The names of the rules that have such a target, in order."""
    space = _space(bus)
    found: dict[str, None] = {}
    for key, value in await snapshot.range(*space.range("target", bus.name)):
        if decode(value, TargetRecord).arn == target_arn:
            found[str(space.unpack(key)[2])] = None
    return list(found)


def put_target(tx: Transaction, bus: BusName, rule: str, target: TargetRecord, *, revision: bytes) -> None:
    tx.set(_space(bus).pack("target", bus.name, rule, target.target_id), encode(target))
    tx.set(revision_key(bus), revision)


def clear_target(tx: Transaction, bus: BusName, rule: str, target_id: str, *, revision: bytes) -> None:
    tx.clear(_space(bus).pack("target", bus.name, rule, target_id))
    tx.set(revision_key(bus), revision)
