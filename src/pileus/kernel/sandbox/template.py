"""What does a contained process see of the file system?

The zygote builds this view once: the system's programs and libraries and the Python that runs functions, all read-only,
a few devices, and empty places where a cell mounts its own things. Home directories, other functions and Pileus's data
are not hidden in it: they were never there. The machine's own root stays reachable at `HOST_ROOT` until a cell has
taken from it what it was ordered to mount, and is then detached before foreign code runs.
"""

import os
from typing import Final

from pileus.kernel.sandbox import linux

HOST_ROOT: Final = "/.host"
_BASE: Final = "/tmp"  # noqa: S108 - any directory which every machine has: a private mount covers it for a moment
_SYSTEM: Final = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "nix", "gnu")
_DEVICES: Final = ("null", "zero", "full", "random", "urandom")
_EMPTY: Final = ("proc", "tmp", "var/task", "var/runtime", "opt", "run")


def enter(*, visible: list[str], hidden: list[str]) -> None:
    """Enter a mount namespace whose root is the view; `visible` are further directories to show, as they are named."""
    # Not the launcher's: pivot_root changes the root of every process in the namespace.
    linux.unshare(linux.CLONE_NEWNS)
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("pileus", _BASE, kind="tmpfs", flags=linux.MS_NOSUID, options="mode=0755,size=16m")
    shown = [_show_system(name) for name in _SYSTEM if os.path.lexists(f"/{name}")]
    for path in [*visible, *_name_resolution()]:
        if not any(_below(path, other) for other in shown):
            _show(path)
            shown.append(path)
    _make_devices()
    for name in _EMPTY:
        os.makedirs(f"{_BASE}/{name}", exist_ok=True)
    os.mkdir(_BASE + HOST_ROOT, 0o700)
    for path in hidden:
        if any(_below(path, other) for other in shown) and os.path.isdir(_BASE + path):
            linux.mount("hidden", _BASE + path, kind="tmpfs", flags=linux.MS_RDONLY, options="mode=0000,size=4k")
    linux.mount("none", _BASE, flags=linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | linux.MS_NOSUID)
    os.chdir(_BASE)
    linux.pivot_root(".", HOST_ROOT[1:])
    os.chdir("/")


def _below(path: str, other: str) -> bool:
    return path == other or path.startswith(other.rstrip("/") + "/")


def _show_system(name: str) -> str:
    source = f"/{name}"
    if os.path.islink(source):
        os.symlink(os.readlink(source), _BASE + source)
    else:
        _show(source)
    return source


def _show(path: str) -> None:
    os.makedirs(_BASE + path, exist_ok=True)
    linux.bind_read_only(path, _BASE + path)


def _name_resolution() -> list[str]:
    """Where `/etc/resolv.conf` really lies: systemd and others put a link there."""
    real = os.path.dirname(os.path.realpath("/etc/resolv.conf"))
    return [real] if os.path.isdir(real) and real != "/" else []


def _make_devices() -> None:
    os.mkdir(f"{_BASE}/dev")
    for name in _DEVICES:
        if os.path.exists(f"/dev/{name}"):
            os.close(os.open(f"{_BASE}/dev/{name}", os.O_CREAT | os.O_WRONLY, 0o666))
            linux.mount(f"/dev/{name}", f"{_BASE}/dev/{name}", flags=linux.MS_BIND)
    for link, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"{_BASE}/dev/{link}")
