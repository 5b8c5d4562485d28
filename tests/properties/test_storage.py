"""The store behaves as a dictionary does, through transactions that overlap, fail, and restarts."""

import asyncio
import random
import tempfile
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pileus.kernel.storage.seam import Transaction, TransactionConflict
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.kernel.storage.transactions import BufferedTransaction
from tests.support.time import JumpingClock

T = TypeVar("T")

FIRST, LAST = b"\x00", b"\xff"

keys = st.sampled_from([b"\x00", b"a", b"a\x00", b"aa", b"ab", b"b", b"c", b"\xfe\xff"])
bounds = st.sampled_from([FIRST, b"a", b"a\x00", b"ab", b"b", b"bb", b"c", LAST])
values = st.binary(max_size=3)
slots = st.integers(0, 2)


def ranged(
    content: dict[bytes, bytes], begin: bytes, end: bytes, *, limit: int = 0, reverse: bool = False
) -> list[tuple[bytes, bytes]]:
    """The range by definition."""
    pairs = sorted(((key, value) for key, value in content.items() if begin <= key < end), reverse=reverse)
    return pairs[:limit] if limit else pairs


class Open:
    """An open transaction beside its model: what it has written, in order."""

    def __init__(self, tx: BufferedTransaction) -> None:
        self.tx = tx
        self.writes: list[tuple[bytes, bytes, bytes | None]] = []
        """(begin, end, value): None clears the range, otherwise `begin` is set."""
        self.reads: list[tuple[bytes, bytes, int, bool, list[tuple[bytes, bytes]]]] = []
        """What it read before it wrote, which must still be so at each later step."""

    def perform(self, content: dict[bytes, bytes]) -> None:
        for begin, end, value in self.writes:
            if value is None:
                for key in [key for key in content if begin <= key < end]:
                    del content[key]
            else:
                content[begin] = value


