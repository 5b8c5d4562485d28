"""What becomes of an event that was accepted to be invoked later?

The outbox delivers it, at least once, to `AsyncInvocations.deliver`. Lambda's own rules about trying again decide what
follows, and each new attempt is a new event of the outbox: a function's error is tried again after one minute and after
two more; what kept the function from running at all (no room, no role) until the event is six hours old. The request id
stays the same. What Pileus itself ended, because it stops, counts for nothing: the outbox keeps the event.

Source: Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation".
"""

import logging
from datetime import timedelta

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.kernel.outbox import Delivery, RetryLater
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.lambda_.errors import FunctionNotFound, Stopped
from pileus.services.lambda_.invoking import Invoker
from pileus.services.lambda_.limits import (
    ASYNC_EVENT_AGE_MAX,
    ASYNC_RETRY_DELAYS,
    ASYNC_THROTTLE_DELAY,
    ASYNC_THROTTLE_DELAY_MAX,
)
from pileus.services.lambda_.store import AsyncInvocation, emit_invocation

_log = logging.getLogger(__name__)


class AsyncInvocations:
    """The outbox's handler of the topic `lambda.invoke`."""

    def __init__(self, *, store: Store, invoker: Invoker, clock: Clock) -> None:
        self._store = store
        self._invoker = invoker
        self._clock = clock

    async def deliver(self, delivery: Delivery) -> None:
        """Try once, and write down the next attempt if there is to be one."""
        invocation = decode(delivery.event.payload, AsyncInvocation)
        if self._clock.now() - invocation.accepted_at > ASYNC_EVENT_AGE_MAX:
            self._drop(invocation, "it is too old")
            return
        try:
            result = await self._invoker.again(invocation)
        except FunctionNotFound:
            self._drop(invocation, "the function is gone")
            return
        except Stopped as stopped:  # the event keeps all its attempts
            raise RetryLater(str(stopped), delay=ASYNC_THROTTLE_DELAY) from stopped
        except ServiceError:  # no room, or no role
            again = msgspec.structs.replace(invocation, throttles=invocation.throttles + 1)
            await self._try_again(again, after=throttle_delay(again.throttles))
            return
        if result.function_error is None:
            return
        if invocation.errors >= len(ASYNC_RETRY_DELAYS):
            self._drop(invocation, "the function failed each time")
            return
        again = msgspec.structs.replace(invocation, errors=invocation.errors + 1)
        await self._try_again(again, after=ASYNC_RETRY_DELAYS[invocation.errors])

    async def _try_again(self, invocation: AsyncInvocation, *, after: timedelta) -> None:
        due = self._clock.now() + after

        async def write(tx: Transaction) -> None:
            emit_invocation(tx, invocation, at=due)

        await self._store.run(write)

    def _drop(self, invocation: AsyncInvocation, why: str) -> None:
        _log.info("event %s for %s is dropped: %s", invocation.request_id, invocation.function.arn, why)


def throttle_delay(throttles: int) -> timedelta:
    """How long an event waits that found no room so many times."""
    assert throttles >= 1
    doublings: int = 1 << min(throttles - 1, 16)
    return min(ASYNC_THROTTLE_DELAY * doublings, ASYNC_THROTTLE_DELAY_MAX)
