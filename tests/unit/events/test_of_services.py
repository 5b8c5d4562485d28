"""What other services may put on a bus: events for one that is there, here, and takes so much."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.sqlite import open_store
from pileus.services.events.bus import Buses
from pileus.services.events.limits import EVENTS_BYTES_MAX
from pileus.services.events.metrics import RuleMetrics
from pileus.services.events.of_services import NotPut, ServiceEvents
from tests.support.time import JumpingClock

_DEFAULT: Final = "arn:aws:events:us-east-1:111111111111:event-bus/default"
_NOW: Final = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("bus_arn", "bytes_of_detail", "taken"),
    [
        (_DEFAULT, 2, True),
        (_DEFAULT, EVENTS_BYTES_MAX - 3, True),  # with source, type and resource as large as may be
        (_DEFAULT, EVENTS_BYTES_MAX - 2, False),
        (_DEFAULT.replace("default", "nowhere"), 2, False),
        (_DEFAULT.replace("us-east-1", "eu-west-1"), 2, False),
        ("arn:aws:events:us-east-1:111111111111:rule/x", 2, False),
    ],
)
async def test_what_a_bus_takes(tmp_path: Path, bus_arn: str, bytes_of_detail: int, taken: bool) -> None:
    """An event that is lost on the way must be told to who sent it: Lambda counts it as not delivered."""
    store = open_store(tmp_path, clock=JumpingClock(_NOW))
    clock, metrics = JumpingClock(_NOW), RuleMetrics(None)
    try:
        events = ServiceEvents(
            store=store, clock=clock, ids=SeededIds(), buses=Buses(clock=clock, metrics=metrics), metrics=metrics
        )
        given = {"account_id": "111111111111", "region": "us-east-1", "source": "s", "detail_type": "t"}
        detail = b'{"a":"' + b"x" * (bytes_of_detail - 8) + b'"}' if bytes_of_detail > 8 else b"{}"
        assert len(detail) == bytes_of_detail
        if taken:
            await events.put(bus_arn, **given, detail=detail, resources=("r",))
        else:
            with pytest.raises(NotPut):
                await events.put(bus_arn, **given, detail=detail, resources=("r",))
    finally:
        await store.close()
