"""Where does the work on blobs happen that would hold up the loop?

In threads of our own: the loop's default ones are few, and who waits for a disk shall not wait behind somebody else's
name look-ups. What is submitted is begun in order, so a job may wait for one that was submitted before it, and for no
other.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")

THREADS_MAX: Final = 16
"""They wait more than they compute: for disks, for hashing that other jobs do, for stores far away."""

CORES: Final = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
COMPUTING_MAX: Final = max(2, CORES) + 1
"""Of threads that compute more than they wait: enough for all cores, while one of them waits after all."""


class Threads:
    """Threads for calls that block."""

    def __init__(self, count: int = THREADS_MAX) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="blobs")

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        return self._pool.submit(work)

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` gives. Being cancelled leaves it to its end, unless it has not begun."""
        return await asyncio.wrap_future(self._pool.submit(work))

    def finally_run(self, work: Callable[[], object]) -> None:
        """Do this some time; now, when there are no threads any more."""
        try:
            self._pool.submit(work)
        except RuntimeError:
            work()

    def close(self) -> None:
        """Wait for what is under way."""
        self._pool.shutdown()
