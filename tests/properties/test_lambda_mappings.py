"""Whatever a function does with its batches, and however often the poller is killed: nothing is lost or overtaken.

The model is a list: every record is processed in a batch that succeeded, or is told to the destination; and for each
key the first attempts at its records come in order.
"""

import asyncio
import json
import random
import tempfile
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.storage.sqlite import open_store
from tests.support.time import JumpingClock
from tests.unit.lambda_mappings.conftest import Failed, World

KEYS = "abc"

MAPPINGS = st.fixed_dictionaries(
    {
        "batch_size": st.integers(1, 8),
        "parallelization_factor": st.integers(1, 3),
        "bisect": st.booleans(),
        "retries_max": st.integers(0, 2),
        "response_types": st.sampled_from([[], ["ReportBatchItemFailures"]]),
        "tumbling_window_s": st.sampled_from([0, 0, 5]),
    }
)


@settings(max_examples=100)
@given(
    members=MAPPINGS,
    keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=25),
    seed=st.integers(0, 2**32),
    kills=st.integers(0, 8),
)
def test_nothing_is_lost_and_nothing_overtakes(members: dict[str, Any], keys: list[str], seed: int, kills: int) -> None:
    """Failures whole and in part, halves, lanes, windows, shards that close, kills at any instant."""
    asyncio.run(_follow(members, keys, random.Random(seed), kills))


async def _follow(members: dict[str, Any], keys: list[str], chosen: random.Random, kills: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clock = JumpingClock()
        store = open_store(Path(folder), clock=clock)
        world = World(store, clock)
        processed: set[int] = set()
        failing = chosen.choice([0.2, 0.5, 0.7])
        attempted: dict[str, list[int]] = {}

        def answer(event: dict[str, Any]) -> Any:
            records = event["Records"]
            for record in records:
                attempted.setdefault(record["of"], []).append(record["number"])
            if records and chosen.random() < failing:
                if members["response_types"] and chosen.random() < 0.7:
                    first = chosen.randrange(len(records))
                    processed.update(record["number"] for record in records[:first])
                    failed = f"n{records[first]['number']}"
                    return {"state": event.get("state"), "batchItemFailures": [{"itemIdentifier": failed}]}
                raise Failed
            processed.update(record["number"] for record in records)
            return {"state": event.get("state")}

        world.function.answer = answer
        await world.start()
        mapping = await world.map(enabled=False, on_failure="arn:aws:sqs:us-east-1:111111111111:dead", **members)
        shard = "s0"
        backlog = chosen.randrange(len(keys))
        for number, key in enumerate(keys):
            if number == backlog:
                await world.change(mapping, enabled=True)
            await world.stream.put(f"r{number}", shard=shard, key=key, of=key, number=number)
            if chosen.random() < 0.1:
                await world.stream.close(shard, f"s{number + 1}")
                shard = f"s{number + 1}"
            if chosen.random() < 0.3:
                clock.jump(timedelta(seconds=chosen.choice([0, 1, 7])))
            for _ in range(chosen.randrange(30)):
                await asyncio.sleep(0)
            if kills and chosen.random() < 0.2:
                kills -= 1
                await world.kill()
                await world.start()

        def lane(number: int) -> int:
            return zlib.crc32(keys[number].encode()) % mapping.parallelization_factor

        def lost() -> set[int]:
            told: set[int] = set()
            for message in world.sent:
                info = json.loads(message.body)["DDBStreamBatchInfo"]
                first, last = int(info["startSequenceNumber"][1:]), int(info["endSequenceNumber"][1:])
                told.update(number for number in range(first, last + 1) if lane(number) == lane(first))
            return set(range(len(keys))) - processed - told

        for _ in range(5_000):
            await asyncio.sleep(0)
            if not lost():
                break
            if kills and chosen.random() < 0.03:
                kills -= 1
                await world.kill()
                await world.start()
            if clock.alarms and chosen.random() < 0.05:
                clock.jump(clock.alarms[0] - clock.now())
        assert not lost(), (mapping, world.function.batches)
        for numbers in attempted.values():
            firsts = list(dict.fromkeys(numbers))
            assert firsts == sorted(firsts), numbers
        await world.kill()
        await store.close()
