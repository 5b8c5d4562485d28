"""What does a contained process see of the file system?

The zygote builds this view once: the system's programs and libraries and the Python that runs functions, all read-only,
a few devices, and empty places where a cell mounts its own things. Home directories, other functions and Pileus's data
are not hidden in it: they were never there. The machine's own root stays reachable at `HOST_ROOT` until a cell has
taken from it what it was ordered to mount, and is then detached before foreign code runs.
"""

import os
from collections.abc import Mapping
from typing import Final

from pileus.kernel.sandbox import landlock, linux

HOST_ROOT: Final = "/.host"
TEMPORARY: Final = "/tmp"  # noqa: S108 - where functions may write
_BASE: Final = "/tmp"  # noqa: S108 - any directory which every machine has: a private mount covers it for a moment
_SYSTEM: Final = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "nix", "gnu")
_DEVICES: Final = ("null", "zero", "full", "random", "urandom")
_EMPTY: Final = (
    *("proc", "tmp", "opt", "run"),
    *("var/lang", "var/task", "var/runtime", "var/runtime/node_modules", "var/runtime/native/pileus"),
)


def enter(*, visible: Mapping[str, str], hidden: list[str]) -> None:
    """Enter a mount namespace whose root is the view. visible: further directories to show, by where they are seen."""
    # Not the launcher's: pivot_root changes the root of every process in the namespace.
    linux.unshare(linux.CLONE_NEWNS)
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    # Taken hold of before the base is covered: the checkout and its Python may lie below it.
    sources = {place: os.open(path, os.O_PATH | os.O_CLOEXEC) for place, path in _to_show(visible).items()}
    linux.mount("pileus", _BASE, kind="tmpfs", flags=linux.MS_NOSUID, options="mode=0755,size=16m")
    for name in _SYSTEM:
        if os.path.islink(f"/{name}"):
            os.symlink(os.readlink(f"/{name}"), f"{_BASE}/{name}")
    for place, source in sources.items():
        os.makedirs(_BASE + place, exist_ok=True)
        linux.bind_read_only(f"/proc/self/fd/{source}", _BASE + place)
        os.close(source)
    shown = [f"/{name}" for name in _SYSTEM] + list(sources)
    _make_devices()
    _name_itself()
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


def readable(*, visible: Mapping[str, str], hidden: list[str]) -> list[str]:
    """What a process may read that has no view of its own but is held by Landlock."""
    trees = [f"/{name}" for name in _SYSTEM] + [*visible.values(), *_name_resolution().values(), "/proc"]
    return [path for tree in dict.fromkeys(trees) if os.path.isdir(tree) for path in landlock.without(tree, hidden)]


def writable() -> list[str]:
    """What it may write."""
    return [TEMPORARY, *(f"/dev/{name}" for name in _DEVICES)]


def _below(path: str, other: str) -> bool:
    return path == other or path.startswith(other.rstrip("/") + "/")


def _to_show(visible: Mapping[str, str]) -> dict[str, str]:
    """The system's directories, and of the others those that are not below one already shown."""
    shown = [f"/{name}" for name in _SYSTEM]
    directories = {path: path for path in shown if os.path.isdir(path) and not os.path.islink(path)}
    for place, path in {**visible, **_name_resolution()}.items():
        if not any(_below(place, other) for other in shown):
            shown.append(place)
            directories[place] = path
    return directories


def _name_resolution() -> dict[str, str]:
    """Where `/etc/resolv.conf` really lies: systemd and others put a link there."""
    real = os.path.dirname(os.path.realpath("/etc/resolv.conf"))
    return {real: real} if os.path.isdir(real) and real != "/" else {}


def _name_itself() -> None:
    """Let `sandbox.localdomain` be this machine, as extensions of Lambda expect: a name file over the machine's own."""
    place = f"{_BASE}/etc/hosts"
    if not os.path.isfile(place) or os.path.islink(place):
        return
    with open(place) as names, open(f"{_BASE}/.hosts", "w") as own:
        own.write(names.read().rstrip("\n") + "\n127.0.0.1 sandbox.localdomain sandbox\n")
    linux.bind_read_only(f"{_BASE}/.hosts", place)


def _make_devices() -> None:
    os.mkdir(f"{_BASE}/dev")
    for name in _DEVICES:
        if os.path.exists(f"/dev/{name}"):
            os.close(os.open(f"{_BASE}/dev/{name}", os.O_CREAT | os.O_WRONLY, 0o666))
            linux.mount(f"/dev/{name}", f"{_BASE}/dev/{name}", flags=linux.MS_BIND)
    for link, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"{_BASE}/dev/{link}")
