"""Which environment handles an invocation, and when is one started or ended?

Environments of one function form a fleet. An invocation takes the warm environment that was used last, so that the
others may grow old and expire; without one it starts another (`cold_starts`). Each handles one event at a time, as on
AWS.
"""

import asyncio
import functools
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from pileus.kernel.auth.credentials import CredentialIssuer
from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.sandbox.sandbox import Sandbox
from pileus.services.lambda_.environments import provisioned
from pileus.services.lambda_.environments.admission import ENVIRONMENTS_MAX, Admission
from pileus.services.lambda_.environments.archives import Archives
from pileus.services.lambda_.environments.cold_starts import ColdStarts
from pileus.services.lambda_.environments.concurrency import Limits
from pileus.services.lambda_.environments.environment import Environment
from pileus.services.lambda_.environments.fleets import Fleet
from pileus.services.lambda_.environments.freezing import Freezing
from pileus.services.lambda_.environments.gathering import Gathering
from pileus.services.lambda_.environments.launching import runs_here
from pileus.services.lambda_.environments.ordering import Ordering
from pileus.services.lambda_.environments.population import Population
from pileus.services.lambda_.environments.preloading import LATER, PRELOAD
from pileus.services.lambda_.environments.provisioned import Provisions
from pileus.services.lambda_.environments.snapshots import Snapshots
from pileus.services.lambda_.environments.starting import Starting
from pileus.services.lambda_.environments.types import (
    FunctionSpec,
    Invocation,
    InvocationResult,
    LogSink,
    UnsupportedRuntime,
)
from pileus.services.lambda_.environments.watching import IDLE_EXPIRY, Watch
from pileus.services.lambda_.names import LATEST
from pileus.services.lambda_.provisioning import Provisioned


