"""What every engine promises.

One ordered map of bytes to bytes. A transaction is serialisable: its reads and writes happen as if at one instant. Its
writes are visible to later transactions as soon as it has committed, and an answer that rests on them leaves through
the output gate (`Store.gate`) once they are durable. Within the SQLite engine no read suspends, so a handler that
awaits nothing but its transaction runs from beginning to end without another in between.

    async with store.transaction() as tx:      # commits at the end; an exception rolls back
        value = await tx.get(key)
        tx.set(key, changed(value))

A body that awaits anything else may meet `TransactionConflict` at its end; `await store.run(body)` repeats it.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

from pileus.kernel.http.messages import Gate

T = TypeVar("T")

KEY_BYTES_MAX = 32 * 1024
"""Longer keys are our bug: services bound what users can put into one.

The longest are of DynamoDB's global indexes: eight attributes, whose zeros are escaped, and the item's own key (28 KB).
"""


class TransactionConflict(Exception):
    """Somebody else committed what this transaction read; run it again."""


class StorageFailed(Exception):
    """The engine could not commit (disk full, file gone); nothing of the group was acknowledged."""


class NewerData(Exception):
    """The data directory was written by a newer Pileus; refused before anything is touched."""


class StoreInUse(Exception):
    """Another process holds the data directory. `pid`: which, when known."""

    def __init__(self, message: str, *, pid: int | None = None) -> None:
        super().__init__(message)
        self.pid = pid


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be done later, at least once: committed with its cause, delivered by the outbox.

    topic: who handles it (`lambda.invoke`). payload: a versioned record, encoded.
    group: events of one topic and group are delivered one after another, in order of due time; "" means unordered.
    """

    topic: str
    payload: bytes
    group: str = ""


class Snapshot(Protocol):
    """Reads only. Sees every commit made so far in this process."""

    async def get(self, key: bytes) -> bytes | None: ...

    async def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]: ...

    async def range(
        self, begin: bytes, end: bytes, *, limit: int = 0, reverse: bool = False
    ) -> list[tuple[bytes, bytes]]:
        """Pairs with `begin <= key < end` in key order; `limit` 0 means all; `reverse` starts at the end."""
        ...


class Transaction(Snapshot, Protocol):
    """Reads that see their own writes, and writes that commit together or not at all."""

    def set(self, key: bytes, value: bytes) -> None: ...

    def clear(self, key: bytes) -> None: ...

    def clear_range(self, begin: bytes, end: bytes) -> None:
        """Remove every key with `begin <= key < end`."""
        ...

    def emit(self, event: Event, *, at: datetime | None = None) -> None:
        """Write down what happens later; `at` None means as soon as committed."""
        ...


class Watch(Protocol):
    """Tells once that a key may have changed. Take it before reading, then read, then wait."""

    async def changed(self) -> None: ...

    @property
    def told(self) -> bool:
        """Whether `changed` would return at once."""
        ...

    @property
    def written(self) -> bool:
        """Whether the key may have been written since, durably or not: what was read before may no longer be so."""
        ...

    def cancel(self) -> None: ...


class Store(Protocol):
    @property
    def gate(self) -> Gate: ...

    def transaction(self) -> AbstractAsyncContextManager[Transaction]: ...

    def snapshot(self) -> Snapshot: ...

    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `work` in a transaction, again on conflict; `work` must be repeatable."""
        ...

    async def durable(self) -> None:
        """Return once everything committed so far is durable; `StorageFailed` if it cannot be.

        Whoever acts on the outside world because of a commit, other than by answering a request, awaits this first.
        """
        ...

    def watch(self, key: bytes) -> Watch: ...

    async def clear_all(self) -> None:
        """Forget everything (`/_pileus/reset`)."""
        ...

    async def close(self) -> None: ...
