"""How is SQS built, and what is done to queues without a request?"""

import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from pileus.composition.part import Part, described
from pileus.kernel.auth.permissions import ResourceSource
from pileus.kernel.outbox import Delivery, Outbox, RetryPolicy
from pileus.kernel.service import Duty, Service
from pileus.kernel.storage.keys import Subspace

if TYPE_CHECKING:
    from pileus.services.sqs.api import SqsApi
    from pileus.services.sqs.receiver import QueueReceiver
    from pileus.services.sqs.sender import QueueSender

_QUEUES_LOOKED_FOR_EVERY: Final = timedelta(minutes=1)


class SqsPart(Part):
    """Queues and their messages."""

    def services(self) -> Sequence[Service]:
        return (described("sqs", lambda: self._api),)

    def resources(self) -> Mapping[str, ResourceSource]:
        from pileus.services.sqs.permissions import QueueResources

        return {"sqs": QueueResources(self._store)}

    def subscribe(self, outbox: Outbox) -> None:
        outbox.subscribe("sqs.clear", self._clear, retry=RetryPolicy(attempts=sys.maxsize))
        outbox.subscribe("sqs.move", self._move, retry=RetryPolicy(attempts=sys.maxsize))

    def duties(self) -> Sequence[Duty]:
        return (self._keep_messages,)

    async def answer_waiting(self) -> None:
        if "_api" in self.__dict__:
            self._api.hang_up()

    async def hang_up(self) -> None:
        await self.answer_waiting()
        if "receiver" in self.__dict__:
            self.receiver.close()

    @cached_property
    def sender(self) -> "QueueSender":
        """Puts other services' messages into queues."""
        from pileus.services.sqs.sender import QueueSender

        return QueueSender(
            clock=self._clock,
            ids=self._ids,
            metrics=self._metrics,
            messages=self._api.messages,
            organization=self._settings.organization,
        )

    @cached_property
    def receiver(self) -> "QueueReceiver":
        """Receives messages for other services."""
        from pileus.services.sqs.receiver import QueueReceiver

        return QueueReceiver(
            store=self._store,
            clock=self._clock,
            ids=self._ids,
            metrics=self._metrics,
            messages=self._api.messages,
        )

    @cached_property
    def _api(self) -> "SqsApi":
        from pileus.services.sqs.api import SqsApi

        return SqsApi(store=self._store, clock=self._clock, ids=self._ids, metrics=self._metrics)

    async def _clear(self, delivery: Delivery) -> None:
        from pileus.services.sqs.clearing import Clearing

        await Clearing(store=self._store, clock=self._clock, contents=self._api.messages).deliver(delivery)

    async def _move(self, delivery: Delivery) -> None:
        from pileus.services.sqs.move_tasks import Moving

        await Moving(store=self._store, clock=self._clock, contents=self._api.messages).deliver(delivery)

    async def _keep_messages(self) -> None:
        """Once there is a queue."""
        begin, end = Subspace("sqs").range()
        while not await self._store.snapshot().range(begin, end, limit=1):
            await self._clock.sleep(_QUEUES_LOOKED_FOR_EVERY)
        await self._api.worker().run()
