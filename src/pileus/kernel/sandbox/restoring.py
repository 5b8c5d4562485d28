"""How does one initialised process become many, each in a cell of its own?

    template (foreign, initialised) -> middle -> supervisor (first of a new process namespace) -> subject

The template waits for orders on its channel. Each brings the far ends of a new cell's descriptors and its control
groups, held open. The middle leaves for namespaces of its own (a user namespace, since it has no privileges), mounts a
`/tmp` of its own with what the template's holds, joins the control groups, forks the supervisor, and ends. The
supervisor tells Pileus who it is, and how the subject ended. The subject gives up what the user namespace gave it, and
waits for its configuration, as any blank process does.

All of this happens in the memory of foreign code, which could spoil it: what separates restored cells from one another
holds as long as the function does not work against itself. From everybody else the template's own cell separates them
all: they live in its namespaces, whatever they do. Open connections are not carried over: they would be shared.

Runs where nothing of Pileus can be imported any more.
"""

import contextlib
import fcntl
import gc
import json
import os
import select
import shutil
import signal
import socket
import stat
import struct
from typing import Any, Final, NoReturn

from pileus.kernel.sandbox import linux, wire

STATUS: Final = struct.Struct("!Bi")
"""As of `zygote`, which cannot be imported here."""
ENDED: Final = 0
FAILED: Final = 1
HELLO: Final = b"H"
"""The supervisor's first word, which the kernel signs with its process id."""

_DESCRIPTORS_MAX: Final = 32
_ORDER_BYTES_MAX: Final = 65_536


class Restored:
    """A process that goes on from where the template stood. order: what it is to be, as of `Order`."""

    def __init__(self, channel: socket.socket, order: dict[str, Any]) -> None:
        self.channel = channel
        self.order = order


def wait(channel: socket.socket) -> Restored:
    """Fork a cell for every order; returns in each of them, and never in the template."""
    gc.collect()
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, _ORDER_BYTES_MAX, _DESCRIPTORS_MAX)
        if not message:
            os._exit(0)
        order = json.loads(message)
        middle = os.fork()
        if middle == 0:
            return _leave(channel, descriptors, order)
        for descriptor in descriptors:
            os.close(descriptor)
        with contextlib.suppress(ChildProcessError):  # the function may have said that it wants no children
            os.waitpid(middle, 0)


def never() -> None:
    """This process is not forked after all: it gives up what it would have needed for that."""
    linux.forbid_system_calls()


def _leave(template: socket.socket, descriptors: list[int], order: dict[str, Any]) -> Restored:
    template.close()
    far, status, output, *groups = descriptors
    late = groups[order["groups"] :]
    try:
        user, group = os.geteuid(), os.getegid()
        linux.unshare(linux.NESTED)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as table:
                table.write(text)
        _own_temporary(order["temporary_bytes_max"])
        _join(groups[: order["groups"]])
    except OSError as refused:
        os.write(status, STATUS.pack(FAILED, 0) + f"no cell of its own: {refused}".encode())
        os._exit(1)
    if os.fork():
        os._exit(0)
    try:
        os.setsid()
        quiet = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
        with contextlib.suppress(OSError):
            linux.mount("proc", "/proc", kind="proc", flags=quiet)
        os.write(status, HELLO)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        wake, waker = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(waker, False)
        pid = os.fork()
        if pid:
            _supervise(pid, status, wake, waker)
    except BaseException:  # noqa: BLE001 - a forked process must never return into its parent's code
        os._exit(1)
    for descriptor in (wake, waker, status):
        os.close(descriptor)
    return _be_subject(far, output, late)


def _own_temporary(size_bytes: int) -> None:
    """A `/tmp` of its own, with what the template's held when it was initialised."""
    former = os.open("/tmp", os.O_RDONLY | os.O_DIRECTORY)  # noqa: S108 - the function's
    filled = bool(os.listdir(former))
    flags = linux.MS_NOSUID | linux.MS_NODEV
    linux.mount("tmp", "/tmp", kind="tmpfs", flags=flags, options=f"mode=1777,size={size_bytes}")  # noqa: S108
    if filled:
        with contextlib.suppress(shutil.Error):  # sockets and the like, which nobody could use
            shutil.copytree(f"/proc/self/fd/{former}", "/tmp", symlinks=True, dirs_exist_ok=True)  # noqa: S108
    os.close(former)


def _join(groups: list[int]) -> None:
    for group in groups:
        os.write(group, b"0")
        os.close(group)


def _supervise(pid: int, status: int, wake: int, waker: int) -> NoReturn:
    """Collect whoever ends, and tell how the subject did; every other process ends with this one."""
    _close_all_but(status, wake, waker)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    poll = select.poll()
    poll.register(wake, select.POLLIN)
    poll.register(status, select.POLLIN)
    lingers = False
    ended, others = _collect(pid)
    while ended is None or (lingers and others):
        for descriptor, _ in poll.poll():
            if descriptor == wake:
                os.read(wake, 4096)
            elif os.read(status, 16):
                lingers = True
            else:
                os._exit(0)
        now_ended, others = _collect(pid)
        ended = now_ended if ended is None else ended
    os.write(status, STATUS.pack(ENDED, ended))
    os._exit(0)


def _collect(wanted: int) -> tuple[int | None, bool]:
    ended: int | None = None
    while True:
        try:
            pid, code = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended, False
        if pid == 0:
            return ended, True
        if pid == wanted:
            ended = code


def _be_subject(far: int, output: int, late: list[int]) -> Restored:
    """Give up what the namespaces brought, and wait to be told what to be."""
    try:
        _join(late)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        linux.drop_bounding_capabilities()
        linux.drop_capabilities()
        linux.forbid_system_calls()
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        channel = socket.socket(fileno=far)
        _cut_connections(far)
        received = wire.receive(channel)
    except BaseException:  # noqa: BLE001 - likewise
        os._exit(1)
    if received is None:
        os._exit(0)
    return Restored(channel, json.loads(received[1]))


def _cut_connections(kept: int) -> None:
    """Whatever was connected is connected no more; files are open anew, so that nobody shares a place in them."""
    near, far = socket.socketpair()
    far.close()
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor <= 2 or descriptor in (kept, near.fileno()):
            continue
        with contextlib.suppress(OSError):
            kind = os.fstat(descriptor).st_mode
            if stat.S_ISSOCK(kind):
                os.dup2(near.fileno(), descriptor, inheritable=False)
            elif stat.S_ISREG(kind):
                _open_anew(descriptor)
    near.close()


def _open_anew(descriptor: int) -> None:

    path, place = os.readlink(f"/proc/self/fd/{descriptor}"), os.lseek(descriptor, 0, os.SEEK_CUR)
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL) & ~(os.O_CREAT | os.O_EXCL | os.O_TRUNC)
    fresh = os.open(path, flags)
    os.lseek(fresh, place, os.SEEK_SET)
    os.dup2(fresh, descriptor, inheritable=os.get_inheritable(descriptor))
    os.close(fresh)


def _close_all_but(*kept: int) -> None:
    low = 0
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, 65_536)
