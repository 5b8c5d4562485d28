"""May there be another environment just now?"""

import asyncio
from typing import Final

from pileus.services.lambda_.environments.concurrency import Limits, ScalingRate, Unreserved
from pileus.services.lambda_.environments.lifecycle import State
from pileus.services.lambda_.environments.population import Population
from pileus.services.lambda_.environments.types import ConcurrencyExceeded, FunctionSpec

ENVIRONMENTS_MAX: Final = 1_000
"""Source: Lambda Developer Guide, "Lambda quotas", concurrent executions."""


class Admission:
    """Asked when an environment is to be started, not at every invocation.

    limits: who knows what is reserved; None while nobody can reserve anything.
    """

    limits: Limits | None = None

    def __init__(self, population: Population, *, environments_max: int) -> None:
        self._population = population
        self._environments_max = environments_max
        self._scaling = ScalingRate()

    async def admit(self, spec: FunctionSpec) -> None:
        """Or ConcurrencyExceeded: the function, or its account, has no room for another environment now."""
        if self.limits is not None:
            shared = await self.limits.unreserved(account_id=spec.account_id, region=spec.region)
            if spec.function_name not in shared.reserved_by and self._population.count >= shared.concurrency:
                self._check_account(spec, shared)
        function = f"{spec.account_id}:{spec.region}:{spec.function_name}"
        if not self._scaling.gains(function, asyncio.get_running_loop().time()):
            raise ConcurrencyExceeded("FunctionInvocationRateLimitExceeded")

    def make_room(self) -> None:
        """At the host's limit, the longest idle environment of any function makes way."""
        if self._population.count < self._environments_max:
            return
        idle = [environment for fleet in self._population.fleets.values() for environment in fleet.idle]
        if not idle:
            raise ConcurrencyExceeded
        oldest = min(idle, key=lambda environment: environment.idle_since_s)
        oldest.stop()

    def _check_account(self, spec: FunctionSpec, shared: Unreserved) -> None:
        at_work = self._population.count - len(self._population.environments)  # and those that are about to be made
        at_work += sum(
            environment.state is not State.IDLE
            and environment.spec.account_id == spec.account_id
            and environment.spec.region == spec.region
            and environment.spec.function_name not in shared.reserved_by
            for environment in self._population.environments
        )
        if at_work >= shared.concurrency:
            raise ConcurrencyExceeded
