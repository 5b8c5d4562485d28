"""How does an environment come to be: in which cell, with which credentials, and who hears of it?"""

import asyncio
import functools
from collections.abc import Callable
from typing import Final

from pileus.kernel.auth.credentials import Credentials
from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.sandbox.cell import Cell
from pileus.kernel.sandbox.sandbox import Sandbox, SandboxFailed
from pileus.services.lambda_.environments import snapshots
from pileus.services.lambda_.environments.admission import Admission
from pileus.services.lambda_.environments.environment import Environment
from pileus.services.lambda_.environments.fleets import Fleet
from pileus.services.lambda_.environments.freezing import Freezing
from pileus.services.lambda_.environments.gathering import Gathering
from pileus.services.lambda_.environments.launching import unstartable
from pileus.services.lambda_.environments.links import NativeLink
from pileus.services.lambda_.environments.logs import EnvironmentLog, log_stream_name
from pileus.services.lambda_.environments.ordering import Ordering
from pileus.services.lambda_.environments.population import Population
from pileus.services.lambda_.environments.types import (
    ConcurrencyExceeded,
    EnvironmentsClosed,
    FunctionSpec,
    InitFailed,
    LogSink,
)
from pileus.services.lambda_.environments.watching import Watch

INIT_AHEAD_S_MAX: Final = 130.0
"""Where nobody waits for it: so long, or as long as the function's timeout.
Source: Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle", Init phase."""


class Starting:
    """Starts environments for whoever needs one. released, ended: what becomes of each, as `Environment` has it."""

    def __init__(
        self,
        population: Population,
        *,
        admission: Admission,
        ordering: Ordering,
        watch: Watch,
        sandbox: Sandbox,
        freezing: Freezing,
        gathering: Gathering,
        logs: LogSink,
        clock: Clock,
        ids: Ids,
        released: Callable[[Fleet, Environment], None],
        ended: Callable[[Fleet, Environment], None],
    ) -> None:
        self._population = population
        self._admission = admission
        self._ordering = ordering
        self._watch = watch
        self._sandbox = sandbox
        self._logs = logs
        self._clock = clock
        self._ids = ids
        self._released = released
        self._ended = ended
        self._freezing = freezing
        self._gathering = gathering

    async def start(
        self, fleet: Fleet, spec: FunctionSpec, *, kind: str = "on-demand", snapshot: str = ""
    ) -> Environment | InitFailed:
        """An environment whose runtime is loading the function. kind: as the function sees it."""
        if (failure := unstartable(spec)) is not None:
            return InitFailed(*failure)
        if kind == "on-demand":
            await self._admission.admit(spec)
        self._admission.make_room()
        self._population.count += 1
        try:
            credentials = await self._ordering.credentials_for(spec)
            cell = await self.take_cell()
        except BaseException:
            self._population.count -= 1
            raise
        environment = self._make(fleet, spec, cell, credentials, kind=kind)
        try:
            await self._ordering.order(environment, cell, credentials, kind=kind, snapshot=snapshot)
        except BaseException:
            environment.stop()
            raise
        return environment

    async def initialise(self, fleet: Fleet, *, kind: str, snapshot: str = "") -> Environment:
        """An environment that waits for its first event; InitFailed."""
        environment = await self.start(fleet, fleet.spec, kind=kind, snapshot=snapshot)
        if isinstance(environment, InitFailed):
            raise environment
        limit_s = max(INIT_AHEAD_S_MAX, fleet.spec.timeout.total_seconds())
        timer = asyncio.get_running_loop().call_later(limit_s, environment.initialise_no_longer)
        try:
            await environment.ready
        except asyncio.CancelledError:
            environment.stop()
            raise
        finally:
            timer.cancel()
        return environment

    async def revive(self, fleet: Fleet, cell: Cell, template: Environment) -> Environment:
        """The environment in a cell that was forked from `template`; it is not ready yet."""
        spec = fleet.spec
        try:
            self._admission.make_room()
        except ConcurrencyExceeded:
            cell.close()
            raise
        self._population.count += 1
        try:
            credentials = await self._ordering.credentials_for(spec)
        except BaseException:
            self._population.count -= 1
            cell.close()
            raise
        environment = self._make(fleet, spec, cell, credentials, kind=snapshots.INITIALIZATION_TYPE)
        environment.good_until_s = min(environment.good_until_s, template.good_until_s)
        environment.attach(NativeLink(cell, environment, loop=asyncio.get_running_loop()))
        self._ordering.order_again(environment, cell, credentials)
        return environment

    async def take_cell(self) -> Cell:
        """A blank one; SandboxFailed, EnvironmentsClosed."""
        self._population.require_open()
        try:
            cell = await self._sandbox.take()
        except SandboxFailed:
            self._population.require_open()
            raise
        try:
            self._population.require_open()
        except EnvironmentsClosed:
            cell.close()
            raise
        return cell

    def _make(
        self, fleet: Fleet, spec: FunctionSpec, cell: Cell, credentials: Credentials, *, kind: str
    ) -> Environment:
        loop = asyncio.get_running_loop()
        log_stream = log_stream_name(spec, today=self._clock.now(), serial=self._ids.bytes(16).hex())
        environment = Environment(
            spec,
            cell,
            log=EnvironmentLog(
                spec, log_stream=log_stream, sink=self._logs, clock=self._clock, gathering=self._gathering
            ),
            log_stream=log_stream,
            clock=self._clock,
            loop=loop,
            good_until_s=(credentials.expires_at - spec.timeout).timestamp(),
            freezing=self._freezing,
            kind=kind,
            released=functools.partial(self._released, fleet),
            ended=functools.partial(self._ended, fleet),
        )
        fleet.environments.add(environment)
        self._population.environments.add(environment)
        self._watch.begin()
        return environment
