"""Who listens on a TCP port of this machine? Read from /proc, to say more than "address already in use"."""

import os
from pathlib import Path
from typing import Final, NamedTuple

_LISTENING: Final = "0A"


class Listener(NamedTuple):
    """A process that holds a port."""

    pid: int
    command: str


def listener(port: int) -> Listener | None:
    """The process that listens on `port`; None when nobody does, or it is not ours to see."""
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _holds(process, wanted):
            return Listener(int(process.name), _command(process))
    return None


def _listening_inodes(port: int) -> set[str]:
    found: set[str] = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for columns in map(str.split, lines):
            if columns[3] == _LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                found.add(columns[9])
    return found


def _holds(process: Path, sockets: set[str]) -> bool:
    try:
        return any(os.readlink(descriptor) in sockets for descriptor in (process / "fd").iterdir())
    except OSError:
        return False


def _command(process: Path) -> str:
    try:
        arguments = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return "?"
    return " ".join(argument.decode(errors="replace") for argument in arguments if argument)[:120]
