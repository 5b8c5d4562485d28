"""How are several folders seen as one?

Folders are given in order; of files of the same name that of the later folder counts, and folders of the same name are
merged. `show` mounts them: an overlay of lower directories only, which nobody can write. Some file systems refuse to be
a part of one (and the kernel stacks two at most, of which a container is one already): there a small tmpfs holds the
folders that several have in common, and everything else is bound into it. `merging` does it without mounts.

The zygote imports this module: standard library only.
"""

import os
from collections.abc import Sequence
from typing import Final

from pileus.kernel.sandbox import linux

_FLAGS: Final = linux.MS_NOSUID | linux.MS_NODEV
_ESCAPED: Final = str.maketrans({"\\": "\\\\", ":": "\\:", ",": "\\,"})


def show(folders: Sequence[str], target: str) -> None:
    """Mount `folders` merged at `target`, read-only."""
    folders = _without_repeats(folders)
    if not folders:
        return
    if len(folders) == 1:
        linux.bind_read_only(folders[0], target)
        return
    lowers = ":".join(folder.translate(_ESCAPED) for folder in reversed(folders))
    try:
        linux.mount("layers", target, kind="overlay", flags=_FLAGS | linux.MS_RDONLY, options=f"lowerdir={lowers}")
    except OSError:
        show_bound(folders, target)


def show_bound(folders: Sequence[str], target: str) -> None:
    """As `show`, without an overlay."""
    linux.mount("layers", target, kind="tmpfs", flags=_FLAGS, options="mode=0755,size=64m")
    _bind(folders, target)
    linux.mount("none", target, flags=linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | _FLAGS)


def _without_repeats(folders: Sequence[str]) -> list[str]:
    """An overlay may hold a folder once: its last place is the one that counts."""
    return list(reversed(dict.fromkeys(reversed(folders))))


def _bind(sources: Sequence[str], target: str) -> None:
    for name, paths in _by_name(sources).items():
        place, top = f"{target}/{name}", paths[-1]
        if os.path.islink(top):
            os.symlink(os.readlink(top), place)
        elif not os.path.isdir(top):
            os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o644))
            linux.bind_one_read_only(top, place)
        else:
            os.mkdir(place)
            if len(paths) == 1:
                linux.bind_one_read_only(top, place)
            else:
                _bind(paths, place)


def _by_name(sources: Sequence[str]) -> dict[str, list[str]]:
    """What each name stands for: the folders to be merged, or the one thing that counts."""
    found: dict[str, list[str]] = {}
    for source in sources:
        for entry in os.scandir(source):
            held = found.setdefault(entry.name, [])
            if not (entry.is_dir(follow_symlinks=False) and held and is_folder(held[-1])):
                held.clear()
            held.append(entry.path)
    return found


def is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)
