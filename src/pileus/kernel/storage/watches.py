"""Who wants to know that a key changed?"""

import asyncio
from collections.abc import Iterable, Sequence


class KeyWatch:
    """Tells once that its key may have changed."""

    __slots__ = ("_event", "_failures", "_key", "_watches")

    def __init__(self, watches: "Watches", key: bytes) -> None:
        self._watches = watches
        self._failures = watches.failures
        self._key = key
        self._event = asyncio.Event()

    async def changed(self) -> None:
        """Return once the key has been written, durably, after this watch was taken."""
        await self._event.wait()

    @property
    def told(self) -> bool:
        return self._event.is_set()

    @property
    def written(self) -> bool:
        watches = self._watches
        return self._event.is_set() or watches.failures != self._failures or watches.noted(self._key)

    def cancel(self) -> None:
        """Stop watching; needed when nobody waits for the change any more."""
        self._watches.remove(self._key, self)

    def fire(self) -> None:
        self._event.set()


class Watches:
    """The watches of one store: writes are noted while a group is open, and told when it is durable."""

    __slots__ = ("_by_key", "_noted", "failures")

    def __init__(self) -> None:
        self.failures = 0
        """Groups that were taken back."""
        self._by_key: dict[bytes, list[KeyWatch]] = {}
        self._noted: set[bytes] = set()

    def take(self, key: bytes) -> KeyWatch:
        watch = KeyWatch(self, key)
        self._by_key.setdefault(key, []).append(watch)
        return watch

    def remove(self, key: bytes, watch: KeyWatch) -> None:
        watching = self._by_key.get(key, [])
        if watch in watching:
            watching.remove(watch)
            if not watching:
                del self._by_key[key]

    def note(self, keys: Iterable[bytes], ranges: Sequence[tuple[bytes, bytes]] = ()) -> None:
        """These were written in the open group."""
        if not self._by_key:
            return
        self._noted.update(key for key in keys if key in self._by_key)
        for begin, end in ranges:
            self._noted.update(key for key in self._by_key if begin <= key < end)

    def noted(self, key: bytes) -> bool:
        """Whether it was written in the open group."""
        return key in self._noted

    def note_all(self) -> None:
        """Everything was written in the open group."""
        self._noted.update(self._by_key)

    def fire(self) -> None:
        """The group is durable: tell."""
        if not self._noted:
            return
        noted, self._noted = self._noted, set()
        for key in noted:
            for watch in self._by_key.pop(key, ()):
                watch.fire()

    def forget(self) -> None:
        """The group failed, and nothing was written; but who read meanwhile may have read what never was."""
        self._noted.clear()
        self.failures += 1
