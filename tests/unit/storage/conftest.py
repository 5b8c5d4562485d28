"""A store in a directory of its own, for every test that asks for one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pileus.kernel.storage.sqlite import SqliteStore, open_store
from tests.support.time import JumpingClock


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
async def store(tmp_path: Path, clock: JumpingClock) -> AsyncIterator[SqliteStore]:
    opened = open_store(tmp_path / "data", clock=clock)
    yield opened
    await opened.close()
