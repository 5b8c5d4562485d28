"""Environments are reused, multiplied, retired and expired as Lambda does it."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from pileus.kernel.errors import ServiceError
from pileus.services.lambda_.environments.lifecycle import NEXT_STATE, Event, State
from pileus.services.lambda_.environments.types import (
    ConcurrencyExceeded,
    EnvironmentsClosed,
    FunctionSpec,
    UnsupportedRuntime,
)
from tests.unit.lambda_environments.conftest import Bench

SLEEPER = """
    import os, time
    def handler(event, context):
        time.sleep(event)
        return context.log_stream_name
"""


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", State)
def test_every_pair_is_decided(state: State, event: Event) -> None:
    """The table by hand: the dead stay dead, only the idle are invoked or restored, only the busy and their extensions
    are done."""
    expected = {
        Event.READY: {State.STARTING: State.IDLE},
        Event.RESTORE: {State.IDLE: State.STARTING},
        Event.INVOKE: {State.IDLE: State.BUSY},
        Event.DONE: {State.BUSY: State.IDLE, State.SETTLING: State.IDLE},
        Event.SETTLE: {State.BUSY: State.SETTLING},
        Event.STOP: dict.fromkeys((State.STARTING, State.IDLE, State.BUSY, State.SETTLING), State.DEAD),
    }[event].get(state)
    assert NEXT_STATE.get((state, event)) == expected


async def test_concurrent_invocations_have_environments_of_their_own(bench: Bench) -> None:
    """One event at a time for each; afterwards the one used last comes first."""
    spec = bench.function(SLEEPER)
    streams = await asyncio.gather(*(bench.answer(spec, 0.2) for _ in range(3)))
    assert len(set(streams)) == 3
    first = await bench.answer(spec, 0)
    assert await bench.answer(spec, 0) == first
    assert first in streams


async def test_a_new_revision_gets_new_environments(bench: Bench) -> None:
    """What runs with the old code may finish; nothing new reaches it."""
    spec = bench.function(SLEEPER)
    old = asyncio.create_task(bench.answer(spec, 0.3))
    while not bench.pool._fleets or not any(
        environment.state is State.BUSY for environment in bench.pool._fleets[spec.function_arn].environments
    ):
        await asyncio.sleep(0.005)
    changed = msgspec.structs.replace(spec, revision="2")
    new = await bench.answer(changed, 0)
    assert await old != new
    assert await bench.answer(changed, 0) == new
    assert len(bench.pool._fleets[spec.function_arn].environments) == 1


async def test_the_hosts_limit(bench: Bench) -> None:
    """At the limit idle environments of others make way; when all are busy, the invocation is refused."""
    await bench.pool.close()
    bench.pool = bench.new_pool(environments_max=2)
    first, second = bench.function(SLEEPER, name="a"), bench.function(SLEEPER, name="b")
    await bench.answer(first, 0)
    await bench.answer(second, 0)
    third = bench.function(SLEEPER, name="c")
    await bench.answer(third, 0)
    assert [len(fleet.environments) for fleet in bench.pool._fleets.values()] == [0, 1, 1]
    busy = [asyncio.create_task(bench.answer(spec, 0.5)) for spec in (second, third)]
    await asyncio.sleep(0)
    with pytest.raises(ConcurrencyExceeded):
        await bench.invoke(first, 0)
    await asyncio.gather(*busy)


async def test_idle_environments_expire(bench: Bench) -> None:
    """A fleet that nobody uses holds no memory."""
    await bench.pool.close()
    bench.pool = bench.new_pool(idle_expiry=timedelta(seconds=0.1))
    spec = bench.function(SLEEPER)
    await bench.answer(spec, 0)
    bench.pool._watch._sweep()
    deadline = asyncio.get_running_loop().time() + 5
    while bench.pool._population.count:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)
    assert await bench.answer(spec, 0)


async def test_closing_is_no_failure_of_functions(bench: Bench) -> None:
    """Whoever waits learns that it was us: for an environment that is busy, one that loads, and one not yet made."""
    busy = bench.function(SLEEPER, name="busy")
    loading = bench.function("import time\ntime.sleep(600)\ndef handler(event, context): ...", name="loading")
    await bench.answer(busy, 0)
    waiting = [asyncio.create_task(bench.invoke(spec, 600)) for spec in (busy, loading)]
    async with asyncio.timeout(10):
        while [state(bench, spec) for spec in (busy, loading)] != [State.BUSY, State.STARTING]:
            await asyncio.sleep(0.005)
    waiting += [asyncio.create_task(bench.invoke(busy, 600)) for _ in range(4)]  # more than there are cells in stock
    await asyncio.sleep(0)
    await bench.pool.close()
    async with asyncio.timeout(10):
        ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(how) for how in ended} == {EnvironmentsClosed}
    with pytest.raises(EnvironmentsClosed):
        await bench.invoke(busy, 0)
    assert not [text for text in bench.logs.all if "Runtime.ExitError" in text]


def state(bench: Bench, spec: FunctionSpec) -> State | None:
    fleet = bench.pool._fleets.get(spec.function_arn)
    return next((environment.state for environment in fleet.environments), None) if fleet else None


async def test_a_role_of_another_account_gives_no_credentials(bench: Bench) -> None:
    """Though the function's record names it: nobody may become somebody else's role."""
    spec = bench.function(SLEEPER, role_arn="arn:aws:iam::999999999999:role/theirs")
    with pytest.raises(ServiceError, match="Cross-account pass role is not allowed"):
        await bench.invoke(spec, 0)


async def test_an_unknown_runtime_is_refused(bench: Bench) -> None:
    """Honestly, before anything is started."""
    spec: FunctionSpec = bench.function(SLEEPER, runtime="cobol85")
    with pytest.raises(UnsupportedRuntime):
        await bench.invoke(spec, 0)
