"""What becomes of an event that a bus accepts?

It is compared with the rules of the bus, and what is to be told to their targets is written down, in the transaction of
whatever the event tells of. An event that no rule wants leaves nothing behind, as on AWS.

The rules of a bus are compiled once, and again when the revision of the bus has changed: one read in the transaction
says so. A rule that is committed first is thus always obeyed.
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


class Buses:
    """All buses, as events come to them."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._rules: dict[BusName, tuple[bytes, Sequence[_Compiled]]] = {}

    async def put(self, tx: Transaction, bus: BusName, body: dict[str, Any], *, trace_header: str = "") -> None:
        """A new event, in the caller's transaction. body: see `event_body`."""
        rules = await self._rules_of(tx, bus)
        matching = [each for each in rules if each.targets and each.pattern.matches(body)]
        if matching:
            event = EventRecord(
                event_id=body["id"],
                body=msgspec.json.encode(body),
                ingested_at_s=self._clock.timestamp(),
                trace_header=trace_header,
            )
            _emit(tx, bus, matching, event)

    async def route(self, tx: Transaction, bus: BusName, event: EventRecord) -> None:
        """An event that comes from another bus, in the caller's transaction."""
        rules = await self._rules_of(tx, bus)
        body = msgspec.json.decode(event.body)
        matching = [each for each in rules if each.targets and each.pattern.matches(body)]
        _emit(tx, bus, matching, msgspec.structs.replace(event, routed=True))

    async def _rules_of(self, snapshot: Snapshot, bus: BusName) -> Sequence[_Compiled]:
        revision = await snapshot.get(revision_key(bus))
        if revision is None:
            return ()
        kept = self._rules.get(bus)
        if kept is not None and kept[0] == revision:
            return kept[1]
        rules = [
            _Compiled(rule, compile_pattern(rule.pattern), await list_targets(snapshot, bus, rule.name))
            for rule in await list_rules(snapshot, bus)
            if rule.enabled and rule.pattern
        ]
        if len(self._rules) >= _BUSES_KEPT_MAX:
            self._rules.clear()
        self._rules[bus] = revision, rules
        return rules


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


def _emit(tx: Transaction, bus: BusName, matching: Sequence[_Compiled], event: EventRecord) -> None:
    for each in matching:
        for target in each.targets:
            emit_delivery(tx, each.rule, target, event)