class EnvironmentPool:
    """All environments of this host. Belongs to one event loop; nothing starts before the first invocation.

    endpoint_url: where functions reach Pileus. data_dir: Pileus's data, which no function may see.
    strict_runtimes: run a function on no other version than its runtime names.
    appeared: called when a version is run for the first time, of which environments may have to be kept initialised.
    """

    appeared: Callable[[], None] | None = None

    def __init__(
        self,
        *,
        credentials: CredentialIssuer,
        logs: LogSink,
        clock: Clock,
        ids: Ids,
        endpoint_url: Callable[[], str],
        data_dir: Path,
        environments_max: int = ENVIRONMENTS_MAX,
        idle_expiry: timedelta = IDLE_EXPIRY,
        sandbox: Sandbox | None = None,
        strict_runtimes: bool = False,
    ) -> None:
        self._clock = clock
        self._sandbox = sandbox or Sandbox(preload=PRELOAD, later=LATER, hidden=[data_dir])
        self._freezing = Freezing()
        self._gathering = Gathering()
        self._population = population = Population()
        self._fleets = population.fleets
        self._admission = Admission(population, environments_max=environments_max)
        self._watch = Watch(population, idle_expiry=idle_expiry)
        ordering = Ordering(
            issuer=credentials,
            ids=ids,
            endpoint_url=endpoint_url,
            runtimes_cache=data_dir / "runtimes",
            layers_cache=data_dir / "layers",
            strict=strict_runtimes,
        )
        self._starting = Starting(
            population,
            admission=self._admission,
            ordering=ordering,
            watch=self._watch,
            sandbox=self._sandbox,
            freezing=self._freezing,
            gathering=self._gathering,
            logs=logs,
            clock=clock,
            ids=ids,
            released=self._released,
            ended=self._ended,
        )
        self._provisions = Provisions(
            functools.partial(self._starting.initialise, kind=provisioned.INITIALIZATION_TYPE)
        )
        self._snapshots = Snapshots(self._starting, groups=self._sandbox.make_groups)
        self._archives = Archives(ordering, take_cell=self._starting.take_cell)
        self._cold_starts = ColdStarts(
            population,
            admission=self._admission,
            starting=self._starting,
            snapshots=self._snapshots,
            watch=self._watch,
        )

    @property
    def limits(self) -> Limits | None:
        """Who knows what is reserved; None while nobody can reserve anything."""
        return self._admission.limits

    @limits.setter
    def limits(self, limits: Limits | None) -> None:
        self._admission.limits = limits

    async def invoke(self, spec: FunctionSpec, invocation: Invocation) -> InvocationResult:
        """Run the function; `UnsupportedRuntime`, `ConcurrencyExceeded`, `SandboxFailed` when it cannot be run.

        `EnvironmentsClosed` when we end before it does: it may have run, in part or whole, and told nobody.
        """
        self._population.require_open()
        fleet = self._fleets.get(spec.function_arn)
        if fleet is None or fleet.spec.revision != spec.revision:
            fleet = self._renew(spec)
        while (environment := fleet.pop()) is not None:
            if self._clock.timestamp() < environment.good_until_s:
                return await self._watch.invoke(environment, invocation)
            environment.stop()
        return await self._cold_starts.invoke(fleet, spec, invocation)

    def prepare(self) -> None:
        """A function was created or found: make ready for its first invocation, in the background (1 to 2 ms here)."""
        self._sandbox.prepare()

    async def why_no_images(self) -> str:
        """Why functions cannot be made of container images on this host; '' where they can."""
        self._population.require_open()
        (await self._starting.take_cell()).close()
        return "" if self._sandbox.contained else self._sandbox.reason

    def provide(self, wanted: Sequence[tuple[FunctionSpec, int]]) -> None:
        """Keep so many environments of each initialised, and none of any other; returns at once."""
        if self._population.closed:
            return
        asked = {spec.function_arn for spec, _ in wanted}
        for arn, fleet in self._fleets.items():
            if fleet.wanted and arn not in asked:
                self._provisions.want(fleet, 0)
        for spec, count in wanted:
            known = self._fleets.get(spec.function_arn)
            if known is None or known.spec.revision != spec.revision:
                if not runs_here(spec):
                    continue
                known = self._renew(spec)
            self._provisions.want(known, count)

    def provisioned(self, function_arn: str) -> Provisioned | None:
        """How far those of a function have come; None where nobody has asked for any."""
        fleet = self._fleets.get(function_arn)
        return None if fleet is None or not fleet.wanted else self._provisions.far(fleet)

    async def take_snapshot(self, spec: FunctionSpec) -> None:
        """Initialise a version of which environments are to be restored; InitFailed."""
        self._population.require_open()
        fleet = self._fleets.get(spec.function_arn)
        if fleet is None or fleet.spec.revision != spec.revision:
            fleet = self._renew(spec)
        await self._snapshots.taken(fleet)
        await self._archives.make(spec)

    async def retire(self, function_arn: str) -> None:
        """End the function's environments: idle ones now, busy ones when they have answered."""
        fleet = self._fleets.pop(function_arn, None)
        if fleet is not None:
            self._retire(fleet)
        await self._archives.remove(function_arn)

    async def close(self) -> None:
        """End every environment and the processes that serve them; nothing of it is left afterwards."""
        self._population.closed = True
        await self._provisions.close()
        self._snapshots.close()
        self._freezing.close()
        self._watch.close()
        ending = [environment.gone for environment in self._population.environments if environment.shutdown.all_s]
        for fleet in self._fleets.values():
            fleet.retired = True
            for environment in list(fleet.environments):
                environment.stop()
        self._fleets.clear()
        if ending:
            await asyncio.wait(ending)  # each is killed when its time is over
        self._gathering.close()
        await self._sandbox.close()

    def _renew(self, spec: FunctionSpec) -> Fleet:
        if not runs_here(spec):
            raise UnsupportedRuntime(spec.runtime)
        old = self._fleets.get(spec.function_arn)
        if old is not None:
            self._retire(old)
        elif self.appeared is not None and spec.version != LATEST:
            self.appeared()
        fleet = self._fleets[spec.function_arn] = Fleet(spec)
        return fleet

    def _retire(self, fleet: Fleet) -> None:
        fleet.retired = True
        for environment in fleet.all_idle():
            environment.stop()
        self._snapshots.left(fleet)

    def _released(self, fleet: Fleet, environment: Environment) -> None:
        if fleet.retired:
            environment.stop()
        else:
            fleet.released(environment)

    def _ended(self, fleet: Fleet, environment: Environment) -> None:
        self._population.count -= 1
        fleet.ended(environment)
        self._population.environments.discard(environment)
        if fleet.retired:
            self._snapshots.left(fleet)
        if environment.provisioned and fleet.wanted and not self._population.closed:
            asyncio.get_running_loop().call_soon(self._provisions.fill, fleet)
