"""Events that are invoked later: once accepted they are delivered, with Lambda's own retries."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Final

import pytest

from pileus.kernel.outbox import Outbox
from pileus.services.lambda_.asynchronous import throttle_delay
from pileus.services.lambda_.environments.types import (
    ConcurrencyExceeded,
    EnvironmentsClosed,
    InvocationResult,
    RestoreFailed,
)
from pileus.services.lambda_.shapes import DeleteFunctionRequest, InvocationRequest, InvocationResponse
from pileus.services.lambda_.store import INVOKE_TOPIC
from tests.support.time import JumpingClock
from tests.unit.lambda_.conftest import Lambda, context, result

_WITHIN_S: Final = 10.0
_FAILED: Final = result(b"{}", error="Unhandled")


async def until(true: Callable[[], bool]) -> None:
    """Return once `true` is."""

    async def poll() -> None:
        while not true():
            await asyncio.sleep(0)

    await asyncio.wait_for(poll(), _WITHIN_S)


@pytest.fixture
async def outbox(functions: Lambda, clock: JumpingClock) -> AsyncIterator[None]:
    box = Outbox(functions.store, clock)
    box.subscribe(INVOKE_TOPIC, functions.api.deliver)
    running = asyncio.create_task(box.run())
    yield
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def accept(functions: Lambda) -> None:
    await functions.create()
    request = InvocationRequest(function_name="f", payload=b"[1]", invocation_type="Event")
    assert await functions.api.invoke(context(), request) == InvocationResponse(status_code=202)


async def test_accepted_is_delivered(functions: Lambda, outbox: None) -> None:
    """202 at once, the event afterwards, with the request id that the caller was given."""
    await accept(functions)
    await until(lambda: len(functions.environments.invoked) == 1)
    _, invocation = functions.environments.invoked[0]
    assert (invocation.payload, invocation.request_id) == (b"[1]", "request-1")


@pytest.mark.parametrize("failure", [_FAILED, RestoreFailed(timed_out=False)])
async def test_two_retries_after_one_and_two_minutes(
    functions: Lambda, clock: JumpingClock, outbox: None, failure: InvocationResult | Exception
) -> None:
    """Recording lambda, test_request_id_async_invoke_with_retry: the request id stays; after the third, it is over.

    A hook that fails after every restore is the function's own failure, too: it is not tried for six hours.
    """
    functions.environments.answers = [failure, failure, failure]
    await accept(functions)
    for attempts, delay in ((1, timedelta(minutes=1)), (2, timedelta(minutes=2))):
        await until(lambda expected=attempts: len(functions.environments.invoked) == expected)  # type: ignore[misc]
        await until(lambda expected=delay: clock.alarms == [clock.now() + expected])  # type: ignore[misc]
        clock.jump(delay - timedelta(seconds=1))
        await asyncio.sleep(0)
        assert len(functions.environments.invoked) == attempts
        clock.jump(timedelta(seconds=1))
    await until(lambda: len(functions.environments.invoked) == 3)
    await until(lambda: clock.alarms == [])
    assert {invocation.request_id for _, invocation in functions.environments.invoked} == {"request-1"}


async def test_no_room_costs_no_retry(functions: Lambda, clock: JumpingClock, outbox: None) -> None:
    """Throttled events wait for hours if need be, and still have their retries afterwards."""
    functions.environments.answers = [ConcurrencyExceeded(), ConcurrencyExceeded(), _FAILED, _FAILED, _FAILED]
    await accept(functions)
    for attempts in range(1, 5):
        await until(lambda expected=attempts: len(functions.environments.invoked) == expected)  # type: ignore[misc]
        await until(lambda: len(clock.alarms) == 1)
        clock.jump(clock.alarms[0] - clock.now())
    await until(lambda: len(functions.environments.invoked) == 5)


async def test_being_stopped_costs_no_retry(functions: Lambda, clock: JumpingClock, outbox: None) -> None:
    """When Pileus ends the environment itself, the event is kept with all its attempts."""
    stopped: list[InvocationResult | Exception] = [EnvironmentsClosed() for _ in range(5)]
    functions.environments.answers = [*stopped, _FAILED, _FAILED, _FAILED]
    await accept(functions)
    for attempts in range(1, 8):
        await until(lambda expected=attempts: len(functions.environments.invoked) == expected)  # type: ignore[misc]
        await until(lambda: len(clock.alarms) == 1)
        clock.jump(clock.alarms[0] - clock.now())
    await until(lambda: len(functions.environments.invoked) == 8)
    await until(lambda: clock.alarms == [])


async def test_old_events_and_events_of_nobody_are_dropped(
    functions: Lambda, clock: JumpingClock, outbox: None
) -> None:
    """After six hours nobody wants the event; without its function nobody can have it."""
    functions.environments.answers = [ConcurrencyExceeded(), ConcurrencyExceeded()]
    await accept(functions)
    await until(lambda: len(clock.alarms) == 1)
    clock.jump(timedelta(hours=6, seconds=1))
    await until(lambda: clock.alarms == [])
    assert len(functions.environments.invoked) == 1

    await functions.api.invoke(context(), InvocationRequest(function_name="f", invocation_type="Event"))
    await until(lambda: len(clock.alarms) == 1)
    await functions.api.delete_function(context(), DeleteFunctionRequest(function_name="f"))
    clock.jump(timedelta(minutes=1))
    await until(lambda: clock.alarms == [])
    assert len(functions.environments.invoked) == 2


@pytest.mark.parametrize(("throttles", "seconds"), [(1, 1), (2, 2), (9, 256), (10, 300), (10_000, 300)])
def test_how_long_a_throttled_event_waits(throttles: int, seconds: int) -> None:
    """From one second to five minutes."""
    assert throttle_delay(throttles) == timedelta(seconds=seconds)
