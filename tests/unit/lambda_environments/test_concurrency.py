"""How many environments there may be, and those that are kept initialised."""

import asyncio
import time
from collections.abc import Callable

import msgspec
import pytest

from pileus.services.lambda_.environments.concurrency import ScalingRate, Unreserved
from pileus.services.lambda_.environments.lifecycle import State
from pileus.services.lambda_.environments.types import ConcurrencyExceeded, FunctionSpec
from pileus.services.lambda_.provisioning import Provisioned
from tests.unit.lambda_environments.conftest import Bench

KIND = """
    import os, time
    def handler(event, context):
        time.sleep(event or 0)
        return os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]
"""


class Reserved:
    """Says what is left of an account's concurrency."""

    def __init__(self, concurrency: int, *names: str) -> None:
        self.shared = Unreserved(concurrency=concurrency, reserved_by=frozenset(names))

    async def unreserved(self, *, account_id: str, region: str) -> Unreserved:
        return self.shared


async def _until(reached: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10
    while not reached():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.005)


def _far(bench: Bench, spec: FunctionSpec) -> Provisioned:
    found = bench.pool.provisioned(spec.function_arn)
    assert found is not None
    return found


def test_a_function_gains_environments_at_a_rate() -> None:
    """A table by hand: all at once, then as many as time has brought, never more than all; each function for itself."""
    rate = ScalingRate(most=3, per_s=2.0)
    assert [rate.gains("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert rate.gains("b", 0.0)
    assert not rate.gains("a", 0.4)
    assert [rate.gains("a", 1.0) for _ in range(3)] == [True, True, False]
    assert [rate.gains("a", 100.0) for _ in range(4)] == [True, True, True, False]


async def test_unreserved_concurrency_is_shared(bench: Bench) -> None:
    """Functions without reserved concurrency share what is left; one that has its own is not held up by them."""
    bench.pool.limits = Reserved(1, "own")
    first, second, own = (bench.function(KIND, name=name) for name in ("a", "b", "own"))
    busy = asyncio.create_task(bench.answer(first, 0.5))
    await _until(lambda: any(e.state is State.BUSY for e in bench.pool._population.environments))
    with pytest.raises(ConcurrencyExceeded) as refused:
        await bench.invoke(second)
    assert refused.value.reason == "ConcurrentInvocationLimitExceeded"
    assert await bench.answer(own) == "on-demand"
    await busy
    assert await bench.answer(second) == "on-demand"  # an idle environment is not at work


async def test_scaling_beyond_the_rate_is_refused(bench: Bench) -> None:
    """The limit is applied where environments are started, and warm ones are not counted again."""
    bench.pool._admission._scaling = ScalingRate(most=1, per_s=0.0)
    spec = bench.function(KIND)
    assert await bench.answer(spec) == "on-demand"
    busy = asyncio.create_task(bench.answer(spec, 0.3))
    await asyncio.sleep(0)
    with pytest.raises(ConcurrencyExceeded) as refused:
        await bench.invoke(spec)
    assert refused.value.reason == "FunctionInvocationRateLimitExceeded"
    await busy


async def test_provisioned_environments_are_ready_before_anybody_asks(bench: Bench) -> None:
    """They serve first, more invocations spill over to others, and one that ends is replaced."""
    spec = bench.function(KIND, version="1")
    bench.pool.provide([(spec, 2)])
    await _until(lambda: _far(bench, spec) == Provisioned(allocated=2, available=2))
    kinds = await asyncio.gather(*(bench.answer(spec, 0.3) for _ in range(3)))
    assert sorted(kinds) == ["on-demand", "provisioned-concurrency", "provisioned-concurrency"]
    assert await bench.answer(spec) == "provisioned-concurrency"
    next(bench.pool._fleets[spec.function_arn].of_provisioned()).stop()
    await _until(lambda: _far(bench, spec).available == 2)
    bench.pool.provide([])
    assert bench.pool.provisioned(spec.function_arn) is None
    assert not list(bench.pool._fleets[spec.function_arn].of_provisioned())


async def test_a_function_that_cannot_be_initialised_is_not_provisioned(bench: Bench) -> None:
    """AWS's code says why, and nothing is tried again until something else is wanted."""
    spec = bench.function("raise ValueError", version="1")
    bench.pool.provide([(spec, 1)])
    await _until(lambda: bool(_far(bench, spec).failure))
    assert _far(bench, spec) == Provisioned(allocated=0, available=0, failure="FUNCTION_ERROR_INIT_FAILURE")
    made = len(bench.logs.events)
    bench.pool.provide([(spec, 1)])
    await asyncio.sleep(0.05)
    assert len(bench.logs.events) == made


async def test_provisioned_environments_do_not_expire(bench: Bench) -> None:
    """What is idle for long makes way, but not what is kept."""
    spec = bench.function(KIND, version="1")
    other = msgspec.structs.replace(bench.function(KIND, name="other"))
    bench.pool.provide([(spec, 1)])
    await bench.answer(other)
    await _until(lambda: _far(bench, spec).available == 1)
    bench.pool._watch._idle_expiry *= 0
    bench.pool._watch._sweep()
    assert [len(fleet.environments) for fleet in bench.pool._fleets.values()] == [1, 0]
