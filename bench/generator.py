"""Who sends the load: wrk where it is installed, otherwise our own generator. Either in a process of its own."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from bench.load import GRACE_S, Load
from bench.requests_file import write_requests

_SCRIPT: Final = Path(__file__).with_name("wrk.lua")
_MARK: Final = "LOAD "


class NoResult(Exception):
    """The load generator itself failed, or requests did: such a run is not a result."""


class NoAnswer(NoResult):
    """Nothing went wrong, and no answer came in time: a server that has just begun, on a busy machine."""


def generator_name(chosen: str = "auto") -> str:
    """`wrk` or `asyncio`."""
    if chosen != "auto":
        return chosen
    return "wrk" if shutil.which("wrk") else "asyncio"


def drive(
    name: str,
    requests: Sequence[bytes],
    *,
    host: str,
    port: int,
    connections: int,
    seconds: float,
    unread: bool = False,
) -> Load:
    """Send the requests in turn for that long; `NoResult` when any failed. unread: of answers only the status counts,
    since a generator that looks at megabytes would be what is measured."""
    with TemporaryDirectory(prefix="pileus-bench-") as folder:
        path = Path(folder) / "requests"
        write_requests(path, requests)
        command = command_of(name, path, host=host, port=port, connections=connections, seconds=seconds, unread=unread)
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + GRACE_S + 60, check=False)
    if done.returncode:
        raise NoResult(f"{name} ended with status {done.returncode}: {done.stderr.strip()[-500:]}")
    load = read_load(done.stdout)
    if load.failures:
        raise NoResult(f"{load.failures} requests failed beside {load.requests}; the first: {load.sample}")
    if not load.requests:
        raise NoAnswer("no request was answered")
    return load


def command_of(
    name: str, path: Path, *, host: str, port: int, connections: int, seconds: float, unread: bool = False
) -> list[str]:
    """The command line of one run. wrk has one thread: it shares the machine with the server it measures."""
    if name == "wrk":
        duration = f"{max(1, round(seconds))}s"
        options = ["-t1", f"-c{connections}", f"-d{duration}", "--timeout", "30s", "-s", str(_SCRIPT)]
        return ["wrk", *options, f"http://{host}:{port}", "--", str(path), "1", *(["unread"] if unread else [])]
    return [sys.executable, "-m", "bench.load", str(path), host, str(port), str(connections), str(seconds)]


def read_load(output: str) -> Load:
    """The last JSON line of a generator's output."""
    for line in reversed(output.splitlines()):
        text = line.removeprefix(_MARK)
        if text.startswith("{"):
            return msgspec.json.decode(text, type=Load)
    raise NoResult(f"the load generator said nothing: {output[-500:]}")
