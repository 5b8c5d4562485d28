"""A message of a loop stays in its queue, and keeps no other one back."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import pytest

from pileus.kernel.storage.seam import Transaction
from pileus.services.lambda_.settings import RecursionRecord
from pileus.services.lambda_.settings_store import put_setting
from pileus.services.lambda_.traces import RECURSION_MAX, came_by
from pileus.services.sqs.shapes import MessageSystemAttributeValue
from tests.unit.lambda_mappings.conftest import FUNCTION
from tests.unit.lambda_mappings.test_queue_polling import World
from tests.unit.sqs_messages.queues import Queues

_KEY: Final = f"{crc32(FUNCTION.arn.encode()):08x}"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    queues = Queues(tmp_path)
    found = World(queues)
    found.start()
    yield found
    found.receiver.close()
    await found.kill()
    await queues.close()


def of_chain(count: int, key: str = _KEY) -> dict[str, Any]:
    """A message whose chain came by a function so often."""
    header = f"Root=1-5759e988-bd862e3fe1be46a994272793;Lineage={key}:{count}"
    value = MessageSystemAttributeValue(data_type="String", string_value=header)
    return {"message_system_attributes": {"AWSTraceHeader": value}}


async def test_others_of_its_batch_go_on(world: World) -> None:
    """And the next receive is counted by the redrive policy. Another function's count is nobody's business."""
    await world.queues.create(VisibilityTimeout="30")
    await world.queues.send("new")
    await world.queues.send("looping", **of_chain(RECURSION_MAX))
    await world.queues.send("last", **of_chain(RECURSION_MAX - 1))
    await world.queues.send("another's", **of_chain(RECURSION_MAX, "ffffffff"))
    await world.map()
    await world.counted((0, 1, 0))
    assert world.function.bodies == [["new", "last", "another's"]]
    world.queues.jump(31)
    await world.counted((0, 1, 0))
    assert len(world.function.events) == 1


async def test_a_batch_goes_on_with_the_shortest_chain(world: World) -> None:
    """So that no message is taken for part of a loop because of its neighbour."""
    await world.queues.create(VisibilityTimeout="30")
    for count in (7, 3, 5):
        await world.queues.send(str(count), **of_chain(count))
    await world.map()
    await world.empty()
    (trace,) = world.function.traces
    assert came_by(trace, FUNCTION.arn) == 4
    assert trace.startswith("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=")


async def test_what_is_behind_it_in_its_group_waits(world: World) -> None:
    """Other groups do not."""
    await world.queues.create("q.fifo", VisibilityTimeout="30")
    await world.queues.send_in_group("a0", "a")
    await world.queues.send_in_group("a1", "a", **of_chain(RECURSION_MAX))
    await world.queues.send_in_group("a2", "a")
    await world.queues.send_in_group("b0", "b")
    await world.map("q.fifo")
    await world.counted((0, 2, 0), "q.fifo")
    assert sorted(body for bodies in world.function.bodies for body in bodies) == ["a0", "b0"]


async def test_a_loop_that_is_wanted(world: World) -> None:
    """`RecursiveLoop: Allow`."""

    async def allow(tx: Transaction) -> None:
        put_setting(tx, FUNCTION, RecursionRecord(recursive_loop="Allow"))

    await world.queues.store.run(allow)
    await world.queues.create()
    await world.queues.send("looping", **of_chain(RECURSION_MAX))
    await world.map()
    await world.empty()
    assert world.function.bodies == [["looping"]]
