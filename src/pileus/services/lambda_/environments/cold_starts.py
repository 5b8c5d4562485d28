"""What becomes of an invocation for which no environment is warm?"""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from pileus.services.lambda_.environments import reports
from pileus.services.lambda_.environments.admission import Admission
from pileus.services.lambda_.environments.fleets import Fleet
from pileus.services.lambda_.environments.lifecycle import State
from pileus.services.lambda_.environments.population import Population
from pileus.services.lambda_.environments.snapshots import AFTER_RESTORE_S_MAX, Snapshots
from pileus.services.lambda_.environments.starting import Starting
from pileus.services.lambda_.environments.types import (
    FunctionSpec,
    InitFailed,
    Invocation,
    InvocationResult,
    RestoreFailed,
)
from pileus.services.lambda_.environments.watching import Watch

_log: Final = logging.getLogger(__name__)
INIT_S_MAX: Final = 10.0
"""Initialising longer than this is begun again, within the function's timeout.
Source: Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle", Init phase."""


class ColdStarts:
    """Starts or restores an environment, and hands it the event that it was started for."""

    def __init__(
        self,
        population: Population,
        *,
        admission: Admission,
        starting: Starting,
        snapshots: Snapshots,
        watch: Watch,
    ) -> None:
        self._population = population
        self._admission = admission
        self._starting = starting
        self._snapshots = snapshots
        self._watch = watch

    async def invoke(self, fleet: Fleet, spec: FunctionSpec, invocation: Invocation) -> InvocationResult:
        """Raises as `EnvironmentPool.invoke` does."""
        if spec.snap_start:
            try:
                return await self._restore_and_invoke(fleet, spec, invocation)
            except InitFailed as unable:  # as it fails again now, whoever invokes hears of it
                _log.info("no snapshot of %s: %s", spec.function_arn, unable)
        limit_s = INIT_S_MAX
        while True:
            environment = await self._starting.start(fleet, spec)
            if isinstance(environment, InitFailed):
                return _never_started(invocation, environment)
            timer = asyncio.get_running_loop().call_later(limit_s, environment.initialise_no_longer)
            try:
                await environment.ready
                if environment.state is State.IDLE:
                    return await self._watch.invoke(environment, invocation)
                self._population.require_open()
                failure = InitFailed("Runtime.ExitError", reports.exited(None))
            except InitFailed as known:
                failure = known
            except asyncio.CancelledError:
                if environment.state is State.STARTING:
                    environment.stop()
                raise
            finally:
                timer.cancel()
            timeout_s = spec.timeout.total_seconds()
            if failure.kind != "Sandbox.Timedout":
                return environment.conclude_failed_start(invocation, failure)
            if limit_s != INIT_S_MAX or timeout_s <= INIT_S_MAX:
                failure = InitFailed(failure.kind, reports.timed_out(spec.timeout))
                return environment.conclude_failed_start(invocation, failure)
            limit_s = timeout_s

    async def _restore_and_invoke(self, fleet: Fleet, spec: FunctionSpec, invocation: Invocation) -> InvocationResult:
        """InitFailed, where there can be no snapshot; RestoreFailed."""
        await self._admission.admit(spec)
        environment = await self._snapshots.restored(fleet)
        timer = asyncio.get_running_loop().call_later(AFTER_RESTORE_S_MAX, environment.initialise_no_longer)
        try:
            await environment.ready
        except InitFailed as failure:
            environment.conclude_failed_start(invocation, failure)
            raise RestoreFailed(timed_out=failure.kind == "Sandbox.Timedout") from failure
        except asyncio.CancelledError:
            if environment.state is State.STARTING:
                environment.stop()
            raise
        finally:
            timer.cancel()
        if environment.state is not State.IDLE:  # it has ended since
            self._population.require_open()
            raise RestoreFailed(timed_out=False)
        return await self._watch.invoke(environment, invocation)


def _never_started(invocation: Invocation, failure: InitFailed) -> InvocationResult:
    """A package that cannot run at all: there was no environment, hence nothing was logged."""
    return InvocationResult(
        payload=reports.error_document(failure.kind, request_id=invocation.request_id, message=failure.message),
        function_error="Unhandled",
        duration=timedelta(0),
        init_duration=None,
        max_memory_bytes=0,
        log=b"",
        log_stream="",
    )
