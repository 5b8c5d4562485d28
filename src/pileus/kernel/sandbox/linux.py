"""Which system calls does containment need that Python's `os` does not offer?

Imported by the zygote, so it uses the standard library only and imports nothing that a function would not load anyway.
"""

import ctypes
import os
import platform
import struct
from typing import Final

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000

MS_RDONLY: Final = 0x1
MS_NOSUID: Final = 0x2
MS_NODEV: Final = 0x4
MS_NOEXEC: Final = 0x8
MS_REMOUNT: Final = 0x20
MS_NOATIME: Final = 0x400
MS_NODIRATIME: Final = 0x800
MS_BIND: Final = 0x1000
MS_REC: Final = 0x4000
MS_PRIVATE: Final = 0x40000
MS_RELATIME: Final = 0x200000
MNT_DETACH: Final = 0x2

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NAME: Final = 15
_PR_SET_SECCOMP: Final = 22
_PR_CAPBSET_DROP: Final = 24
_PR_SET_CHILD_SUBREAPER: Final = 36
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
_CAPABILITY_VERSION_3: Final = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)
_ulong = ctypes.c_ulong


def _checked(result: int, what: str) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` for new ones; with NEWPID, only children enter it."""
    _checked(_libc.unshare(ctypes.c_int(flags)), f"unshare({flags:#x})")


def setns(descriptor: int, kind: int) -> None:
    """Enter the namespace behind `descriptor`; with NEWPID, only children do."""
    _checked(_libc.setns(ctypes.c_int(descriptor), ctypes.c_int(kind)), f"setns({kind:#x})")


def mount(source: str, target: str, *, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    result = _libc.mount(
        os.fsencode(source), os.fsencode(target), kind.encode() or None, _ulong(flags), options.encode() or None
    )
    _checked(result, f"mount {source} on {target}")


def bind_read_only(source: str, target: str, *, extra: int = MS_NOSUID | MS_NODEV) -> None:
    """Show `source`, with what is mounted below it, at `target`, unwritable.

    A remount must repeat the flags the mount came with, or it is refused inside a user namespace.
    """
    mount(source, target, flags=MS_BIND | MS_REC)
    for point in _mounts_at_or_below(target):
        mount("none", point, flags=MS_REMOUNT | MS_BIND | MS_RDONLY | extra | _present_flags(point))


def bind_one_read_only(source: str, target: str) -> None:
    """Show one file or folder at `target`, unwritable, without what is mounted below it."""
    mount(source, target, flags=MS_BIND)
    mount(
        "none",
        target,
        flags=MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | _present_flags(target),
    )


def _mounts_at_or_below(target: str) -> list[str]:
    prefix = target.rstrip("/") + "/"
    try:
        with open("/proc/self/mountinfo") as table:
            points = [line.split(" ", 5)[4].encode().decode("unicode_escape") for line in table]
    except OSError:
        points = []
    return [target, *(point for point in points if point.startswith(prefix))]


def _present_flags(path: str) -> int:
    present = os.statvfs(path).f_flag
    flags = present & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for theirs, ours in ((os.ST_NOATIME, MS_NOATIME), (os.ST_NODIRATIME, MS_NODIRATIME), (os.ST_RELATIME, MS_RELATIME)):
        if present & theirs:
            flags |= ours
    return flags


def unmount(target: str) -> None:
    """Detach `target` and everything below it."""
    _checked(_libc.umount2(os.fsencode(target), ctypes.c_int(MNT_DETACH)), f"umount {target}")


def pivot_root(new_root: str, old_root: str) -> None:
    """Make `new_root` the root; the former one appears at `old_root`, which lies below it."""
    _checked(_libc.pivot_root(os.fsencode(new_root), os.fsencode(old_root)), f"pivot_root {new_root}")


def _prctl(option: int, value: int = 0) -> int:
    return int(_libc.prctl(ctypes.c_int(option), _ulong(value), _ulong(0), _ulong(0), _ulong(0)))


def die_with_parent(signal_number: int) -> None:
    """Receive `signal_number` when the parent (exactly: its thread that forked us) ends. A change of user clears it."""
    _checked(_prctl(_PR_SET_PDEATHSIG, signal_number), "PR_SET_PDEATHSIG")


def adopt_orphans() -> None:
    """Become the parent of descendants whose parent ends."""
    _checked(_prctl(_PR_SET_CHILD_SUBREAPER, 1), "PR_SET_CHILD_SUBREAPER")


def set_dumpable() -> None:
    """Own our `/proc/self` again, which a change of user hands to root."""
    _checked(_prctl(_PR_SET_DUMPABLE, 1), "PR_SET_DUMPABLE")


def set_process_name(name: str) -> None:
    """What `ps -o comm` shows: at most 15 bytes."""
    buffer = ctypes.create_string_buffer(name.encode()[:15])
    _libc.prctl(ctypes.c_int(_PR_SET_NAME), buffer, _ulong(0), _ulong(0), _ulong(0))


def gain_no_privileges() -> None:
    """From here on no execve grants anything, set-user-ID or not."""
    _checked(_prctl(_PR_SET_NO_NEW_PRIVS, 1), "PR_SET_NO_NEW_PRIVS")


def drop_bounding_capabilities() -> None:
    """Empty the bounding set, as far as we are allowed to."""
    for capability in range(64):
        if _prctl(_PR_CAPBSET_DROP, capability) == -1:
            break


def drop_capabilities() -> None:
    """Give up every capability of this thread."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _checked(_libc.capset(header, bytes(24)), "capset")


def sethostname(name: str) -> None:
    """Name this UTS namespace."""
    encoded = name.encode()
    _checked(_libc.sethostname(encoded, ctypes.c_size_t(len(encoded))), "sethostname")


# seccomp: a classic BPF program over (syscall number, architecture).
_BPF_LOAD: Final = 0x20
_BPF_JUMP_EQUAL: Final = 0x15
_BPF_JUMP_AT_LEAST: Final = 0x35
_BPF_JUMP_ANY_BIT: Final = 0x45
_BPF_RETURN: Final = 0x06
_RETURN_ALLOW: Final = 0x7FFF0000
_RETURN_ERRNO: Final = 0x00050000
_EPERM: Final = 1
_ENOSYS: Final = 38
_CLONE3: Final = 435  # the same number on every architecture

# Machine: (audit architecture, number of clone, the numbers of what only an administrator or an attacker calls).
# mount umount2 pivot_root setns unshare ptrace keyctl add_key request_key bpf perf_event_open kexec_load
# kexec_file_load init_module finit_module delete_module reboot swapon swapoff userfaultfd open_by_handle_at
# process_vm_readv process_vm_writev quotactl acct settimeofday clock_settime io_uring_setup
_X86_64: Final = (
    "165 166 155 308 272 101 250 248 249 321 298 246 320 175 313 176 169 167 168 323 304 310 311 179 163 164 227 425"
)
_AARCH64: Final = (
    "40 39 41 268 97 117 219 217 218 280 241 104 294 105 273 106 142 224 225 282 265 270 271 60 89 170 112 425"
)
_FORBIDDEN: Final = {"x86_64": (0xC000003E, 56, _X86_64), "aarch64": (0xC00000B7, 220, _AARCH64)}
_MOUNT_API: Final = (428, 429, 430, 431, 432, 433, 442)  # open_tree to fspick, mount_setattr
_PIDFD_GETFD: Final = 438  # another process's descriptors


_NESTING: Final = {"x86_64": "165 166 272", "aarch64": "40 39 97"}
"""mount umount2 unshare."""
NESTED: Final = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS
"""What a cell that is forked from another leaves for."""


def forbid_system_calls(*, but_nesting: bool = False) -> bool:
    """Answer EPERM to system calls that only serve to break out; False where this machine's numbers are unknown.

    New user namespaces are refused too (they hand capabilities to anybody); clone3 answers ENOSYS because its flags
    lie in memory, which a filter cannot read, so that the C library falls back to clone. Needs `gain_no_privileges`.

    but_nesting: whether leaving for namespaces (`NESTED` and no others) and mounts in them are allowed: to processes
    that others are forked from, which forbid it to themselves when they have made their own cell.
    """
    known = _FORBIDDEN.get(platform.machine())
    if known is None:
        return False
    architecture, clone, forbidden = known
    allowed = _NESTING[platform.machine()].split() if but_nesting else []
    numbers = (*(int(number) for number in forbidden.split() if number not in allowed), *_MOUNT_API, _PIDFD_GETFD)
    program = [
        (_BPF_LOAD, 0, 0, 4),  # architecture
        (_BPF_JUMP_EQUAL, 1, 0, architecture),
        (_BPF_RETURN, 0, 0, _RETURN_ERRNO | _EPERM),
        (_BPF_LOAD, 0, 0, 0),  # number
    ]
    if architecture == 0xC000003E:  # x32's numbers would pass by all the others
        program += [(_BPF_JUMP_AT_LEAST, 0, 1, 0x40000000), (_BPF_RETURN, 0, 0, _RETURN_ERRNO | _EPERM)]
    program += [(_BPF_JUMP_EQUAL, 0, 1, _CLONE3), (_BPF_RETURN, 0, 0, _RETURN_ERRNO | _ENOSYS)]
    for number in numbers:
        program += [(_BPF_JUMP_EQUAL, 0, 1, number), (_BPF_RETURN, 0, 0, _RETURN_ERRNO | _EPERM)]
    if allowed:
        program += [
            (_BPF_JUMP_EQUAL, 0, 4, int(allowed[2])),
            (_BPF_LOAD, 0, 0, 16),
            (_BPF_JUMP_ANY_BIT, 0, 1, 0xFFFFFFFF ^ NESTED),
            (_BPF_RETURN, 0, 0, _RETURN_ERRNO | _EPERM),
            (_BPF_RETURN, 0, 0, _RETURN_ALLOW),
        ]
    program += [
        (_BPF_JUMP_EQUAL, 0, 3, clone),
        (_BPF_LOAD, 0, 0, 16),  # the low half of its first argument
        (_BPF_JUMP_ANY_BIT, 0, 1, CLONE_NEWUSER),
        (_BPF_RETURN, 0, 0, _RETURN_ERRNO | _EPERM),
        (_BPF_RETURN, 0, 0, _RETURN_ALLOW),
    ]
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    held = ctypes.create_string_buffer(code, len(code))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(held)))
    result = _libc.prctl(ctypes.c_int(_PR_SET_SECCOMP), _ulong(_SECCOMP_MODE_FILTER), header, _ulong(0), _ulong(0))
    _checked(result, "PR_SET_SECCOMP")
    return True
