"""How long do we wait for a client, and for what?

No request sets a timer. The server looks at all connections once in a while, and each says what it is doing and how far
it has come. Only when that is what it said the last time does the time in between count.
"""

from enum import Enum

from pileus.kernel.http.limits import Limits


class Phase(Enum):
    """What a connection is doing."""

    IDLE = "waits for a request"
    HEAD = "receives a head"
    BODY = "receives a body"
    BUSY = "waits for us"
    STALLED = "does not take its answer"
    CLOSING = "is being closed"


class Patience:
    """How long one connection has made no progress."""

    __slots__ = ("_progress", "_since_s", "_timeouts_s")

    def __init__(self, limits: Limits) -> None:
        self._timeouts_s = {
            Phase.IDLE: limits.idle_timeout.total_seconds(),
            Phase.HEAD: limits.header_timeout.total_seconds(),
            Phase.BODY: limits.body_timeout.total_seconds(),
            Phase.STALLED: limits.write_timeout.total_seconds(),
            Phase.CLOSING: limits.linger.total_seconds(),
        }
        self._progress: object = None
        self._since_s = 0.0

    def exhausted(self, phase: Phase, progress: object, *, now_s: float) -> bool:
        """Whether `phase` has lasted too long without `progress` becoming another. now_s: the loop's time."""
        if self._progress != (phase, progress):
            self._progress = (phase, progress)
            self._since_s = now_s
            return False
        timeout_s = self._timeouts_s.get(phase)  # A handler may take as long as it likes.
        return timeout_s is not None and now_s - self._since_s >= timeout_s
