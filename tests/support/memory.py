"""How much memory does a process hold, and at most while something was done?"""

import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_EVERY_S: Final = 0.02
_KIB: Final = 1024


def resident_bytes(pid: int) -> int:
    """Of a process's own: what files it has mapped can be dropped at any time."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * _KIB
    raise AssertionError("Linux tells it")


class Watched:
    """Looks again and again, while it is entered. growth_bytes: the most that there was beyond the begin."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._begun_bytes = 0
        self._most_bytes = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    @property
    def growth_bytes(self) -> int:
        return self._most_bytes - self._begun_bytes

    def __enter__(self) -> Self:
        self._begun_bytes = self._most_bytes = resident_bytes(self._pid)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_EVERY_S):
            self._most_bytes = max(self._most_bytes, resident_bytes(self._pid))
