"""Functions that misbehave harm nobody but themselves, and their invokers learn what happened."""

import asyncio
import re
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from pileus.kernel.sandbox.control_groups import usable_hierarchies
from pileus.services.lambda_.environments.environment import Environment
from tests.unit.lambda_environments.conftest import SECRET, Bench

needs_memory_group = pytest.mark.skipif(
    not any("memory" in hierarchy.controllers for hierarchy in usable_hierarchies()),
    reason="this host grants no memory control group",
)


async def is_contained(bench: Bench) -> bool:
    """Whether this host lets us have namespaces; without them there is less to hold."""
    spec = bench.function("def handler(event, context): return __file__", name="where")
    return bool(await bench.answer(spec) == "/var/task/app.py")


def exit_error(document: dict[str, object]) -> tuple[object, str]:
    message = re.sub(r"^RequestId: [0-9a-f-]{36} Error: ", "", str(document["errorMessage"]))
    return document["errorType"], message


async def test_a_function_that_hangs_is_killed(bench: Bench) -> None:
    """Though it blocks every signal it can. Recorded answer of AWS: `Sandbox.Timedout`."""
    spec = bench.function(
        """
        import signal, time
        def handler(event, context):
            if event:
                return "quick"
            for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_IGN)
            print("still here")
            while True:
                time.sleep(1)
        """,
        timeout=timedelta(seconds=0.2),
    )
    result = await bench.invoke(spec)
    request_id = "00000000-0000-4000-8000-000000000001"
    assert result.payload.decode() == (
        '{"errorType":"Sandbox.Timedout",'
        f'"errorMessage":"RequestId: {request_id} Error: Task timed out after 0.20 seconds"}}'
    )
    log = bench.logs.all[1:]
    assert "still here\n" in log
    assert re.fullmatch(
        rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z {request_id} Task timed out after 0.20 seconds\n", log[2]
    )
    assert log[-1].endswith("\tStatus: timeout\n")
    assert "\tDuration: 200.00 ms\t" in log[-1], "what came after the time was up is nobody's"
    assert await bench.answer(spec, 1) == "quick"
    assert len(bench.logs.events) == 2, "a new environment, since the old one is gone"


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("sys.exit(4)", "Runtime exited with error: exit status 4"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
        ("os.abort()", "Runtime exited with error: signal: aborted"),
        ("ctypes.string_at(0)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
async def test_a_runtime_that_ends(bench: Bench, statement: str, message: str) -> None:
    """Recorded answers of AWS: `test_lambda_handler_exit`, `test_lambda_runtime_exit`."""
    spec = bench.function(
        f"import ctypes, os, sys\ndef handler(event, context):\n    return 1 if event else {statement}"
    )
    assert exit_error(await bench.failure(spec)) == ("Runtime.ExitError", message)
    assert bench.logs.all[-1].endswith("\tStatus: error\tError Type: Runtime.ExitError\n")
    assert await bench.answer(spec, 1) == 1


async def test_exit_while_loading(bench: Bench) -> None:
    """Before there was a handler to ask."""
    spec = bench.function("import sys\nprint('loading')\nsys.exit(5)")
    assert exit_error(await bench.failure(spec)) == ("Runtime.ExitError", "Runtime exited with error: exit status 5")
    assert "loading\n" in bench.logs.all


async def test_loading_for_ever(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The init phase has a limit of its own; a short function does not get a second one."""
    monkeypatch.setattr("pileus.services.lambda_.environments.cold_starts.INIT_S_MAX", 0.2)
    spec = bench.function("while True: pass", timeout=timedelta(seconds=0.1))
    kind, message = exit_error(await bench.failure(spec))
    assert (kind, message) == ("Sandbox.Timedout", "Task timed out after 0.10 seconds")


async def test_loading_slowly_succeeds_within_the_timeout(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Initialising that is cut off is begun again as a part of the invocation."""
    monkeypatch.setattr("pileus.services.lambda_.environments.cold_starts.INIT_S_MAX", 0.1)
    spec = bench.function("import time\ntime.sleep(0.3)\ndef handler(event, context): return 1")
    assert await bench.answer(spec) == 1


@needs_memory_group
async def test_a_memory_hog_is_killed(bench: Bench) -> None:
    """At its own limit, long before the machine suffers."""
    spec = bench.function("def handler(event, context):\n    return 1 if event else len(bytearray(10 ** 9))")
    kind, message = exit_error(await bench.failure(spec))
    assert (kind, message) == ("Runtime.OutOfMemory", "Runtime exited with error: signal: killed")
    assert "Max Memory Used: 128 MB\t" in bench.logs.all[-1]
    assert await bench.answer(spec, 1) == 1


@needs_memory_group
@pytest.mark.parametrize("way", ["bytearray(200 << 20)", "shared(200 << 20)"])
async def test_memory_beyond_its_own_part_is_not_granted(bench: Bench, way: str) -> None:
    """There is room for /tmp beside the memory size, but for nothing else; the initialisation is held to it, too."""
    source = """
        import mmap, time
        def shared(size):
            held = mmap.mmap(-1, size)
            for place in range(0, size, 4096):
                held[place] = 1
            return held
        def hold():
            kept = {way}
            time.sleep(5)
        {first}
        def handler(event, context):
            return 1 if event else hold()
    """
    spec = bench.function(source.format(way=way, first=""))
    assert exit_error(await bench.failure(spec)) == (
        "Runtime.OutOfMemory",
        "Runtime exited with error: signal: killed",
    )
    assert await bench.answer(spec, 1) == 1
    spec = bench.function(source.format(way=way, first="hold()"), name="at-once")
    assert (await bench.failure(spec))["errorType"] == "Runtime.OutOfMemory"


@needs_memory_group
async def test_memory_is_watched_from_the_first_event_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that falls between an initialisation and the event that it was for is not the last one."""
    initialised = Environment._initialised

    def looked_at(environment: Environment) -> None:
        initialised(environment)
        if bench.pool._watch._watcher is not None:
            bench.pool._watch._watcher.cancel()
        bench.pool._watch._look_at_memory()

    monkeypatch.setattr(Environment, "_initialised", looked_at)
    spec = bench.function(
        "import time\ndef handler(event, context):\n    kept = bytearray(200 << 20)\n    time.sleep(3)"
    )
    assert exit_error(await bench.failure(spec))[0] == "Runtime.OutOfMemory"


@pytest.mark.skipif(
    not any("cpu" in hierarchy.controllers for hierarchy in usable_hierarchies()),
    reason="this host grants no processor control group",
)
async def test_processors_are_shared_by_memory(bench: Bench) -> None:
    """128 MB are 7 % of a processor, however many threads spin; the initialisation has a whole one.

    Source: Lambda Developer Guide, "Configure Lambda function memory": 1,769 MB are one virtual processor.
    """
    source = """
        import threading, time
        def spin(seconds, threads=1):
            began, spent, end = time.monotonic(), time.process_time(), time.monotonic() + seconds
            def until():
                while time.monotonic() < end:
                    sum(range(1000))
            others = [threading.Thread(target=until) for _ in range(threads)]
            for thread in others:
                thread.start()
            for thread in others:
                thread.join()
            return (time.process_time() - spent) / (time.monotonic() - began)
        initial = spin(0.2)
        def handler(event, context):
            return [initial, spin(1.5, event)]
    """
    for memory_mb, share in ((128, 128 / 1769), (512, 512 / 1769)):
        spec = bench.function(source, name=f"spin{memory_mb}", memory_mb=memory_mb)
        initial, taken = await bench.answer(spec, 3)
        assert share * 0.3 < taken < share * 1.4, f"{memory_mb} MB took {taken:.3f} processors"
        assert memory_mb != 128 or initial > 1.5 * share, f"{initial:.3f} while it was initialised"


async def test_tmp_is_as_large_as_configured(bench: Bench) -> None:
    """And what lies in it is no memory of the function's; beyond its size it is full."""
    if not await is_contained(bench):
        pytest.skip("needs a mount namespace")
    source = """
        import os, time
        def handler(event, context):
            size = os.statvfs("/tmp")
            with open("/tmp/a", "wb") as kept:
                for _ in range(200):
                    kept.write(bytes(1 << 20))
            held = bytearray(50 << 20)
            time.sleep(0.1)
            try:
                os.posix_fallocate(os.open("/tmp/b", os.O_CREAT | os.O_WRONLY), 0, size.f_blocks * size.f_frsize - 1)
            except OSError as full:
                return [size.f_blocks * size.f_frsize >> 20, os.path.getsize("/tmp/a") >> 20, full.strerror]
    """
    for size_mb in (512, 700):
        spec = bench.function(source, name=f"f{size_mb}", ephemeral_storage_mb=size_mb)
        assert await bench.answer(spec) == [size_mb, 200, "No space left on device"]


async def test_processes_are_limited_and_gone_afterwards(bench: Bench) -> None:
    """A grandchild outlives its parent and the invocation, but not the environment."""
    if not await is_contained(bench):
        pytest.skip("seen from inside a process namespace only")
    spec = bench.function("""
        import os, time
        def handler(event, context):
            if event == "count":
                return [name for name in os.listdir("/proc") if name.isdigit()]
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(600)
                os._exit(0)
            os.wait()
    """)
    await bench.answer(spec)
    assert len(await bench.answer(spec, "count")) == 3, "its supervisor, itself and the grandchild"
    await bench.pool.retire(spec.function_arn)
    assert len(await bench.answer(spec, "count")) == 2


async def test_only_tmp_can_be_written(bench: Bench) -> None:
    """A read-only world, and a /tmp of its own of limited size."""
    if not await is_contained(bench):
        pytest.skip("needs a mount namespace")
    places = ["/", "/var/task", "/etc", "/usr/bin", "/var/runtime", "/opt", "/run", "/dev", sys.prefix]
    spec = bench.function("""
        import os
        def handler(event, context):
            refused = []
            for place in event:
                try:
                    open(os.path.join(place, "x"), "w")
                except OSError as error:
                    refused.append(place)
            with open("/tmp/x", "w") as kept:
                kept.write("fine")
            size = os.statvfs("/tmp")
            return [refused, os.listdir("/tmp"), size.f_blocks * size.f_frsize]
    """)
    assert await bench.answer(spec, places) == [places, ["x"], 512 * 1024 * 1024]
    other = bench.function("import os\ndef handler(event, context): return os.listdir('/tmp')", name="other")
    assert await bench.answer(other) == []


async def test_nobody_reads_what_is_not_theirs(bench: Bench) -> None:
    """Neither Pileus's data, nor another function's package, nor another process's memory or environment."""
    if not await is_contained(bench):
        pytest.skip("needs namespaces")
    other = bench.function(
        "def handler(event, context): return 1", name="other", file="others.py", handler="others.handler"
    )
    await bench.answer(other)
    spec = bench.function("""
        import os
        def handler(event, context):
            found = []
            for place, directories, names in os.walk("/"):
                if place in ("/usr", "/proc", "/etc", "/var/lang", *event["prefixes"]):
                    directories.clear()
                found += [os.path.join(place, name) for name in names if name in ("secret", "app.py", "others.py")]
            environments = []
            for pid in os.listdir("/proc"):
                if pid.isdigit():
                    try:
                        environments.append(open(f"/proc/{pid}/environ").read())
                    except OSError:
                        pass
            reachable = [path for path in event["paths"] if os.path.exists(path)]
            host = os.listdir("/.host") if os.access("/.host", os.R_OK) else None
            return [found, [e for e in environments if "ASIA-other" in e], reachable, os.getuid(), host]
    """)
    paths = [str(bench.data_dir / "secret"), str(other.code_path), str(Path.home() / ".ssh"), "/var/log"]
    found, environments, reachable, user_id, host = await bench.answer(
        spec, {"paths": paths, "prefixes": [sys.prefix, sys.base_prefix]}
    )
    assert found == ["/var/task/app.py"]
    assert environments == []
    assert reachable == []
    assert user_id == 993
    assert not host
    assert (bench.data_dir / "secret").read_text() == SECRET


async def test_there_is_no_way_out(bench: Bench) -> None:
    """No privileges, no new namespaces (the usual first step out), no mounts, no tracing."""
    spec = bench.function("""
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        def handler(event, context):
            status = dict(line.split(":", 1) for line in open("/proc/self/status"))
            calls = {
                "unshare": libc.unshare(0x10000000), "mount": libc.mount(b"x", b"/tmp", b"tmpfs", 0, None),
                "ptrace": libc.ptrace(16, os.getppid(), 0, 0), "setuid": libc.setuid(0),
                "umount": libc.umount2(b"/proc", 2), "pidfd_getfd": libc.syscall(438, os.pidfd_open(1), 3, 0),
            }
            capabilities = {status[name].strip() for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")}
            return [calls, sorted(capabilities), status["NoNewPrivs"].strip()]
    """)
    if not await is_contained(bench):
        pytest.skip("needs namespaces")
    calls, capabilities, sealed = await bench.answer(spec)
    assert set(calls.values()) == {-1}, calls
    assert capabilities == ["0000000000000000"]
    assert sealed == "1"


async def test_endless_output_is_cut_and_handed_on(bench: Bench) -> None:
    """Neither many lines nor one without end pile up in memory."""
    spec = bench.function("""
        import os, sys
        def handler(event, context):
            for _ in range(200):
                print("x" * 50_000)
            sys.stdout.write("y" * 3_000_000)
            os.write(1, b"z" * 3_000_000)
    """)
    result = await bench.invoke(spec)
    assert result.function_error is None
    assert len(result.log) == 4096
    assert bench.logs.largest_batch_bytes < 2 * 1024 * 1024
    assert sum(len(text) for text in bench.logs.all if text.startswith("yy")) == 3_000_000
    assert sum(len(text) for text in bench.logs.all if text.startswith("zz")) == 3_000_000


@pytest.mark.parametrize("way", ["os.write(1, b'y' * 63 + b'\\n')", "print('y' * 63)"])
async def test_a_flood_is_slowed_down(bench: Bench, way: str) -> None:
    """When the log has enough, output is left in its pipe, so that the function waits; and heard again in the end."""
    spec = bench.function(
        f"""
        import os
        def handler(event, context):
            for _ in range(event):
                {way}
    """,
        timeout=timedelta(seconds=2),
    )
    await bench.answer(spec, 10)
    bench.logs.full = True
    result = await bench.invoke(spec, 200_000)
    assert b"Sandbox.Timedout" in result.payload
    assert 0 < bench.logs.count < 50_000
    bench.logs.full = False
    await bench.answer(spec, 5_000)  # more than a pipe holds


async def test_nonsense_on_the_channel(bench: Bench) -> None:
    """Foreign code may find the channel and write what it likes: its environment ends, Pileus does not."""
    spec = bench.function("""
        import os, stat
        def handler(event, context):
            if event:
                return 1
            for descriptor in range(3, 64):
                try:
                    if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                        os.write(descriptor, b"\\xff" * 100)
                except OSError:
                    pass
    """)
    assert (await bench.failure(spec))["errorType"] == "Runtime.ExitError"
    assert await bench.answer(spec, 1) == 1


async def test_an_answer_too_long_to_keep(bench: Bench) -> None:
    """A runtime that does not count what it sends is told so, whatever its size."""
    spec = bench.function("""
        import os, socket, stat, struct, time
        def handler(event, context):
            size = 20_000_000
            for descriptor in range(3, 64):
                try:
                    if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                        channel = socket.socket(fileno=os.dup(descriptor))
                        channel.sendall(struct.pack("!IBI", size + 5, 0x52, 1) + b"x" * size)
                except OSError:
                    pass
            time.sleep(60)
    """)
    document = await bench.failure(spec)
    assert document["errorType"] == "Function.ResponseSizeTooLarge"


async def test_answers_without_a_question(bench: Bench) -> None:
    """A second answer to one event is not taken for the answer to the next."""
    spec = bench.function("""
        import os, stat, struct, threading
        def handler(event, context):
            body = struct.pack("!I", 1) + b'"forged"'
            frame = struct.pack("!IB", len(body) + 1, 0x52) + body
            for descriptor in range(3, 64):
                try:
                    if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                        os.write(descriptor, frame + frame)
                except OSError:
                    pass
            return "real"
    """)
    assert await bench.answer(spec) == "forged", "a function may forge its own answer"
    assert await bench.answer(spec) == "forged", "from a new environment: the first broke the protocol"
    assert len(bench.logs.events) == 2


async def test_a_caller_that_goes_away_does_not_stop_the_function(bench: Bench) -> None:
    """As on AWS: the invocation runs to its end, and its environment serves the next."""
    spec = bench.function("""
        import time
        def handler(event, context):
            time.sleep(event)
            print("finished")
            return event
    """)
    await bench.answer(spec, 0)
    waiting = asyncio.create_task(bench.invoke(spec, 0.1))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await until(lambda: bench.logs.all.count("finished\n") == 2)
    assert await bench.answer(spec, 0) == 0
    assert len(bench.logs.events) == 1


async def until(condition: object, within_s: float = 10.0) -> None:
    assert callable(condition)
    deadline = asyncio.get_running_loop().time() + within_s
    while not condition():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.005)


VICTIM = """\
#!/usr/bin/env python3
import os, urllib.request
BASE = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(BASE + "next") as response:
        request_id, event = response.headers["Lambda-Runtime-Aws-Request-Id"], response.read()
    answer = urllib.request.Request(f"{BASE}{request_id}/response", data=b'["true", ' + event + b"]", method="POST")
    urllib.request.urlopen(answer).close()
"""


async def test_nobody_else_speaks_to_a_runtime_api(bench: Bench) -> None:
    """The network is shared, so a function of another account finds the listener of a victim: it is not answered."""
    if not await is_contained(bench):
        pytest.skip("without namespaces every function is the same user")
    victim = bench.function(VICTIM, name="victim", file="bootstrap", runtime="provided.al2023")
    assert await bench.answer(victim, 1) == ["true", 1]
    attacker = bench.function(
        """
        import socket, struct
        def handler(event, context):
            found = []
            for line in open("/proc/net/tcp").read().splitlines()[1:]:
                fields = line.split()
                host, port = fields[1].split(":")
                address = socket.inet_ntoa(struct.pack("=I", int(host, 16)))
                if fields[3] == "0A" and address.startswith("127.") and address != "127.0.0.1":
                    found.append((address, int(port, 16)))
            stolen = []
            for address in found:
                for path in (b"invocation/next", b"nonsense"):
                    with socket.create_connection(address, 5) as connection:
                        connection.settimeout(1)
                        try:
                            connection.sendall(b"GET /2018-06-01/runtime/%s HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" % path)
                            stolen.append(connection.recv(1000).decode())
                        except ConnectionError:
                            stolen.append("")
                        except TimeoutError:
                            stolen.append("it listens")
            return [len(found), stolen]
        """,
        name="attacker",
        account_id="999999999999",
        role_arn="arn:aws:iam::999999999999:role/r",
    )
    count, stolen = await bench.answer(attacker)
    assert count >= 1, "the listener can be found: what protects it is who may speak"
    assert set(stolen) == {""}, stolen
    assert await bench.answer(victim, 2) == ["true", 2]
    assert len([text for text in bench.logs.all if text.startswith("START")]) == 4
