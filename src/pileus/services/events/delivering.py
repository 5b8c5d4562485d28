"""How does an event reach the targets of the rules that match it?

From the outbox. Queues, topics, log groups and other buses get it in the transaction that removes it there, so exactly
once as long as nobody repeats it further on; functions at least once. What cannot be delivered, because the target is
gone or does not let EventBridge in, goes to the target's dead-letter queue at once; what may succeed later is tried
again, as often and as long as the target says.

Sources: EventBridge User Guide, "Event retry policy and using dead-letter queues", "Sending events between event buses"
(an event is not sent on from the bus that got it from another); recordings events_targets.
"""

from datetime import timedelta
from typing import Final

import msgspec

from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.outbox import Delivery, RetryLater, RetryPolicy
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.events.bus import Buses
from pileus.services.events.events import renamed
from pileus.services.events.inputs import InvalidInput, input_of
from pileus.services.events.limits import EVENT_AGE, RETRIES
from pileus.services.events.metrics import BURIED, FAILED, INVOCATIONS, NOT_BURIED, RETRIED, RuleMetrics
from pileus.services.events.model import BusRecord, TargetDelivery
from pileus.services.events.names import BusName, bus_of_arn
from pileus.services.events.policies import account_may
from pileus.services.events.store import find_bus
from pileus.services.events.targets import SERVICE, Afterwards, EventTargets, NotDelivered, RolePermissions

_BACK_OFF: Final = RetryPolicy(attempts=RETRIES, delay=timedelta(seconds=1), delay_max=timedelta(minutes=10))
_ACTIONS: Final = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "events": "events:PutEvents"}


class EventDelivery:
    """Takes events from the outbox, of topic `events.deliver`."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        buses: Buses,
        targets: EventTargets,
        roles: RolePermissions,
        metrics: RuleMetrics,
        organization: Organization | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._buses = buses
        self._targets = targets
        self._roles = roles
        self._metrics = metrics
        self._organization = organization

    async def deliver(self, delivery: Delivery) -> None:
        told = decode(delivery.event.payload, TargetDelivery)
        self._count(told, INVOCATIONS if delivery.attempt == 1 else RETRIED)
        try:
            await self._deliver(delivery, told)
        except NotDelivered as failed:
            exhausted = self._exhausted(delivery, told) if failed.again else "NOT_RETRIABLE"
            if not exhausted:
                raise RetryLater(failed.reason, delay=_BACK_OFF.delay_after(delivery.attempt)) from None
            self._count(told, FAILED)
            await self._give_up(delivery, told, failed, exhausted)

    async def _deliver(self, delivery: Delivery, told: TargetDelivery) -> None:
        arn = told.target.arn
        try:
            body = input_of(told)
        except InvalidInput:
            raise NotDelivered("INVALID_JSON", "The input template does not produce valid JSON.") from None
        call: ServiceCall | None = call_of(told)
        if told.target.role_arn and service_of(arn) in _ACTIONS:
            await self._ask_role(told)
            call = None
        if service_of(arn) == "lambda":
            assert call is not None
            await self._targets.invoke(arn, body.encode(), call=call)
            return
        await self._targets.ready(arn)

        async def put(tx: Transaction) -> NotDelivered | Afterwards | None:
            try:
                afterwards = await self._put(tx, told, body, call)
            except NotDelivered as failed:
                return failed  # so that the refusal is committed
            tx.clear(delivery.key)
            return afterwards

        ended = await self._store.run(put)
        if isinstance(ended, NotDelivered):
            raise ended
        if ended is not None:
            await ended()

    async def _put(
        self, tx: Transaction, told: TargetDelivery, body: str, call: ServiceCall | None
    ) -> Afterwards | None:
        bus = bus_of_arn(told.target.arn)
        if bus is not None:
            await self._route(tx, bus, told, by_role=call is None)
            return None
        return await self._targets.put(
            tx,
            told.target.arn,
            body,
            group_id=told.target.group_id,
            trace_header=told.event.trace_header,
            call=call,
        )

    async def _route(self, tx: Transaction, bus: BusName, told: TargetDelivery, *, by_role: bool) -> None:
        if told.event.routed:
            raise NotDelivered("THIRD_ACCOUNT_HOP_DETECTED", "An event is sent from one bus to another only once.")
        record = await find_bus(tx, bus)
        if record is None:
            raise NotDelivered("NO_RESOURCE", f"Event bus {bus.name} does not exist.")
        if bus.account_id != told.bus.account_id:
            self._ask_bus(record, told)
        event = told.event
        if bus.region != told.bus.region:
            event_id = self._ids.uuid()
            event = msgspec.structs.replace(event, event_id=event_id, body=renamed(event.body, event_id))
        await self._buses.route(tx, bus, event)

    def _ask_bus(self, record: BusRecord, told: TargetDelivery) -> None:
        if not account_may(
            record,
            told.bus.account_id,
            told.rule_arn,
            organization=self._organization,
            now_s=self._clock.timestamp(),
        ):
            raise NotDelivered("NO_PERMISSIONS", f"The policy of {record.bus.arn} does not let the rule in.")

    async def _ask_role(self, told: TargetDelivery) -> None:
        arn, role_arn = told.target.arn, told.target.role_arn
        action = _ACTIONS[service_of(arn)]
        if not await self._roles.allowed(
            role_arn=role_arn, action=action, resource=arn, region=told.bus.region, source_arn=told.rule_arn
        ):
            raise NotDelivered("NO_PERMISSIONS", f"{role_arn} is not authorized to perform: {action} on {arn}")

    def _exhausted(self, delivery: Delivery, told: TargetDelivery) -> str:
        """Why there is no further attempt; "" when there is one."""
        retries = RETRIES if told.target.retries is None else told.target.retries
        if delivery.attempt > retries:
            return "MaximumRetryAttempts"
        age_s = EVENT_AGE.total_seconds() if told.target.age_s is None else told.target.age_s
        if self._clock.timestamp() - told.event.ingested_at_s >= age_s:
            return "MaximumEventAgeInSeconds"
        return ""

    async def _give_up(self, delivery: Delivery, told: TargetDelivery, failed: NotDelivered, exhausted: str) -> None:
        queue_arn = told.target.dead_letter_arn
        attributes = {
            "RULE_ARN": told.rule_arn,
            "TARGET_ARN": told.target.arn,
            "ERROR_CODE": failed.code,
            "ERROR_MESSAGE": failed.reason,
        }
        if failed.again:
            attributes |= {"EXHAUSTED_RETRY_CONDITION": exhausted, "RETRY_ATTEMPTS": str(delivery.attempt - 1)}

        async def bury(tx: Transaction) -> bool:
            tx.clear(delivery.key)
            if queue_arn is None:
                return False
            try:
                await self._targets.bury(tx, queue_arn, told.event.body.decode(), told=attributes, call=call_of(told))
            except NotDelivered:
                return False  # so that the refusal is committed
            return True

        buried = await self._store.run(bury)
        if queue_arn is not None:
            self._count(told, BURIED if buried else NOT_BURIED)

    def _count(self, told: TargetDelivery, name: str) -> None:
        self._metrics.add(told.bus, told.rule, name)


def call_of(told: TargetDelivery) -> ServiceCall:
    """EventBridge, acting for a rule."""
    return ServiceCall(service=SERVICE, source_arn=told.rule_arn, request_id=told.event.event_id)


def service_of(arn: str) -> str:
    return [*arn.split(":", 3), "", "", ""][2]
