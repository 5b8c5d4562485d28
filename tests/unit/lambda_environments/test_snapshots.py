"""Environments are restored from one that was initialised, and share nothing with it that they must not share."""

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from pileus.services.lambda_.environments import cold_starts
from pileus.services.lambda_.environments.types import FunctionSpec, InitFailed, RestoreFailed
from tests.unit.lambda_environments.conftest import Bench

FUNCTION = """
    import os, random, secrets, socket, time, uuid
    from snapshot_restore_py import register_before_snapshot, register_after_restore

    CALLED = []
    MADE = str(uuid.uuid4())
    STREAM = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
    random.seed(7)
    near, far = socket.socketpair()
    open("/tmp/made", "w").write(MADE)
    os.environ["MINE"] = "kept"

    @register_before_snapshot
    def first(): CALLED.append("before 1")
    register_before_snapshot(lambda word: CALLED.append(word), "before 2")
    @register_after_restore
    def after(): CALLED.append("after 1" + str(os.environ["AWS_LAMBDA_LOG_STREAM_NAME"] != STREAM))
    register_after_restore(lambda: CALLED.append("after 2"))

    def handler(event, context):
        time.sleep(event or 0)
        try:
            connected = near.send(b"x") > 0
        except OSError:
            connected = False
        number = open("/tmp/count").read() if os.path.exists("/tmp/count") else ""
        open("/tmp/count", "w").write(number + "I")
        return {"called": CALLED, "made": MADE, "random": random.random(), "secret": secrets.token_hex(8),
                "uuid": str(uuid.uuid4()), "connected": connected, "count": number,
                "file": open("/tmp/made").read(), "pid": os.getpid(), "mine": os.environ["MINE"],
                "kind": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], "stream": context.log_stream_name,
                "variable": os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
                "processes": sorted(int(name) for name in os.listdir("/proc") if name.isdigit())}
"""


def _snap(bench: Bench, source: str, **changes: Any) -> FunctionSpec:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:fn:1"
    return bench.function(source, version="1", function_arn=arn, snap_start=True, runtime="python3.12", **changes)


def _forks(bench: Bench) -> bool:
    return bench.pool._sandbox.contained


async def _until(reached: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10
    while not reached():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.005)


async def test_environments_begin_where_the_snapshot_was_taken(bench: Bench) -> None:
    """Initialised once for all of them; each has its own /tmp, processes, randomness, log stream and variables."""
    spec = _snap(bench, FUNCTION)
    await bench.pool.take_snapshot(spec)
    answers = await asyncio.gather(*(bench.answer(spec, 0.3) for _ in range(3)))
    assert len({answer["stream"] for answer in answers}) == 3
    if not _forks(bench):
        pytest.skip("nothing is forked without namespaces")
    assert len({answer["made"] for answer in answers}) == 1
    for drawn in ("random", "secret", "uuid"):
        assert len({answer[drawn] for answer in answers}) == 3, drawn
    for answer in answers:
        assert answer["called"] == ["before 2", "before 1", "after 1True", "after 2"]
        assert answer["file"] == answer["made"]
        assert answer["count"] == ""
        assert answer["kind"] == "snap-start"
        assert answer["mine"] == "kept"
        assert answer["variable"] == answer["stream"]
        assert not answer["connected"]
        assert answer["processes"] == [1, answer["pid"]]
    again = await bench.answer(spec)
    assert again["count"] == "I"


async def test_the_log_tells_of_a_restore(bench: Bench) -> None:
    """As AWS words it: where the environment was restored, and how long that took."""
    spec = _snap(bench, FUNCTION)
    result = await bench.invoke(spec)
    assert result.init_duration is None
    await bench.invoke(spec)
    first, *_ = [event for event in bench.logs.all if event.startswith("REPORT")]
    assert "Init Duration" not in first
    assert "\tRestore Duration: " in first
    assert "\tBilled Restore Duration: " in first
    reports = [event for event in bench.logs.all if event.startswith("REPORT")]
    assert len(reports) == 2
    assert "Restore" not in reports[1]
    assert [event.split(" ", 1)[0] for event in bench.logs.all if event.startswith("RESTORE")] == [
        "RESTORE_START",
        "RESTORE_REPORT",
    ]
    (restored,) = [event for event in bench.logs.all if event.startswith("RESTORE_START")]
    assert restored.startswith("RESTORE_START Runtime Version: python:3.12.v1\tRuntime Version ARN: arn:aws:lambda:")


async def test_what_is_written_while_a_snapshot_is_taken_is_logged_at_once(bench: Bench) -> None:
    """Also where there is none in the end: nobody may ever invoke that version."""
    await bench.pool.take_snapshot(_snap(bench, "print('made')\ndef handler(e, c): return 1"))
    assert "made\n" in bench.logs.all
    with pytest.raises(InitFailed):
        await bench.pool.take_snapshot(_snap(bench, "print('nearly')\nraise ValueError", name="failing", revision="2"))
    assert "nearly\n" in bench.logs.all


async def test_what_cannot_be_initialised_has_no_snapshot(bench: Bench) -> None:
    """Whoever takes it hears of it, and so does whoever invokes."""
    spec = _snap(bench, "raise ValueError('never')")
    with pytest.raises(InitFailed):
        await bench.pool.take_snapshot(spec)
    assert (await bench.failure(spec))["errorMessage"] == "never"


