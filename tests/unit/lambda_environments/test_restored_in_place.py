"""What cannot be forked is initialised ahead; its hooks after the restore run when it is put to use, and not before."""

from typing import Any

import pytest

from pileus.services.lambda_.environments import cold_starts, snapshots
from pileus.services.lambda_.environments.environment import Environment
from pileus.services.lambda_.environments.types import FunctionSpec, RestoreFailed
from tests.unit.lambda_environments.conftest import Bench

_HOOKS = """
    import threading, time
    from snapshot_restore_py import register_before_snapshot, register_after_restore
    CALLED = []
    never = threading.Event()
    threading.Thread(target=never.wait, daemon=True).start()
    register_before_snapshot(lambda: CALLED.append("before"))
    register_before_snapshot(lambda: print("before", flush=True))

    @register_after_restore
    def after():
        print("after", flush=True)
        CALLED.append("after")

    def handler(event, context):
        return CALLED
"""
_MADE = """
    import threading, uuid
    MADE = str(uuid.uuid4())
    print("made", MADE)
    never = threading.Event()
    threading.Thread(target=never.wait, daemon=True).start()

    def handler(event, context):
        return MADE
"""
_FAILS = _HOOKS + "    register_after_restore(lambda: 1 / 0)\n"
_SLOW = _HOOKS + "    register_after_restore(lambda: time.sleep(60))\n"


def _snap(bench: Bench, source: str, **changes: Any) -> FunctionSpec:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:fn:1"
    return bench.function(source, version="1", function_arn=arn, snap_start=True, runtime="python3.12", **changes)


async def test_hooks_after_a_restore_wait_for_it(bench: Bench) -> None:
    """Connections that they make would be old otherwise, by however long nobody has asked."""
    spec = _snap(bench, _HOOKS)
    await bench.pool.take_snapshot(spec)
    assert "before\n" in bench.logs.all
    assert "after\n" not in bench.logs.all
    assert await bench.answer(spec) == ["before", "after"]
    assert await bench.answer(spec) == ["before", "after"]
    (report,) = [event for event in bench.logs.all if event.startswith("RESTORE_REPORT")]
    assert "Status" not in report


async def test_a_wrapped_python_has_its_hooks(bench: Bench) -> None:
    """Started as a program of its own it is no fork, and its snapshot is one nevertheless."""
    spec = _snap(bench, _HOOKS, environment={"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"})
    wrapper = spec.code_path / "wrapper"
    wrapper.write_text('#!/bin/sh\nexec "$@"\n')
    wrapper.chmod(0o755)
    if await bench.pool.why_no_images():
        pytest.skip("without namespaces the package is not at /var/task")
    await bench.pool.take_snapshot(spec)
    assert "after\n" not in bench.logs.all
    assert await bench.answer(spec) == ["before", "after"]


@pytest.mark.parametrize(("source", "status"), [(_FAILS, "error\tError Type: Runtime.ExitError"), (_SLOW, "timeout")])
async def test_hooks_that_fail(bench: Bench, monkeypatch: pytest.MonkeyPatch, source: str, status: str) -> None:
    """The version has a snapshot, and nobody gets into it; the log says how the restore ended."""
    monkeypatch.setattr(cold_starts, "AFTER_RESTORE_S_MAX", 0.3)
    spec = _snap(bench, source)
    await bench.pool.take_snapshot(spec)
    with pytest.raises(RestoreFailed) as unable:
        await bench.invoke(spec)
    assert unable.value.timed_out == (status == "timeout")
    (report,) = [event for event in bench.logs.all if event.startswith("RESTORE_REPORT")]
    assert report.endswith(f"\tStatus: {status}\n")
    assert not [event for event in bench.logs.all if event.startswith(("START ", "INIT_REPORT"))]


async def test_what_was_initialised_long_ago_is_not_put_to_use(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its credentials may have ended while nobody asked: another one is initialised."""
    spec = _snap(bench, _MADE)
    await bench.pool.take_snapshot(spec)
    monkeypatch.setattr(snapshots, "TEMPLATE_AGE_S_MAX", 0.0)
    (first,) = [event for event in bench.logs.all if event.startswith("made ")]
    assert f"made {await bench.answer(spec)}\n" != first


async def test_one_that_ends_once_it_is_restored(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can be let into it, which is an error of the function's and none of ours."""
    initialised = Environment._initialised

    def initialised_and_gone(environment: Environment) -> None:
        initialised(environment)
        if environment._restores:
            environment.stop()

    spec = _snap(bench, _HOOKS)
    await bench.pool.take_snapshot(spec)
    monkeypatch.setattr(Environment, "_initialised", initialised_and_gone)
    with pytest.raises(RestoreFailed) as unable:
        await bench.invoke(spec)
    assert not unable.value.timed_out
