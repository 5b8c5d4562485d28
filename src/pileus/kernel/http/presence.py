"""Is the client who asked still there?

A handler is never cancelled because its client went away. One that is about to hand out what nobody else gets then (a
long poll, a message) asks first. The front door says on whose behalf a handler runs; outside of it, everybody is there.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final, Protocol


class Client(Protocol):
    """A connection, to a handler."""

    @property
    def gone(self) -> bool: ...


CLIENT: Final[ContextVar[Client | None]] = ContextVar("client", default=None)
"""Set by the front door before each handler."""


def presence() -> Callable[[], bool]:
    """What tells whether the client of the handler that asks is there; to be called in its own course."""
    client = CLIENT.get()
    return (lambda: True) if client is None else (lambda: not client.gone)
