"""How are the servers under test started, measured and ended?"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from bench.signing import Credentials

_START_WITHIN_S: Final = 60.0
_END_WITHIN_S: Final = 20.0


class NotStarted(Exception):
    """A server ended or stayed silent instead of serving."""


class _Ready(msgspec.Struct, frozen=True):
    """The JSON line of `pileus up --json`; the root credentials are in it at the first strict start."""

    url: str
    root_access_key_id: str = ""
    root_secret_access_key: str = ""


class Server:
    """A process that serves at host and port. start_s: from its spawn until it answered. folder: goes with it."""

    def __init__(
        self,
        process: "subprocess.Popen[str]",
        *,
        url: str,
        credentials: Credentials,
        start_s: float,
        folder: "tempfile.TemporaryDirectory[str] | None" = None,
    ) -> None:
        self._folder = folder
        self.process = process
        self.url = url
        self.credentials = credentials
        self.start_s = start_s
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self.host = parts.hostname
        self.port = parts.port

    def end(self) -> None:
        """Ask it to end, then make it."""
        _end(self.process)
        if self._folder is not None:
            self._folder.cleanup()


def _end(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def environment() -> dict[str, str]:
    """Ours, without what would lead an AWS client anywhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


SNS_KEY_BITS: Final = 1024
"""What open mode has by itself: with 2048, OpenSSL on a core of its own signs 2,500 messages a second."""


def start_pileus(data_dir: Path, *, durability: str, credentials: Credentials | None = None) -> Server:
    """Start it in strict mode, so that every signature is verified, and wait until health answers.

    credentials: None at the first start on a data directory, which makes them.
    """
    command = [sys.executable, "-m", "pileus", "up", "--port", "0", "--data-dir", str(data_dir), "--json"]
    command += ["--auth", "strict", "--durability", durability, "--sns-key-bits", str(SNS_KEY_BITS)]
    spawned = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
    assert process.stdout is not None
    alarm = threading.Timer(_START_WITHIN_S, process.kill)
    alarm.start()
    line = process.stdout.readline()
    alarm.cancel()
    if not line:
        _end(process)
        raise NotStarted(f"pileus up ended with status {process.returncode}")
    ready = msgspec.json.decode(line, type=_Ready)
    if credentials is None:
        credentials = Credentials(
            access_key_id=ready.root_access_key_id, secret_access_key=ready.root_secret_access_key
        )
    wait_healthy(process, ready.url, "/_pileus/health")
    return Server(process, url=ready.url, credentials=credentials, start_s=time.perf_counter() - spawned)


def wait_healthy(process: "subprocess.Popen[str]", url: str, path: str, *, status: int = 200) -> None:
    """Return once a GET of `path` answers with `status`; `NotStarted` when it never does."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    give_up_at = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < give_up_at and process.poll() is None:
        connection = HTTPConnection(parts.hostname, parts.port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == status:
                return
        except (OSError, HTTPException):
            time.sleep(0.002)
        finally:
            connection.close()
    _end(process)
    raise NotStarted(f"nothing healthy at {url}")


@contextmanager
def ended(server: Server) -> Iterator[Server]:
    """The server, ended afterwards whatever happens."""
    try:
        yield server
    finally:
        server.end()


def cpu_s(pid: int) -> float:
    """Processor time that one process has used so far, its children's left out."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_bytes(pid: int) -> int:
    """Resident memory of one process; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)


def descendants(pid: int) -> list[int]:
    """All processes below `pid`."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found = [pid]
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found[1:]
