"""How many batches of a queue may be worked on at once?

Five to begin with; while they are all busy and there is more, up to five more each second; five again when the queue is
empty. A mapping's maximum concurrency is never passed. When the function finds no room, there are fewer, and a pause
that grows, so that messages do not use up their receives for nothing.

Source: Lambda Developer Guide, "Configuring scaling behavior for SQS event source mappings": 300 more a minute, 1,250
at most. The pauses are ours: AWS tells no numbers. All of it is real time, which no clock moves.
"""

from typing import Final

STARTING: Final = 5
MOST: Final = 1_250
GROWS_EVERY_S: Final = 60 / 300
_PAUSE_S: Final = 0.5
_PAUSE_S_MAX: Final = 30.0


class Scale:
    """Of one mapping."""

    def __init__(self, concurrency_max: int) -> None:
        """concurrency_max: 0 where nobody said."""
        self._most = concurrency_max or MOST
        self._least = min(STARTING, self._most)
        self._grown_s = 0.0
        self._pressed = False
        self._pause_s = 0.0
        self.limit = self._least
        self.paused_until_s = 0.0

    def grows_in(self, now_s: float) -> float | None:
        """All are busy: after how many seconds there may be one more; None: never."""
        if self.limit >= self._most:
            return None
        if not self._pressed:
            self._pressed, self._grown_s = True, now_s
        return max(0.0, self._grown_s + GROWS_EVERY_S - now_s)

    def grow(self, now_s: float) -> None:
        assert self.limit < self._most
        self.limit += 1
        self._grown_s = now_s

    def calm(self) -> None:
        """There was nothing for a while."""
        self.limit = self._least
        self._pressed = False

    def ran(self) -> None:
        """The function took a batch."""
        self._pause_s = 0.0
        self.limit = max(self.limit, self._least)

    def refused(self, now_s: float) -> None:
        """It found no room."""
        self.limit = max(1, self.limit - 1)
        self._pause_s = min(max(_PAUSE_S, self._pause_s * 2), _PAUSE_S_MAX)
        self.paused_until_s = now_s + self._pause_s
