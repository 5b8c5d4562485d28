"""When an environment ends, its processes have the time that AWS gives them."""

import os
import time
from pathlib import Path

import pytest

from pileus.services.lambda_.environments import companions as environments
from pileus.services.lambda_.environments.companions import Shutdown
from tests.support.processes import descendants, wait_until
from tests.unit.lambda_environments.conftest import Bench

POLITE = """
    import os, signal, time
    def bye(*_):
        os.write(1, b"SIGTERM was here\\n")
        time.sleep(0.05)
        os.write(1, b"and time to act upon it\\n")
        os._exit(0)
    signal.signal(signal.SIGTERM, bye)
    def handler(event, context):
        pass
"""


def seen(bench: Bench) -> list[str]:
    return [line for line in bench.logs.all if "SIGTERM" in line or "act upon" in line]


@pytest.mark.parametrize(
    ("granted", "lines"),
    [
        (environments.SHUTDOWN, 0),
        (environments.SHUTDOWN_INTERNAL, 2),
        (environments.SHUTDOWN_EXTERNAL, 2),
        (environments.SHUTDOWN_BOTH, 2),
    ],
)
async def test_a_runtime_is_asked_when_there_are_extensions(bench: Bench, granted: Shutdown, lines: int) -> None:
    """Without any, AWS ends it at once: 0 ms."""
    spec = bench.function(POLITE, memory_mb=1769)
    await bench.answer(spec)
    (environment,) = bench.pool._population.environments
    environment.shutdown = granted
    began = time.monotonic()
    await bench.pool.close()
    assert time.monotonic() - began < 30
    assert len(seen(bench)) == lines


async def test_nobody_waits_longer_than_that(bench: Bench) -> None:
    """A runtime that ignores SIGTERM is killed after its own time, the others after theirs."""
    spec = bench.function("""
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        def handler(event, context):
            pass
    """)
    await bench.answer(spec)
    (environment,) = bench.pool._population.environments
    environment.shutdown = Shutdown(runtime_s=0.1, all_s=0.4)
    below = descendants(os.getpid())
    began = time.monotonic()
    await bench.pool.close()
    assert time.monotonic() - began < 30
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
