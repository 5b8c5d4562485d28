"""How does a blank process become an environment, and lose everything it does not need for that?"""

import atexit
import contextlib
import importlib
import json
import os
import resource
import signal
import site
import socket
import sys
import time
import traceback
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from pileus.kernel.sandbox import landlock, layers, linux, roots, template, wire

OPEN_FILES_MAX: Final = 1_024
"""Source: Lambda Developer Guide, "Lambda quotas", file descriptors."""
LAYERS_ROOT: Final = "/opt"
"""Where layers are seen. Source: Lambda Developer Guide, "Managing Lambda dependencies with layers"."""
_YIELDING: Final = 5
"""How nice a cell is whose share of the processors nobody holds: Pileus itself goes first."""
_PRIVATE: Final = linux.CLONE_NEWNS | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS


def enter_view(*, temporary_bytes_max: int) -> None:
    """Leave the zygote's mounts for a private copy with its own `/proc` and `/tmp`."""
    linux.unshare(_PRIVATE)
    # A container that masks parts of /proc forbids a fresh one; without any, functions see less but none sees others.
    quiet = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    with contextlib.suppress(PermissionError):
        linux.mount("proc", "/proc", kind="proc", flags=quiet)
    options = f"mode=1777,size={temporary_bytes_max}"
    linux.mount("tmp", "/tmp", kind="tmpfs", flags=linux.MS_NOSUID | linux.MS_NODEV, options=options)  # noqa: S108


def be(
    channel: socket.socket,
    output: int,
    *,
    user_id: int,
    group_id: int,
    contained: bool,
    readable: Sequence[str] | None = None,
) -> NoReturn:
    """Wait for the order, carry it out, and end with its exit code.

    readable: what may be opened besides what is ordered, by Landlock; None where nothing holds us to it.
    """
    linux.die_with_parent(signal.SIGKILL)
    try:
        received = wire.receive(channel)
    except KeyboardInterrupt:
        received = None
    if received is None:
        os._exit(0)
    try:
        order: dict[str, Any] = json.loads(received[1])
        _become(order, output, user_id=user_id, group_id=group_id, contained=contained)
        if readable is not None:
            ordered = [*(source for source, _ in order["mounts"]), *order["layers"], *order["readable"]]
            landlock.restrict(readable=[*readable, *ordered], writable=template.writable())
        _start_beside(order["beside"], order["environment"])
        if order["execute"]:
            _hand_over(channel, order["channel_at"])
            _execute(_found(order["execute"], order["environment"]), order["environment"])
        entry = _entry(order["call"])
    except Exception as failure:  # noqa: BLE001 - whatever it is, Pileus is told and this process ends
        why = str(failure) if isinstance(failure, _CannotExecute) else f"{type(failure).__name__}: {failure}"
        channel.sendall(wire.frame(wire.REFUSED, why.encode()))
        os._exit(127)
    os._exit(_run(entry, channel, order["argument"]))


class _CannotExecute(Exception):
    """The program is none; worded as a Go program would, since Lambda's supervisor is one."""


def _start_beside(programs: Sequence[str], environment: dict[str, str]) -> None:
    """Start programs that are nobody's children here: the supervisor inherits them."""
    for program in programs:
        middle = os.fork()
        if middle == 0:
            if os.fork() == 0:
                signal.signal(signal.SIGPIPE, signal.SIG_DFL)
                os.setsid()
                os.chdir("/")
                try:
                    _execute([program], environment)
                except _CannotExecute as refused:
                    os.write(2, f"{refused}\n".encode())
            os._exit(127)
        os.waitpid(middle, 0)


def _hand_over(channel: socket.socket, descriptor: int) -> None:
    """Let the program that comes next find the channel at `descriptor`, unless that is -1."""
    if descriptor == channel.fileno():
        os.set_inheritable(descriptor, True)
    elif descriptor != -1:
        os.dup2(channel.fileno(), descriptor)


def _found(arguments: list[str], environment: dict[str, str]) -> list[str]:
    """With the program's path where only its name is given."""
    name = arguments[0]
    if "/" in name:
        return arguments
    for folder in environment.get("PATH", "").split(":"):
        path = os.path.join(folder, name)
        if folder and os.path.isfile(path) and os.access(path, os.X_OK):
            return [path, *arguments[1:]]
    raise _CannotExecute(f'exec: "{name}": executable file not found in $PATH')


