"""What a service got from KMS it keeps for a while, and asks again when nobody used it: else bills would be too low."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from pileus.composition.key_requests import KEPT_FOR_S, KeyRequests
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.sqlite import open_store
from tests.support.time import JumpingClock


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
async def requests(tmp_path: Path, clock: JumpingClock) -> AsyncIterator[KeyRequests]:
    store = open_store(tmp_path, clock=clock)
    yield KeyRequests(Metrics(store, clock), clock)
    await store.close()


async def test_kept_while_it_is_used(requests: KeyRequests, clock: JumpingClock) -> None:
    """Each use makes it last, and each caller has an own one."""
    assert not requests.kept("table", "one")
    for _ in range(3):
        clock.jump(timedelta(seconds=KEPT_FOR_S - 1))
        assert requests.kept("table", "one")
    assert not requests.kept("table", "other")
    clock.jump(timedelta(seconds=KEPT_FOR_S))
    assert not requests.kept("table", "one")
