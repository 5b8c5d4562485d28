"""What is said of processes in tests: who descends from whom, who is gone, and waiting without sleeping blindly."""

import time
from collections.abc import Callable
from pathlib import Path

_WITHIN_S = 10.0


def descendants(pid: int) -> list[int]:
    """Every process below `pid`, as far as /proc shows."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(after_name[1]), []).append(int(folder.name))
    found: list[int] = []
    pending = [pid]
    while pending:
        below = children.get(pending.pop(), [])
        found += below
        pending += below
    return found


def gone(pid: int) -> bool:
    """Whether a process has ended; one that waits to be reaped has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_until(condition: Callable[[], bool], *, within_s: float = _WITHIN_S) -> None:
    """Return as soon as `condition` holds; an `AssertionError` when it does not in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
