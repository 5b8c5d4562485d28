"""A running Pileus for tests that speak to it as any client does."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from botocore.config import Config
from hypothesis import HealthCheck, settings

# A machine that is busy is no failure; a failure tells how to see it again.
settings.register_profile("pileus", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pileus")

START_WITHIN_S: Final = 30.0


class Server:
    """One `pileus up` in its own process, on a free port of loopback."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.data_dir = data_dir
        self.options = options
        self.prefix: tuple[str, ...] = ()
        """A program and its arguments that is to start the server, as `nice` does."""
        self.process: subprocess.Popen[str] | None = None
        self.url = ""
        self.ready: dict[str, Any] = {}

    def start(self) -> "Server":
        command = [sys.executable, "-m", "pileus", "up", "--port", "0", "--data-dir", str(self.data_dir), "--json"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.process = subprocess.Popen(
            [*self.prefix, *command, *self.options],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        deadline = threading.Timer(START_WITHIN_S, self.process.kill)
        deadline.start()
        line = self.process.stdout.readline()
        deadline.cancel()
        assert line, f"Pileus did not start: exit status {self.process.wait()}"
        self.ready = json.loads(line)
        self.url = self.ready["url"]
        return self

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def stop(self) -> int:
        """End it gracefully; gives its exit status."""
        assert self.process is not None
        self.process.terminate()
        return self._gone()

    def kill(self) -> int:
        """End it as a power cut would end the process."""
        assert self.process is not None
        self.process.kill()
        return self._gone()

    def _gone(self) -> int:
        assert self.process is not None
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        if self.process.stdout:
            self.process.stdout.close()
        return status

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of this server; options as for `boto3.client`."""
        options.setdefault("region_name", "us-east-1")
        options.setdefault("aws_access_key_id", "111111111111")
        options.setdefault("aws_secret_access_key", "test")
        options.setdefault("config", Config(retries={"max_attempts": 0}, read_timeout=30, connect_timeout=5))
        return boto3.client(service, endpoint_url=self.url, **options)

    def resource(self, service: str, **options: Any) -> Any:
        """A boto3 resource of this server."""
        options.setdefault("region_name", "us-east-1")
        options.setdefault("aws_access_key_id", "111111111111")
        options.setdefault("aws_secret_access_key", "test")
        return boto3.resource(service, endpoint_url=self.url, **options)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all conformance tests of this worker: use names of your own."""
    server = Server(tmp_path_factory.mktemp("pileus") / "data").start()
    yield server
    server.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server which the test may kill and restart; not started yet."""
    server = Server(tmp_path / "data")
    yield server
    if server.process is not None and server.process.poll() is None:
        server.stop()
