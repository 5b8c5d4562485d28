"""Where is the Pileus that runs here? A small file in the data directory says it, for the other commands."""

import json
import os
import shutil
from pathlib import Path
from typing import IO, Final, NamedTuple

from pileus.kernel.storage.directory import DataDirectory

_FILE: Final = "server.json"
_ANSWER_WITHIN_S: Final = 5.0


FORGOTTEN_PREFIX: Final = "forgotten-"
"""Folders that a reset has set aside, and deletes."""
_OWN: Final = (
    *("format", "format.new", "lock", "secret", "root-credentials"),
    *("blobs", "code", "images", "objects", _FILE, f"{_FILE}.part"),
)
"""What Pileus makes in its data directory, beside the database's files (`pileus.db...`)."""


class Running(NamedTuple):
    """A server that said it runs. auth: its mode."""

    url: str
    pid: int
    auth: str = "open"


def is_pileus(data_dir: Path) -> bool:
    """Whether a Pileus has been here, or began to be."""
    return any((data_dir / name).exists() for name in ("format", "format.new", "lock"))


def remove(data_dir: Path) -> list[Path]:
    """Remove what Pileus made, and the directory when nothing else is in it; gives what was left.

    Raises `StoreInUse` when a server works there, whatever `server.json` says.
    """
    directory = DataDirectory(data_dir)
    try:
        return _remove(data_dir)
    finally:
        directory.release()


def _remove(data_dir: Path) -> list[Path]:
    for entry in list(data_dir.iterdir()):
        if entry.name in _OWN or entry.name.startswith(("pileus.db", FORGOTTEN_PREFIX)):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    left = list(data_dir.iterdir())
    if not left and data_dir.resolve() != Path.cwd():
        data_dir.rmdir()
    return left


def announce(data_dir: Path, *, url: str, auth: str) -> None:
    """Say where this process serves."""
    part = data_dir / f"{_FILE}.part"
    part.write_text(json.dumps({"url": url, "pid": os.getpid(), "auth": auth}) + "\n")
    part.replace(data_dir / _FILE)


def withdraw(data_dir: Path) -> None:
    """Take it back at a graceful end; after a kill the file stays, and `find` sees that nobody is there."""
    (data_dir / _FILE).unlink(missing_ok=True)


def find(data_dir: Path) -> Running | None:
    """The server of a data directory, if its process lives."""
    try:
        said = json.loads((data_dir / _FILE).read_text())
        running = Running(str(said["url"]), int(said["pid"]), str(said.get("auth", "open")))
        os.kill(running.pid, 0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return running


class Unreachable(Exception):
    """Nobody answers at the address."""


class Declined(Exception):
    """The server answers, and says why it will not."""


def ask(url: str, path: str, *, method: str = "GET", token: str = "") -> dict[str, object]:
    """What the server answers at an admin address; `Unreachable` when it does not, `Declined` when it tells a reason.

    HTTP clients are imported here alone: 30 ms that no server needs.
    """
    import urllib.error
    import urllib.request

    request = urllib.request.Request(url.rstrip("/") + path, method=method)  # noqa: S310 - the user's own server
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_WITHIN_S) as answer:  # noqa: S310
            content: dict[str, object] = json.load(answer)
            return content
    except urllib.error.HTTPError as error:
        with error:
            reason = _reason(error)
        if reason:
            raise Declined(reason) from error
        raise Unreachable(str(error)) from error
    except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError) as error:
        raise Unreachable(str(error)) from error


def _reason(answer: IO[bytes]) -> str:
    """The `message` of an answer of Pileus's own; '' for one of somebody else."""
    try:
        content = json.load(answer)
    except (OSError, ValueError):
        return ""
    return str(content.get("message", "")) if isinstance(content, dict) else ""