def _execute(arguments: list[str], environment: dict[str, str]) -> NoReturn:
    try:
        os.execve(arguments[0], arguments, environment)  # noqa: S606 - no shell is the point
    except OSError as refused:
        raise _CannotExecute(f"fork/exec {arguments[0]}: {(refused.strerror or '').lower()}") from None


def _become(order: dict[str, Any], output: int, *, user_id: int, group_id: int, contained: bool) -> None:
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(null)
    os.close(output)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL if order["execute"] else signal.SIG_IGN)
    os.setsid()
    if contained:
        _size_temporary(order["temporary_bytes_max"])
        linux.sethostname(order["hostname"])
        if order["root"]:
            sys.path.clear()
            roots.enter(template.HOST_ROOT + order["root"])
        else:
            for source, target in order["mounts"]:
                linux.bind_read_only(template.HOST_ROOT + source, target)
            layers.show([template.HOST_ROOT + folder for folder in order["layers"]], LAYERS_ROOT)
            linux.unmount(template.HOST_ROOT)
    elif order["root"]:
        raise _CannotExecute("a root of its own needs namespaces")
    else:
        # The best that is to be had for a /tmp which is the machine's: no file of it is larger than ordered.
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["temporary_bytes_max"], order["temporary_bytes_max"]))
    if not order["processors_held"]:
        os.nice(_YIELDING)
    _limit(order["data_bytes_max"])
    _drop_privileges(user_id=user_id, group_id=group_id, contained=contained, nests=order["nests"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    os.umask(0o022)
    try:
        os.chdir(order["directory"])
    except OSError as refused:
        raise _CannotExecute(f"chdir {order['directory']}: {(refused.strerror or '').lower()}") from None


def _size_temporary(size_bytes: int) -> None:
    """Give `/tmp` its ordered size; it is mounted already, with the default one."""
    flags = linux.MS_REMOUNT | linux.MS_NOSUID | linux.MS_NODEV
    linux.mount("tmp", "/tmp", kind="tmpfs", flags=flags, options=f"mode=1777,size={size_bytes}")  # noqa: S108


def _limit(data_bytes_max: int | None) -> None:
    """Resource limits; the memory one only where no control group holds it.

    RLIMIT_DATA rather than RLIMIT_AS, which breaks every runtime that reserves address space (Node, Java).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = OPEN_FILES_MAX if hard == resource.RLIM_INFINITY else min(OPEN_FILES_MAX, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    if data_bytes_max is not None:
        present = _present_data_bytes()
        resource.setrlimit(resource.RLIMIT_DATA, (present + data_bytes_max, present + data_bytes_max))


def _present_data_bytes() -> int:
    """What this process holds already, which it shares with the zygote."""
    try:
        with open("/proc/self/statm") as table:
            return int(table.read().split()[5]) * resource.getpagesize()
    except OSError:
        return 32 << 20


def _drop_privileges(*, user_id: int, group_id: int, contained: bool, nests: bool) -> None:
    linux.drop_bounding_capabilities()
    if os.geteuid() == 0 and contained:
        os.setgroups([])
        os.setresgid(group_id, group_id, group_id)
        os.setresuid(user_id, user_id, user_id)
        linux.set_dumpable()
        linux.die_with_parent(signal.SIGKILL)  # the change of user has cleared it
    linux.drop_capabilities()
    linux.gain_no_privileges()
    linux.forbid_system_calls(but_nesting=nests and contained)


def _entry(name: str) -> Any:
    """The function `module:attribute`, after which nothing of Pileus can be imported."""
    module, _, attribute = name.partition(":")
    entry = getattr(importlib.import_module(module), attribute)
    for loaded in [name for name in sys.modules if name == "pileus" or name.startswith("pileus.")]:
        del sys.modules[loaded]
    site.setquit()
    site.sethelper()
    return entry


def _run(entry: Any, channel: socket.socket, argument: Any) -> int:
    code = 1
    try:
        entry(channel, argument)
        code = 0
    except SystemExit as leaving:
        if leaving.code is None or isinstance(leaving.code, int):
            code = (leaving.code or 0) & 0xFF
        else:
            print(leaving.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001 - as the interpreter does with what nobody caught
        traceback.print_exc()
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    return code
