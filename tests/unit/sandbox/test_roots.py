"""A cell may have another root than the view: it sees that, and nothing of the machine."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from pileus.kernel.sandbox.cell import Exit, Order
from pileus.kernel.sandbox.sandbox import Sandbox
from tests.support.trees import copy_programs

PROGRAMS = ("sh", "cat", "ls", "id", "touch", "grep", "head", "df")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox()
    cell = await made.take()
    cell.close()
    if not made.contained:
        await made.close()
        pytest.skip(f"this host has no namespaces: {made.reason}")
    yield made
    await made.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a few programs of this machine, and what they need."""
    made = tmp_path / "root"
    copy_programs(made, *PROGRAMS)
    for name in ("proc", "dev", "tmp", "etc", "srv"):
        (made / name).mkdir(exist_ok=True)
    (made / "etc" / "resolv.conf").touch()
    (made / "etc" / "hosts").write_text("127.0.0.1 of-the-image\n")
    (made / "marker").write_text("of the image\n")
    made.chmod(0o755)
    return made


async def run(
    sandbox: Sandbox, root: Path, execute: Sequence[str], *, directory: str = "/", path: str = "/bin"
) -> tuple[Exit, str, str | None]:
    """How it ended, what it wrote, and why it did not begin."""
    cell = await sandbox.take()
    ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
    cell.exited = ended.set_result
    order = Order(root=str(root), environment={"PATH": path}, directory=directory, execute=execute)
    cell.configure(order, memory_bytes=256 << 20)
    async with asyncio.timeout(20):
        how = await ended
    refusal = cell.refusal()
    try:
        written = os.read(cell.output, 65536).decode()
    except BlockingIOError:
        written = ""
    cell.close()
    return how, written, refusal


async def test_it_sees_the_root_and_nothing_else(sandbox: Sandbox, root: Path) -> None:
    """Files of the folder, not those of the machine or of the view, and its own processes only."""
    script = "cat /marker; ls -A /; ls -d /proc/[0-9]*; cat /etc/hosts; id -u"
    how, written, _ = await run(sandbox, root, ["/bin/sh", "-c", script])
    assert how == Exit(0), written
    lines = written.splitlines()
    assert lines[0] == "of the image"
    names = set(lines[1 : lines.index("/proc/1")])
    assert names == {entry.name for entry in root.iterdir()}
    assert sum(line.startswith("/proc/") for line in lines) <= 4
    assert "127.0.0.1 sandbox.localdomain sandbox" in lines
    assert "127.0.0.1 of-the-image" not in lines
    assert lines[-1] == "993"


async def test_nothing_but_tmp_is_writable(sandbox: Sandbox, root: Path) -> None:
    """Whatever the modes of its files say; devices are those of the view."""
    for place in (root, root / "srv", root / "etc"):
        place.chmod(0o777)
    (root / "marker").chmod(0o666)
    script = (
        "for f in /new /srv/new /etc/hosts /marker /proc/new /dev/new; do (echo x > $f) 2> /dev/null && echo $f; done;"
        "echo x > /tmp/new && cat /tmp/new; head -c 3 /dev/zero > /tmp/zeros && ls /dev"
    )
    _, written, _ = await run(sandbox, root, ["sh", "-c", script])
    lines = written.split()
    assert lines[0] == "x", written
    assert {"null", "zero", "urandom", "fd"} <= set(lines[1:])
    assert (root / "marker").read_text() == "of the image\n"
    assert not list((root / "tmp").iterdir())


async def test_the_way_back_is_closed(sandbox: Sandbox, root: Path, tmp_path: Path) -> None:
    """Neither the machine's root nor the view is mounted any more, and no link leads to them."""
    (tmp_path / "secret").write_text("of the machine")
    (root / "escape").symlink_to(f"../../../../../../{tmp_path}/secret")
    (root / "absolute").symlink_to(tmp_path / "secret")
    script = (
        "cat /escape /absolute /.host/etc/passwd /proc/1/root/.host /../../etc/shadow; "
        "while read -r line; do echo $line; done < /proc/self/mountinfo"
    )
    _, written, _ = await run(sandbox, root, ["sh", "-c", script])
    assert "of the machine" not in written
    points = [line.split()[4] for line in written.splitlines() if line[:1].isdigit()]
    assert points[0] == "/"
    allowed = ("/proc", "/dev", "/tmp", "/etc/hosts", "/etc/resolv.conf")
    assert all(point == "/" or point.startswith(allowed) for point in points), points


