"""Cells hold what runs in them, and nothing outlives Pileus."""

import asyncio
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pileus.kernel.sandbox.cell import Cell, Exit, Order
from pileus.kernel.sandbox.control_groups import usable_hierarchies
from pileus.kernel.sandbox.sandbox import Sandbox, SandboxFailed
from tests.support.processes import descendants, gone, wait_until

SHELL = {"PATH": "/usr/bin:/bin"}


@pytest.fixture(params=["contained", "plain"])
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    """Both ways of running: with namespaces, and where the host forbids them."""
    made = Sandbox(contain=request.param == "contained")
    yield made
    await made.close()


async def run(sandbox: Sandbox, script: str, *, memory_bytes: int = 256 << 20) -> tuple[Exit, str]:
    """How a shell script ended, and what it wrote."""
    cell = await sandbox.take()
    order = Order(environment=SHELL, directory="/tmp", execute=["/bin/sh", "-c", script])
    ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
    cell.exited = ended.set_result
    cell.configure(order, memory_bytes=memory_bytes)
    async with asyncio.timeout(20):
        how = await ended
    try:
        written = os.read(cell.output, 65536).decode()
    except BlockingIOError:
        written = ""  # killed as a whole a moment ago: it wrote nothing, and the pipe is not closed yet
    cell.close()
    return how, written


@pytest.mark.parametrize(("script", "status"), [("exit 0", 0), ("exit 3", 3 << 8), ("kill -9 $$", 9), ("kill $$", 15)])
async def test_how_a_cell_ended_is_told(sandbox: Sandbox, script: str, status: int) -> None:
    """The wait status of the first process, as its parent saw it."""
    how, _ = await run(sandbox, script)
    assert how == Exit(status)


async def test_a_cell_starts_with_what_it_was_ordered(sandbox: Sandbox) -> None:
    """Its environment, its directory, three descriptors, no privileges; nothing inherited."""
    _, written = await run(sandbox, "env | sort; ls -x /proc/self/fd; ulimit -n; grep NoNewPrivs /proc/self/status")
    # 3 is the listing's own.
    assert written.splitlines() == ["PATH=/usr/bin:/bin", "PWD=/tmp", "0  1  2  3", "1024", "NoNewPrivs:\t1"]


async def test_what_no_control_group_holds_is_held_as_far_as_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory by process, Pileus before functions; and files of a /tmp that is the machine's by their size."""
    monkeypatch.setattr("pileus.kernel.sandbox.control_groups.usable_hierarchies", list)
    sandbox = Sandbox(contain=False)
    _, written = await run(sandbox, "nice; ulimit -f; ulimit -d; head -c 2M /dev/zero > /dev/null && echo fine")
    nice, blocks, data_kib, fine = written.splitlines()
    assert int(nice) >= 5
    assert int(blocks) * 512 in (512 << 20, 1024 << 20), "blocks are of 512 or 1,024 bytes"
    assert int(data_kib) >= 256 << 10
    assert fine == "fine"
    await sandbox.close()


async def test_killing_a_cell_kills_all_of_it(sandbox: Sandbox) -> None:
    """Whatever it forked, detached, or made deaf to signals."""
    cell = await sandbox.take()
    script = "trap '' HUP TERM INT; (setsid sleep 600 &); (sleep 600 &); echo up; while :; do sleep 1; done"
    cell.configure(Order(environment=SHELL, directory="/tmp", execute=["/bin/sh", "-c", script]), memory_bytes=64 << 20)
    ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
    cell.exited = ended.set_result
    await readable(cell)

    def running() -> list[int]:
        return [pid for pid in descendants(os.getpid()) if command(pid).startswith(("sleep 600", "/bin/sh"))]

    await asyncio.to_thread(wait_until, lambda: len(running()) >= 3)
    before = running()
    cell.kill()
    assert await ended == Exit(None)
    cell.close()
    await asyncio.to_thread(wait_until, lambda: all(gone(pid) for pid in before))


async def test_a_memory_limit_holds(sandbox: Sandbox) -> None:
    """By control group where there is one, by RLIMIT_DATA elsewhere: either way not a gigabyte."""
    hog = f"{sys.executable} -I -S -c 'x = bytearray(10 ** 9); print(len(x))'"
    _, written = await run(sandbox, hog, memory_bytes=64 << 20)
    assert "1000000000" not in written


async def test_a_blank_cell_that_is_given_up_ends(sandbox: Sandbox) -> None:
    """Closing what was never ordered leaves neither processes nor control groups."""
    cell = await sandbox.take()
    cell.close()
    async with asyncio.timeout(10):
        while cell.exit is None or any(map(os.path.exists, cell.groups.paths)):
            await asyncio.sleep(0.005)


