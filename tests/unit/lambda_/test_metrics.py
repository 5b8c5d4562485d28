"""Invocations are counted: for the function, for what was invoked, and for the account."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.metering import GB_SECONDS, amounts
from pileus.kernel.metrics.metering import NAMESPACE as METERING
from pileus.kernel.metrics.series import Metric
from pileus.kernel.storage.seam import Transaction
from pileus.kernel.storage.sqlite import open_store
from pileus.services.lambda_.environments.types import (
    ConcurrencyExceeded,
    EnvironmentsClosed,
    FunctionSpec,
    Invocation,
    InvocationResult,
)
from pileus.services.lambda_.metrics import NAMESPACE, CountedEnvironments
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.reservations import ReservedEnvironments
from pileus.services.lambda_.settings import ConcurrencyRecord
from pileus.services.lambda_.settings_store import put_setting
from tests.support.time import JumpingClock

ACCOUNT: Final = "111111111111"
REGION: Final = "us-east-1"
ARN: Final = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
NOON: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Environments:
    """Answers once it is told to, or fails."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.function_error: str | None = None
        self.init_duration: timedelta | None = None
        self.go = asyncio.Event()
        self.go.set()
        self.retired: list[str] = []

    async def invoke(self, spec: FunctionSpec, invocation: Invocation) -> InvocationResult:
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return InvocationResult(
            payload=b"",
            function_error=self.function_error,
            duration=timedelta(milliseconds=99.5),
            init_duration=self.init_duration,
            max_memory_bytes=0,
            log=b"",
            log_stream="",
        )

    async def retire(self, function_arn: str) -> None:
        self.retired.append(function_arn)

    def prepare(self) -> None: ...


class Counted:
    """Counted environments, and what was counted."""

    def __init__(self, metrics: Metrics) -> None:
        self.inner = Environments()
        self.metrics = metrics
        self.environments = CountedEnvironments(self.inner, metrics)

    async def invoke(self, *, qualifier: str = "", version: str = "$LATEST", name: str = "f") -> None:
        arn = ARN.removesuffix("f") + name
        spec = FunctionSpec(
            function_arn=arn,
            function_name=name,
            version=version,
            runtime="python3.12",
            handler="h",
            code_path=Path("/"),
            code_sha256="",
            memory_mb=512,
            environment={},
            timeout=timedelta(seconds=3),
            role_arn="",
            log_group="",
            region=REGION,
            account_id=ACCOUNT,
            revision="",
        )
        invoked = f"{arn}:{qualifier}" if qualifier else arn
        await self.environments.invoke(spec, Invocation(request_id="r", payload=b"{}", invoked_function_arn=invoked))

    async def told(self, name: str, *dimensions: tuple[str, str]) -> tuple[float, float] | None:
        """How many samples, and their sum."""
        metric = Metric(account_id=ACCOUNT, region=REGION, namespace=NAMESPACE, name=name, dimensions=dimensions)
        hour = timedelta(hours=1)
        points = await self.metrics.read(metric, start=NOON, end=NOON + hour, period=hour)
        return (points[0].statistics.samples, points[0].statistics.sum) if points else None


@pytest.fixture
async def counted(tmp_path: Path) -> AsyncIterator[Counted]:
    clock = JumpingClock(NOON)
    store = open_store(tmp_path, clock=clock)
    yield Counted(Metrics(store, clock))
    await store.close()


F: Final = ("FunctionName", "f")


async def test_success_and_failure(counted: Counted) -> None:
    """A failure counts as one, a success as zero, so that their average is a rate."""
    await counted.invoke()
    counted.inner.function_error = "Unhandled"
    await counted.invoke()
    for dimensions in ((F,), (F, ("Resource", "f")), ()):
        assert await counted.told("Invocations", *dimensions) == (2, 2.0)
        assert await counted.told("Errors", *dimensions) == (2, 1.0)
        assert await counted.told("Throttles", *dimensions) == (2, 0.0)
        assert await counted.told("Duration", *dimensions) == (2, 199.0)
        assert await counted.told("ConcurrentExecutions", *dimensions) == (2, 2.0)


