"""Where mappings read, and in which order: windows, lanes, shards, changes, and after a crash."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from pileus.services.lambda_.mappings import store as records
from pileus.services.lambda_.mappings.events import PAYLOAD_BYTES_MAX, batch_event
from tests.unit.lambda_mappings.conftest import ARN, Failed, World, names, settled, until


async def test_latest_begins_where_the_mapping_was_made(world: World) -> None:
    """Not where the poller first looks: what came in between is not lost."""
    await world.stream.put(*"ab")
    await world.kill()
    mapping = await world.map(starting_position="LATEST")
    await world.stream.put(*"cd")
    await world.start()
    await world.caught_up(mapping)
    assert world.function.batches == ["cd"]


async def test_a_batching_window(world: World) -> None:
    """A batch that is not full waits for more until the window is over; a full one does not."""
    mapping = await world.map(batch_size=3, batching_window_s=10)
    await world.stream.put("a")
    await until(lambda: world.clock.alarms)
    world.clock.jump(timedelta(seconds=9))
    await world.stream.put("b")
    await settled()
    assert world.function.batches == []
    world.clock.jump(timedelta(seconds=1))
    await world.caught_up(mapping)
    assert world.function.batches == ["ab"]
    await world.stream.put(*"cde")
    await world.caught_up(mapping)
    assert world.function.batches == ["ab", "cde"]
    await world.stream.put("f")
    await until(lambda: world.clock.alarms)
    assert world.clock.alarms == [world.clock.now() + timedelta(seconds=10)]


async def test_no_batch_is_larger_than_an_event_may_be(world: World) -> None:
    """Six megabytes, whatever the batch size says."""
    for name in "abcd":
        await world.stream.put(name, padding="x" * 2_500_000)
    mapping = await world.map(batch_size=100)
    await world.caught_up(mapping)
    assert world.function.batches == ["ab", "cd"]
    assert len(batch_event(world.stream.found["s0"][:2])) < PAYLOAD_BYTES_MAX


async def test_filters(world: World) -> None:
    """What passes none of the patterns is passed over; batches are made of the rest, and long rests are remembered."""
    await world.stream.put(*"abcab")
    mapping = await world.map(batch_size=2, filters=['{"name":["a"]}', '{"name":["b"]}'])
    await world.caught_up(mapping)
    assert world.function.batches == ["ab", "ab"]
    for _ in range(1_200):
        await world.stream.put("x")
    await until(lambda: world.clock.alarms == [])

    async def position() -> int:
        return (await records.shard_progress(world.store.snapshot(), mapping.uuid, "s0"))[0][1].position

    while await position() < 1_000:
        await asyncio.sleep(0)
    assert len(world.function.events) == 2


async def test_lanes_keep_the_order_of_each_key(world: World) -> None:
    """Several batches at once, but never two of one key, and of each key all in order."""
    for number in range(40):
        await world.stream.put(f"{number % 8}:{number};", key=str(number % 8))
    world.function.held = asyncio.Event()
    await world.map(batch_size=2, parallelization_factor=4)
    await until(lambda: world.function.running >= 3)
    assert len({key for event in world.function.events for key in keys(event)}) == sum(
        len(set(keys(event))) for event in world.function.events
    )
    world.function.held.set()
    world.function.held = None
    await until(lambda: sum(len(event["Records"]) for event in world.function.events) == 40)
    seen: dict[str, list[int]] = {}
    for event in world.function.events:
        for record in event["Records"]:
            key, _, number_text = record["name"].rstrip(";").partition(":")
            seen.setdefault(key, []).append(int(number_text))
    assert seen == {str(key): list(range(key, 40, 8)) for key in range(8)}


def keys(event: dict[str, Any]) -> list[str]:
    return [record["name"].partition(":")[0] for record in event["Records"]]


async def test_a_failing_lane_does_not_hold_up_the_others(world: World) -> None:
    """One poisoned key stops its lane only."""

    def answer(event: dict[str, Any]) -> Any:
        if "bad" in keys(event):
            raise Failed

    world.function.answer = answer
    await world.stream.put("bad:0;", key="bad")
    for number in range(30):
        await world.stream.put(f"{number}:0;", key=str(number))
    await world.map(batch_size=1, parallelization_factor=10)
    await until(lambda: sum("bad" not in keys(event) for event in world.function.events) > 15)


async def test_another_number_of_lanes_loses_nothing(world: World) -> None:
    """The new lanes begin where the last of the old ones stood."""
    for number in range(20):
        await world.stream.put(f"{number};", key=str(number))
    mapping = await world.map(batch_size=1, parallelization_factor=5)
    await until(lambda: len(world.function.events) > 7)
    mapping = await world.change(mapping, parallelization_factor=2)
    await until(lambda: len(world.function.events) > 12)
    mapping = await world.change(mapping, parallelization_factor=1)
    await world.caught_up(mapping)
    assert {names(event) for event in world.function.events} == {f"{number};" for number in range(20)}


async def test_children_after_their_parents(world: World) -> None:
    """Nothing of a shard is read before all before it has been processed, however long that takes."""

    def answer(event: dict[str, Any]) -> Any:
        if fails and "b" in names(event):
            raise Failed

    fails = True
    world.function.answer = answer
    mapping = await world.map(batch_size=1)
    await world.stream.put(*"ab")
    await world.stream.close("s0", "s1", "s2")
    await world.stream.put("c", shard="s1")
    await world.stream.put("d", shard="s2")
    await world.stream.close("s1", "s3")
    await world.stream.put("e", shard="s3")
    await until(lambda: len(world.function.events) > 2 or world.clock.alarms)
    assert set(world.function.batches) == {"a", "b"}
    fails = False
    await until(lambda: world.clock.alarms)
    world.clock.jump(timedelta(minutes=1))
    await world.caught_up(mapping)
    batches = world.function.batches
    assert set(batches) == set("abcde")
    assert batches.index("e") > batches.index("c")

    del world.stream.found["s0"]  # its records are too old to be kept
    await world.change(mapping, batch_size=2)
    await world.stream.put("f", shard="s3")
    await until(lambda: world.function.batches[-1] == "f")
    assert "s0" not in await records.shards_with_progress(world.store.snapshot(), mapping.uuid)


async def test_a_crash_repeats_at_most_the_last_batch(world: World) -> None:
    """At least once, in order, from the last step that was written."""
    await world.stream.put(*"abcdef")
    mapping = await world.map(batch_size=2)
    world.function.held = asyncio.Event()
    for started in range(1, 6):
        await until(lambda expected=started: len(world.function.events) == expected)  # type: ignore[misc]
        if started % 2:
            await world.kill()
            await world.start()
        else:
            world.function.held.set()
            await until(lambda expected=started: len(world.function.events) > expected)  # type: ignore[misc]
            world.function.held = asyncio.Event()
            break
    world.function.held.set()
    await world.kill()
    world.function.held = None
    await world.start()
    await world.caught_up(mapping)
    batches = world.function.batches
    assert sorted(set(batches)) == ["ab", "cd", "ef"]
    assert batches == sorted(batches)
    assert len(batches) <= 3 + 3


async def test_a_change_waits_for_what_is_under_way(world: World) -> None:
    """Disabling ends no invocation, and enabling goes on after it."""
    await world.stream.put(*"ab")
    world.function.held = asyncio.Event()
    mapping = await world.map(batch_size=1)
    await until(lambda: world.function.running == 1)
    mapping = await world.change(mapping, enabled=False)
    await settled()
    world.function.held.set()
    await settled()
    assert world.function.batches == ["a"]
    mapping = await world.change(mapping, enabled=True)
    await world.caught_up(mapping)
    assert world.function.batches == ["a", "b"]


async def test_a_change_interrupts_waiting_between_retries(world: World) -> None:
    """Nobody waits a minute for a mapping to be disabled or deleted."""

    def answer(event: dict[str, Any]) -> Any:
        raise Failed

    world.function.answer = answer
    await world.stream.put("a")
    mapping = await world.map()
    await until(lambda: world.clock.alarms)
    await world.change(mapping, enabled=False)
    await until(lambda: not world.clock.alarms)

    async def delete(tx: Any) -> None:
        records.delete_mapping(tx, mapping)

    await world.change(mapping, enabled=True)
    await until(lambda: world.clock.alarms)
    await world.store.run(delete)
    await until(lambda: not world.clock.alarms)
    assert await records.shards_with_progress(world.store.snapshot(), mapping.uuid) == set()


async def test_what_was_trimmed_is_passed_over(world: World) -> None:
    """A mapping that slept too long goes on with the oldest record there is."""
    await world.stream.put(*"abcd")
    mapping = await world.map(enabled=False)
    world.stream.trimmed = 2
    await world.change(mapping, enabled=True)
    await world.caught_up(mapping)
    assert world.function.batches == ["cd"]


async def test_a_stream_that_goes(world: World) -> None:
    """The mapping says so, rests, and can be deleted."""
    mapping = await world.map()
    await world.stream.put("a")
    await world.caught_up(mapping)
    await world.stream.end()
    while await world.result(mapping) != "PROBLEM: Stream not found":
        await asyncio.sleep(0)
    await world.change(mapping, enabled=False)
    await settled()


async def test_tumbling_windows(world: World) -> None:
    """Source: Lambda Developer Guide, "Tumbling windows": state is handed on, and the end of each window is told."""

    def answer(event: dict[str, Any]) -> Any:
        return {"state": {"sum": event["state"].get("sum", 0) + len(event["Records"])}}

    world.function.answer = answer
    world.clock.jump(timedelta(seconds=1))  # 2024-03-01T00:00:00Z
    mapping = await world.map(batch_size=2, tumbling_window_s=60)
    await world.stream.put(*"abc")
    await world.caught_up(mapping)
    world.clock.jump(timedelta(seconds=59))
    await world.stream.put("d")
    await world.caught_up(mapping)
    assert [(names(event), event["state"], event["isFinalInvokeForWindow"]) for event in world.function.events] == [
        ("ab", {}, False),
        ("c", {"sum": 2}, False),
        ("d", {"sum": 3}, False),
    ]
    await until(lambda: world.clock.alarms)
    world.clock.jump(timedelta(seconds=1))
    await until(lambda: len(world.function.events) == 4)
    assert world.function.events[3] == {
        "Records": [],
        "window": {"start": "2024-03-01T00:00:00Z", "end": "2024-03-01T00:01:00Z"},
        "state": {"sum": 4},
        "shardId": "s0",
        "eventSourceARN": ARN,
        "isFinalInvokeForWindow": True,
        "isWindowTerminatedEarly": False,
    }
    await world.stream.put("e")
    await until(lambda: len(world.function.events) == 5)
    assert world.function.events[4]["state"] == {}
    assert world.function.events[4]["window"]["start"] == "2024-03-01T00:01:00Z"


async def test_windows_survive_a_crash_and_end_by_later_records(world: World) -> None:
    """The state is part of the checkpoint; a record of a later window, or the shard's end, ends one, too."""

    def answer(event: dict[str, Any]) -> Any:
        return {"state": event["state"] | {record["name"]: 1 for record in event["Records"]}}

    world.function.answer = answer
    mapping = await world.map(tumbling_window_s=10)
    await world.stream.put("a")
    await world.caught_up(mapping)
    await world.kill()
    world.clock.jump(timedelta(seconds=30))
    await world.stream.put("b")
    await world.stream.close("s0", "s1")
    await world.start()
    await world.caught_up(mapping)
    assert [(names(event), event["state"], event["isFinalInvokeForWindow"]) for event in world.function.events] == [
        ("a", {}, False),
        ("", {"a": 1}, True),
        ("b", {}, False),
        ("", {"b": 1}, True),
    ]


async def test_a_state_that_is_too_large_ends_its_window(world: World) -> None:
    """One megabyte, and the function is told why."""
    world.function.answer = lambda event: {"state": {"much": "x" * (1_048_576 if names(event) == "a" else 1)}}
    mapping = await world.map(batch_size=1, tumbling_window_s=10)
    await world.stream.put(*"ab")
    await world.caught_up(mapping)
    told = [(names(event), event["isWindowTerminatedEarly"], len(json.dumps(event))) for event in world.function.events]
    assert [each[:2] for each in told] == [("a", False), ("", True), ("b", False)]


@pytest.mark.parametrize("factor", [1, 3])
async def test_the_end_of_a_stream_is_the_end(world: World, factor: int) -> None:
    """A closed shard without children leaves nothing to wait for but the mapping itself."""
    await world.stream.put(*"abc")
    mapping = await world.map(parallelization_factor=factor)
    await world.stream.close("s0")
    await world.caught_up(mapping)
    assert sorted("".join(world.function.batches)) == ["a", "b", "c"]
    await settled()
    reads = world.stream.reads
    await world.change(mapping, batch_size=1)
    await settled()
    assert world.stream.reads == reads