class StoreMachine(RuleBasedStateMachine):
    """Up to three transactions at once, against one dictionary of what is committed."""

    @initialize()
    def start(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.content: dict[bytes, bytes] = {}
        self.open: dict[int, Open] = {}
        self.store = self.do(self.opened())

    async def opened(self) -> SqliteStore:
        return open_store(Path(self.directory.name), clock=JumpingClock(), pages_between_checkpoints=4)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def transaction(self, slot: int) -> Open:
        if slot not in self.open:
            tx = self.store.transaction()
            self.do(tx.__aenter__())
            self.open[slot] = Open(tx)
        return self.open[slot]

    @rule(slot=slots, key=keys, value=values)
    def set(self, slot: int, key: bytes, value: bytes) -> None:
        opened = self.transaction(slot)
        opened.tx.set(key, value)
        opened.writes.append((key, key, value))

    @rule(slot=slots, begin=keys)
    def clear(self, slot: int, begin: bytes) -> None:
        opened = self.transaction(slot)
        opened.tx.clear(begin)
        opened.writes.append((begin, begin + b"\x00", None))

    @rule(slot=slots, begin=bounds, end=bounds)
    def clear_range(self, slot: int, begin: bytes, end: bytes) -> None:
        opened = self.transaction(slot)
        opened.tx.clear_range(begin, end)
        opened.writes.append((begin, end, None))

    @rule(slot=slots, key=keys)
    def get(self, slot: int, key: bytes) -> None:
        opened = self.transaction(slot)
        try:
            found = self.do(opened.tx.get(key))
        except TransactionConflict:
            self.abandoned(slot)
        else:
            self.saw(opened, key, key + b"\x00", [] if found is None else [(key, found)], limit=0, reverse=False)

    @rule(slot=slots, begin=bounds, end=bounds, limit=st.integers(0, 3), reverse=st.booleans())
    def range(self, slot: int, begin: bytes, end: bytes, limit: int, reverse: bool) -> None:
        opened = self.transaction(slot)
        try:
            found = self.do(opened.tx.range(begin, end, limit=limit, reverse=reverse))
        except TransactionConflict:
            self.abandoned(slot)
        else:
            self.saw(opened, begin, end, found, limit=limit, reverse=reverse)

    def saw(
        self, opened: Open, begin: bytes, end: bytes, found: list[tuple[bytes, bytes]], *, limit: int, reverse: bool
    ) -> None:
        """What was read is the newest state with the own writes on top, and what was read earlier still is."""
        view = dict(self.content)
        opened.perform(view)
        assert found == ranged(view, begin, end, limit=limit, reverse=reverse)
        if not opened.writes:
            opened.reads.append((begin, end, limit, reverse, found))
        self.reads_hold(opened)

    def reads_hold(self, opened: Open) -> None:
        for begin, end, limit, reverse, found in opened.reads:
            assert found == ranged(self.content, begin, end, limit=limit, reverse=reverse)

    def abandoned(self, slot: int) -> None:
        """A conflict is only ever told when somebody has changed something since the beginning."""
        opened = self.open.pop(slot)
        assert self.committed_since(opened)
        self.do(opened.tx.__aexit__(TransactionConflict, None, None))

    def committed_since(self, opened: Open) -> bool:
        return opened.tx._seen != self.store._history.version

    @rule(slot=slots)
    def commit(self, slot: int) -> None:
        opened = self.transaction(slot)
        try:
            self.do(opened.tx.__aexit__(None, None, None))
        except TransactionConflict:
            assert self.committed_since(opened)
        else:
            self.reads_hold(opened)
            opened.perform(self.content)
        del self.open[slot]

    @rule(slot=slots)
    def roll_back(self, slot: int) -> None:
        opened = self.transaction(slot)
        self.do(opened.tx.__aexit__(KeyError, None, None))
        del self.open[slot]

    @rule()
    def make_durable(self) -> None:
        self.do(self.store.durable())

    @rule()
    def restart(self) -> None:
        for opened in self.open.values():
            self.do(opened.tx.__aexit__(KeyError, None, None))
        self.open.clear()
        self.do(self.store.close())
        self.store = self.do(self.opened())

    @rule()
    def reset(self) -> None:
        self.do(self.store.clear_all())
        self.content.clear()

    @invariant()
    def everybody_else_sees_what_is_committed(self) -> None:
        if hasattr(self, "store"):
            snapshot = self.store.snapshot()
            assert self.do(snapshot.range(b"", LAST)) == ranged(self.content, b"", LAST)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.do(self.store.close())
            self.runner.close()
            self.directory.cleanup()


TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("seed", range(20))
async def test_transfers_that_overlap_keep_the_sum(tmp_path: Path, seed: int) -> None:
    """The classic of serialisability: money moves, reads see all of a transfer or nothing, and the sum stays."""
    draw = random.Random(seed)
    store = open_store(tmp_path, clock=JumpingClock())
    accounts = [b"account%d" % n for n in range(4)]
    async with store.transaction() as tx:
        for account in accounts:
            tx.set(account, b"100")

    async def transfer() -> None:
        source, target = draw.sample(accounts, 2)
        pauses = [draw.randrange(3) for _ in range(3)]

        async def move(tx: Transaction) -> None:
            taken = int(await tx.get(source) or b"")
            await pause(pauses[0])
            given = int(await tx.get(target) or b"")
            await pause(pauses[1])
            tx.set(source, b"%d" % (taken - 7))
            tx.set(target, b"%d" % (given + 7))
            await pause(pauses[2])

        await store.run(move)

    async def pause(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    async def audit() -> None:
        async def total(tx: Transaction) -> int:
            amounts = []
            for account in accounts:
                amounts.append(int(await tx.get(account) or b""))
                await pause(1)
            return sum(amounts)

        with suppress(TransactionConflict):  # it may never have had a quiet moment; a wrong sum it must not see
            assert await store.run(total) == 400

    async with asyncio.TaskGroup() as group:
        for n in range(30):
            group.create_task(transfer() if n % 5 else audit())
    await audit()
    await store.close()
