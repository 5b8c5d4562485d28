"""When is a delivery tried again that failed?

HTTP endpoints by the subscription's policy; what AWS itself runs, and people, by AWS's own. AWS adds jitter, which is
left out here: whoever moves the clock knows what follows.

Source: SNS Developer Guide, "Amazon SNS message delivery retries".
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, NamedTuple

from pileus.services.sns.delivery_policies import RetryPolicy, delays_s


class TriedInVain(Exception):
    """An attempt failed that may succeed later. reason: for the logs. status_code: the endpoint's, if it answered."""

    def __init__(self, reason: str, *, status_code: int = 500) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status_code = status_code


Delay = Callable[[int], timedelta | None]
"""How long to wait after that many failed attempts; None when it was the last."""


class Phases(NamedTuple):
    """A fixed policy: delays first, then always the last one, up to so many retries."""

    first_s: tuple[float, ...]
    then_s: float
    retries: int

    def delay(self, failures: int) -> timedelta | None:
        if failures > self.retries:
            return None
        return timedelta(seconds=self.first_s[failures - 1] if failures <= len(self.first_s) else self.then_s)


def _exponential(low_s: float, high_s: float, steps: int) -> tuple[float, ...]:
    policy = RetryPolicy(
        min_delay_target=int(low_s), max_delay_target=int(high_s), num_retries=steps, backoff_function="exponential"
    )
    return tuple(delays_s(policy))


AWS_ENDPOINTS: Final = Phases((0.0, 0.0, 0.0, 1.0, 1.0, *_exponential(1, 20, 10)), 20.0, 100_015)
"""Functions and queues: over 23 days."""
PEOPLE: Final = Phases((10.0, 10.0, *_exponential(10, 600, 10)), 600.0, 50)
"""Mail, text messages, mobile push: over 6 hours."""


def by_policy(policy: RetryPolicy) -> Delay:
    """Of an HTTP endpoint."""
    delays = delays_s(policy)

    def delay(failures: int) -> timedelta | None:
        return timedelta(seconds=delays[failures - 1]) if failures <= len(delays) else None

    return delay