async def test_what_never_ran(counted: Counted) -> None:
    """Who finds no room is throttled, and not invoked; what we stop ourselves counts for nothing."""
    counted.inner.error = ConcurrencyExceeded()
    with pytest.raises(ConcurrencyExceeded):
        await counted.invoke()
    assert await counted.told("Throttles", F) == (1, 1.0)
    assert await counted.told("Invocations", F) is None
    counted.inner.error = EnvironmentsClosed()
    with pytest.raises(EnvironmentsClosed):
        await counted.invoke()
    assert await counted.told("Throttles", F) == (1, 1.0)
    counted.inner.error = None
    await counted.invoke()
    assert await counted.told("ConcurrentExecutions", F) == (1, 1.0)


async def test_who_finds_nothing_reserved_is_throttled(tmp_path: Path) -> None:
    """An alarm on Throttles is how one learns that the reserved concurrency is too little."""
    store = open_store(tmp_path, clock=JumpingClock(NOON))
    counted = Counted(Metrics(store, JumpingClock(NOON)))
    counted.environments = CountedEnvironments(ReservedEnvironments(counted.inner, store), counted.metrics)
    function = FunctionName(partition="aws", region=REGION, account_id=ACCOUNT, name="f")

    async def reserve(tx: Transaction) -> None:
        put_setting(tx, function, ConcurrencyRecord(reserved=1))

    await store.run(reserve)
    counted.inner.go.clear()
    first = asyncio.create_task(counted.invoke())
    await asyncio.sleep(0)
    with pytest.raises(ConcurrencyExceeded) as refused:
        await counted.invoke()
    counted.inner.go.set()
    await first
    assert refused.value.reason == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert await counted.told("Throttles", F) == (2, 1.0)
    assert await counted.told("Invocations", F) == (1, 1.0)
    await store.close()


async def test_aliases_and_versions(counted: Counted) -> None:
    """An alias is told from the version that it leads to; a version from `$LATEST`."""
    await counted.invoke(qualifier="live", version="7")
    await counted.invoke(qualifier="7", version="7")
    await counted.invoke()
    assert await counted.told("Invocations", F) == (3, 3.0)
    assert await counted.told("Invocations", F, ("Resource", "f:live")) == (1, 1.0)
    assert await counted.told("Invocations", F, ("Resource", "f:live"), ("ExecutedVersion", "7")) == (1, 1.0)
    assert await counted.told("Invocations", F, ("Resource", "f:7")) == (1, 1.0)
    assert await counted.told("Invocations", F, ("Resource", "f:7"), ("ExecutedVersion", "7")) is None
    assert await counted.told("Invocations", F, ("Resource", "f")) == (1, 1.0)


async def test_how_many_run_at_once(counted: Counted) -> None:
    """By function, and in the whole account."""
    counted.inner.go.clear()
    calls = [asyncio.create_task(counted.invoke(name=name)) for name in ("f", "f", "g")]
    for _ in range(3):
        await asyncio.sleep(0)
    counted.inner.go.set()
    await asyncio.gather(*calls)
    assert await counted.told("ConcurrentExecutions", F) == (2, 3.0)  # two, then one
    assert await counted.told("ConcurrentExecutions") == (3, 6.0)


async def test_what_is_billed(counted: Counted) -> None:
    """Started milliseconds times memory: 400 ms of half a gigabyte, 300 of them initialisation, and 100 ms."""
    counted.inner.init_duration = timedelta(milliseconds=300.5)
    await counted.invoke()
    counted.inner.init_duration = None
    await counted.invoke(qualifier="live", version="7")
    used = await amounts(counted.metrics, {(METERING, GB_SECONDS)}, start=NOON, end=NOON + timedelta(hours=1))
    [(metric, amount)] = used.items()
    assert metric.dimensions == (F,)
    assert amount == pytest.approx(0.25)


async def test_the_rest_passes_through(counted: Counted) -> None:
    """Environments are retired as before."""
    await counted.environments.retire(ARN)
    assert counted.inner.retired == [ARN]
