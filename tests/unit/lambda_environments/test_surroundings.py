"""What a function finds around it: its time zone, its directory, its own /tmp."""

import asyncio
from pathlib import Path

import pytest

from tests.unit.lambda_environments.conftest import Bench

has_zones = pytest.mark.skipif(not Path("/usr/share/zoneinfo/Asia/Tokyo").exists(), reason="no time zones installed")


@has_zones
async def test_each_environment_has_its_time_zone(bench: Bench) -> None:
    """UTC unless the function says otherwise, for its children and their programs, too."""
    source = """
        import datetime, os, subprocess, time
        def handler(event, context):
            shell = subprocess.run(["date", "+%Z"], capture_output=True, text=True).stdout.strip()
            return [os.environ["TZ"], time.tzname[0], datetime.datetime.now().astimezone().utcoffset().seconds, shell]
    """
    here = bench.function(source)
    there = bench.function(source, name="there", environment={"TZ": "Asia/Tokyo"})
    found = await asyncio.gather(bench.answer(here), bench.answer(there))
    assert list(found) == [
        [":UTC", "UTC", 0, "UTC"],
        ["Asia/Tokyo", "JST", 9 * 3600, "JST"],
    ]


async def test_the_working_directory_is_the_package(bench: Bench) -> None:
    """`/var/task`, as on AWS, so that a file of the package is opened by its name."""
    spec = bench.function("""
        import os
        def handler(event, context):
            return [os.getcwd() == os.environ["LAMBDA_TASK_ROOT"], open("data.txt").read()]
    """)
    (spec.code_path / "data.txt").write_text("packed")
    assert await bench.answer(spec) == [True, "packed"]


async def test_tmp_stays_with_its_environment(bench: Bench) -> None:
    """What one invocation leaves the next one finds, in the same environment and in no other."""
    spec = bench.function("""
        import os, tempfile, time
        def handler(event, context):
            time.sleep(event)
            found = os.listdir("/tmp")
            open(f"/tmp/{len(found)}", "w").close()
            return sorted(found)
    """)
    if await bench.answer(bench.function("def handler(e, c): return __file__", name="where")) != "/var/task/app.py":
        pytest.skip("needs a mount namespace")
    assert await bench.answer(spec, 0) == []
    assert await bench.answer(spec, 0) == ["0"]
    both = await asyncio.gather(bench.answer(spec, 0.3), bench.answer(spec, 0.3))
    assert sorted(both) == [[], ["0", "1"]], "one is new"
