"""Which environments hold too much memory, and which have been there for too long?"""

import asyncio
from datetime import timedelta
from typing import Final

from pileus.services.lambda_.environments.environment import Environment
from pileus.services.lambda_.environments.population import Population
from pileus.services.lambda_.environments.types import Invocation, InvocationResult

IDLE_EXPIRY: Final = timedelta(minutes=10)
"""AWS names no number; it is observed to be 5 to 15 minutes."""
_AGE_S_MAX: Final = 6 * 3600.0
"""An environment cannot be given new credentials, so it ends long before they do."""
_SWEEP_S: Final = 15.0
_MEMORY_WATCH_S: Final = 0.02
_MEMORY_WATCH_EACH_S: Final = 0.0005
"""How often working environments are asked how much memory they hold: 10 us each, so that it is 2 % of the time of one
processor at most. What grows faster than we look meets the control group's limit, which leaves room for `/tmp`, too."""


class Watch:
    """Looks at all environments from time to time, as long as there are any. Belongs to one event loop."""

    def __init__(self, population: Population, *, idle_expiry: timedelta) -> None:
        self._population = population
        self._idle_expiry = idle_expiry
        self._watcher: asyncio.TimerHandle | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    def invoke(self, environment: Environment, invocation: Invocation) -> "asyncio.Future[InvocationResult]":
        """Watched: nobody looks at what is idle, and an environment is so until its first event arrives."""
        if self._watcher is None:
            self._watch_memory()
        return environment.invoke(invocation)

    def begin(self) -> None:
        """There is an environment."""
        if self._watcher is None:
            self._watch_memory()
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)

    def close(self) -> None:
        for timer in (self._sweeper, self._watcher):
            if timer is not None:
                timer.cancel()

    def _watch_memory(self) -> None:
        """Look again soon, as long as anything is at work; what an idle environment holds is seen at its next event."""
        delay_s = max(_MEMORY_WATCH_S, len(self._population.environments) * _MEMORY_WATCH_EACH_S)
        self._watcher = asyncio.get_running_loop().call_later(delay_s, self._look_at_memory)

    def _look_at_memory(self) -> None:
        self._watcher = None
        working = [environment.watch_memory() for environment in list(self._population.environments)]
        if any(working) and not self._population.closed:
            self._watch_memory()

    def _sweep(self) -> None:
        """End what has been idle for long, or is too old for its credentials."""
        loop = asyncio.get_running_loop()
        self._sweeper = None
        now_s = loop.time()
        expiry_s = self._idle_expiry.total_seconds()
        for fleet in self._population.fleets.values():
            for environment in list(fleet.idle):
                if now_s - environment.idle_since_s >= expiry_s or now_s - environment.created_s >= _AGE_S_MAX:
                    environment.stop()
            for environment in list(fleet.provisioned):
                if now_s - environment.created_s >= _AGE_S_MAX:
                    environment.stop()
        if self._population.count:
            self._sweeper = loop.call_later(min(_SWEEP_S, expiry_s), self._sweep)
