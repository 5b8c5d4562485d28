"""What follows an attempt at an asynchronous invocation: another one, and when, or the end?

A function's error is tried again after one minute and after two more, unless the event would then be too old: it is so
at once. What kept the function from running at all (no room, no role) is no attempt: the event waits, longer each time,
as long as its age allows.

Sources: Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation"; recordings
lambda_destinations, `test_retries`, `test_maxeventage`.
"""

from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

import msgspec

from pileus.services.lambda_.limits import (
    ASYNC_EVENT_AGE_MAX,
    ASYNC_RETRY_DELAYS,
    ASYNC_THROTTLE_DELAY,
    ASYNC_THROTTLE_DELAY_MAX,
)
from pileus.services.lambda_.settings import InvokeConfigRecord
from pileus.services.lambda_.store import AsyncInvocation

Condition = Literal["Success", "RetriesExhausted", "EventAgeExceeded", "ZeroReservedConcurrency"]
"""How an event ended, as `requestContext.condition` says it."""


class AsyncRules(NamedTuple):
    """What the function's event invoke config says, or Lambda where it says nothing."""

    retries: int
    age_max: timedelta


class Again(NamedTuple):
    """Another attempt. at: when."""

    invocation: AsyncInvocation
    at: datetime


class Over(NamedTuple):
    """No attempt is left."""

    condition: Condition


def rules_of(config: InvokeConfigRecord | None) -> AsyncRules:
    retries = None if config is None else config.retries
    age_s = None if config is None else config.event_age_s
    return AsyncRules(
        retries=len(ASYNC_RETRY_DELAYS) if retries is None else retries,
        age_max=ASYNC_EVENT_AGE_MAX if age_s is None else timedelta(seconds=age_s),
    )


def too_old(rules: AsyncRules, invocation: AsyncInvocation, now: datetime) -> bool:
    return now - invocation.accepted_at > rules.age_max


def after_error(rules: AsyncRules, invocation: AsyncInvocation, now: datetime) -> Again | Over:
    """The function failed."""
    if invocation.errors >= rules.retries:
        return Over("RetriesExhausted")
    at = now + ASYNC_RETRY_DELAYS[invocation.errors]
    if too_old(rules, invocation, at):
        return Over("EventAgeExceeded")
    return Again(msgspec.structs.replace(invocation, errors=invocation.errors + 1), at)


def after_throttle(rules: AsyncRules, invocation: AsyncInvocation, now: datetime) -> Again | Over:
    """The function did not run; the last attempt is made when the event is as old as it may become."""
    expires_at = invocation.accepted_at + rules.age_max
    if now >= expires_at:
        return Over("EventAgeExceeded")
    again = msgspec.structs.replace(invocation, throttles=invocation.throttles + 1)
    return Again(again, min(now + throttle_delay(again.throttles), expires_at))


def throttle_delay(throttles: int) -> timedelta:
    """How long an event waits that found no room so many times."""
    assert throttles >= 1
    doublings: int = 1 << min(throttles - 1, _DOUBLINGS_MAX)
    return min(ASYNC_THROTTLE_DELAY * doublings, ASYNC_THROTTLE_DELAY_MAX)


_DOUBLINGS_MAX: Final = 16
