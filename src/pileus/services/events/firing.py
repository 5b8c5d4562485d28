"""How does a scheduled rule fire?

Its next moment is written down for the outbox, which waits for it by the clock; when it has come, the event, what its
targets are to be told and the moment after are written down in one transaction. Of moments that passed while the server
was down, or while the clock was moved, one fires.

Source: EventBridge User Guide, "Creating a scheduled rule"; recordings events_schedule.
"""

from datetime import UTC, datetime
from typing import Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Store, Transaction
from pileus.services.events.bus import emit_delivery
from pileus.services.events.events import event_body
from pileus.services.events.metrics import TRIGGERED, RuleMetrics
from pileus.services.events.model import EventRecord, Firing, RuleRecord
from pileus.services.events.schedules import schedule_of
from pileus.services.events.store import find_rule, list_targets

FIRE_TOPIC: Final = "events.fire"
"""A `Firing`."""


def emit_firing(tx: Transaction, rule: RuleRecord, *, after: datetime) -> None:
    """Write the next moment down, if there is one."""
    if not rule.schedule or not rule.enabled:
        return
    due = schedule_of(rule.schedule).after(after)
    if due is not None:
        firing = Firing(bus=rule.bus, rule=rule.name, serial=rule.serial, at_s=due.timestamp())
        tx.emit(Event(topic=FIRE_TOPIC, payload=encode(firing)), at=due)


class Firings:
    """Takes moments from the outbox, of topic `events.fire`."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, metrics: RuleMetrics) -> None:
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._ids = ids

    async def deliver(self, delivery: Delivery) -> None:
        firing = decode(delivery.event.payload, Firing)

        async def fire(tx: Transaction) -> bool:
            tx.clear(delivery.key)
            rule = await find_rule(tx, firing.bus, firing.rule)
            if rule is None or rule.serial != firing.serial or not rule.enabled:
                return False
            event = self._event(rule, firing)
            for target in await list_targets(tx, rule.bus, rule.name):
                emit_delivery(tx, rule, target, event)
            self._again(tx, rule, firing)
            return True

        if await self._store.run(fire):
            self._metrics.add(firing.bus, firing.rule, TRIGGERED)

    def _again(self, tx: Transaction, rule: RuleRecord, firing: Firing) -> None:
        """From this moment, so that a rate keeps its beat; from now where more than one has passed."""
        now_s = self._clock.timestamp()
        due = schedule_of(rule.schedule).after(_moment(firing.at_s))
        if due is not None:
            emit_firing(tx, rule, after=_moment(firing.at_s if due.timestamp() > now_s else now_s))

    def _event(self, rule: RuleRecord, firing: Firing) -> EventRecord:
        body = event_body(
            event_id=self._ids.uuid(),
            detail_type="Scheduled Event",
            source="aws.events",
            account_id=rule.bus.account_id,
            at_s=firing.at_s,
            region=rule.bus.region,
            resources=(rule.arn,),
            detail={},
        )
        return EventRecord(event_id=body["id"], body=msgspec.json.encode(body), ingested_at_s=self._clock.timestamp())


def _moment(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
