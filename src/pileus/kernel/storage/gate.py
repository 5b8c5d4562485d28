"""Which answers wait until what they tell of is durable?"""

import asyncio
from collections.abc import Iterator

from pileus.kernel.http.messages import Release


class GroupGate:
    """Closed while a group of commits is open; `open` lets go, in order, of everything that was held meanwhile.

    failures: groups that did not become durable. Whoever commits, suspends, and only then asks the gate finds it open
    again either way; if `failures` has moved meanwhile, the commit may be among those lost.
    """

    __slots__ = ("_held", "_loop", "closed", "failures")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.closed = False
        self.failures = 0
        self._held: list[Release] = []
        self._loop = loop

    def hold(self, release: Release) -> None:
        """Call `release` when the gate opens; only while it is closed."""
        assert self.closed, "nothing to wait for"
        self._held.append(release)

    def open(self, error: BaseException | None) -> None:
        """Release all: with None when the group is durable, otherwise with why it is not."""
        held, self._held = self._held, []
        self.closed = False
        self.failures += error is not None
        self._release(iter(held), error)

    def _release(self, held: Iterator[Release], error: BaseException | None) -> None:
        try:
            for release in held:
                release(error)
        finally:
            # One that raises reaches the loop's exception handler, and must not keep the rest waiting.
            rest = list(held)
            if rest:
                self._loop.call_soon(self._release, iter(rest), error)
