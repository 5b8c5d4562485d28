"""How is KMS built, and what is done to keys without a request?"""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from pileus.composition.authorization import LateAuthorizer
from pileus.composition.foundation import Foundation
from pileus.composition.part import Part, described
from pileus.composition.request_metering import RequestMetering
from pileus.kernel.auth.permissions import ResourceSource
from pileus.kernel.metrics.holding import Gauge, Held
from pileus.kernel.outbox import Delivery, Outbox, RetryPolicy
from pileus.kernel.service import Service
from pileus.kernel.storage.keys import Subspace

if TYPE_CHECKING:
    from pileus.kernel.event_bus import EventBus
    from pileus.services.kms.api import KmsApi
    from pileus.services.kms.keeper import KeyKeeper

_FOREVER = RetryPolicy(attempts=sys.maxsize)


class KmsPart(Part):
    """Keys. authorizer: who may use them through other services. bus: the default event buses, where there are some."""

    def __init__(
        self, foundation: Foundation, *, authorizer: LateAuthorizer, bus: "Callable[[], EventBus] | None"
    ) -> None:
        super().__init__(foundation)
        self._authorizer = authorizer
        self._bus = bus
        self._metering = RequestMetering(foundation.metrics)

    def services(self) -> Sequence[Service]:
        return (described("kms", lambda: self._api, note_answer=self._metering.keys),)

    def resources(self) -> Mapping[str, ResourceSource]:
        from pileus.services.kms.known_resources import KeyResources

        return {"kms": KeyResources(self._store)}

    def subscribe(self, outbox: Outbox) -> None:
        outbox.subscribe("kms.delete", self._delete, retry=_FOREVER)
        outbox.subscribe("kms.rotate", self._rotate, retry=_FOREVER)
        outbox.subscribe("kms.expire", self._expire, retry=_FOREVER)

    def gauges(self) -> Sequence[Gauge]:
        return (self._hold,)

    async def _hold(self, since: datetime) -> AsyncIterator[Held]:
        if not await self._store.snapshot().range(*Subspace("kms", "key").range(), limit=1):
            return
        from pileus.services.kms.holding import held_keys

        async for one in held_keys(self._store):
            yield one

    @cached_property
    def keeper(self) -> "KeyKeeper":
        """Encrypts with keys for other services."""
        return self._api.keeper(self._authorizer)

    @cached_property
    def _api(self) -> "KmsApi":
        from pileus.services.kms.api import KmsApi

        return KmsApi(
            store=self._store,
            clock=self._clock,
            ids=self._ids,
            secret=self._foundation.secret,
            bus=None if self._bus is None else self._bus(),
        )

    async def _delete(self, delivery: Delivery) -> None:
        await self._api.worker().delete(delivery)

    async def _rotate(self, delivery: Delivery) -> None:
        await self._api.worker().rotate(delivery)

    async def _expire(self, delivery: Delivery) -> None:
        await self._api.worker().expire(delivery)
