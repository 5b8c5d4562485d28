"""Does work that belongs to no request survive its own failures?"""

import asyncio
import contextlib
from datetime import timedelta

import pytest

from pileus import duties


async def test_a_duty_that_fails_is_started_again_and_disturbs_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk for a moment must neither end the server nor leave it without, say, expiry until the next start."""
    monkeypatch.setattr(duties, "_RESTARTS_AFTER", timedelta(0))
    attempts = 0
    recovered, cancelled = asyncio.Event(), asyncio.Event()

    async def failing() -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise OSError(28, "No space left on device")
        recovered.set()

    async def steady() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    performing = asyncio.create_task(duties.perform((failing, steady)))
    async with asyncio.timeout(10):
        await recovered.wait()
    assert not cancelled.is_set()
    assert [record.exc_info is not None for record in caplog.records if record.name == "pileus.duties"] == [True, True]
    performing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await performing
    assert cancelled.is_set()
    assert attempts == 3
