"""Functions that attack harm nobody but themselves: Pileus and their neighbours go on serving during each.

Nothing of this is to be run against AWS itself. It is skipped where the host grants no namespaces or control groups;
`pileus doctor` tells.
"""

import concurrent.futures
import io
import json
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from pileus.kernel.sandbox.capabilities import probe
from pileus.kernel.sandbox.cell_groups import CONTROLLERS
from pileus.kernel.sandbox.control_groups import usable_hierarchies
from tests.conftest import Server
from tests.support.functions import make_role
from tests.support.processes import descendants, gone, wait_until

_GRANTED: Final = {name for hierarchy in usable_hierarchies() for name in hierarchy.controllers}
pytestmark = [
    pytest.mark.skipif(probe()[0].standing != "ok", reason="this host grants no namespaces"),
    pytest.mark.skipif(not _GRANTED >= CONTROLLERS, reason="this host does not grant all control groups"),
]
_NEIGHBOUR: Final = "def handler(event, context):\n    return event\n"
_PATIENCE_S: Final = 5.0
"""How long a neighbour may wait on a busy machine; what it must not do is fail, or wait for the attack to end."""


class Neighbours:
    """Somebody who invokes a function, and somebody who asks Pileus something else, all the time."""

    def __init__(self, server: Server, function: str) -> None:
        self._functions, self._tables = server.client("lambda"), server.client("dynamodb")
        self._function = function
        self._over = threading.Event()
        self.failures: list[str] = []
        self.slowest_s = 0.0
        self.rounds = 0

    def __enter__(self) -> "Neighbours":
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            try:
                answer = self._functions.invoke(FunctionName=self._function, Payload=b'"hello"')
                if answer["Payload"].read() != b'"hello"':
                    self.failures.append(str(answer))
                self._tables.list_tables()
            except Exception as failure:  # noqa: BLE001 - whatever it is, the test tells it
                self.failures.append(repr(failure))
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            self.rounds += 1


class Place:
    """A server of its own, a neighbour in it, and room for attackers."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.functions = server.client("lambda")
        self._role = make_role(server)
        self.neighbour = self.create(_NEIGHBOUR, MemorySize=1769)
        self.ask(self.neighbour, "hello")

    def create(self, source: str, **members: Any) -> str:
        """A function with this source; its name."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as opened:
            opened.writestr("index.py", source)
        name = f"hostile-{uuid4().hex[:12]}"
        given = {"Runtime": "python3.11", "Handler": "index.handler", "Timeout": 20, "MemorySize": 1769} | members
        self.functions.create_function(FunctionName=name, Role=self._role, Code={"ZipFile": packed.getvalue()}, **given)
        return name

    def ask(self, name: str, event: object = None) -> Any:
        answer = self.functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        return json.loads(answer["Payload"].read())

    def attack(self, body: str, *, event: object = None, first: str = "", **members: Any) -> Any:
        """What a handler with this body answers, while the neighbours go on; afterwards nothing of it is left."""
        lines = [first, "import ctypes, errno, os, signal, socket, subprocess, sys, threading, time"]
        lines += ["def handler(event, context):", *(f"    {line}" for line in body.strip("\n").splitlines())]
        name = self.create("\n".join(lines), **members)
        with Neighbours(self.server, self.neighbour) as neighbours:
            found = self.ask(name, event)
        assert neighbours.failures == []
        assert neighbours.rounds > 0
        assert neighbours.slowest_s < _PATIENCE_S
        self.functions.delete_function(FunctionName=name)
        wait_until(self.quiet)
        return found

    def quiet(self) -> bool:
        """Whether there is nobody but launcher, zygote, the neighbour, and two blank cells, of two processes each."""
        return len([pid for pid in descendants(self.server.pid) if not gone(pid)]) == 8


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    server = Server(tmp_path_factory.mktemp("hostile") / "data").start()
    yield Place(server)
    assert server.stop() == 0, "it has survived all of them"


def failure(document: Any) -> tuple[str, str]:
    """An error's type, and its message without the request's id."""
    return document["errorType"], re.sub(r"^RequestId: [0-9a-f-]{36} Error: ", "", document["errorMessage"])


KILLED: Final = ("Runtime.OutOfMemory", "Runtime exited with error: signal: killed")


def test_a_memory_hog(place: Place) -> None:
    """It is ended at its size, in the words of AWS."""
    body = "held = []\nwhile True:\n    held.append(bytearray(10 << 20))"
    assert failure(place.attack(body, MemorySize=256)) == KILLED


