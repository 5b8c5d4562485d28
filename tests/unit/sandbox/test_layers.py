"""Several folders are seen as one: by overlay, by binds, and by hard links, each with the same result."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pileus.kernel.sandbox.cell import Exit, Order
from pileus.kernel.sandbox.merging import merged
from pileus.kernel.sandbox.sandbox import Sandbox

SHELL = {"PATH": "/usr/bin:/bin"}
LOOK = """
cd {opt}
find . -type f -o -type l | sort | while read -r name; do echo "$name $(cat "$name")"; done
"""
EXPECTED = [
    "./a.txt second",
    "./bin/first 1",
    "./bin/second 2",
    "./now-a-file file",
    "./now-a-folder/x folder",
    "./only/deep/first 1",
    "./same third",
    "./to-a second",
]


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Files that replace files, folders that replace files, and the reverse; links; names with each of , : \\."""
    contents: list[dict[str, str]] = [
        {"a.txt": "first", "bin/first": "1", "only/deep/first": "1", "same": "first", "now-a-file/x": "gone",
         "now-a-folder": "gone"},
        {"a.txt": "second", "bin/second": "2", "same": "second", "now-a-file": "file", "now-a-folder/x": "folder"},
        {"same": "third"},
    ]  # fmt: skip
    made = []
    for number, content in enumerate(contents):
        folder = tmp_path / f"layer,:\\{number}"
        for name, text in content.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        made.append(folder)
    (made[1] / "to-a").symlink_to("a.txt")
    return made


async def seen(sandbox: Sandbox, folders: Sequence[Path], script: str = LOOK) -> list[str]:
    """What a shell script in a cell with these layers wrote."""
    cell = await sandbox.take()
    if not cell.contained:
        cell.close()
        pytest.skip("needs a mount namespace")
    order = Order(
        layers=[str(folder) for folder in folders],
        environment=SHELL,
        directory="/tmp",
        execute=["/bin/sh", "-c", script.format(opt="/opt")],
    )
    ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
    cell.exited = ended.set_result
    cell.configure(order, memory_bytes=64 << 20)
    async with asyncio.timeout(20):
        assert await ended == Exit(0)
    written = os.read(cell.output, 65536).decode().splitlines()
    cell.close()
    return written


async def test_no_layer_leaves_opt_empty(tmp_path: Path) -> None:
    """As on AWS, where it exists."""
    sandbox = Sandbox()
    assert await seen(sandbox, [], "ls -d {opt}; ls {opt}") == ["/opt"]
    await sandbox.close()


async def test_layers_are_merged_in_order(folders: list[Path]) -> None:
    """The later one counts; nobody can write there; one layer alone is seen as it is."""
    sandbox = Sandbox()
    assert await seen(sandbox, folders) == EXPECTED
    assert await seen(sandbox, folders[2:]) == ["./same third"]
    writes = "touch {opt}/x || echo refused; touch {opt}/bin/first || echo refused; rm {opt}/same || echo refused"
    for some in (folders, folders[:1]):
        assert (await seen(sandbox, some, f"exec 2>&1; {writes}")).count("refused") == 3
    assert await seen(sandbox, [folders[0], folders[1], folders[0]], "cat {opt}/a.txt") == ["first"]
    assert (folders[0] / "same").read_text() == "first"
    await sandbox.close()


async def test_a_name_that_was_a_folder_and_a_file_and_a_folder(tmp_path: Path) -> None:
    """What lay below the first folder does not come back with the third."""
    for name in ("1/x/old", "2/x", "3/x/new"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    three = [tmp_path / name for name in "123"]
    sandbox = Sandbox()
    assert await seen(sandbox, three, "ls {opt}/x") == ["new"]
    assert os.listdir(merged(three, tmp_path / "cache") / "x") == ["new"]
    await sandbox.close()


async def test_binds_show_what_an_overlay_shows(folders: list[Path]) -> None:
    """Where the file system of the layers cannot be a part of an overlay."""
    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[3] / "src")!r})
from pileus.kernel.sandbox import layers, linux
linux.unshare(linux.CLONE_NEWNS)
linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
layers.show_bound({[str(folder) for folder in folders]!r}, "/mnt")
"""
    script = LOOK.format(opt="/mnt") + "\ntouch /mnt/x || echo refused; touch /mnt/same 2>/dev/null || echo refused"
    probe = f"{program}\nimport os; os.execv('/bin/sh', ['sh', '-c', {script!r}])"
    ended = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", "-c", probe, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    written, complaint = await ended.communicate()
    if b"unshare" in complaint:
        pytest.skip("needs a mount namespace")
    assert written.decode().splitlines() == [*EXPECTED, "refused", "refused"], complaint


def test_links_show_what_an_overlay_shows(folders: list[Path], tmp_path: Path) -> None:
    """Where nothing can be mounted; made once, and nothing unfinished is left."""
    cache = tmp_path / "cache"
    found = merged(folders, cache)
    files = sorted(path for path in found.rglob("*") if not path.is_dir())
    assert [f"./{path.relative_to(found)} {path.read_text()}" for path in files] == EXPECTED
    assert (found / "a.txt").stat().st_nlink == 2, "nothing was copied"
    assert merged(folders, cache) == found
    assert list(cache.iterdir()) == [found]
    assert merged(folders[:1], cache) == folders[0]
    assert merged([folders[1], folders[0]], cache) != found
    assert (folders[0] / "same").read_text() == "first"
