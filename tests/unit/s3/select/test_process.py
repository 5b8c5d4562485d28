"""The process that reads what somebody has uploaded can do little else."""

import resource
import socket
import subprocess
import sys
import textwrap

import pytest

from pileus.services.s3.select.process import _go_on

_PROGRAM = """
import resource, socket, sys
from pileus.services.s3.select.process import _go_on, give_up_files, give_up_network
_go_on()
give_up_network()
give_up_files()
print(resource.getrlimit(resource.RLIMIT_CPU)[0])
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5)
    print("connected")
except OSError:
    print("alone")
"""


def _unprivileged() -> bool:
    """Whether the system lets nobody like us leave its network."""
    program = "from pileus.kernel.sandbox import linux; linux.unshare(linux.CLONE_NEWNET | %s)"
    return all(
        subprocess.run([sys.executable, "-c", program % more], capture_output=True, check=False).returncode
        for more in ("0", "linux.CLONE_NEWUSER")
    )


@pytest.mark.skipif(sys.platform != "linux", reason="there are no network namespaces")
def test_it_reaches_nobody_and_ends() -> None:
    """Not even a port of this machine; and a reader that hangs is ended by the system."""
    if _unprivileged():
        pytest.skip("this system gives away no network namespaces")
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-c", textwrap.dedent(_PROGRAM), str(server.getsockname()[1])]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert 600 <= int(told[0]) <= 700
    assert told[1] == "alone"
    assert resource.getrlimit(resource.RLIMIT_CPU)[0] == resource.RLIM_INFINITY  # ours is as it was


def test_a_shorter_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the server runs under `ulimit -t`, a longer time cannot be had, and asking for it must not fail."""
    monkeypatch.setattr(resource, "getrlimit", lambda what: (60, 60))
    monkeypatch.setattr(resource, "setrlimit", lambda what, limits: pytest.fail(f"{limits} cannot be had"))
    _go_on()