async def test_a_hook_that_fails(bench: Bench) -> None:
    """Before the snapshot: there is none. After it: the environment fails, and the next is tried anew."""
    before = "from snapshot_restore_py import *\n@register_before_snapshot\ndef no(): raise ValueError('b')\n"
    with pytest.raises(InitFailed) as failed:
        await bench.pool.take_snapshot(_snap(bench, before + "def handler(e, c): return 1"))
    assert b"Runtime.BeforeSnapshotError" in (failed.value.document or b"")
    after = "from snapshot_restore_py import *\n@register_after_restore\ndef no(): raise ValueError('a')\n"
    spec = _snap(bench, after + "def handler(e, c): return 1", name="after")
    await bench.pool.take_snapshot(msgspec.structs.replace(spec, revision="2"))
    with pytest.raises(RestoreFailed) as unable:
        await bench.invoke(msgspec.structs.replace(spec, revision="2"))
    assert not unable.value.timed_out
    assert any("ValueError: a" in line for line in bench.logs.all)


async def test_a_hook_that_takes_too_long(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restore hooks have ten seconds, here less; the function may be tried again."""
    monkeypatch.setattr(cold_starts, "AFTER_RESTORE_S_MAX", 0.2)
    source = """
        import time
        from snapshot_restore_py import register_after_restore
        register_after_restore(lambda: time.sleep(60))
        def handler(event, context): return 1
    """
    spec = _snap(bench, source)
    await bench.pool.take_snapshot(spec)
    for _ in range(2):
        with pytest.raises(RestoreFailed) as unable:
            await bench.invoke(spec)
        assert unable.value.timed_out


async def test_a_process_with_threads_is_not_forked(bench: Bench) -> None:
    """Its threads would be missing; so each environment is initialised, but ahead of whoever needs it."""
    source = """
        import threading, uuid
        MADE = str(uuid.uuid4())
        wake, woken = threading.Event(), threading.Event()
        def work():
            wake.wait()
            woken.set()
        threading.Thread(target=work, daemon=True).start()
        def handler(event, context):
            wake.set()
            return [woken.wait(5), MADE]
    """
    spec = _snap(bench, source)
    await bench.pool.take_snapshot(spec)
    answers = await asyncio.gather(*(bench.answer(spec) for _ in range(2)))
    assert all(woken for woken, _ in answers)
    assert answers[0][1] != answers[1][1]


async def test_nothing_is_left_of_a_version_that_is_retired(bench: Bench) -> None:
    """Busy environments finish, although they live below the template; then that goes, too."""
    spec = _snap(bench, FUNCTION)
    busy = asyncio.create_task(bench.answer(spec, 0.4))
    await _until(lambda: len(bench.pool._population.environments) >= 2 or not _forks(bench))
    await bench.pool.retire(spec.function_arn)
    assert (await busy)["kind"] == "snap-start"
    await _until(lambda: not bench.pool._population.environments)


async def test_one_that_ends_badly_leaves_the_others_alone(bench: Bench) -> None:
    """A restored environment that is killed, or kills all it sees, is the only one that ends; the next is restored."""
    source = """
        import os, signal, uuid
        MADE = str(uuid.uuid4())
        def handler(event, context):
            if event == "kill":
                try:
                    os.kill(-1, signal.SIGKILL)
                finally:
                    os._exit(3)
            return MADE
    """
    spec = _snap(bench, source)
    made = await bench.answer(spec)
    await bench.failure(spec, "kill")
    again = await bench.answer(spec)
    assert (again == made) == _forks(bench)


async def test_system_calls_are_forbidden_after_a_restore(bench: Bench) -> None:
    """The template may make namespaces, for its forks; what runs events may not, and has no privileges."""
    source = """
        import ctypes, os
        def handler(event, context):
            libc = ctypes.CDLL(None, use_errno=True)
            libc.unshare(0x10000000)
            caps = [line for line in open("/proc/self/status") if line.startswith("CapEff")]
            return [ctypes.get_errno(), caps[0].split()[1], os.getuid() == 0]
    """
    spec = _snap(bench, source)
    if os.geteuid() != 0:
        pytest.skip("whoever is no root is someone else in cells")
    assert await bench.answer(spec) == [1, "0000000000000000", False]


async def test_a_template_may_not_make_networks(bench: Bench) -> None:
    """Of all that only administrators may do, it is allowed what its forks need, and not what else there is to attack:
    no namespace of another kind, and none made by `clone`, which takes whatever flags it is given."""
    source = """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        SEEN = []
        for flags in (0x40000000, 0x10000000 | 0x40000000, 0x02000000):
            ctypes.set_errno(0)
            libc.unshare(flags)
            SEEN.append(ctypes.get_errno())
        def handler(event, context):
            return SEEN
    """
    assert await bench.answer(_snap(bench, source)) == [1, 1, 1]


async def test_a_template_that_dies_takes_its_forks_and_is_taken_again(bench: Bench) -> None:
    """Whatever ends it, nobody is left behind, and the next invocation initialises once more."""
    spec = _snap(bench, FUNCTION)
    first = await bench.answer(spec)
    if not _forks(bench):
        pytest.skip("nothing is forked without namespaces")
    for environment in list(bench.pool._population.environments):
        if environment.forks:
            environment.stop()
    await _until(lambda: not bench.pool._population.environments)
    assert (await bench.answer(spec))["made"] != first["made"]
