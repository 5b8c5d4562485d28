"""SIGKILL while blobs are written, cloned and removed: what was acknowledged is whole, and the rest is nobody's."""

import random
import subprocess
import sys
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from pathlib import Path

import pytest

from pileus.kernel.blobs.objects import local_blobs
from pileus.kernel.blobs.segments import Segment, whole
from pileus.kernel.ids import SystemIds
from tests.crash.blob_writer import KEY, content

ROOT = Path(__file__).parents[2]
EVERYTHING = timedelta(seconds=-5)


class Told:
    """What the writers of all lives have said, complete lines only."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[Segment, int]] = {}
        self.leaving: set[str] = set()
        """Of which a removal had begun: they may be here or gone."""
        self.gone: set[str] = set()

    def hear(self, lines: Sequence[bytes]) -> None:
        for line in lines:
            if not line.endswith(b"\n"):
                continue
            verb, *words = line.decode().split()
            if verb == "kept":
                blob, size_bytes, crc, cipher, seed = words
                segment = Segment(blob, int(size_bytes), bytes.fromhex(crc), cipher.replace("-", ""))
                self.kept[blob] = (segment, int(seed))
            elif verb == "going":
                self.leaving.update(words)
            elif verb == "gone":
                self.gone.update(words)
                for blob in words:
                    del self.kept[blob]


def live_and_die(directory: Path, life: int, lines_before: int) -> list[bytes]:
    command = [sys.executable, "-m", "tests.crash.blob_writer", str(directory), str(life)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(lines_before)]
        process.kill()
        lines += process.stdout.readlines()
    assert all(lines[:lines_before]), "the writer ended by itself"
    return lines


@pytest.mark.parametrize("kills", [5, pytest.param(30, marks=pytest.mark.slow)])
async def test_acknowledged_blobs_survive_kills(tmp_path: Path, kills: int) -> None:
    """One directory, many violent deaths: every blob that was acknowledged reads whole, none that was removed is
    there, and a sweep leaves exactly those that somebody knows.
    """
    draw = random.Random(kills)
    told = Told()
    for life in range(kills):
        told.hear(live_and_die(tmp_path / "objects", life, draw.randrange(2, 60)))
        store = local_blobs(tmp_path / "objects", ids=SystemIds())
        here = {blob async for batch in store.ids() for blob in batch}
        owned = told.kept.keys() - told.leaving
        assert owned <= here, "an acknowledged blob is lost"
        assert not told.gone & here, "a removed blob is there"
        for segment, seed in (told.kept[blob] for blob in owned):
            await store.check(segment)
            key = KEY if segment.cipher else None
            data = b"".join([part async for part in store.stream([whole(segment, key=key)])])
            assert data == content(seed, segment.size_bytes)[: segment.size_bytes]

        async def known(ids: Sequence[str], owned: AbstractSet[str] = owned) -> AbstractSet[str]:
            return owned & set(ids)

        await store.sweep(known, older_than=EVERYTHING)
        store.close()
        left = {
            path.relative_to(tmp_path / "objects").as_posix().replace("/", "")
            for path in (tmp_path / "objects").rglob("*")
            if path.is_file()
        }
        assert left == owned, "a stranger's file, or a writer's rest, is left"
        told.kept = {blob: each for blob, each in told.kept.items() if blob in owned}
    assert told.kept, "nothing was ever written"
