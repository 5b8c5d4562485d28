"""What must a place for large bytes be able to do?

Little, and without waiting for anything but the place itself: these calls block, and are made in threads. Everything
else (enciphering, checking, gathering, sweeping) is `BlobStore`'s and the same for all places.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol


class Listed(NamedTuple):
    """A file of the place. blob: its id; empty for what a writer left behind. name: for `Engine.remove_left`."""

    blob: str
    name: str
    changed_s: float
    """When it came or got this name, in seconds since the epoch, by the place's time."""


class Sink(Protocol):
    """A blob on its way in. One call at a time."""

    def write(self, parts: Sequence[bytes | memoryview]) -> None:
        """Raises `NoSpace`. The parts are good until it returns."""
        ...

    def close(self) -> None:
        """From now on the blob is there, whole and durable. Raises `NoSpace`."""
        ...

    def discard(self) -> None:
        """Leave nothing, unless it is closed. May be called twice."""
        ...


class Source(Protocol):
    """A range of a blob that is read from its start to its end. One call at a time."""

    def read(self, size_bytes: int) -> bytes:
        """So many bytes; fewer only where the range or the file ends."""
        ...

    def close(self) -> None: ...


class Engine(Protocol):
    """A place for blobs. Called from several threads. Everything about an absent blob raises `BlobMissing`."""

    @property
    def near(self) -> bool:
        """Whether writing to a sink mostly computes, and does not wait for a network."""
        ...

    def create(self, blob: str) -> Sink:
        """Raises `NoSpace`."""
        ...

    def open(self, blob: str, *, offset: int, size_bytes: int | None) -> Source:
        """A range that is not empty and begins within the blob; None for all of the blob, from offset 0."""
        ...

    def copy(self, blob: str, new: str) -> None:
        """Durable, and without moving the bytes where the place can."""
        ...

    def remove(self, blobs: Iterable[str]) -> None:
        """Those that are absent are no error."""
        ...

    def listed(self, *, after: str, count: int) -> Sequence[Listed]:
        """About so many files whose ids are greater than `after`, in order of their ids; empty at the end."""
        ...

    def left_behind(self) -> Sequence[Listed]:
        """What writers that are no more have left, and some that are."""
        ...

    def remove_left(self, left: Listed) -> None: ...

    def path(self, blob: str) -> Path | None:
        """The file in which exactly the blob's bytes lie, where it is one that may be sent; it may be absent."""
        ...
