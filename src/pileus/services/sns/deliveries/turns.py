"""How many deliveries may be under way to one HTTP endpoint?

An endpoint that does not answer holds each delivery until its time is up (15 s). If it could hold all that the outbox
makes at once, nobody else would get anything. So an endpoint has many turns while it answers at once, few while it is
slow, and a probe or two once it has been silent, until it answers again. A delivery that finds no turn free is put off;
that is no attempt, and the delays rise with those that are put off before it, so that thousands of them cost little.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from pileus.kernel.outbox import RetryLater

AT_ONCE: Final = 256
"""Deliveries by HTTP that are made at the same time."""
QUICK_MAX: Final = AT_ONCE // 2
SLOW_MAX: Final = 16
SILENT_MAX: Final = 2
SLOW_S: Final = 1.0
"""Somebody who takes longer is slow."""
SILENT_S: Final = 10.0
"""Somebody who took longer, and failed, is silent."""
_SPACING_S: Final = 0.01
_DELAY_MIN_S: Final = 0.5
_DELAY_MAX_S: Final = 30.0
_ENDPOINTS_MAX: Final = 10_000


class Turns:
    """Counts what is under way, by host and port."""

    def __init__(self, elapsed_s: Callable[[], float]) -> None:
        """elapsed_s: seconds that really pass."""
        self._elapsed_s = elapsed_s
        self._under_way: dict[str, dict[int, float]] = {}
        self._silent: dict[str, None] = {}
        self._put_off_to_s: dict[str, float] = {}
        self._count = 0

    @contextmanager
    def taken(self, url: str) -> Iterator[None]:
        """A turn; RetryLater, which counts no attempt, where none is free."""
        endpoint = urlsplit(url).netloc.rpartition("@")[2].lower()
        begun_s = self._elapsed_s()
        others = self._under_way.setdefault(endpoint, {})
        if len(others) >= self._max(endpoint, others, begun_s):
            raise RetryLater(f"{endpoint} has enough to do", delay=self._delay(endpoint, begun_s), counted=False)
        self._count += 1
        turn = self._count
        others[turn] = begun_s
        try:
            yield
        except Exception:
            if self._elapsed_s() - begun_s >= SILENT_S and len(self._silent) < _ENDPOINTS_MAX:
                self._silent[endpoint] = None
            raise
        else:
            self._silent.pop(endpoint, None)
            self._put_off_to_s.pop(endpoint, None)
        finally:
            del others[turn]
            if not others:
                self._under_way.pop(endpoint, None)

    def _max(self, endpoint: str, others: dict[int, float], now_s: float) -> int:
        if endpoint in self._silent:
            return SILENT_MAX
        # The one that waits longest stands first.
        return SLOW_MAX if now_s - next(iter(others.values()), now_s) >= SLOW_S else QUICK_MAX

    def _delay(self, endpoint: str, now_s: float) -> timedelta:
        if len(self._put_off_to_s) > _ENDPOINTS_MAX:
            self._put_off_to_s.clear()
        at_s = max(now_s + _DELAY_MIN_S, self._put_off_to_s.get(endpoint, 0.0) + _SPACING_S)
        at_s = self._put_off_to_s[endpoint] = min(at_s, now_s + _DELAY_MAX_S)
        return timedelta(seconds=at_s - now_s)
