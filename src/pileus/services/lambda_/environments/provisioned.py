"""How are environments kept initialised before anybody asks for them?

Provisioned concurrency: as many environments of a version as its fleet is wanted to have. One that ends is replaced,
unless the function could not be initialised; then nothing is tried again until something else is wanted.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from pileus.kernel.errors import ServiceError
from pileus.kernel.sandbox.sandbox import SandboxFailed
from pileus.services.lambda_.environments.environment import Environment
from pileus.services.lambda_.environments.fleets import Fleet
from pileus.services.lambda_.environments.lifecycle import State
from pileus.services.lambda_.environments.types import (
    ConcurrencyExceeded,
    EnvironmentsClosed,
    InitFailed,
    UnsupportedRuntime,
)
from pileus.services.lambda_.provisioning import Provisioned

INITIALIZATION_TYPE: Final = "provisioned-concurrency"
INIT_FAILED: Final = "FUNCTION_ERROR_INIT_FAILURE"
"""Recording lambda, test_provisioned_concurrency's function that fails while it is initialised."""
_AT_ONCE_MAX: Final = 4
"""Environments of one fleet that are started together: the processors are needed by those who work."""


class Provisions:
    """Fills fleets. start: an initialised environment of a fleet; it raises what an invocation would meet, too."""

    def __init__(self, start: Callable[[Fleet], Awaitable[Environment]]) -> None:
        self._start = start
        self._tasks: set[asyncio.Task[None]] = set()

    def want(self, fleet: Fleet, count: int) -> None:
        """Keep so many from now on. Those that are too many serve as any others do, and expire as they do."""
        if count != fleet.wanted:
            fleet.wanted, fleet.failure = count, ""
        surplus = sum(1 for _ in fleet.of_provisioned()) - count
        if surplus > 0:
            let_go = sorted(fleet.of_provisioned(), key=lambda environment: environment.state is not State.IDLE)
            for environment in let_go[:surplus]:
                environment.provisioned = False
                if environment in fleet.provisioned:
                    fleet.provisioned.remove(environment)
                    fleet.idle.append(environment)
        self.fill(fleet)

    def fill(self, fleet: Fleet) -> None:
        """Start what is missing, in the background."""
        if fleet.retired or fleet.failure:
            return
        missing = fleet.wanted - fleet.filling - sum(1 for _ in fleet.of_provisioned())
        for _ in range(min(missing, _AT_ONCE_MAX - fleet.filling)):
            fleet.filling += 1
            task = asyncio.get_running_loop().create_task(self._add(fleet))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def far(self, fleet: Fleet) -> Provisioned:
        """How far it has come."""
        states = [environment.state for environment in fleet.of_provisioned()]
        return Provisioned(
            allocated=len(states), available=sum(state is State.IDLE for state in states), failure=fleet.failure
        )

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _add(self, fleet: Fleet) -> None:
        environment = None
        try:
            environment = await self._start(fleet)
        except InitFailed:
            fleet.failure = INIT_FAILED
        except EnvironmentsClosed:
            return
        except (ConcurrencyExceeded, UnsupportedRuntime, SandboxFailed, ServiceError) as failure:
            fleet.failure = str(failure) or type(failure).__name__
        finally:
            fleet.filling -= 1
        if environment is None or environment.state is not State.IDLE:
            return
        if fleet.retired:
            environment.stop()
            return
        environment.provisioned = sum(1 for _ in fleet.of_provisioned()) < fleet.wanted
        environment.rests()
        self.fill(fleet)