def test_a_memory_hog_with_children(place: Place) -> None:
    """Each holds less than the function may, all of them together more."""
    body = """
for _ in range(6):
    if os.fork() == 0:
        held = bytearray(60 << 20)
        time.sleep(60)
time.sleep(60)
"""
    assert failure(place.attack(body, MemorySize=256)) == KILLED


def test_a_function_that_does_not_end(place: Place) -> None:
    """In a loop, deaf to every signal that can be ignored, or stopped by its own hand."""
    loop = """
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
while True: pass
"""
    for body in (loop, "os.kill(os.getpid(), signal.SIGSTOP)"):
        assert failure(place.attack(body, Timeout=1)) == ("Sandbox.Timedout", "Task timed out after 1.00 seconds")


def test_threads(place: Place) -> None:
    """1,024 with those that are there already. Source: Lambda Developer Guide, "Lambda quotas"."""
    body = """
threading.stack_size(64 << 10)
over, count = threading.Event(), 0
try:
    while count < 5000:
        threading.Thread(target=over.wait, daemon=True).start()
        count += 1
except RuntimeError as refused:
    return [count, str(refused)]
finally:
    over.set()
"""
    count, refused = place.attack(body)
    assert 1_000 < count < 1_024
    assert refused == "can't start new thread"


def test_processes(place: Place) -> None:
    """As many as threads; whoever has too many can still end."""
    body = """
children = []
try:
    while len(children) < 5000:
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        children.append(child)
except OSError as refused:
    return [len(children), refused.errno == errno.EAGAIN]
"""
    count, refused = place.attack(body, MemorySize=3008)
    assert refused
    assert 1_000 < count < 1_024


def test_a_fork_bomb(place: Place) -> None:
    """Every child forks on: it has its processes and its processor, and its time."""
    body = """
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
    kind, _ = failure(place.attack(body, Timeout=3, MemorySize=512))
    assert kind in ("Sandbox.Timedout", "Runtime.OutOfMemory")


def test_file_descriptors(place: Place) -> None:
    """1,024 with those that are there already, and no way to raise that. Source: "Lambda quotas"."""
    body = """
import resource
kept = []
try:
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
except (ValueError, OSError):
    kept.append(None)
try:
    while len(kept) < 5000:
        kept.append(os.open("/dev/null", os.O_RDONLY))
except OSError as refused:
    return [max(kept[1:]), refused.errno == errno.EMFILE, kept[0]]
"""
    assert place.attack(body) == [1023, True, None]


@pytest.mark.parametrize("size_mb", [512, 1024])
def test_a_disk_filler(place: Place, size_mb: int) -> None:
    """`/tmp` takes what it is configured to, then it is full; it is no memory of the function's."""
    body = """
written = 0
try:
    with open("/tmp/filler", "wb") as filler:
        while True:
            written += filler.write(bytes(1 << 20))
except OSError as refused:
    return [written >> 20, os.path.getsize("/tmp/filler") >> 20, refused.errno == errno.ENOSPC]
"""
    written, size, refused = place.attack(body, EphemeralStorage={"Size": size_mb}, MemorySize=1769)
    assert refused
    assert size in (size_mb - 1, size_mb)
    assert written >= size


def test_the_largest_disk(place: Place) -> None:
    """10,240 MB, which nobody has to have as memory as long as nothing is written."""
    body = 'found = os.statvfs("/tmp"); return found.f_blocks * found.f_frsize'
    assert place.attack(body, EphemeralStorage={"Size": 10240}, MemorySize=128) == 10240 << 20


def test_processes_that_want_to_stay(place: Place) -> None:
    """Orphans, daemons, sessions of their own, deaf ones: with the environment all of them end."""
    body = """
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 100)
            while True:
                time.sleep(1)
        os._exit(0)
    os.wait()
subprocess.Popen(["/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done"], start_new_session=True)
return len([name for name in os.listdir("/proc") if name.isdigit()])
"""
    assert place.attack(body) >= 6, "supervisor, runtime, three daemons, a shell"


def test_signals_to_everybody(place: Place) -> None:
    """Everybody is who is in its namespace, without the first process, which is ours."""
    body = """
child = subprocess.Popen(["/bin/sleep", "60"])
refused = []
for target in (1, os.getppid()):
    try:
        os.kill(target, signal.SIGKILL)
    except OSError as why:
        refused.append(why.errno == errno.EPERM)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.kill(-1, signal.SIGTERM)
return [refused, child.wait()]
"""
    assert place.attack(body) == [[True, True], -15]


