"""SIGKILL at random instants under concurrent writers; what was acknowledged is there once, and nothing is half."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from pileus.kernel.clock import MovableClock
from pileus.kernel.storage.emissions import EventRecord, waiting
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.sqlite import open_store
from tests.crash.store_writer import WRITERS, copies, counters, delivered, entries

ROOT = Path(__file__).parents[2]


def live_and_die(directory: Path, life: int, lines_before: int) -> list[str]:
    """Start a writer, kill it after that many lines, of which the first says that it opens the store.

    Gives all acknowledgements that it sent, complete lines only.
    """
    command = [sys.executable, "-m", "tests.crash.store_writer", str(directory), str(life)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(lines_before)]
        process.kill()
        lines += process.stdout.readlines()
    assert all(lines[:lines_before]), "the writer ended by itself"
    return [line.decode().strip() for line in lines[1:] if line.endswith(b"\n")]


async def check(directory: Path, acknowledged: set[str]) -> None:
    store = open_store(directory, clock=MovableClock())
    assert store._execute("PRAGMA integrity_check").get == "ok"
    snapshot = store.snapshot()
    names: list[str] = []
    for writer in range(WRITERS):
        mine = await snapshot.range(*entries.range(writer))
        numbers = [entries.unpack(key)[1] for key, _ in mine]
        assert numbers == list(range(1, len(mine) + 1)), "an entry is missing, or was counted and not written"
        assert int(await snapshot.get(counters.pack(writer)) or b"0") == len(mine)
        assert [value for _, value in await snapshot.range(*copies.range(writer))] == [value for _, value in mine]
        names += [value.decode() for _, value in mine]
    assert len(set(names)) == len(names), "an entry is there twice"
    assert acknowledged <= set(names), "an acknowledged entry is lost"
    due = {decode(value, EventRecord).payload for _, value in await snapshot.range(*waiting("entries").range())}
    done = {delivered.unpack(key)[0] for key, _ in await snapshot.range(*delivered.range())}
    assert due | done == {name.encode() for name in names}, "an event is neither delivered nor waiting"
    await store.close()


@pytest.mark.parametrize("kills", [8, pytest.param(50, marks=pytest.mark.slow)])
async def test_acknowledged_entries_survive_kills(tmp_path: Path, kills: int) -> None:
    """One directory, many violent deaths, each at another moment: nothing may ever be lost or doubled."""
    draw = random.Random(kills)
    acknowledged: set[str] = set()
    for life in range(kills):
        acknowledged.update(
            live_and_die(tmp_path / "data", life, draw.choice((1, 2, *draw.sample(range(2, 2_000), 4))))
        )
        await check(tmp_path / "data", acknowledged)
    assert len(acknowledged) > kills * 50
