"""The same attacks where namespaces are forbidden, as in the usual container: what Landlock and control groups hold.

The server is started behind a filter of system calls like that of the usual container: no namespaces, no mounts.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from pileus.kernel.sandbox import landlock
from tests.conformance.test_lambda_hostile import KILLED, Place, failure
from tests.conformance.test_lambda_hostile import pytestmark as needs_of_hostile_ones
from tests.conftest import Server
from tests.support.processes import gone, wait_until

pytestmark = [
    *needs_of_hostile_ones,
    pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock"),
]
_AS_IN_A_CONTAINER = """
import os, sys
from pileus.kernel.sandbox import linux
linux.gain_no_privileges()
assert linux.forbid_system_calls()
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    directory = Path(tempfile.mkdtemp(dir="/var/tmp"))  # functions may read what lies in /tmp
    server = Server(directory / "data")
    server.prefix = (sys.executable, "-c", _AS_IN_A_CONTAINER)
    server.start()
    yield Place(server)
    assert server.stop() == 0
    shutil.rmtree(directory)


def test_there_is_no_namespace(place: Place) -> None:
    """Otherwise nothing here tests what it says."""
    assert place.attack('return os.readlink("/proc/self/ns/pid")') == os.readlink("/proc/self/ns/pid")


def test_memory_and_time(place: Place) -> None:
    """Control groups and the clock hold as ever."""
    assert failure(place.attack("held = []\nwhile True: held.append(bytearray(10 << 20))", MemorySize=256)) == KILLED
    body = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: pass"
    assert failure(place.attack(body, Timeout=1))[0] == "Sandbox.Timedout"


def test_a_fork_bomb(place: Place) -> None:
    """All of it is found and ended without a namespace that could end at once."""
    body = "while True:\n    try: os.fork()\n    except OSError: pass"
    kind, _ = failure(place.attack(body, Timeout=3, MemorySize=512))
    assert kind in ("Sandbox.Timedout", "Runtime.OutOfMemory")


def test_processes_that_want_to_stay(place: Place) -> None:
    """Daemons that detach, close everything and ignore signals end with their environment."""
    body = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 100)
            while True: time.sleep(1)
        os._exit(0)
    os.wait()
return "gone soon"
"""
    assert place.attack(body) == "gone soon"


def test_files(place: Place) -> None:
    """Neither Pileus's data nor a home can be read; nothing but /tmp takes a file."""
    mark = f"mark-{uuid4().hex}"
    data = place.server.data_dir
    event = [mark, [str(path) for path in [data, *data.iterdir(), Path.home()]]]
    body = """
mark, secrets = event
opened = []
for path in secrets:
    try:
        opened.append(os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1).decode(errors="replace"))
    except OSError:
        pass
for place in ("/", "/etc", "/usr/bin", "/var/tmp", "/dev", "/dev/shm", "/run", "/var/task", os.getcwd(), sys.prefix):
    try:
        open(os.path.join(place, mark), "w").close()
        opened.append(place)
    except OSError:
        pass
with open("/tmp/" + mark, "w") as kept:
    kept.write("fine")
os.unlink("/tmp/" + mark)
return opened
"""
    assert place.attack(body, event=event) == []


def test_processes_of_others(place: Place) -> None:
    """Pileus's own cannot be traced, read, or (since Linux 6.12) ended, though they are the same user's."""
    body = """
libc = ctypes.CDLL(None, use_errno=True)
found = []
for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
    if pid == os.getpid():
        continue
    for name in ("environ", "mem", "maps"):
        try:
            if open(f"/proc/{pid}/{name}", "rb").read(100):
                found.append([pid, name])
        except OSError:
            pass
    for name in ("cwd", "root", "exe"):
        try:
            found.append(os.listdir(f"/proc/{pid}/{name}/"))
        except OSError:
            pass
for call in (lambda: libc.ptrace(16, event, 0, 0), lambda: libc.mount(b"x", b"/tmp", b"tmpfs", 0, None),
             lambda: libc.unshare(0x10000000), lambda: libc.syscall(310, event, 0, 0, 0, 0, 0)):
    if call() != -1:
        found.append("call")
for kind in (socket.AF_PACKET, socket.AF_INET):
    try:
        socket.socket(kind, socket.SOCK_RAW, 1)
        found.append("raw")
    except OSError:
        pass
return found
"""
    assert place.attack(body, event=place.server.pid) == []
    if landlock.version() >= landlock.SCOPES_FROM:
        kill = "try: os.kill(event, signal.SIGKILL)\nexcept OSError as refused: return refused.errno == errno.EPERM"
        assert place.attack(kill, event=place.server.pid) is True
    assert json.loads(json.dumps(place.ask(place.neighbour, "hello"))) == "hello"


def test_nothing_outlives_the_server() -> None:
    """Without namespaces, too: what a killed server leaves, its launcher ends."""
    directory = Path(tempfile.mkdtemp(dir="/var/tmp"))
    server = Server(directory / "data")
    server.prefix = (sys.executable, "-c", _AS_IN_A_CONTAINER)
    server.start()
    place = Place(server)
    name = place.create(
        "import os, signal, time\n"
        "def handler(event, context):\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        os.setsid()\n"
        "        while True: time.sleep(1)\n"
        "    return [os.getpid(), child]\n"
    )
    pids = place.ask(name)
    assert not any(gone(pid) for pid in pids)
    assert server.kill() == -signal.SIGKILL
    wait_until(lambda: all(gone(pid) for pid in pids))
    shutil.rmtree(directory)
