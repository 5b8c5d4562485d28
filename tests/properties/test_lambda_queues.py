"""Whatever a function does with messages, and however often the poller is killed: each is processed, groups in order.

The model is a list for each group: what is processed for the first time comes in the order in which it was sent, if the
queue is FIFO; nothing is ever missing; and a queue whose messages were all processed is empty.
"""

import asyncio
import random
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.services.lambda_.mappings import scaling
from tests.unit.lambda_mappings.conftest import Failed
from tests.unit.lambda_mappings.test_queue_polling import World
from tests.unit.sqs_messages.queues import Queues

WITHIN_S = 30.0
HELD_S = 30
"""The queue's visibility timeout."""

MAPPINGS = st.fixed_dictionaries(
    {
        "batch_size": st.integers(1, 8),
        "concurrency_max": st.sampled_from([0, 2]),
        "response_types": st.sampled_from([[], ["ReportBatchItemFailures"]]),
    }
)


@settings(max_examples=60)
@given(
    fifo=st.booleans(),
    members=MAPPINGS,
    groups=st.lists(st.sampled_from("abc"), min_size=1, max_size=25),
    seed=st.integers(0, 2**32),
    kills=st.integers(0, 5),
)
def test_nothing_is_lost_and_groups_stay_in_order(
    fifo: bool, members: dict[str, Any], groups: list[str], seed: int, kills: int
) -> None:
    """Failures whole and in part, no room, kills, and visibility timeouts that end at any time."""
    with patch.object(scaling, "_PAUSE_S", 0.0):
        asyncio.run(_follow(fifo, members, groups, random.Random(seed), kills))


async def _follow(fifo: bool, members: dict[str, Any], groups: list[str], chosen: random.Random, kills: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        queues = Queues(Path(folder))
        world = World(queues)
        name = "q.fifo" if fifo else "q"
        processed: list[str] = []
        failing = chosen.choice([0.2, 0.5])

        def answer(event: dict[str, Any]) -> Any:
            records = event["Records"]
            assert len(records) <= members["batch_size"]
            done = len(records)
            if chosen.random() < failing:
                if not members["response_types"]:
                    raise Failed
                # As functions on FIFO queues should: everything from the first failure on.
                done = chosen.randrange(len(records))
            processed.extend(record["body"] for record in records[:done])
            return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in records[done:]]}

        world.function.answer = answer
        try:
            await queues.create(name, VisibilityTimeout=str(HELD_S))
            world.start()
            await world.map(name, **members)
            sent = []
            for number, group in enumerate(groups):
                sent.append(f"{group}{number:02}")
                if fifo:
                    await queues.send_in_group(sent[-1], group)
                else:
                    await queues.send(sent[-1])
                if chosen.random() < 0.3:
                    await _some_turns(chosen)
            deadline_s = time.monotonic() + WITHIN_S
            while await queues.counts(name) != (0, 0, 0):
                assert time.monotonic() < deadline_s, (set(sent) - set(processed), await queues.counts(name))
                await _some_turns(chosen)
                world.function.full = chosen.random() < 0.1
                if kills and chosen.random() < 0.3:
                    kills -= 1
                    await world.kill()
                    world.start()
                queues.jump(chosen.choice([1, 10, HELD_S + 1]))
            new = list(dict.fromkeys(processed))
            assert sorted(new) == sorted(sent)
            if fifo:
                for group in set(groups):
                    mine = [body for body in new if body[0] == group]
                    assert mine == sorted(mine)
        finally:
            world.receiver.close()
            await world.kill()
            await queues.close()


async def _some_turns(chosen: random.Random) -> None:
    for _ in range(chosen.randrange(60)):
        await asyncio.sleep(0)
