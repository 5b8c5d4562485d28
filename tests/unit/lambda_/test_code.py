"""Archives are hostile until they are unpacked; what is unpacked is exactly what was uploaded."""

import asyncio
import shutil
import stat
import threading
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.blobs.local import LocalBlobs
from pileus.kernel.errors import ServiceError
from pileus.services.lambda_ import code
from pileus.services.lambda_.code import CodePackages, NotUnpackable, TooLargeUnzipped, unpack
from tests.unit.lambda_.conftest import archive


def packages(tmp_path: Path) -> CodePackages:
    return CodePackages(blobs=LocalBlobs(tmp_path / "blobs"), data_dir=tmp_path)


def with_link(target: str, *, name: str = "link", after: dict[str, str] | None = None) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr("index.py", "x")
        entry = zipfile.ZipInfo(name)
        entry.create_system = 3
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(entry, target)
        for path, content in (after or {}).items():
            opened.writestr(path, content)
    return packed.getvalue()


async def test_content_modes_and_links_arrive(tmp_path: Path) -> None:
    """A package is more than files: programs stay executable, links inside lead where they led."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as opened:
        opened.writestr("pkg/index.py", "answer = 42")
        program = zipfile.ZipInfo("bootstrap")
        program.external_attr = (stat.S_IFREG | 0o700) << 16
        opened.writestr(program, "#!/bin/sh")
        opened.writestr("empty/", "")
        link = zipfile.ZipInfo("pkg/alias.py")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(link, "../pkg/index.py")
    kept = packages(tmp_path)
    package = await kept.add(packed.getvalue())
    directory = await kept.directory(package.sha256)
    assert package.size_bytes == len(packed.getvalue())
    assert (directory / "pkg" / "alias.py").read_text() == "answer = 42"
    assert (directory / "bootstrap").stat().st_mode & 0o777 == 0o744
    assert (directory / "pkg" / "index.py").stat().st_mode & 0o777 == 0o644
    assert (directory / "empty").is_dir()
    assert directory.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    "data",
    [
        b"not a zip",
        archive({"index.py": "x" * 1000})[:-30],
        archive({"../outside": "x"}),
        archive({"a/../../outside": "x"}),
        archive({"/outside": "x"}),
        archive({"x" * 300: "x"}),
        archive({"a": "x", "a/b": "x"}),
        with_link("/etc/passwd"),
        with_link("../../outside"),
        with_link(".."),
        with_link("loop", name="loop", after={"loop/file": "x"}),
        with_link("index.py", name="index.py"),
    ],
    ids=[  # an archive holds the time, and workers that start at different ones must agree on names
        *("no archive", "cut off", "above", "above from within", "absolute", "long", "file and folder"),
        *("link to a file", "link above", "link to above", "link as a folder", "link over a file"),
    ],
)
def test_damaged_and_climbing_archives(tmp_path: Path, data: bytes) -> None:
    """Nothing may be written beside the directory, and nothing in it may lead out of it."""
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(NotUnpackable):
        unpack(data, target)
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    """A link to a directory, and then a file below it: the oldest trick against unpackers."""
    target, outside = tmp_path / "target", tmp_path / "outside"
    target.mkdir()
    outside.mkdir()
    with pytest.raises(NotUnpackable):
        unpack(with_link("../outside", after={"link/file": "x"}), target)
    assert list(outside.iterdir()) == []


def test_a_bomb_is_stopped_while_it_unfolds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes are counted, not believed: what unfolds to the limit is refused, one byte less is taken."""
    monkeypatch.setattr(code, "UNZIPPED_BYTES_MAX", 1_000_000)
    for size_bytes, taken in ((999_999, True), (1_000_000, False), (50_000_000, False)):
        target = tmp_path / str(size_bytes)
        target.mkdir()
        packed = archive({"a": bytes(size_bytes // 2), "b": bytes(size_bytes - size_bytes // 2)})
        if taken:
            unpack(packed, target)
        else:
            with pytest.raises(TooLargeUnzipped):
                unpack(packed, target)
            assert sum(path.stat().st_size for path in target.iterdir()) <= 1_000_000


def test_too_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty files weigh nothing and still fill a disk."""
    monkeypatch.setattr(code, "ZIP_ENTRIES_MAX", 10)
    with pytest.raises(NotUnpackable):
        unpack(archive({str(n): "" for n in range(11)}), tmp_path)


async def test_sizes_of_the_upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty body, an empty archive, and one byte too much: three answers of AWS."""
    kept = packages(tmp_path)
    for data in (b"", archive({})):
        with pytest.raises(ServiceError) as caught:
            await kept.add(data)
        assert caught.value.message == "Uploaded file must be a non-empty zip"
    monkeypatch.setattr(code, "ZIPPED_BYTES_MAX", 10)
    with pytest.raises(ServiceError) as caught:
        await kept.add(b"x" * 11)
    assert caught.value.error_code == "RequestEntityTooLargeException"


async def test_archives_are_read_beside_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the names of 65,000 files takes half a second, in which nobody else would be served."""
    readers: list[bool] = []
    read = zipfile.ZipFile

    def noted(*arguments: Any, **options: Any) -> zipfile.ZipFile:
        readers.append(threading.current_thread() is threading.main_thread())
        return read(*arguments, **options)

    kept, sent = packages(tmp_path), archive({"index.py": "x", "more.py": "xy"})
    monkeypatch.setattr(zipfile, "ZipFile", noted)
    for _ in range(2):  # unpacked, and there already
        assert (await kept.add(sent)).unzipped_bytes == 3
    assert readers
    assert not any(readers)


async def test_a_refused_archive_leaves_nothing(tmp_path: Path) -> None:
    """Half of a hostile archive must not stay where functions run from."""
    kept = packages(tmp_path)
    with pytest.raises(NotUnpackable):
        await kept.add(archive({"good": "x", "../bad": "x"}))
    assert [path.name for path in (tmp_path / "code").iterdir()] == [".boot"]


async def test_the_directory_is_a_cache(tmp_path: Path) -> None:
    """Whoever deletes it, or starts with a copy of the data without it, loses nothing; many may ask at once."""
    kept = packages(tmp_path)
    package = await kept.add(archive({"index.py": "x"}))
    shutil.rmtree(tmp_path / "code")
    found = await asyncio.gather(*(kept.directory(package.sha256) for _ in range(8)))
    assert {path.name for path in found} == {package.sha256}
    assert (found[0] / "index.py").read_text() == "x"
    assert not [path for path in (tmp_path / "code").iterdir() if path.name.startswith(".temporary")]


async def test_what_an_earlier_boot_unpacked_is_not_trusted(tmp_path: Path) -> None:
    """A power cut may keep a file's name and lose its bytes, because the cache is not synced."""
    package = await packages(tmp_path).add(archive({"index.py": "x"}))
    hollow = tmp_path / "code" / package.sha256 / "index.py"
    hollow.write_text("")
    (tmp_path / "code" / ".boot").write_text("another boot")
    directory = await packages(tmp_path).directory(package.sha256)
    assert (directory / "index.py").read_text() == "x"


async def test_sweeping_waits_for_running_code(tmp_path: Path) -> None:
    """An environment may run on code that was replaced a moment ago, so it goes at the second sweep only."""
    kept = packages(tmp_path)
    old = await kept.add(archive({"index.py": "old"}))
    new = await kept.add(archive({"index.py": "new"}))
    assert await kept.sweep({new.sha256}) == 0
    assert await kept.sweep({new.sha256}) == 1
    assert not kept.path(old.sha256).exists()
    assert kept.path(new.sha256).exists()
    assert (await kept.directory(old.sha256) / "index.py").read_text() == "old"
