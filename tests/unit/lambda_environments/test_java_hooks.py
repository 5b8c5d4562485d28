"""Java functions hear of their snapshot by the hooks of CRaC, through a library that looks for these by reflection."""

import asyncio
import subprocess
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from pileus.services.lambda_.environments import cold_starts
from pileus.services.lambda_.environments.environment import Environment
from pileus.services.lambda_.environments.types import FunctionSpec, InitFailed, RestoreFailed
from pileus.services.lambda_.runtimes import toolchains
from tests.unit.lambda_environments.conftest import Bench

pytestmark = pytest.mark.skipif(not toolchains.supports("java17"), reason="no JDK is installed here")

_SOURCES = Path(__file__).parent / "java"


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The functions, and the stand-in for org-crac in an archive below `lib`."""
    place = tmp_path_factory.mktemp("hooks")
    toolchain = toolchains.find("java17")
    assert toolchain is not None
    javac, jar = (str(toolchain.program.with_name(name)) for name in ("javac", "jar"))
    (place / "package" / "lib").mkdir(parents=True)
    library, package = str(place / "library"), str(place / "package")
    subprocess.run([javac, "-d", library, *(_SOURCES / "crac").rglob("*.java")], check=True)
    subprocess.run([jar, "cf", place / "package/lib/crac.jar", "-C", library, "."], check=True)
    subprocess.run([javac, "-cp", library, "-d", package, _SOURCES / "hooks" / "Hooked.java"], check=True)
    (place / "runtimes").mkdir()
    for path in (place, *place.rglob("*")):
        path.chmod(0o755)
    return place / "package"


def _function(bench: Bench, classes: Path, name: str, *, snap_start: bool = True) -> FunctionSpec:
    runtimes = bench.data_dir / "runtimes"
    if not runtimes.exists():
        runtimes.symlink_to(classes.parent / "runtimes")  # our own runtime is compiled once for all tests
    spec = bench.function("", name=name, file="unused", handler=f"hooks.Hooked${name}", code_path=classes)
    spec = msgspec.structs.replace(spec, runtime="java17", memory_mb=512, timeout=timedelta(seconds=20))
    if not snap_start:
        return spec
    return msgspec.structs.replace(spec, version="1", function_arn=f"{spec.function_arn}:1", snap_start=True)


def _events(bench: Bench, start: str) -> list[str]:
    return [event for event in bench.logs.all if event.startswith(start)]


async def test_hooks_run_in_their_order(bench: Bench, classes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the snapshot the last first, after the restore the first first, once each, and before the first event;
    what nobody holds hears nothing. An environment that has been frozen since it was initialised wakes up for them."""
    restore = Environment.restore

    def freeze_and_restore(environment: Environment) -> None:
        environment.freeze()
        restore(environment)

    monkeypatch.setattr(Environment, "restore", freeze_and_restore)
    spec = _function(bench, classes, "Ordered")
    await bench.pool.take_snapshot(spec)
    assert "initialised\n" in bench.logs.all
    assert not _events(bench, "RESTORE")
    for _ in range(2):
        answer = await bench.answer(spec)
        assert answer["called"] == ["before 2", "before 1", "after 1", "after 2"]
    assert answer["kind"] == "snap-start"
    assert answer["asked"] == "java.lang.UnsupportedOperationException"
    (start,), (report,) = _events(bench, "RESTORE_START"), _events(bench, "RESTORE_REPORT")
    assert bench.logs.all.index(start) < bench.logs.all.index(report)
    assert "Status" not in report
    assert float(report.split("Restore Duration: ")[1].split(" ms")[0]) > 0
    first, second = _events(bench, "REPORT")
    assert "\tRestore Duration: " in first
    assert "Restore" not in second


async def test_hooks_are_for_snapshots(bench: Bench, classes: Path) -> None:
    """`$LATEST` registers its resources as well, and none of them hears anything."""
    answer = await bench.answer(_function(bench, classes, "Ordered", snap_start=False))
    assert (answer["called"], answer["kind"]) == ([], "on-demand")


async def test_each_environment_is_restored_for_itself(bench: Bench, classes: Path) -> None:
    """Several at once: whether initialised ahead or now, each has had all its hooks."""
    spec = _function(bench, classes, "Ordered")
    await bench.pool.take_snapshot(spec)
    answers = await asyncio.gather(*(bench.answer(spec) for _ in range(2)))
    for answer in answers:
        assert answer["called"] == ["before 2", "before 1", "after 1", "after 2"]


async def test_a_hook_that_fails_before_the_snapshot(bench: Bench, classes: Path) -> None:
    """There is no snapshot; the log tells what each of the resources threw."""
    with pytest.raises(InitFailed) as failed:
        await bench.pool.take_snapshot(_function(bench, classes, "FailsBefore"))
    document = msgspec.json.decode(failed.value.document or b"")
    assert document["errorType"] == "com.amazonaws.services.lambda.crac.CheckpointException"
    assert document["errorMessage"] == "java.io.IOException: file is open"
    (logged,) = [event for event in bench.logs.all if "CheckpointException" in event]
    assert "Suppressed: java.io.IOException: file is open" in logged
    assert "Suppressed: java.lang.IllegalStateException: pool is busy" in logged


@pytest.mark.parametrize("name", ["FailsAfter", "ExitsAfter"])
async def test_a_hook_that_fails_after_the_restore(bench: Bench, classes: Path, name: str) -> None:
    """Who invokes gets an error, and the environment ends; the next one is restored, and fails as well."""
    spec = _function(bench, classes, name)
    await bench.pool.take_snapshot(spec)
    for count in (1, 2):
        with pytest.raises(RestoreFailed) as unable:
            await bench.invoke(spec)
        assert not unable.value.timed_out
        reports = _events(bench, "RESTORE_REPORT")
        assert len(reports) == count
        assert reports[-1].endswith("\tStatus: error\tError Type: Runtime.ExitError\n")
    assert not _events(bench, "START ")
    if name == "FailsAfter":
        assert "heard as well\n" in bench.logs.all
        assert any("Suppressed: java.lang.IllegalStateException: no connection" in event for event in bench.logs.all)


async def test_a_hook_that_takes_too_long(bench: Bench, classes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restore hooks have ten seconds, here less."""
    monkeypatch.setattr(cold_starts, "AFTER_RESTORE_S_MAX", 0.2)
    spec = _function(bench, classes, "SlowAfter")
    await bench.pool.take_snapshot(spec)
    with pytest.raises(RestoreFailed) as unable:
        await bench.invoke(spec)
    assert unable.value.timed_out
    (report,) = _events(bench, "RESTORE_REPORT")
    assert report.endswith("\tStatus: timeout\n")
