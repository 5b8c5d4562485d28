"""What does Lambda count for CloudWatch when a function runs? The metrics of `AWS/Lambda` about invocations.

`CountedEnvironments` stands before the environments, so that whoever invokes is counted. Each invocation counts for the
function, for the version or alias that was invoked, and for the account as a whole: 5 us together (CPython 3.11).

Beside them the GB-seconds of each function are metered, for `pileus bill`: billed duration times memory.

Source: Lambda Developer Guide, "Types of metrics for Lambda functions" and "Viewing metrics for Lambda functions",
dimensions.
"""

from collections.abc import Callable
from typing import Final, Protocol

from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.metering import GB_SECONDS, meter
from pileus.kernel.metrics.series import Dimensions
from pileus.services.lambda_.environments.reports import billed_ms
from pileus.services.lambda_.environments.types import (
    ConcurrencyExceeded,
    FunctionSpec,
    Invocation,
    InvocationResult,
)

NAMESPACE: Final = "AWS/Lambda"
_MB_PER_GB: Final = 1_024
_KEPT_MAX: Final = 8_192

Add = Callable[[float], None]


class Environments(Protocol):
    """What runs functions."""

    async def invoke(self, spec: FunctionSpec, invocation: Invocation) -> InvocationResult: ...

    async def retire(self, function_arn: str) -> None: ...

    def prepare(self) -> None: ...


class _Running:
    """How many invocations run at this moment."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class _Counted:
    """What is counted of one function, as it was invoked."""

    __slots__ = (
        *("_concurrent", "_duration", "_errors", "_gb_seconds", "_invocations", "_of_account", "_of_function"),
        "_throttles",
    )

    def __init__(
        self, metrics: Metrics, spec: FunctionSpec, resource: str, *, of_function: _Running, of_account: _Running
    ) -> None:
        function, of_resource = ("FunctionName", spec.function_name), ("Resource", resource)
        placed: list[Dimensions] = [(function,), (function, of_resource)]
        if spec.version != "$LATEST" and not resource.endswith(f":{spec.version}"):  # an alias chose the version
            placed.append((function, of_resource, ("ExecutedVersion", spec.version)))
        placed.append(())

        def adds(name: str, unit: str) -> tuple[Add, ...]:
            """That of the account is the last."""
            return tuple(
                metrics.series(spec.account_id, spec.region, NAMESPACE, name, dimensions, unit).add
                for dimensions in placed
            )

        self._invocations = adds("Invocations", "Count")
        self._errors = adds("Errors", "Count")
        self._throttles = adds("Throttles", "Count")
        self._duration = adds("Duration", "Milliseconds")
        self._concurrent = adds("ConcurrentExecutions", "Count")
        metered: Dimensions = (function,)
        self._gb_seconds = meter(metrics, spec.account_id, spec.region, GB_SECONDS, metered).add
        self._of_function = of_function
        self._of_account = of_account

    def begins(self) -> None:
        self._of_function.count += 1
        self._of_account.count += 1

    def ends(self) -> None:
        self._of_function.count -= 1
        self._of_account.count -= 1

    def throttled(self) -> None:
        for add in self._throttles:
            add(1.0)

    def ran(self, result: InvocationResult, memory_mb: int) -> None:
        """It has run, and ends now. That nothing failed and nobody was throttled counts, as on AWS, as zero."""
        duration_s = result.duration.total_seconds()
        failed = 0.0 if result.function_error is None else 1.0
        duration_ms = duration_s * 1_000
        for add in self._invocations:
            add(1.0)
        for add in self._errors:
            add(failed)
        for add in self._throttles:
            add(0.0)
        for add in self._duration:
            add(duration_ms)
        running = float(self._of_function.count)
        for add in self._concurrent[:-1]:
            add(running)
        self._concurrent[-1](float(self._of_account.count))
        init_s = result.init_duration.total_seconds() if result.init_duration is not None else 0.0
        self._gb_seconds(billed_ms(duration_s, init_s=init_s) / 1_000 * memory_mb / _MB_PER_GB)


class CountedEnvironments:
    """Environments whose invocations are counted."""

    def __init__(self, environments: Environments, metrics: Metrics) -> None:
        self._environments = environments
        self._metrics = metrics
        self._counted: dict[tuple[str, str], _Counted] = {}
        self._running: dict[tuple[str, ...], _Running] = {}

    async def invoke(self, spec: FunctionSpec, invocation: Invocation) -> InvocationResult:
        """As the environments do."""
        key = (invocation.invoked_function_arn, spec.version)
        counted = self._counted.get(key) or self._count(key, spec)
        counted.begins()
        try:
            result = await self._environments.invoke(spec, invocation)
            counted.ran(result, spec.memory_mb)
            return result
        except ConcurrencyExceeded:
            counted.throttled()
            raise
        finally:
            counted.ends()

    async def retire(self, function_arn: str) -> None:
        await self._environments.retire(function_arn)

    def prepare(self) -> None:
        self._environments.prepare()

    def _count(self, key: tuple[str, str], spec: FunctionSpec) -> _Counted:
        if len(self._counted) >= _KEPT_MAX:
            self._counted.clear()
        if len(self._running) >= _KEPT_MAX:
            self._running = {place: running for place, running in self._running.items() if running.count}
        counted = self._counted[key] = _Counted(
            self._metrics,
            spec,
            key[0].split(":function:", 1)[-1],
            of_function=self._of(spec.account_id, spec.region, spec.function_name),
            of_account=self._of(spec.account_id, spec.region),
        )
        return counted

    def _of(self, *place: str) -> _Running:
        return self._running.setdefault(place, _Running())