def test_writing_elsewhere(place: Place) -> None:
    """Only `/tmp` takes anything; nothing of it arrives on this machine."""
    mark = f"mark-{uuid4().hex}"
    body = """
written = []
for place, folders, _ in os.walk("/"):
    if place.startswith(("/proc/", "/tmp")):
        folders.clear()
        continue
    if place.count("/") > 3:
        folders.clear()
    try:
        open(os.path.join(place, event), "w").close()
        written.append(place)
    except OSError:
        pass
open("/tmp/" + event, "w").close()
return written
"""
    assert place.attack(body, event=mark, Timeout=60) == []
    assert not Path("/tmp", mark).exists()


def test_reading_what_is_not_its_own(place: Place) -> None:
    """Neither Pileus's data nor a neighbour's package, by name or by way of another process."""
    data = place.server.data_dir
    secrets = [str(path) for path in [data, *data.iterdir()]]
    assert len(secrets) > 1
    body = """
found = [path for path in event if os.path.exists(path)]
for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
    for path in event:
        try:
            found += os.listdir(f"/proc/{pid}/root{path}")
        except OSError:
            pass
environments = []
for pid in [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]:
    for name in ("environ", "mem", "maps", "auxv"):
        try:
            environments.append(open(f"/proc/{pid}/{name}", "rb").read(100).decode(errors="replace"))
        except OSError:
            pass
return [found, [text for text in environments if text], os.listdir("/var/task"), os.listdir("/tmp")]
"""
    assert place.attack(body, event=secrets) == [[], [], ["index.py"], []]


def test_the_ways_out(place: Place) -> None:
    """Tracing, mounting, new namespaces, raw sockets, devices, modules, the clock: all refused."""
    body = """
libc = ctypes.CDLL(None, use_errno=True)
def refused(what):
    try:
        result = what()
    except OSError:
        return True
    return result == -1
makes_node = lambda: os.mknod("/tmp/disk", 0o600 | 0o060000, os.makedev(8, 0))
calls = {
    "ptrace": lambda: libc.ptrace(16, os.getppid(), 0, 0),
    "process_vm_readv": lambda: libc.syscall(310, 1, 0, 0, 0, 0, 0),
    "mount": lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None),
    "umount": lambda: libc.umount2(b"/tmp", 2),
    "unshare user": lambda: libc.unshare(0x10000000),
    "unshare mounts": lambda: libc.unshare(0x00020000),
    "setns": lambda: libc.setns(os.open("/proc/self/ns/mnt", os.O_RDONLY), 0),
    "chroot": lambda: os.chroot("/tmp"),
    "raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3),
    "device": makes_node,
    "module": lambda: libc.syscall(175, 0, 0, 0),
    "bpf": lambda: libc.syscall(321, 0, 0, 0),
    "keyring": lambda: libc.syscall(250, 0, -1, 0, 0, 0),
    "clock": lambda: time.clock_settime(time.CLOCK_REALTIME, 0),
    "root": lambda: os.setuid(0),
    "group": lambda: os.setgroups([0]),
    "priority": lambda: os.nice(-5),
    "reboot": lambda: libc.reboot(0x01234567),
    "host name": lambda: libc.sethostname(b"x", 1),
    "memory": lambda: os.open("/dev/mem", os.O_RDONLY),
    "control groups": lambda: os.listdir("/sys/fs/cgroup"),
    "out of memory last": lambda: os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"-1000"),
}
return [name for name, call in calls.items() if not refused(call)]
"""
    assert place.attack(body) == []


def test_closing_everything(place: Place) -> None:
    """A function that closes the way to Pileus has ended, and its neighbour has not noticed."""
    kind, _ = failure(place.attack("os.closerange(0, 1024)\nreturn 1", Timeout=3))
    assert kind in ("Runtime.ExitError", "Sandbox.Timedout")


def test_many_attackers_at_once(place: Place) -> None:
    """Spinners, hogs and bombs beside one another."""
    bodies = {
        "while True: pass": {"Sandbox.Timedout"},
        "x = []\n    while True: x.append(bytearray(1 << 20))": {"Runtime.OutOfMemory"},
        "import os\n    while True:\n        try: os.fork()\n        except OSError: pass": {
            "Sandbox.Timedout",
            "Runtime.OutOfMemory",
        },
        "import os\n    while True: os.write(1, b'x' * 1000)": {"Sandbox.Timedout"},
    }
    names = {place.create(f"def handler(event, context):\n    {body}", Timeout=3, MemorySize=256): expected
             for body, expected in bodies.items()}  # fmt: skip
    with Neighbours(place.server, place.neighbour) as neighbours, concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = dict(zip(names, pool.map(place.ask, names), strict=True))
    assert {name: document["errorType"] in names[name] for name, document in found.items()} == dict.fromkeys(
        names, True
    )
    assert neighbours.failures == []
    assert neighbours.slowest_s < _PATIENCE_S
