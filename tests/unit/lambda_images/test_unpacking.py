"""Layers become files of the image, whatever they say, and nothing else changes."""

import gzip
import io
import os
import stat
import tarfile
from pathlib import Path

import pytest

from pileus.services.lambda_.images.compression import Damaged, decompressed, zstandard_module
from pileus.services.lambda_.images.repositories import Readable
from pileus.services.lambda_.images.unpacking import Budget, Hostile, TooMuch, unpack
from tests.support.images import entry, folder, hard_link, layer, symlink

MANY = 1 << 30


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "outer" / "root"
    made.mkdir(parents=True)
    return made


def apply(root: Path, *layers: bytes, bytes_max: int = MANY, files_max: int = 10_000) -> None:
    budget = Budget(bytes_max=bytes_max, files_max=files_max)
    for each in layers:
        unpack(io.BytesIO(each), str(root), budget)


def read_all(readable: Readable) -> bytes:
    return b"".join(iter(lambda: readable.read(10_000), b""))


def outside(root: Path) -> list[str]:
    """What lies beside the root."""
    return sorted(path.name for path in root.parent.iterdir() if path != root)


def tree(root: Path) -> dict[str, str]:
    """Every file and link below, by its path."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(root))] = f"-> {path.readlink()}"
        elif path.is_file():
            found[str(path.relative_to(root))] = path.read_text()
    return found


def test_files_folders_and_links(root: Path) -> None:
    """With modes and moments, parents that no entry names, names with `./`, and other files over those below."""
    apply(
        root,
        layer(
            folder("./bin/"), entry("./bin/run", "first", mode=0o755, mtime=1_600_000_000), symlink("sh", "/bin/run")
        ),
        layer(entry("bin/run", "second", mode=0o750), entry("a/b/c", "deep"), hard_link("again", "a/b/c")),
    )
    assert tree(root) == {"bin/run": "second", "sh": "-> /bin/run", "a/b/c": "deep", "again": "deep"}
    assert stat.S_IMODE((root / "bin/run").stat().st_mode) == 0o750
    assert (root / "again").stat().st_ino == (root / "a/b/c").stat().st_ino
    assert stat.S_IMODE((root / "a").stat().st_mode) == 0o755


def test_moments_are_kept(root: Path) -> None:
    """Python compares that of a module with what it noted when it compiled it; nonsense does no harm."""
    apply(root, layer(entry("m", mtime=1_600_000_000), entry("old", mtime=-5), entry("far", mtime=1 << 40)))
    assert (root / "m").stat().st_mtime == 1_600_000_000
    assert (root / "old").stat().st_mtime == 0


def test_whiteouts(root: Path) -> None:
    """A mark takes away what layers below have, and nothing of its own layer, wherever it stands in it."""
    lower = layer(
        entry("gone", "1"), entry("kept", "1"), folder("tree"), entry("tree/x", "1"), entry("open/old", "1"),
        entry("open/sub/old", "1"), symlink("link", "kept"),
    )  # fmt: skip
    upper = layer(
        entry(".wh.gone"), entry(".wh.tree"), entry(".wh.link"), entry(".wh.never"), entry("absent/.wh.x"),
        entry("open/new", "2"), entry("open/sub/new", "2"), entry("open/.wh..wh..opq"), entry("open/later", "2"),
        entry(".wh..wh.plnk"), entry(".wh.."), entry(".wh..."),
    )  # fmt: skip
    apply(root, lower, upper)
    assert tree(root) == {"kept": "1", "open/new": "2", "open/sub/new": "2", "open/later": "2"}
    assert not (root / "absent").exists()


def test_a_mark_beside_what_replaces_it(root: Path) -> None:
    """A folder that is taken away and made anew holds what the new one has."""
    apply(root, layer(entry("d/old", "1")), layer(entry("d/new", "2"), entry(".wh.d")))
    assert tree(root) == {"d/new": "2"}


def test_links_on_the_way_stay_inside(root: Path) -> None:
    """They lead to where they would lead if the image's root were the machine's: no further up, and no further."""
    (root.parent / "victim").mkdir()
    apply(
        root,
        layer(
            folder("usr/lib"),
            symlink("lib", "usr/lib"),
            symlink("up", "../../../../../.."),
            symlink("abs", str(root.parent / "victim")),
            symlink("usr/rel", "../lib"),
        ),
        layer(entry("lib/a", "1"), entry("up/b", "1"), entry("abs/c", "1"), entry("usr/rel/d", "1")),
    )
    assert tree(root)["usr/lib/a"] == tree(root)["usr/lib/d"] == "1"
    assert (root / "b").read_text() == "1"
    assert (root / str(root.parent / "victim").lstrip("/") / "c").read_text() == "1"
    assert not list((root.parent / "victim").iterdir())
    assert outside(root) == ["victim"]


def test_nothing_is_written_through_a_link(root: Path) -> None:
    """A file replaces the link of its name, and a hard link to a link is another link."""
    victim = root.parent / "victim"
    victim.write_text("untouched")
    apply(
        root,
        layer(symlink("f", str(victim)), symlink("g", str(victim)), symlink("h", str(victim))),
        layer(entry("f", "mine"), hard_link("copy", "g"), folder("h"), entry("h/x", "1"), entry("copy", "mine")),
    )
    assert victim.read_text() == "untouched"
    assert victim.stat().st_nlink == 1
    assert tree(root) == {"f": "mine", "g": f"-> {victim}", "copy": "mine", "h/x": "1"}


@pytest.mark.parametrize(
    "hostile",
    [
        [entry("../evil", "x")],
        [entry("a/../../evil", "x")],
        [folder("../evil")],
        [symlink("../evil", "x")],
        [entry("../.wh.victim")],
        [hard_link("mine", "../victim")],
        [hard_link("mine", "/../victim")],
        [symlink("out", ".."), hard_link("mine", "out/victim")],
        [hard_link("mine", "absent")],
        [folder("d"), hard_link("mine", "d")],
        [symlink("a", "b"), symlink("b", "a"), entry("a/x", "1")],
        [entry("n" * 300, "x")],
        [entry("/".join(["d"] * 300), "x")],
    ],
)
def test_attempts_to_get_out(root: Path, hostile: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    """The image is refused, and what lies beside it is as it was."""
    victim = root.parent / "victim"
    victim.write_text("untouched")
    with pytest.raises(Hostile):
        apply(root, layer(*hostile))
    assert outside(root) == ["victim"]
    assert (victim.read_text(), victim.stat().st_nlink) == ("untouched", 1)


def test_absolute_names_are_the_images(root: Path) -> None:
    """As other tools take them."""
    apply(root, layer(entry("/etc/motd", "hello"), symlink("/link", "/etc/motd")))
    assert tree(root) == {"etc/motd": "hello", "link": "-> /etc/motd"}


def test_modes_and_devices(root: Path) -> None:
    """No bit grants anything, nothing is there that could not be removed, devices and pipes are left out."""
    apply(
        root,
        layer(
            entry("suid", "x", mode=0o6755),
            entry("shut", "x", mode=0o000),
            folder("closed", mode=0o1000),
            entry("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
            entry("disk", type=tarfile.BLKTYPE, devmajor=8, devminor=0),
            entry("pipe", type=tarfile.FIFOTYPE),
            entry("closed/x", "1"),
        ),
    )
    modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in root.rglob("*")}
    assert modes == {"suid": 0o755, "shut": 0o600, "closed": 0o700, "x": 0o644}
    assert {path.stat().st_uid for path in root.rglob("*")} == {os.geteuid()}


def test_what_is_too_much(root: Path) -> None:
    """Bytes and files are counted while they come, in all layers together."""
    large = layer(entry("large", bytes(100_000)))
    with pytest.raises(TooMuch):
        apply(root, large, layer(entry("more", bytes(100_000))), bytes_max=200_000)
    with pytest.raises(TooMuch):
        apply(root, layer(*(entry(str(number)) for number in range(20))), files_max=19)


def test_a_bomb(root: Path) -> None:
    """A few bytes that become very many are given up when the image has become too large."""
    bomb = gzip.compress(layer(entry("zeros", bytes(64 << 20))), 9)
    assert len(bomb) < 100_000
    with pytest.raises(TooMuch):
        unpack(decompressed(io.BytesIO(bomb)), str(root), Budget(bytes_max=1 << 20, files_max=10))
    assert sum(path.stat().st_size for path in root.iterdir()) <= 1 << 20


def test_headers_are_not_read_into_memory_without_end(root: Path) -> None:
    """Names and attributes of any length are legal tar."""
    made = tarfile.TarInfo("x")
    made.pax_headers = {"comment": "c" * (3 << 20)}
    with pytest.raises(Hostile, match="header"):
        apply(root, layer((made, b"")))


@pytest.mark.parametrize("damage", ["cut", "garbage", "trailing", "sparse"])
def test_damage(root: Path, damage: str) -> None:
    """What is no layer is refused, rather than taken as far as it goes."""
    whole = layer(entry("a", bytes(5_000)), entry("b", "x"))
    sparse = tarfile.TarInfo("s")
    sparse.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.map": "0,1",
        "GNU.sparse.size": "9",
    }
    broken = {
        "cut": whole[:3_000],
        "garbage": b"no tar at all" * 100,
        "trailing": whole + bytes(20_480) + b"something" * 2_000,
        "sparse": layer((sparse, b"")),
    }[damage]
    with pytest.raises(Hostile):
        apply(root, broken)


def test_an_empty_layer(root: Path) -> None:
    """Instructions that change nothing make such."""
    apply(root, layer(), bytes(1024))
    assert tree(root) == {}


@pytest.mark.parametrize("members", [1, 3])
def test_gzip(root: Path, members: int) -> None:
    """Also in several members, as parallel compressors write it, and however few bytes come at a time."""
    whole = layer(entry("a", os.urandom(200_000)), entry("z", bytes(500_000)))
    size = len(whole) // members + 1
    packed = b"".join(gzip.compress(whole[at : at + size]) for at in range(0, len(whole), size)) + bytes(100)

    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(7_001, size or 1) if size and size > 0 else 7_001)

    opened = decompressed(Trickle(packed))
    content = read_all(opened)
    assert content == whole
    apply(root, content)
    assert (root / "z").stat().st_size == 500_000


def test_damaged_gzip(root: Path) -> None:
    """Cut short, or not what it seems."""
    packed = gzip.compress(layer(entry("a", os.urandom(50_000))))
    for broken in (packed[:20_000], packed[:100] + b"?" * 200 + packed[300:]):
        opened = decompressed(io.BytesIO(broken))
        with pytest.raises(Damaged):
            read_all(opened)


def test_zstandard(root: Path) -> None:
    """As newer tools write layers; where this Python can read it."""
    if not zstandard_module():
        pytest.skip("this Python has neither compression.zstd nor zstandard")
    compress = pytest.importorskip("zstandard").ZstdCompressor().compress
    half = len(whole := layer(entry("a", os.urandom(200_000)), entry("z", bytes(500_000)))) // 2
    opened = decompressed(io.BytesIO(compress(whole[:half]) + compress(whole[half:])))
    assert read_all(opened) == whole
    broken = decompressed(io.BytesIO(compress(whole)[:4] + b"\xff" * 10_000))
    with pytest.raises(Damaged):
        read_all(broken)


def test_an_uncompressed_layer_shorter_than_any_magic() -> None:
    """Nothing is lost that was looked at first."""
    opened = decompressed(io.BytesIO(b"ab"))
    assert (opened.read(1), opened.read(5), opened.read(5)) == (b"a", b"b", b"")
