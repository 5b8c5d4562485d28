"""Who waits for messages, and when is it worth looking again?

A long poll that found nothing stands in its queue's line. One task per line watches the queue's head, which every
change of the queue writes, and the moment at which the next message becomes visible by itself. When either comes, it
wakes as many as there are messages, first come first served: who wakes looks again, and stands in line again if others
were quicker. Nobody is woken twice for one change, so a queue whose messages cannot be had costs nothing.

The watch tells when a change is durable, whoever made it; and it is taken before the head is read, so nothing is missed
between. A poll lasts as long as its client's patience really does: no clock that is moved or frozen changes that.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Final

from pileus.kernel.clock import Clock
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store, Watch
from pileus.services.sqs.messages.keys import QueueKeys, end_of, head_key, last_number
from pileus.services.sqs.messages.records import NEVER_US, Head, MessageRecord
from pileus.services.sqs.messages.visit import US_PER_S
from pileus.services.sqs.model import QueueRecord
from pileus.services.sqs.queue_records import find_queue

Here = Callable[[], bool]
"""Whether the client who waits is still there."""

_GONE_KEPT_MAX: Final = 64
"""Places in a line whose owners went home, before they are cleared away."""


class Waiting:
    """The lines of all queues."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lines: dict[bytes, _Line] = {}
        self._closed = False

    async def wait(self, queue: QueueRecord, *, seconds: float, here: Here) -> bool:
        """Wait until it is worth looking into the queue; False when the time is over, or all is closed."""
        if self._closed or seconds <= 0:
            return False
        line = self._lines.get(queue.serial)
        if line is None:
            line = self._lines[queue.serial] = _Line(self._store, self._clock, queue, self._lines)
        return await line.stand(seconds, here)

    def pass_on(self, queue: QueueRecord) -> None:
        """Who was woken has gone: the next one, please."""
        line = self._lines.get(queue.serial)
        if line is not None:
            line.wake(1)

    def close(self) -> None:
        """Send everybody home, now and later: the server stops."""
        self._closed = True
        for line in list(self._lines.values()):
            line.close()


class _Line:
    """Those who wait for one queue's messages; there while somebody does."""

    def __init__(self, store: Store, clock: Clock, queue: QueueRecord, lines: "dict[bytes, _Line]") -> None:
        self._store = store
        self._clock = clock
        self._queue = queue
        self._lines = lines
        self._standing: deque[tuple[asyncio.Future[bool], Here]] = deque()
        self._present = 0
        self._task: asyncio.Task[None] | None = None
        self._armed: Watch | None = None
        self._noticed_us = 0  # the latest moment that came by itself, and for which all were woken

    async def stand(self, seconds: float, here: Here) -> bool:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._standing.append((turn, here))
        self._present += 1
        if self._task is None:
            # The watch is taken now, not when the task begins: who sends in between must be heard.
            self._arm()
            self._task = loop.create_task(self._watch())
        timer = loop.call_later(seconds, _send_home, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.wake(1)
            raise
        finally:
            timer.cancel()
            self._present -= 1
            if not self._present:
                self.close()
            elif len(self._standing) > self._present + _GONE_KEPT_MAX:
                self._standing = deque(place for place in self._standing if not place[0].done())

    def wake(self, count: int) -> None:
        """Let so many look again, who are still there."""
        while count > 0 and self._standing:
            turn, here = self._standing.popleft()
            if turn.done():
                continue
            still_here = here()
            turn.set_result(still_here)
            count -= still_here

    def close(self) -> None:
        if self._lines.get(self._queue.serial) is self:
            del self._lines[self._queue.serial]
        self._disarm()
        if self._task is not None:
            self._task.cancel()
            self._task = None
        for turn, _ in self._standing:
            _send_home(turn)

    def _arm(self) -> Watch:
        """Take the next watch; before the head is read."""
        self._disarm()
        self._armed = self._store.watch(head_key(self._queue.serial))
        return self._armed

    def _disarm(self) -> None:
        if self._armed is not None:
            self._armed.cancel()
            self._armed = None

    async def _watch(self) -> None:
        """Wake those who stand here whenever there may be something new; the first watch is taken already."""
        watch = self._armed
        count, next_due_us = await self._look()
        if self._noticed_us:
            self.wake(count)
        while watch is not None:
            await self._either(watch.changed(), next_due_us)
            watch = self._arm()
            count, next_due_us = await self._look()
            self.wake(count)

    async def _either(self, changed: Coroutine[Any, Any, None], next_due_us: int) -> None:
        """Wait for a change, or for a moment."""
        waits = [asyncio.ensure_future(changed)]
        if next_due_us < NEVER_US:
            moment = datetime.fromtimestamp((next_due_us + 1) / US_PER_S, UTC)
            waits.append(asyncio.ensure_future(self._clock.sleep_until(moment)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _look(self) -> tuple[int, int]:
        """How many may find something, and when there may be more without anybody's doing."""
        snapshot = self._store.snapshot()
        data = await snapshot.get(head_key(self._queue.serial))
        if data is None:  # nothing was ever sent; when that is news, the queue was deleted, and all are told
            return len(self._standing), NEVER_US
        head = decode(data, Head)
        keys = QueueKeys(self._queue.serial, head.generation)
        next_due_us = head.next_due_us
        if self._queue.fifo:
            groups = await snapshot.range(keys.turn_prefix, end_of(keys.turn_prefix), limit=max(1, self._present))
            count = len(groups)
            # As the queue is now: its delay also counts for messages that are there.
            queue = await find_queue(snapshot, self._queue.queue_name) if groups else None
            if queue is not None and queue.delay_s:
                first = await snapshot.get(keys.message(last_number(groups[0][0])))
                if first is not None:
                    sent_ms = decode(first, MessageRecord).sent_ms
                    next_due_us = min(next_due_us, sent_ms * 1_000 + queue.delay_s * US_PER_S)
        else:
            count = head.log + head.grouped + head.returned
        if next_due_us <= int(self._clock.timestamp() * US_PER_S):
            if next_due_us <= self._noticed_us:
                return count, NEVER_US
            self._noticed_us = next_due_us
            return len(self._standing), NEVER_US
        return count, next_due_us


def _send_home(turn: "asyncio.Future[bool]") -> None:
    if not turn.done():
        turn.set_result(False)
