"""Background work of a function stops between its events, and nothing is lost by it."""

import asyncio
import time

import pytest

from pileus.kernel.sandbox.cell import Cell
from pileus.kernel.sandbox.sandbox import Sandbox
from pileus.services.lambda_.environments import freezing
from tests.unit.lambda_environments.conftest import Bench

TICKING = """
    import threading, time
    count = 0
    def tick():
        global count
        while True:
            time.sleep(0.001)
            count += 1
    threading.Thread(target=tick, daemon=True).start()
    def handler(event, context):
        return count
"""


@pytest.fixture(params=["contained", "plain"])
async def either(request: pytest.FixtureRequest, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """With namespaces, and as on a host that forbids them. Nobody is given more time than the least."""
    monkeypatch.setattr(freezing, "IDLE_S_MAX", freezing.IDLE_S)
    if request.param == "plain":
        await bench.pool.close()
        preload = ("pileus.services.lambda_.runtimes.python.bootstrap",)
        bench.pool = bench.new_pool(sandbox=Sandbox(preload=preload, hidden=[bench.data_dir], contain=False))
    return bench


async def test_threads_stand_still_between_events(either: Bench) -> None:
    """A thread that counts every millisecond has not counted them, and goes on afterwards."""
    spec = either.function(TICKING, memory_mb=1769)
    first = await either.answer(spec)
    await asyncio.sleep(0.5)  # the pause is what is tested
    second = await either.answer(spec)
    assert second - first < 100, "of five hundred"
    deadline = time.monotonic() + 30
    while await either.answer(spec) < second + 20:
        assert time.monotonic() < deadline, "it goes on while events come"


async def test_a_child_process_stands_still_too(either: Bench) -> None:
    """Whatever it started, detached or not."""
    spec = either.function(
        """
        import subprocess, tempfile
        kept = tempfile.NamedTemporaryFile()
        def handler(event, context):
            if event:
                return len(open(kept.name).read())
            loop = f"while :; do printf t >> {kept.name}; sleep 0.005; done"
            subprocess.Popen(["/bin/sh", "-c", loop], start_new_session=True)
        """,
        memory_mb=1769,
    )
    await either.answer(spec)
    deadline = time.monotonic() + 30
    while not (first := await either.answer(spec, 1)):
        assert time.monotonic() < deadline
    await asyncio.sleep(0.5)  # the pause is what is tested
    assert await either.answer(spec, 1) - first < 20, "of a hundred"


async def test_a_busy_function_is_not_frozen(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between events that follow one another at once nothing is spent on it."""
    frozen: list[object] = []
    monkeypatch.setattr("pileus.kernel.sandbox.cell.Cell.freeze", frozen.append)
    spec = bench.function("def handler(event, context): return event")
    monkeypatch.setattr(freezing, "IDLE_S", 1.0)
    for number in range(100):
        assert await bench.answer(spec, number) == number
    assert frozen == []


@pytest.mark.parametrize(
    ("patience_s", "frozen_s", "then_s"), [(0.01, 0.1, 0.02), (0.02, 0.1, 0.04), (0.16, 0.1, 0.16), (0.16, 0.3, 0.01)]
)
def test_whoever_is_woken_soon_is_given_longer(patience_s: float, frozen_s: float, then_s: float) -> None:
    """Freezing and waking cost more than a short event does; but what has rested for long is frozen soon again."""
    assert freezing.patience_after(patience_s, frozen_s=frozen_s) == then_s


async def test_an_environment_used_now_and_then_is_frozen_less_often(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its events come 50 ms apart: it is frozen between the first, and not between the later ones."""
    frozen: list[object] = []
    freeze = Cell.freeze

    def counted(cell: Cell) -> None:
        frozen.append(cell)
        freeze(cell)

    monkeypatch.setattr(Cell, "freeze", counted)
    monkeypatch.setattr(freezing, "SOON_S", 10.0)
    monkeypatch.setattr(freezing, "IDLE_S_MAX", 20.0)
    spec = bench.function("def handler(event, context): return event")
    deadline = time.monotonic() + 20
    for number in range(25):  # each time it is frozen it is given twice as long: 10 s after ten times
        assert await bench.answer(spec, number) == number
        await asyncio.sleep(0.05)
        assert time.monotonic() < deadline
    assert 1 <= len(frozen) <= 11


async def test_a_custom_runtime_is_frozen_when_it_has_asked(bench: Bench) -> None:
    """Not between its answer and its question for more; the question survives the pause."""
    spec = bench.function(
        """\
        #!/bin/sh
        api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
        while true; do
            id=$(curl -sD - "$api/next" -o /tmp/event | grep -i aws-request-id | tr -d '\\r' | cut -d' ' -f2)
            curl -s -d "\\"$(cat /tmp/after)\\"" "$api/$id/response" > /tmp/answered
            sleep 0.1
            echo done > /tmp/after
        done
        """,
        file="bootstrap",
        runtime="provided.al2023",
        memory_mb=1769,
    )
    assert await bench.answer(spec) == ""
    await asyncio.sleep(0.4)  # as long as it takes to do what comes after the answer, and to be frozen
    assert await bench.answer(spec) == "done"