async def test_a_dead_zygote_is_replaced(sandbox: Sandbox) -> None:
    """Whoever waits learns of it, and the next cell comes from a new one."""
    await sandbox.take()
    for pid in descendants(os.getpid()):
        if command(pid).startswith(sys.executable) and "zygote" in command(pid):
            os.kill(pid, signal.SIGKILL)
    deadline = asyncio.get_running_loop().time() + 10
    while True:
        try:
            how, _ = await run(sandbox, "exit 7")
        except SandboxFailed:
            how = Exit(None)
        if how == Exit(7 << 8):
            break
        assert asyncio.get_running_loop().time() < deadline


async def test_closing_leaves_nothing() -> None:
    """No process and no control group, even with cells that still run."""
    sandbox = Sandbox()
    for _ in range(3):
        cell = await sandbox.take()
        cell.configure(Order(environment=SHELL, directory="/tmp", execute=["/bin/sleep", "600"]), memory_bytes=64 << 20)
    before = descendants(os.getpid())
    await sandbox.close()
    # The kernel takes a moment to let go of the last process and of its group.
    await asyncio.to_thread(wait_until, lambda: all(gone(pid) for pid in before))
    await asyncio.to_thread(wait_until, lambda: own_groups(os.getpid()) == [])


@pytest.mark.parametrize("state", ["running", "frozen"])
@pytest.mark.parametrize("way", ["contained", "plain"])
def test_nothing_outlives_a_killed_pileus(way: str, state: str) -> None:
    """SIGKILL gives no chance to clean up: the chain of processes does, within moments, and for frozen ones too."""
    parent = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("parent.py")), way, state], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "started\n"
    below = descendants(parent.pid)
    assert len(below) >= 6, "launcher, zygote, supervisors, the shell and its children"
    parent.kill()
    parent.wait()
    wait_until(lambda: all(gone(pid) for pid in below))
    wait_until(lambda: own_groups(parent.pid) == [])


def test_a_killed_launcher_takes_all_with_it() -> None:
    """The one process nobody supervises: the kernel ends its children in its stead."""
    parent = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("parent.py")), "contained"], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    parent.stdout.readline()
    below = descendants(parent.pid)
    os.kill(below[0], signal.SIGKILL)
    wait_until(lambda: all(gone(pid) for pid in below))
    parent.kill()
    parent.wait()