async def test_tmp_is_as_large_as_ordered(sandbox: Sandbox, root: Path) -> None:
    """It is the cell's own, mounted before the root was changed."""
    cell = await sandbox.take()
    ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
    cell.exited = ended.set_result
    order = Order(
        root=str(root),
        environment={"PATH": "/bin"},
        directory="/tmp",
        execute=["df", "--output=size", "/tmp"],
        temporary_bytes_max=600 << 20,
    )
    cell.configure(order, memory_bytes=256 << 20)
    async with asyncio.timeout(20):
        await ended
    assert os.read(cell.output, 4096).split()[-1] == str(600 << 10).encode()
    cell.close()


@pytest.mark.parametrize(
    ("execute", "directory", "refusal"),
    [
        (["absent"], "/", 'exec: "absent": executable file not found in $PATH'),
        (["./absent"], "/", "fork/exec ./absent: no such file or directory"),
        (["/marker"], "/", "fork/exec /marker: permission denied"),
        (["/broken"], "/", "fork/exec /broken: exec format error"),
        (["sh"], "/absent", "chdir /absent: no such file or directory"),
        (["sh"], "/marker", "chdir /marker: not a directory"),
        (["sh"], "/closed", "chdir /closed: permission denied"),
    ],
)
async def test_why_it_cannot_begin(
    sandbox: Sandbox, root: Path, execute: list[str], directory: str, refusal: str
) -> None:
    """In the words of AWS's supervisor, a Go program."""
    (root / "broken").write_bytes(b"\x7fELF nothing of this kind")
    (root / "broken").chmod(0o755)
    (root / "closed").mkdir(mode=0o700)
    how, _, told = await run(sandbox, root, execute, directory=directory)
    assert how == Exit(127 << 8)
    if directory == "/closed" and os.geteuid() != 0:
        pytest.skip("the folder is the cell's own where Pileus is an ordinary user")
    assert told == refusal


@pytest.mark.parametrize("name", ["tmp", "proc", "dev"])
async def test_a_folder_that_leads_elsewhere_is_no_root(sandbox: Sandbox, root: Path, name: str) -> None:
    """A link where something is to be mounted could make us mount over something else."""
    shutil.rmtree(root / name)
    (root / name).symlink_to("/etc")
    how, _, told = await run(sandbox, root, ["sh", "-c", "echo here"])
    assert how == Exit(127 << 8)
    assert told == f"Unfit: the root has no directory /{name}"


async def test_without_namespaces_there_is_no_root(root: Path) -> None:
    """Rather than a program of the image that sees the machine."""
    plain = Sandbox(contain=False)
    how, _, told = await run(plain, root, ["/bin/sh", "-c", "echo here"])
    await plain.close()
    assert how == Exit(127 << 8)
    assert told == "a root of its own needs namespaces"


async def in_a_user_namespace(root: str) -> None:
    """What the test below does in a process of its own."""
    sandbox = Sandbox()
    how, written, told = await run(sandbox, Path(root), ["sh", "-c", "id -u; cat /marker; echo x > /new || ls -A /tmp"])
    print(sandbox.contained, how, told, written.split()[:4])
    await sandbox.close()


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root to give something up")
def test_a_root_in_a_user_namespace(root: Path) -> None:
    """The mounts, the change of root and what is detached need no more than an ordinary user's namespace grants."""
    program = "import asyncio, sys, tests.unit.sandbox.test_roots as body; "
    program += "asyncio.run(body.in_a_user_namespace(sys.argv[1]))"
    checkout = Path(__file__).parents[3]
    ended = subprocess.run(
        ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin", sys.executable, "-c", program, root],
        env={"PYTHONPATH": f"{checkout / 'src'}:{checkout}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        cwd=checkout,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    if not ended.stdout.startswith("True"):
        pytest.skip(f"this host forbids user namespaces: {ended.stdout}")
    assert ended.stdout == "True Exit(wait_status=0, failure='') None ['993', 'of', 'the', 'image']\n"
