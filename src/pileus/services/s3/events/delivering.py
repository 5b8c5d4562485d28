"""How does an event reach those who listen?

From the outbox. To queues, topics and buses in the transaction that removes the event, so exactly once as long as
nobody repeats it further on; to functions at least once. One whose policy does not let S3 in hears nothing, as on AWS:
what was refused is in the log of decisions of its service.
"""

from contextlib import suppress
from typing import Final

from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.event_bus import EventBus
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.s3.events.messages import detail, detail_type, notification
from pileus.services.s3.events.records import Happening, Notification
from pileus.services.s3.events.targets import SERVICE, EventReceivers, NotTaken
from pileus.services.s3.names import bucket_arn

_SOURCE: Final = "aws.s3"


def call_of(*, bucket: str, owner: str, request_id: str) -> ServiceCall:
    """S3, acting for a bucket."""
    return ServiceCall(service=SERVICE, source_arn=bucket_arn(bucket), source_account=owner, request_id=request_id)


class EventDelivery:
    """Takes events from the outbox. bus: None where there are no event buses."""

    def __init__(self, *, store: Store, receivers: EventReceivers, bus: EventBus | None) -> None:
        self._store = store
        self._receivers = receivers
        self._bus = bus

    async def notify(self, delivery: Delivery) -> None:
        """Of topic `s3.notify`."""
        told = decode(delivery.event.payload, Notification)
        happening = told.happening
        body = notification(happening, configuration_id=told.configuration_id)
        call = call_of(bucket=happening.bucket, owner=happening.owner, request_id=happening.request_id)
        if told.target_arn.split(":", 3)[2:3] == ["lambda"]:
            with suppress(NotTaken):
                await self._receivers.invoke(
                    told.target_arn, body.encode(), trace_header=happening.trace_header, call=call
                )
            return
        await self._receivers.ready(told.target_arn)
        await self._store.run(lambda tx: self._put(tx, delivery, told, body, call))

    async def tell_bus(self, delivery: Delivery) -> None:
        """Of topic `s3.bus`."""
        happening = decode(delivery.event.payload, Happening)
        kind = detail_type(happening.name)
        if self._bus is None or not kind:
            return
        bus = self._bus

        async def put(tx: Transaction) -> None:
            await bus.put(
                tx,
                account_id=happening.owner,
                region=happening.region,
                source=_SOURCE,
                detail_type=kind,
                detail=detail(happening),
                resources=(bucket_arn(happening.bucket),),
                at_s=happening.at_s,
            )
            tx.clear(delivery.key)

        await self._store.run(put)

    async def _put(self, tx: Transaction, delivery: Delivery, told: Notification, body: str, call: ServiceCall) -> None:
        with suppress(NotTaken):  # and the refusal is committed
            await self._receivers.put(tx, told.target_arn, body, trace_header=told.happening.trace_header, call=call)
        tx.clear(delivery.key)