@pytest.mark.skipif(os.geteuid() != 0 or not Path("/usr/bin/python3").exists(), reason="needs root to become another")
def test_a_user_without_privileges_is_contained_too() -> None:
    """Through a user namespace, as on a developer's machine; or the capability probe says why not."""
    root = Path(__file__).parents[3]
    if not loads_our_packages("/usr/bin/python3"):
        pytest.skip("the system's Python cannot load this environment's packages")
    if not all(place.stat().st_mode & 0o001 for place in root.parents):
        pytest.skip("this checkout lies where only its owner may go")
    program = "import asyncio, tests.unit.sandbox.unprivileged as body; asyncio.run(body.main())"
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    ended = subprocess.run(
        ["/usr/bin/python3", "-c", program],
        user=12345,
        group=12345,
        extra_groups=[],
        env={"PYTHONPATH": f"{root / 'src'}:{root}:{packages}", "PATH": "/usr/bin:/bin"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == 0, ended.stderr
    contained, _, written = ended.stdout.partition("\n")
    if contained != "True":
        pytest.skip(f"this host forbids user namespaces: {written}")
    assert written.split() == ["993", "refused"]


def loads_our_packages(python: str) -> bool:
    """Compiled packages fit one version of Python."""
    ask = [python, "-c", "import sys; print(*sys.version_info[:2])"]
    found = subprocess.run(ask, capture_output=True, text=True, check=True)
    return tuple(map(int, found.stdout.split())) == sys.version_info[:2]


def own_groups(pid: int) -> list[Path]:
    return [group for hierarchy in usable_hierarchies() for group in hierarchy.parent.glob(f"pileus-{pid}-*")]


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


async def readable(cell: Cell) -> None:
    loop, seen = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(cell.output, seen.set)
    async with asyncio.timeout(10):
        await seen.wait()
    loop.remove_reader(cell.output)


@pytest.mark.parametrize("groups", ["groups", "no groups"])
async def test_a_cell_is_known_by_its_connections(
    sandbox: Sandbox, groups: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its processes connect is its own, children's included; what anybody else connects is not."""
    met: asyncio.Queue[tuple[tuple[str, int], tuple[str, int]]] = asyncio.Queue()
    server = await asyncio.start_server(
        lambda _, writer: met.put_nowait((writer.get_extra_info("peername"), writer.get_extra_info("sockname"))),
        "127.0.0.1",
        0,
    )
    port = server.sockets[0].getsockname()[1]
    if groups == "no groups":
        monkeypatch.setattr("pileus.kernel.sandbox.peers.members", lambda group: [])
    cell, stranger = await sandbox.take(), await sandbox.take()
    program = f'import socket, time; kept = socket.create_connection(("127.0.0.1", {port})); time.sleep(600)'
    script = f"(({sys.executable} -I -S -c {shlex.quote(program)}) & wait); true"
    order = Order(environment=SHELL, directory="/tmp", execute=["/bin/sh", "-c", script])
    cell.configure(order, memory_bytes=64 << 20)
    async with asyncio.timeout(20):
        connection = await met.get()
    assert cell.made(connection)
    assert not stranger.made(connection)
    ours = await asyncio.open_connection("127.0.0.1", port)
    assert not cell.made(await met.get())
    ours[1].close()
    server.close()
    cell.close()
    stranger.close()


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root to give something up")
def test_connections_are_known_without_the_right_to_trace() -> None:
    """Root in a container often lacks CAP_SYS_PTRACE: a custom runtime would then be refused its own Runtime API."""
    test = f"{__file__}::test_a_cell_is_known_by_its_connections"
    without = ["setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace"]
    ended = subprocess.run(
        [*without, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        timeout=60,
    )
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("groups", ["groups", "no groups"])
async def test_a_frozen_cell_stands_still(sandbox: Sandbox, groups: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, whoever has detached or forks without end; and goes on afterwards as if nothing had been."""
    if groups == "no groups":
        monkeypatch.setattr("pileus.kernel.sandbox.peers.members", lambda group: [])
    cell = await sandbox.take()
    spin = "while :; do :; done"
    script = f"(while :; do (true); done) & (setsid sh -c '{spin}' &); {spin}"
    order = Order(environment=SHELL, directory="/tmp", execute=["/bin/sh", "-c", script])
    cell.configure(order, memory_bytes=256 << 20)

    def spent() -> dict[int, int]:
        """Processor time of everything in the cell but its supervisor, by process."""
        return {pid: ticks(pid) for pid in cell._pids() if pid != cell._supervisor()}

    await asyncio.to_thread(wait_until, lambda: sum(map(bool, spent().values())) >= 3)
    for _ in range(3):
        cell.freeze()
        await asyncio.to_thread(wait_until, lambda: all(state(pid) in "TZ" for pid in spent()))
        before = spent()
        with pytest.raises(AssertionError):
            await asyncio.to_thread(wait_until, lambda: spent() != before, within_s=0.15)  # noqa: B023 - awaited here
        cell.thaw()
        await asyncio.to_thread(wait_until, lambda: spent() != before)  # noqa: B023 - awaited here
    cell.freeze()
    frozen = cell._pids()
    cell.close()
    await asyncio.to_thread(wait_until, lambda: all(gone(pid) for pid in frozen))


def ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


async def ended_in_order(sandbox: Sandbox, script: str, *, first_s: float, all_s: float) -> tuple[Exit, list[str]]:
    """How a shell script ended that was asked to, and what it wrote."""
    cell = await sandbox.take()
    cell.configure(Order(environment=SHELL, directory="/tmp", execute=["/bin/sh", "-c", script]), memory_bytes=64 << 20)
    ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
    cell.exited = ended.set_result
    await readable(cell)
    cell.freeze()  # as an idle one is
    cell.end(first_s=first_s, all_s=all_s)
    async with asyncio.timeout(20):
        how = await ended
    written = os.read(cell.output, 65536).decode().splitlines()
    cell.close()
    return how, written


async def test_a_cell_that_is_asked_ends_by_itself(sandbox: Sandbox) -> None:
    """SIGTERM to the first process only; what it says meanwhile is heard, and its exit status told."""
    script = "trap 'echo bye; exit 3' TERM; (trap 'echo told' TERM; sleep 0.2; echo other >&2) & echo up; wait; exit 9"
    assert await ended_in_order(sandbox, script, first_s=10, all_s=20) == (Exit(3 << 8), ["up", "bye", "other"])


async def test_a_cell_that_does_not_listen_is_killed(sandbox: Sandbox) -> None:
    """The first process at its own time, all others at theirs."""
    began = asyncio.get_running_loop().time()
    deaf = "trap '' TERM INT HUP; (sleep 0.3; echo other; sleep 600) & echo up; while :; do sleep 600; done"
    how, written = await ended_in_order(sandbox, deaf, first_s=0.1, all_s=0.8)
    assert written == ["up", "other"], "it had its time after the first was gone"
    assert 0.7 < asyncio.get_running_loop().time() - began < 10
    assert how in (Exit(9), Exit(None))
    how, written = await ended_in_order(sandbox, deaf, first_s=0, all_s=0)
    assert (how, written) == (Exit(None), ["up"]), "no time at all"


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root to give something up")
def test_root_of_a_container_is_contained_too() -> None:
    """It may make no namespaces as root, but where users may, it does as they do; or the probe says why not."""
    without = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"]
    program = "import asyncio, tests.unit.sandbox.unprivileged as body; asyncio.run(body.main())"
    root = Path(__file__).parents[3]
    ended = subprocess.run(
        [*without, sys.executable, "-c", program],
        env={"PYTHONPATH": f"{root / 'src'}:{root}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        cwd=root,
        timeout=30,
    )
    assert ended.returncode == 0, ended.stderr
    contained, _, written = ended.stdout.partition("\n")
    if contained != "True":
        pytest.skip(f"this host forbids user namespaces: {written}")
    assert written.split() == ["993", "refused"]
