"""What happens to a blob that is removed while it is being sent?

Its bytes go when the last answer that needs them is gone. Such an answer holds a `Pin`, and a removal that finds a blob
pinned leaves it to the pin. Pins are of this process only: if it dies, what it should have removed is nobody's, and a
sweep finds it.
"""

import threading
from collections.abc import Callable, Iterable, Sequence


class Pins:
    """Which blobs are being read. Safe for several threads."""

    def __init__(self, remove: Callable[[Sequence[str]], None]) -> None:
        """remove: called with blobs whose removal had to wait, in whatever thread drops the last pin, amid anything:
        it takes no lock.
        """
        self._remove = remove
        self._lock = threading.RLock()  # a collection of garbage may drop a pin while it is held
        self._counts: dict[str, int] = {}
        self._doomed: set[str] = set()

    def pin(self, blobs: Sequence[str]) -> "Pin":
        with self._lock:
            for blob in blobs:
                self._counts[blob] = self._counts.get(blob, 0) + 1
        return Pin(self, blobs)

    def unpinned(self, blobs: Iterable[str]) -> list[str]:
        """Those that may be removed now; the others will be, later."""
        with self._lock:
            free = [blob for blob in blobs if blob not in self._counts]
            self._doomed.update(blob for blob in blobs if blob in self._counts)
        return free

    def drop(self, blobs: Sequence[str]) -> None:
        removable: list[str] = []
        with self._lock:
            for blob in blobs:
                count = self._counts[blob] - 1
                if count:
                    self._counts[blob] = count
                    continue
                del self._counts[blob]
                if blob in self._doomed:
                    self._doomed.discard(blob)
                    removable.append(blob)
        if removable:
            self._remove(removable)


class Pin:
    """Keeps blobs from being removed, as long as it exists."""

    __slots__ = ("_blobs", "_pins")

    def __init__(self, pins: Pins, blobs: Sequence[str]) -> None:
        self._pins = pins
        self._blobs = blobs

    def __del__(self) -> None:
        self._pins.drop(self._blobs)
