"""Queues against a list of what should be in them.

A random machine sends, receives, deletes, hides, waits, restarts, purges and sweeps, and a model that is a dictionary
says what each receive may bring. With a clock that only the test moves nothing is approximate: a standard queue gives
as many as it can of the messages that nobody holds, a FIFO queue the first ones of each group that nobody holds, and
the counts are exact.
"""

import json
import random
import tempfile
from pathlib import Path
from typing import Any, Final

import pytest

from pileus.kernel.errors import ServiceError
from pileus.services.sqs.shapes import Message
from tests.unit.sqs_messages.queues import Queues, arn, attribute

_STEPS: Final = 120
_DEDUPLICATED_S: Final = 300


class Sent:
    """A message, as the model sees it. visible_s: when it can be received next. handle: the latest."""

    def __init__(self, body: str, group: str, *, at_s: float, visible_s: float) -> None:
        self.body = body
        self.group = group
        self.at_s = at_s
        self.visible_s = visible_s
        self.delayed = visible_s > at_s
        self.expired = False
        self.times = 0
        self.received_s = 0.0
        self.handle: str | None = None
        self.old_handles: list[str] = []


class Machine:
    """Random operations on one queue, and what must come of them."""

    def __init__(self, queues: Queues, seed: int, *, fifo: bool, times_max: int) -> None:
        """times_max: how often a message may be received before it is a dead letter; 0: as often as you like."""
        self.queues = queues
        self.times_max = times_max
        self.dead_name = "dead.fifo" if fifo else "dead"
        self.random = random.Random(seed)
        self.fifo = fifo
        self.name = "q.fifo" if fifo else "q"
        self.retention_s = self.random.choice([60, 400, 345_600])
        self.messages: dict[str, Sent] = {}
        self.gone: list[Sent] = []
        self.purged_s = -1_000.0
        self.numbers = iter(range(1_000_000))

    @property
    def now_s(self) -> float:
        return self.queues.clock.timestamp()

    async def run(self) -> None:
        attributes = {"MessageRetentionPeriod": str(self.retention_s)}
        if self.times_max:
            await self.queues.create(self.dead_name)
            redrive = {"deadLetterTargetArn": arn(self.dead_name), "maxReceiveCount": self.times_max}
            attributes["RedrivePolicy"] = json.dumps(redrive)
        await self.queues.create(self.name, **attributes)
        steps = [self.send] * 5 + [self.receive] * 5 + [self.delete] * 3 + [self.delete_outdated, self.hide, self.hide]
        steps += [self.jump] * 2 + [self.restart, self.sweep, self.purge, self.count, self.count]
        for _ in range(_STEPS):
            await self.random.choice(steps)()
        await self.drain()

    # What is done

    async def send(self) -> None:
        for _ in range(self.random.randrange(1, 6)):
            body = f"m{next(self.numbers)}"
            if self.fifo:
                group = self.random.choice("abc")
                await self.queues.send_in_group(body, group, self.name)
                self._sent(body, group, delay_s=0)
            else:
                group = self.random.choice(["", "", "a", "b"])
                delay_s = self.random.choice([0, 0, 0, 5, 40])
                more: dict[str, Any] = {"delay_seconds": delay_s} if delay_s else {}
                if group:
                    more["message_group_id"] = group
                await self.queues.send(body, self.name, **more)
                self._sent(body, group, delay_s=delay_s)

    def _sent(self, body: str, group: str, *, delay_s: int) -> None:
        self.messages[body] = Sent(body, group, at_s=self.now_s, visible_s=self.now_s + delay_s)

    async def receive(self) -> None:
        count, timeout_s = self.random.randrange(1, 11), self.random.choice([0, 1, 5, 30])
        if self._expire() and self.fifo:
            await self.queues.worker.look_at_all()  # one that expires while it is held lets its group go on when swept
        received = await self.queues.receive(self.name, count, visibility_timeout=timeout_s)
        bodies = [message.body or "" for message in received]
        assert len(set(bodies)) == len(bodies)
        if self.fifo:
            self._check_order(bodies, count)
        else:
            visible = {body for body, sent in self.messages.items() if self._offered(sent)}
            assert set(bodies) <= visible
            assert len(bodies) == min(count, len(visible))
        if self.times_max:
            await self._take_dead_letters()
        for message in received:
            self._received(message, timeout_s)

    def _offered(self, sent: Sent) -> bool:
        """Whether a receive may bring it."""
        return sent.visible_s <= self.now_s and not (self.times_max and sent.times >= self.times_max)

    async def _take_dead_letters(self) -> None:
        """Who is a dead letter was received often enough, had returned, and comes out of its queue once."""
        while dead := await self.queues.receive(self.dead_name):
            for message in dead:
                sent = self.messages.pop(message.body or "")
                assert sent.visible_s <= self.now_s
                assert sent.times == self.times_max
                assert attribute(message, "ApproximateReceiveCount") == str(self.times_max + 1)
                await self.queues.delete(message, self.dead_name)
                self.gone.append(sent)

    def _received(self, message: Message, timeout_s: int) -> None:
        sent = self.messages[message.body or ""]
        sent.times += 1
        assert attribute(message, "ApproximateReceiveCount") == str(sent.times)
        if sent.handle is not None:
            sent.old_handles.append(sent.handle)
        sent.handle = message.receipt_handle
        sent.received_s = self.now_s
        sent.visible_s = self.now_s + timeout_s

    def _check_order(self, bodies: list[str], count: int) -> None:
        """Each group's messages from its first on, until one that is held; nothing is left out."""
        offered = 0
        for group in "abc":
            in_order = [sent for sent in self.messages.values() if sent.group == group]
            free = []
            for sent in in_order:
                if sent.visible_s > self.now_s:
                    break
                if self._offered(sent):
                    free.append(sent.body)
            offered += len(free)
            got = [body for body in bodies if self.messages[body].group == group]
            assert got == free[: len(got)]
        assert len(bodies) == min(count, offered)

    async def delete(self) -> None:
        held = [sent for sent in self.messages.values() if sent.handle is not None]
        for sent in self.random.sample(held, min(len(held), self.random.randrange(1, 6))):
            assert sent.handle is not None
            if self.fifo and sent.visible_s <= self.now_s:
                with pytest.raises(ServiceError, match="expired"):
                    await self.queues.delete_by(sent.handle, self.name)
            else:
                await self.queues.delete_by(sent.handle, self.name)
                self.gone.append(self.messages.pop(sent.body))

    async def delete_outdated(self) -> None:
        """With the handle of an earlier receive, or of what is gone: nothing happens."""
        for sent in [*self.messages.values(), *self.gone[-3:]]:
            for handle in sent.old_handles[-2:]:
                if self.fifo and sent.expired:
                    continue  # it may be there until it is swept
                if self.fifo and sent.body in self.messages:
                    with pytest.raises(ServiceError, match="expired"):
                        await self.queues.delete_by(handle, self.name)
                else:
                    await self.queues.delete_by(handle, self.name)

    async def hide(self) -> None:
        held = [sent for sent in self.messages.values() if sent.handle is not None]
        for sent in self.random.sample(held, min(len(held), 3)):
            timeout_s = self.random.choice([0, 0, 3, 60, 43_200])
            message = Message(receipt_handle=sent.handle)
            expired = self.fifo and sent.visible_s <= self.now_s
            beyond = self.now_s + timeout_s > sent.received_s + 43_200
            if expired or beyond:
                with pytest.raises(ServiceError):
                    await self.queues.hide(message, timeout_s, self.name)
            elif sent.at_s + self.retention_s > self.now_s:
                await self.queues.hide(message, timeout_s, self.name)
                sent.visible_s = self.now_s + timeout_s

    async def jump(self) -> None:
        self.queues.jump(self.random.choice([0.5, 1, 4, 10, 31, 70]))

    async def restart(self) -> None:
        await self.queues.restart()

    async def sweep(self) -> None:
        await self.queues.worker.look_at_all()
        self._expire()

    async def purge(self) -> None:
        if self.random.random() < 0.3 and self.now_s - self.purged_s >= 60:
            await self.queues.purge(self.name)
            self.purged_s = self.now_s
            self.gone += self.messages.values()
            self.messages.clear()

    async def count(self) -> None:
        if self.retention_s < 1_000:
            await self.queues.worker.look_at_all()  # what has expired is counted until it is swept
        self._expire()
        visible, in_flight, delayed = await self.queues.counts(self.name)
        now_s = self.now_s
        waiting = [sent for sent in self.messages.values() if sent.visible_s > now_s]
        assert delayed == sum(1 for sent in waiting if not sent.times)
        # Those that have expired while they are held are counted until they return.
        held = sum(1 for sent in waiting if sent.times)
        gone = sum(1 for sent in self.gone if sent.visible_s > now_s and sent.times)
        assert held <= in_flight <= held + gone
        # One that was delayed stands behind younger ones, and is swept with them; nobody receives it until then.
        late = sum(1 for sent in self.gone if sent.expired and sent.delayed)
        assert 0 <= visible - (len(self.messages) - len(waiting)) <= late

    # What the model knows by itself

    def _expire(self) -> bool:
        """Whether any was held."""
        held = False
        for body, sent in list(self.messages.items()):
            if sent.at_s + self.retention_s <= self.now_s and (sent.visible_s <= self.now_s or sent.times):
                sent.expired = True
                held |= sent.visible_s > self.now_s
                self.gone.append(self.messages.pop(body))
        return held

    async def drain(self) -> None:
        """Whatever is left comes out, once what holds it has passed."""
        self.queues.jump(61)
        for _ in range(200):
            self._expire()
            if not self.messages:
                break
            received = await self.queues.receive(self.name, visibility_timeout=20)
            for message in received:
                await self.queues.delete(message, self.name)
                del self.messages[message.body or ""]
            if self.times_max:
                await self._take_dead_letters()
            if not received:
                self.queues.jump(43_200)
        assert not self.messages
        assert await self.queues.receive(self.name) == []


@pytest.mark.parametrize("fifo", [False, True], ids=["standard", "fifo"])
@pytest.mark.parametrize("times_max", [0, 2])
@pytest.mark.parametrize("seed", range(15))
async def test_a_queue_holds_what_was_sent(seed: int, times_max: int, fifo: bool) -> None:
    """At least once, or exactly once in order: whatever happens in between."""
    with tempfile.TemporaryDirectory() as folder:
        queues = Queues(Path(folder))
        try:
            await Machine(queues, seed, fifo=fifo, times_max=times_max).run()
        finally:
            await queues.close()
