"""How do transactions that overlap behave as if one came after the other?

Optimistically. A transaction keeps its writes to itself until it commits, and remembers what it read. Versions count
commits. Invariant: all that a transaction has read is what a reader at version `_seen` would read. Before each read and
before the commit, if others have committed since `_seen`, what they wrote is compared with what was read: if they
touch, `TransactionConflict`; if not, the reads hold at the newer version too, and `_seen` moves up. So

- a body never sees half of another transaction, not even before it is told of the conflict;
- a transaction that awaited nothing else finds `_seen` unchanged and compares nothing;
- at commit all reads and writes happen at one version: serialisable.

The history of commits is kept only while a transaction is open that might ask for it, and bounded: who is older than
the history conflicts. A group of commits that the disk refused cuts the history, because its values were readable.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from types import TracebackType
from typing import Final, Protocol

from pileus.kernel.storage.seam import KEY_BYTES_MAX, Event, TransactionConflict

Span = tuple[bytes, bytes]
"""Begin (included) and end (not) of a range of keys."""

Pair = tuple[bytes, bytes]
"""Key and value."""

Emissions = list[tuple[Event, datetime | None]]

HISTORY_COMMITS_MAX: Final = 4_096


class Engine(Protocol):
    """What a transaction asks of the engine that holds the data."""

    def read(self, key: bytes) -> bytes | None: ...

    def scan(self, begin: bytes, end: bytes, *, limit: int, reverse: bool) -> list[Pair]: ...

    def iterate(self, begin: bytes, end: bytes, *, reverse: bool) -> Iterator[Pair]: ...

    def apply(self, writes: dict[bytes, bytes | None], cleared: list[Span], emissions: Emissions) -> None:
        """Perform at once: first clear the ranges, then write (None: clear), then write down the events."""
        ...


class History:
    """What was committed since the oldest open transaction began."""

    __slots__ = ("_commits", "_cut", "open", "version")

    def __init__(self) -> None:
        self.version = 0
        self.open = 0
        self._cut = 0
        self._commits: deque[tuple[int, frozenset[bytes], tuple[Span, ...]]] = deque()

    def record(self, keys: Iterable[bytes], spans: Sequence[Span]) -> None:
        """A commit happened; its own transaction is still counted as open."""
        self.version += 1
        if self.open <= 1:
            self._cut = self.version
            self._commits.clear()
            return
        self._commits.append((self.version, frozenset(keys), tuple(spans)))
        if len(self._commits) > HISTORY_COMMITS_MAX:
            self._cut = self._commits.popleft()[0]

    def cut(self) -> None:
        """Everything may have changed: whoever has read anything conflicts."""
        self.version += 1
        self._cut = self.version
        self._commits.clear()

    def touched(self, since: int, keys: Sequence[bytes], spans: Sequence[Span]) -> bool:
        """Whether a commit after version `since` wrote what lies in `keys` or `spans`."""
        if not keys and not spans:
            return False
        if since < self._cut:
            return True
        return any(
            version > since and _touches(written, cleared, keys, spans) for version, written, cleared in self._commits
        )


def _touches(written: frozenset[bytes], cleared: Sequence[Span], keys: Sequence[bytes], spans: Sequence[Span]) -> bool:
    return (
        not written.isdisjoint(keys)
        or any(begin <= key < end for begin, end in spans for key in written)
        or any(begin <= key < end for begin, end in cleared for key in keys)
        or any(begin < other_end and other_begin < end for begin, end in cleared for other_begin, other_end in spans)
    )


class BufferedTransaction:
    """One transaction over an engine; an asynchronous context manager that commits at its end."""

    __slots__ = ("_cleared", "_emissions", "_engine", "_history", "_open", "_reads", "_seen", "_spans", "_writes")

    def __init__(self, engine: Engine, history: History) -> None:
        self._engine = engine
        self._history = history
        self._open = False
        self._reads: list[bytes] = []
        self._spans: list[Span] = []
        self._writes: dict[bytes, bytes | None] = {}
        self._cleared: list[Span] = []
        self._emissions: Emissions = []

    async def __aenter__(self) -> "BufferedTransaction":
        self._history.open += 1
        self._seen = self._history.version
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._open
        self._open = False
        try:
            if kind is None:
                self._commit()
        finally:
            self._history.open -= 1

    def _commit(self) -> None:
        if self._history.version != self._seen:
            self._catch_up()
        if self._writes or self._cleared or self._emissions:
            self._engine.apply(self._writes, self._cleared, self._emissions)

    def _catch_up(self) -> None:
        if self._history.touched(self._seen, self._reads, self._spans):
            raise TransactionConflict
        self._seen = self._history.version

    async def get(self, key: bytes) -> bytes | None:
        return self._get(key)

    async def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return [self._get(key) for key in keys]

    def _get(self, key: bytes) -> bytes | None:
        if self._history.version != self._seen:
            self._catch_up()
        if key in self._writes:
            return self._writes[key]
        if self._cleared and any(begin <= key < end for begin, end in self._cleared):
            return None
        self._reads.append(key)
        return self._engine.read(key)

    async def range(self, begin: bytes, end: bytes, *, limit: int = 0, reverse: bool = False) -> list[Pair]:
        if self._history.version != self._seen:
            self._catch_up()
        if self._writes or self._cleared:
            merged = self._merged(begin, end, reverse=reverse)
            pairs = list(islice(merged, limit) if limit else merged)
        else:
            pairs = self._engine.scan(begin, end, limit=limit, reverse=reverse)
        if limit and len(pairs) == limit:  # the rest of the range was not looked at
            last = pairs[-1][0]
            self._spans.append((last, end) if reverse else (begin, last + b"\x00"))
        else:
            self._spans.append((begin, end))
        return pairs

    def _merged(self, begin: bytes, end: bytes, *, reverse: bool) -> Iterator[Pair]:
        """The range as it is after our own writes, lazily."""
        own = sorted((key for key in self._writes if begin <= key < end), reverse=reverse)
        waiting = iter(own)
        next_own = next(waiting, None)
        for pair in self._engine.iterate(begin, end, reverse=reverse):
            key = pair[0]
            while next_own is not None and (next_own > key if reverse else next_own < key):
                if (value := self._writes[next_own]) is not None:
                    yield next_own, value
                next_own = next(waiting, None)
            if key not in self._writes and not any(first <= key < last for first, last in self._cleared):
                yield pair
        while next_own is not None:
            if (value := self._writes[next_own]) is not None:
                yield next_own, value
            next_own = next(waiting, None)

    def set(self, key: bytes, value: bytes) -> None:
        assert self._open
        assert 0 < len(key) <= KEY_BYTES_MAX
        self._writes[key] = value

    def clear(self, key: bytes) -> None:
        assert self._open
        self._writes[key] = None

    def clear_range(self, begin: bytes, end: bytes) -> None:
        assert self._open
        for key in [key for key in self._writes if begin <= key < end]:
            del self._writes[key]
        self._cleared.append((begin, end))

    def emit(self, event: Event, *, at: datetime | None = None) -> None:
        assert self._open
        self._emissions.append((event, at))
