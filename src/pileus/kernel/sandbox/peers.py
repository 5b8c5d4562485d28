"""Who is at the other end of a connection that was made to us on this machine?

Cells share the host's network, so any of them can find a loopback listener in `/proc/net/tcp` and connect. What tells
them apart is the process that holds the client's end: the kernel names the inode of that socket (one exact question to
`sock_diag`; where that is missing, a line of `/proc/net/tcp`), and the inode is looked for among the descriptors of the
cell's own processes. Asked once for each connection, at its beginning.

A cell with very many descriptors could make that search long, so it is bounded: beyond the bound nobody is recognised,
which harms only the cell that has them.
"""

import contextlib
import ctypes
import errno
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Final

Address = tuple[str, int]

DESCRIPTORS_MAX: Final = 4_096
"""Descriptors looked at for one connection (measured: 1 us each)."""
_libc: Final = ctypes.CDLL(None)
_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_REQUEST: Final = 1
_ERROR: Final = 2
_ALL_STATES: Final = 0xFFFFFFFF
_NO_COOKIE: Final = b"\xff" * 8
_HEADER: Final = struct.Struct("=IHHII")
_QUESTION: Final = struct.Struct("=BBBxI")
_INODE_AT: Final = _HEADER.size + 4 + 48 + 16
_ANSWER_BYTES_MAX: Final = 8192
_TABLES: Final = ("/proc/net/tcp", "/proc/net/tcp6")  # a client may use an IPv6 socket for an IPv4 address


def client_inode(*, client: Address, server: Address) -> int:
    """The inode of the client's socket of an IPv4 connection within this machine; 0 when nobody holds it any more."""
    try:
        return _ask(client, server)
    except OSError as refused:
        return 0 if refused.errno == errno.ENOENT else _search(client, server)


def holds(pids: Sequence[int], inode: int) -> bool:
    """Whether one of these processes has the socket `inode` open."""
    wanted = f"socket:[{inode}]"
    left = DESCRIPTORS_MAX
    for pid in reversed(pids):  # the youngest first: a script's `curl` rather than the script
        directory = f"/proc/{pid}/fd"
        with _as_owner(directory):
            try:
                names = os.listdir(directory)
            except OSError:
                continue
            left -= len(names)
            if left < 0:
                return False
            if any(_target(f"{directory}/{name}") == wanted for name in reversed(names)):
                return True
    return False


@contextlib.contextmanager
def _as_owner(directory: str) -> Iterator[None]:
    """For this thread's file accesses: be whom the directory belongs to.

    Root in a container often lacks CAP_SYS_PTRACE, without which another user's descriptors are not shown even to it;
    that user itself may see them. For everybody but root this changes nothing.
    """
    own = os.geteuid(), os.getegid()
    try:
        found = os.stat(directory)
    except OSError:
        found = None
    if own[0] != 0 or found is None or found.st_uid == 0:
        yield
        return
    _libc.setfsgid(found.st_gid)
    _libc.setfsuid(found.st_uid)
    try:
        yield
    finally:
        _libc.setfsuid(own[0])
        _libc.setfsgid(own[1])


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except OSError:  # closed meanwhile
        return ""


def members(group: str) -> list[int]:
    """The processes of a control group."""
    try:
        with open(f"{group}/cgroup.procs") as table:
            return [int(line) for line in table]
    except OSError:
        return []


def tree(first: int) -> list[int]:
    """A process and its descendants."""
    found, place = [first], 0
    while place < len(found):
        found += children(found[place])
        place += 1
    return found


def pid_behind(descriptor: int) -> int:
    """The process that a pidfd stands for; 0 when it has ended, or there is none."""
    try:
        with open(f"/proc/self/fdinfo/{descriptor}") as table:
            fields = dict(line.split(":", 1) for line in table)
    except OSError:
        return 0
    return max(0, int(fields.get("Pid", "0")))


def children(pid: int) -> Iterator[int]:
    """The children of a process, the oldest first."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return
    for thread in threads:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children") as table:
            yield from map(int, table.read().split())


def _ask(client: Address, server: Address) -> int:
    identity = (
        struct.pack("!HH", client[1], server[1]) + _padded(client[0]) + _padded(server[0]) + bytes(4) + _NO_COOKIE
    )
    body = _QUESTION.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, _ALL_STATES) + identity
    header = _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _REQUEST, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _NETLINK_SOCK_DIAG) as kernel:
        kernel.send(header + body)
        answer = kernel.recv(_ANSWER_BYTES_MAX)  # the kernel has answered before `send` returned
    _, kind, _, _, _ = _HEADER.unpack_from(answer)
    if kind == _ERROR:
        (number,) = struct.unpack_from("=i", answer, _HEADER.size)
        raise OSError(-number, os.strerror(-number))
    inode: int = struct.unpack_from("=I", answer, _INODE_AT)[0]
    return inode


def _padded(host: str) -> bytes:
    return socket.inet_aton(host) + bytes(12)


def _search(client: Address, server: Address) -> int:
    ends = [f"{_reversed(host)}:{port:04X}" for host, port in (client, server)]
    for table in _TABLES:
        with contextlib.suppress(OSError), open(table) as lines:
            for line in lines:
                fields = line.split()
                if fields[1].endswith(ends[0]) and fields[2].endswith(ends[1]):
                    return int(fields[9])
    return 0


def _reversed(host: str) -> str:
    """An address as the kernel prints it: its four bytes as one number of this machine."""
    (number,) = struct.unpack("=I", socket.inet_aton(host))
    return f"{number:08X}"
