"""What becomes of an event that a bus accepts?

It is compared with the rules of the bus, and what is to be told to their targets is written down, in the transaction of
whatever the event tells of. An event that no rule wants leaves nothing behind, as on AWS.

The rules of a bus are compiled once, and again when the revision of the bus has changed: one read in the transaction
says so. A rule that is committed first is thus always obeyed. Nearly all patterns name sources, so rules are found by
the source of an event, and only those are compared that could match (measured: 3 us each).
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.event_patterns import EventPattern, compile_pattern
from pileus.kernel.ids import Ids
from pileus.kernel.storage.records import encode
from pileus.kernel.storage.seam import Event, Snapshot, Transaction
from pileus.services.events.events import event_body
from pileus.services.events.metrics import MATCHED, TRIGGERED, RuleMetrics
from pileus.services.events.model import EventRecord, RuleRecord, TargetDelivery, TargetRecord
from pileus.services.events.names import DEFAULT, BusName, partition_of
from pileus.services.events.store import list_rules, list_targets, revision_key

DELIVER_TOPIC: Final = "events.deliver"
"""A `TargetDelivery`."""
_BUSES_KEPT_MAX: Final = 1_024


class _Compiled(NamedTuple):
    rule: RuleRecord
    pattern: EventPattern
    targets: Sequence[TargetRecord]


class _Rules:
    """Those of a bus that are enabled, have a pattern and tell somebody. revision: of the bus."""

    def __init__(self, revision: bytes) -> None:
        self.revision = revision
        self._by_source: dict[str, list[_Compiled]] = {}
        self._others: list[_Compiled] = []

    def add(self, rule: _Compiled) -> None:
        sources = msgspec.json.decode(rule.rule.pattern).get("source")
        if isinstance(sources, list) and all(isinstance(source, str) for source in sources):
            for source in dict.fromkeys(sources):
                self._by_source.setdefault(source, []).append(rule)
        else:
            self._others.append(rule)

    def matching(self, body: dict[str, Any]) -> list[_Compiled]:
        candidates = (*self._by_source.get(body["source"], ()), *self._others)
        return [each for each in candidates if each.pattern.matches(body)]


class Buses:
    """All buses, as events come to them."""

    def __init__(self, *, clock: Clock, metrics: RuleMetrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._rules: dict[BusName, _Rules] = {}

    async def put(self, tx: Transaction, bus: BusName, body: dict[str, Any], *, trace_header: str = "") -> None:
        """A new event, in the caller's transaction. body: see `event_body`."""
        matching = await self._matching(tx, bus, body)
        if matching:
            event = EventRecord(
                event_id=body["id"],
                body=msgspec.json.encode(body),
                ingested_at_s=self._clock.timestamp(),
                trace_header=trace_header,
            )
            _emit(tx, matching, event)

    async def route(self, tx: Transaction, bus: BusName, event: EventRecord) -> None:
        """An event that comes from another bus, in the caller's transaction."""
        matching = await self._matching(tx, bus, msgspec.json.decode(event.body))
        _emit(tx, matching, msgspec.structs.replace(event, routed=True))

    async def _matching(self, snapshot: Snapshot, bus: BusName, body: dict[str, Any]) -> list[_Compiled]:
        revision = await snapshot.get(revision_key(bus))
        if revision is None:
            return []
        rules = self._rules.get(bus)
        if rules is None or rules.revision != revision:
            rules = await _compiled(snapshot, bus, revision)
            if len(self._rules) >= _BUSES_KEPT_MAX:
                self._rules.clear()
            self._rules[bus] = rules
        matching = rules.matching(body)
        for each in matching:
            self._metrics.add(bus, each.rule.name, MATCHED)
            self._metrics.add(bus, each.rule.name, TRIGGERED)
        return matching


class DefaultBus:
    """The default buses of all accounts, for services that tell of what happens in them."""

    def __init__(self, buses: Buses, ids: Ids) -> None:
        self._buses = buses
        self._ids = ids

    async def put(
        self,
        tx: Transaction,
        *,
        account_id: str,
        region: str,
        source: str,
        detail_type: str,
        detail: str,
        resources: tuple[str, ...],
        at_s: float,
    ) -> None:
        """In the caller's transaction. detail: JSON."""
        body = event_body(
            event_id=self._ids.uuid(),
            detail_type=detail_type,
            source=source,
            account_id=account_id,
            at_s=at_s,
            region=region,
            resources=resources,
            detail=msgspec.json.decode(detail),
        )
        await self._buses.put(tx, BusName(partition_of(region), region, account_id, DEFAULT), body)


def emit_delivery(tx: Transaction, rule: RuleRecord, target: TargetRecord, event: EventRecord) -> None:
    delivery = TargetDelivery(bus=rule.bus, rule=rule.name, target=target, event=event)
    tx.emit(Event(topic=DELIVER_TOPIC, payload=encode(delivery)))


async def _compiled(snapshot: Snapshot, bus: BusName, revision: bytes) -> _Rules:
    rules = _Rules(revision)
    for rule in await list_rules(snapshot, bus):
        if rule.enabled and rule.pattern:
            targets = await list_targets(snapshot, bus, rule.name)
            if targets:
                rules.add(_Compiled(rule, compile_pattern(rule.pattern), targets))
    return rules


def _emit(tx: Transaction, matching: Sequence[_Compiled], event: EventRecord) -> None:
    for each in matching:
        for target in each.targets:
            emit_delivery(tx, each.rule, target, event)
