"""Where do requests come in, and how does the door close behind the last one?"""

import asyncio
import ssl
import time
from datetime import timedelta
from typing import Any, Final

from pileus.kernel.clock import Clock
from pileus.kernel.http.budget import BodyBudget
from pileus.kernel.http.connection import Connection
from pileus.kernel.http.heads import Heads
from pileus.kernel.http.limits import Limits
from pileus.kernel.http.messages import Gate, Handler, Lost
from pileus.kernel.http.sharing import Shared

_BACKLOG: Final = 1024
_LIMITS: Final = Limits()
_DRAIN_POLL_S: Final = 0.01
_FORCED_S_MAX: Final = 1.0
"""How long cancelled handlers may take to clean up, once the grace is over."""


class HttpServer:
    """Listens, and hands every request to `handler`.

    gate: holds answers back until they are durable; lost: says what is told in place of those that never are.
    clock: what `Date` tells (default: the machine's); timeouts are the machine's in any case, since they are about
    the network.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        gate: Gate | None = None,
        lost: Lost | None = None,
        limits: Limits = _LIMITS,
        clock: Clock | None = None,
    ) -> None:
        heads = Heads(time.time if clock is None else clock.timestamp)
        budget = BodyBudget(limits)
        self._shared = Shared(handler=handler, gate=gate, lost=lost, limits=limits, heads=heads, budget=budget)
        self._listeners: list[asyncio.Server] = []
        self._sweeper: asyncio.TimerHandle | None = None

    @property
    def connection_count(self) -> int:
        return len(self._shared.connections)

    async def start(self, host: str, port: int, *, ssl_context: ssl.SSLContext | None = None) -> int:
        """Listen on one more address, and give the port that was bound (`port` 0: any); OSError when it is taken."""
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(
            lambda: Connection(self._shared), host, port, ssl=ssl_context, backlog=_BACKLOG
        )
        self._listeners.append(listener)
        if self._sweeper is None:
            self._sweep()
        bound: int = listener.sockets[0].getsockname()[1]
        return bound

    async def drain(self, grace: timedelta) -> None:
        """Accept nothing more, let what is under way finish for `grace`, then cut it off. Returns when all is gone."""
        shared, loop = self._shared, asyncio.get_running_loop()
        shared.draining = True
        for listener in self._listeners:
            listener.close()
        for connection in list(shared.connections):
            connection.close_if_idle()
        deadline_s = loop.time() + grace.total_seconds()
        await self._gone(deadline_s)
        for connection in list(shared.connections):
            connection.abort()
        for task in list(shared.tasks):
            task.cancel()
        await self._gone(loop.time() + _FORCED_S_MAX)
        if self._sweeper is not None:
            self._sweeper.cancel()

    def under_way(self) -> frozenset[asyncio.Task[Any]]:
        """The handlers that are waiting for something just now."""
        return frozenset(self._shared.tasks)

    async def settle(self, handlers: frozenset[asyncio.Task[Any]], grace: timedelta) -> None:
        """Return when these have finished; cut off what takes longer."""
        if not handlers:
            return
        _, late = await asyncio.wait(handlers, timeout=grace.total_seconds())
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_FORCED_S_MAX)

    async def _gone(self, deadline_s: float) -> None:
        loop = asyncio.get_running_loop()
        while (self._shared.connections or self._shared.tasks) and loop.time() < deadline_s:  # noqa: ASYNC110 - once in a lifetime
            await asyncio.sleep(min(_DRAIN_POLL_S, max(0.0, deadline_s - loop.time())))

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        self._shared.heads.tick()
        now_s = loop.time()
        for connection in list(self._shared.connections):
            connection.sweep(now_s)
        self._sweeper = loop.call_later(self._shared.limits.sweep_interval.total_seconds(), self._sweep)
