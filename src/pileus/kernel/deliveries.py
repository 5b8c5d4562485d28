"""What is handed to whoever takes an event, and what may they say to it?"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from pileus.kernel.storage.seam import Event


class GiveUp(Exception):
    """Raised by a handler: more attempts are pointless (the function is gone, the event too old)."""


class DeliveryFailed(Exception):
    """What is still known of the last failure when `on_exhausted` has to be called again."""


class RetryLater(Exception):
    """Raised by a handler that knows better than the topic's policy when to try again.

    counted: whether this was an attempt; it was none where nothing was tried.
    """

    def __init__(self, message: str = "", *, delay: timedelta, counted: bool = True) -> None:
        super().__init__(message)
        self.delay = delay
        self.counted = counted


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often an event is tried, and when again: `delay`, growing by `factor` each time, up to `delay_max`."""

    attempts: int = 3
    delay: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    delay_max: timedelta = timedelta(minutes=5)

    def __post_init__(self) -> None:
        assert self.attempts >= 1
        assert self.delay >= timedelta(0)
        assert self.factor >= 1

    def delay_after(self, failures: int) -> timedelta:
        """How long to wait after that many failed attempts."""
        delay_s = self.delay.total_seconds() * self.factor ** min(failures - 1, 64)
        return timedelta(seconds=min(delay_s, self.delay_max.total_seconds()))


RETRY_DEFAULT: Final = RetryPolicy()


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to a handler.

    attempt: from 1. due: when it was first due. id: the same at each attempt, of no other event.
    key: where it waits. Whoever clears it in the transaction of what follows from it makes that happen exactly once.
    """

    event: Event
    attempt: int
    due: datetime
    id: int
    key: bytes = b""


DeliveryHandler = Callable[[Delivery], Awaitable[None]]
ExhaustedHandler = Callable[[Delivery, BaseException], Awaitable[None]]
