"""How is CloudWatch Logs built, and who writes what functions say into it?"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from pileus.composition.foundation import Foundation
from pileus.composition.part import HOUSEKEEPING_EVERY, Part, described
from pileus.kernel.auth.permissions import ResourceSource
from pileus.kernel.metrics.holding import Gauge, Held
from pileus.kernel.outbox import Delivery, Outbox, RetryPolicy
from pileus.kernel.service import Duty, Service
from pileus.kernel.storage.keys import Subspace

if TYPE_CHECKING:
    from pileus.services.logs.exports import Buckets, Exports
    from pileus.services.logs.subscriptions import FunctionInvokers, Subscriptions
    from pileus.services.logs.writer import FunctionLogWriter


class LogsPart(Part):
    """functions: those that subscribe to groups. buckets: those that groups are exported to, where there are some."""

    def __init__(
        self, foundation: Foundation, *, functions: "FunctionInvokers", buckets: "Callable[[], Buckets] | None"
    ) -> None:
        super().__init__(foundation)
        self._functions = functions
        self._buckets = buckets
        self._function_logs_wanted = asyncio.Event()

    def services(self) -> Sequence[Service]:
        return (described("logs", self._api),)

    def resources(self) -> Mapping[str, ResourceSource]:
        from pileus.services.logs.permissions import LogsResources

        return {"logs": LogsResources(self._store)}

    def subscribe(self, outbox: Outbox) -> None:
        outbox.subscribe("logs.subscription", self._send_subscribed, retry=RetryPolicy(attempts=sys.maxsize))
        outbox.subscribe("logs.query", self._run_query, concurrency=4)
        outbox.subscribe("logs.export", self._export, on_exhausted=self._give_up_export)

    def duties(self) -> Sequence[Duty]:
        return (self._write_function_logs, self._forget_old_logs)

    def gauges(self) -> Sequence[Gauge]:
        return (self._hold,)

    async def _hold(self, since: datetime) -> AsyncIterator[Held]:
        if not await self._store.snapshot().range(*Subspace("logs").range(), limit=1):
            return
        from pileus.services.logs.holding import held_by_groups

        async for one in held_by_groups(self._store):
            yield one

    async def close(self) -> None:
        if "function_logs" in self.__dict__:
            await self.function_logs.flush()

    @cached_property
    def function_logs(self) -> "FunctionLogWriter":
        """Takes what functions say."""
        from pileus.services.logs.writer import FunctionLogWriter

        self._function_logs_wanted.set()
        return FunctionLogWriter(self._store, self._clock, self._ids, metrics=self._metrics)

    def _api(self) -> object:
        from pileus.services.logs.api import LogsApi

        return LogsApi(
            store=self._store,
            clock=self._clock,
            ids=self._ids,
            metrics=self._metrics,
            functions=self._functions,
            buckets=self._buckets,
        )

    @cached_property
    def _subscriptions(self) -> "Subscriptions":
        from pileus.services.logs.subscriptions import Subscriptions

        return Subscriptions(store=self._store, clock=self._clock, functions=self._functions, metrics=self._metrics)

    async def _send_subscribed(self, delivery: Delivery) -> None:
        await self._subscriptions.deliver(delivery)

    async def _run_query(self, delivery: Delivery) -> None:
        from pileus.services.logs.queries import Queries

        await Queries(store=self._store, clock=self._clock, metrics=self._metrics).deliver(delivery)

    async def _export(self, delivery: Delivery) -> None:
        await self._exports().deliver(delivery)

    async def _give_up_export(self, delivery: Delivery, error: BaseException) -> None:
        await self._exports().give_up(delivery, error)

    def _exports(self) -> "Exports":
        from pileus.services.logs.exports import Exports

        buckets = None if self._buckets is None else self._buckets()
        return Exports(store=self._store, clock=self._clock, buckets=buckets)

    async def _write_function_logs(self) -> None:
        await self._function_logs_wanted.wait()
        await self.function_logs.run()

    async def _forget_old_logs(self) -> None:
        await self._clock.sleep(HOUSEKEEPING_EVERY)
        from pileus.services.logs.worker import Retention

        await Retention(store=self._store, clock=self._clock).run()
