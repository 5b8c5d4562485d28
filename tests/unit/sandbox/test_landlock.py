"""Where the host forbids namespaces, Landlock holds a cell to its own files, and keeps it from other processes."""

import asyncio
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from pileus.kernel.sandbox import landlock
from pileus.kernel.sandbox.cell import Exit, Order
from pileus.kernel.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")
SHELL = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def outside() -> Iterator[Path]:
    """A directory that is not below /tmp, which functions may read."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
async def sandbox(outside: Path) -> AsyncIterator[Sandbox]:
    (outside / "data").mkdir()
    (outside / "data" / "secret").write_text("secret")
    made = Sandbox(contain=False, hidden=[outside / "data"])
    yield made
    await made.close()


async def written(sandbox: Sandbox, script: str, **changes: object) -> list[str]:
    """What a shell script in a cell wrote."""
    cell = await sandbox.take()
    assert sandbox.confined
    order = Order(environment=SHELL, directory="/", execute=["/bin/sh", "-c", f"exec 2>&1; {script}"], **changes)  # type: ignore[arg-type] # members of Order
    ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
    cell.exited = ended.set_result
    cell.configure(order, memory_bytes=128 << 20)
    async with asyncio.timeout(20):
        await ended
    text = os.read(cell.output, 65536).decode()
    cell.close()
    return text.splitlines()


async def test_only_what_was_ordered_can_be_read(sandbox: Sandbox, outside: Path) -> None:
    """Its package and layers, the system's programs; neither Pileus's data, nor another's package, nor a home."""
    for name in ("own", "layer", "merged", "others"):
        (outside / "data" / name).mkdir()
        (outside / "data" / name / "code").write_text(f"{name} code")
    places = [outside / "data" / name / "code" for name in ("own", "layer", "merged", "others")]
    script = "; ".join(f"cat {path}; echo" for path in [*places, outside / "data" / "secret"])
    script += f"; ls {outside}; ls {Path.home()}; ls /; ls /var; cat /etc/passwd | wc -l"
    lines = await written(
        sandbox,
        script,
        mounts=[(str(outside / "data" / "own"), "/var/task")],
        layers=[str(outside / "data" / "layer")],
        readable=[str(outside / "data" / "merged")],
    )
    assert [line for line in lines if line.endswith(" code")] == ["own code", "layer code", "merged code"]
    assert len([line for line in lines if line.endswith("Permission denied")]) == 6
    assert int(lines[-1]) > 0


async def test_only_tmp_can_be_written(sandbox: Sandbox, outside: Path) -> None:
    """And devices that keep nothing; not even the package itself."""
    (outside / "own").mkdir()
    places = [outside, outside / "own", Path("/etc"), Path("/usr/bin"), Path("/var"), Path("/proc/self"), Path("/dev")]
    script = "; ".join(f"touch {place}/x && echo {place} || echo refused" for place in places)
    lines = await written(
        sandbox,
        f"({script}) 2>/dev/null; rm -r {outside}/own 2>/dev/null || echo refused; echo x > /dev/null && echo fine; "
        "d=$(mktemp -d) && mkdir $d/a && echo 1 > $d/a/b && mv $d/a/b $d/c && ln -s c $d/d && cat $d/d; rm -r $d",
        mounts=[(str(outside / "own"), "/var/task")],
    )
    assert lines == ["refused"] * (len(places) + 1) + ["fine", "1"]


async def test_other_processes_are_out_of_reach(sandbox: Sandbox) -> None:
    """Their environment, memory and descriptors, though they are the same user's; signals, too, since Linux 6.12."""
    victim = subprocess.Popen(["/bin/sleep", "60"], env={"SECRET": "what nobody sees"})
    pid = victim.pid
    program = f"import os, ctypes; print(ctypes.CDLL(None).ptrace(16, {pid}, 0, 0)); os.kill({pid}, 9)"
    script = f"cat /proc/{pid}/environ; cat /proc/{pid}/mem; cat /proc/{os.getpid()}/environ"
    lines = await written(sandbox, f"{script}; {sys.executable} -I -S -c {shlex.quote(program)}")
    assert not any("what nobody sees" in line for line in lines), lines
    assert len([line for line in lines if "Permission denied" in line]) >= 3, lines
    assert "-1" in lines
    if landlock.version() >= landlock.SCOPES_FROM:
        assert victim.poll() is None
        assert any("PermissionError" in line for line in lines)
    victim.kill()
    assert victim.wait() == -signal.SIGKILL


async def test_what_a_cell_does_itself_is_not_hindered(sandbox: Sandbox) -> None:
    """Children, their signals, pipes, its own /proc."""
    script = (
        "exec 2>/dev/null; sleep 60 & kill $!; wait $!; echo $?; "
        "ls -d /proc/self/fd/0; echo a | cat; id -u > /dev/null && echo b"
    )
    assert await written(sandbox, script) == ["143", "/proc/self/fd/0", "a", "b"]


async def test_it_can_be_done_without(outside: Path) -> None:
    """Switched off it holds nothing, and nobody claims so."""
    (outside / "x").write_text("seen")
    sandbox = Sandbox(contain=False, confine=False)
    cell = await sandbox.take()
    assert not sandbox.confined
    ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
    cell.exited = ended.set_result
    order = Order(environment=SHELL, directory="/tmp", execute=["/bin/cat", str(outside / "x")])
    cell.configure(order, memory_bytes=64 << 20)
    await ended
    assert os.read(cell.output, 100) == b"seen"
    cell.close()
    await sandbox.close()


def test_what_lies_beside_the_hidden(tmp_path: Path) -> None:
    """A grant cannot have an exception, so that everything else is granted one by one."""
    for name in ("a/b/c", "a/b/hidden/x", "a/d", "e"):
        (tmp_path / name).mkdir(parents=True)
    found = landlock.without(str(tmp_path), [str(tmp_path / "a/b/hidden"), "/elsewhere"])
    assert sorted(found) == [str(tmp_path / name) for name in ("a/b/c", "a/d", "e")]
    assert list(landlock.without(str(tmp_path / "e"), [str(tmp_path / "a")])) == [str(tmp_path / "e")]
    assert list(landlock.without(str(tmp_path / "e"), [str(tmp_path)])) == [str(tmp_path / "e")]
