"""How does a cell get another root than the view, such as that of a container image?

It sees that folder and nothing else of the machine: read-only, without set-user-ID programs and devices, with the
cell's own `/proc`, `/dev` and `/tmp`, and the machine's name resolution. The folder must have real directories where
those go, and real files at `/etc/hosts` and `/etc/resolv.conf` if these are to be the machine's: whoever makes it
available sees to that (`REQUIRED`, `FILES`), since nothing can be made in it here. Links elsewhere in the folder do no
harm: they are followed only when the folder is the root already. Nor do its libraries and modules: the supervisor and
the subject, which are still ours and may still be the machine's root, load nothing any more.

The zygote imports this module: standard library only.
"""

import os
import stat
from collections.abc import Callable
from typing import Final

from pileus.kernel.sandbox import linux

REQUIRED: Final = ("proc", "dev", "tmp")
"""Directories of the root that are covered."""
FILES: Final = ("etc/hosts", "etc/resolv.conf")
"""Files of the root that are covered, where they are files."""
_PLACE: Final = "/var/task"
"""Where the view leaves room to put it together."""


class Unfit(OSError):
    """The folder cannot be a root."""


def enter(root: str) -> None:
    """Make `root` the root of this mount namespace, whose former one is gone then. The cell's `/tmp` is mounted."""
    for name in REQUIRED:
        if not _is(stat.S_ISDIR, f"{root}/{name}"):
            raise Unfit(f"the root has no directory /{name}")
    linux.bind_read_only(root, _PLACE)
    for name in REQUIRED:
        linux.mount(f"/{name}", f"{_PLACE}/{name}", flags=linux.MS_BIND | linux.MS_REC)
    if _is(stat.S_ISDIR, f"{_PLACE}/etc"):
        for name in FILES:
            if os.path.isfile(f"/{name}") and _is(stat.S_ISREG, f"{_PLACE}/{name}"):
                linux.bind_one_read_only(os.path.realpath(f"/{name}"), f"{_PLACE}/{name}")
    os.chdir(_PLACE)
    linux.pivot_root(".", ".")
    # What was the root lies over the new one now, at the same place.
    linux.unmount(".")
    os.chdir("/")


def _is(kind: Callable[[int], bool], path: str) -> bool:
    """Whether there is something of this kind itself, rather than a link to it."""
    try:
        return kind(os.lstat(path).st_mode)
    except OSError:
        return False
