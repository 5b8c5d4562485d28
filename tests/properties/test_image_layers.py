"""Whatever a layer says, nothing beside the image's files changes, and those are the image's own.

The model is small: a folder beside the root with a file in it, and what the kernel itself says of every path below the
root when it is followed as far as it goes.
"""

import io
import os
import tarfile
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.services.lambda_.images.fitting import fit
from pileus.services.lambda_.images.unpacking import Budget, Hostile, unpack
from tests.support.images import entry, layer

NAMES = st.sampled_from(
    [
        "a",
        "b",
        "etc",
        "tmp",
        "proc",
        "..",
        ".",
        "",
        ".wh.a",
        ".wh.b",
        ".wh..wh..opq",
        ".wh.",
        ".wh...",
        "passwd",
        "hosts",
    ]
)
PATHS = st.builds(
    lambda first, parts: first + "/".join(parts),
    st.sampled_from(["", "/", "./"]),
    st.lists(NAMES, min_size=1, max_size=4),
)
TARGETS = st.one_of(
    PATHS,
    st.sampled_from(["../victim/file", "/../../victim", "../../../../../../../../", "/", ".", "../victim", "OUTSIDE"]),
)
KINDS = st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
ENTRIES = st.tuples(KINDS, PATHS, TARGETS, st.integers(0, 0o7777))


def state_of(path: Path) -> tuple[int, ...]:
    """What changes with whatever is done to a file, but for reading it."""
    found = path.stat()
    return found.st_mode, found.st_nlink, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@settings(max_examples=300)
@given(st.lists(st.lists(ENTRIES, max_size=8), min_size=1, max_size=3))
def test_layers_stay_inside(layers: list[list[tuple[bytes, str, str, int]]]) -> None:
    """Files, folders, links of both kinds, devices and whiteouts, in any order, over one another."""
    with tempfile.TemporaryDirectory() as place:
        outer = Path(place).resolve()
        root, victim = outer / "root", outer / "victim"
        root.mkdir()
        victim.mkdir()
        (victim / "file").write_text("untouched")
        before = [state_of(path) for path in (victim, victim / "file")]
        budget = Budget(bytes_max=1 << 24, files_max=1_000)
        try:
            for entries in layers:
                made = layer(
                    *(
                        entry(
                            name or ".",
                            b"content" if kind == tarfile.REGTYPE else b"",
                            mode=mode,
                            type=kind,
                            linkname=str(victim / "file") if target == "OUTSIDE" else target,
                        )
                        for kind, name, target, mode in entries
                    )
                )
                unpack(io.BytesIO(made), str(root), budget)
            fit(str(root))
        except Hostile:
            pass
        assert sorted(os.listdir(outer)) == ["root", "victim"]
        assert os.listdir(victim) == ["file"]
        assert [state_of(path) for path in (victim, victim / "file")] == before
        assert (victim / "file").read_text() == "untouched"
        for path in root.rglob("*"):
            mode = path.lstat().st_mode
            assert mode & 0o7000 == 0 or path.is_symlink()
            assert path.is_symlink() or path.is_file() or path.is_dir()
