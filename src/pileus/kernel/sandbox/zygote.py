"""Who forks contained processes, and who ends them?

    Pileus -> launcher -> zygote -> supervisor (one per cell) -> subject (foreign code) -> whatever it starts

The launcher enters new namespaces, forks the zygote into them and then only waits: when Pileus ends, however it ends,
the launcher's lifeline closes; it kills the zygote and removes the control groups that are left. The zygote is the
first process of its own process namespace, so the kernel itself ends everything below it; if the launcher is killed,
a parent-death signal kills the zygote. A supervisor is the first process of its cell's namespace: killing it ends the
cell, whatever the subject has forked, detached or blocked. It holds the cell's status socket, on which it reports how
the subject ended; Pileus closing that socket ends the cell too, and a word on it lets the others end by themselves.

A cell is *blank* when it is handed to Pileus: contained, in its control groups, and waiting on its channel for the
`CONFIGURE` frame which makes it an environment. So cells can be made before they are needed, and a cold start pays
neither the forks, nor the mounts, nor the control groups.

This module and what it imports run in an interpreter of their own: standard library only, one thread.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
from typing import Any, Final, NoReturn

from pileus.kernel.sandbox import guarding, landlock, linux, subject, template

STATUS: Final = struct.Struct("!Bi")
"""What a supervisor reports: one byte of kind, the subject's wait status; text follows when kind is FAILED."""
ENDED: Final = 0
FAILED: Final = 1

_PID_NAMESPACE: Final = "/proc/self/ns/pid"
_MESSAGE_BYTES_MAX: Final = 65536


def main(control_fd: int, lifeline_fd: int) -> NoReturn:
    """Be the launcher. The first message on the control socket is the configuration."""
    control = socket.socket(fileno=control_fd)
    message = control.recv(_MESSAGE_BYTES_MAX)
    if not message:
        os._exit(0)
    config: dict[str, Any] = json.loads(message)
    linux.set_process_name("pileus-launcher")
    linux.adopt_orphans()
    reason = enter_namespaces(user_id=config["user_id"], group_id=config["group_id"], wanted=config["contain"])
    pid = os.fork()
    if pid == 0:
        try:
            os.close(lifeline_fd)
            _zygote(control, config, reason)
        except BaseException:  # noqa: BLE001 - a forked process must never return into its parent's code
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)
    control.close()
    guarding.guard(lifeline_fd, pid, config["control_groups"])


def enter_namespaces(*, user_id: int, group_id: int, wanted: bool) -> str:
    """Prepare for the zygote to be born into its namespaces; says why not, or '' when it will."""
    if not wanted:
        return "containment is switched off"
    outer_user, outer_group = os.geteuid(), os.getegid()
    flags = linux.CLONE_NEWPID
    if outer_user == 0:
        with contextlib.suppress(OSError):  # root of a container, which is much less: it has what users have
            linux.unshare(flags)
            return ""
    try:
        linux.unshare(flags | linux.CLONE_NEWUSER)
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{user_id} {outer_user} 1"),
            ("gid_map", f"{group_id} {outer_group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as table:
                table.write(text)
    except OSError as refused:
        return f"no namespaces: {refused}"
    return ""


def _zygote(control: socket.socket, config: dict[str, Any], reason: str) -> NoReturn:
    """Fork a blank cell for every message, until nobody listens any more."""
    linux.die_with_parent(signal.SIGKILL)
    linux.set_process_name("pileus-zygote")
    own_pids = os.open(_PID_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC) if not reason else -1
    sys.dont_write_bytecode = True
    for name in config["preload"]:
        importlib.import_module(name)
    if not reason:
        try:
            template.enter(visible=config["visible"], hidden=config["hidden"])
        except OSError as refused:
            # Half contained is no state to be in: Pileus starts another zygote, without namespaces.
            control.send(json.dumps({"failed": f"no file system view: {refused}"}).encode())
            os._exit(0)
    config["readable"] = None
    if reason and config["confine"] and landlock.version():
        config["readable"] = template.readable(visible=config["visible"], hidden=config["hidden"])
    sys.path.remove(config["own_path"])  # everything of ours is imported; functions shall not even see where it was
    sys.path.extend(config["python_path" if reason else "python_path_contained"])
    linux.adopt_orphans()
    signal.signal(signal.SIGCHLD, lambda *_: guarding.reaped(0))
    confined = config["readable"] is not None
    control.send(json.dumps({"contained": not reason, "confined": confined, "reason": reason}).encode())
    gc.collect()
    gc.freeze()
    while message := _next_order(control):
        order = json.loads(message)
        if "import" in order:
            _import_quietly(order["import"])
        else:
            _make_cell(control, order, config, own_pids, contained=not reason)
    os._exit(0)


def _next_order(control: socket.socket) -> bytes:
    try:
        return control.recv(_MESSAGE_BYTES_MAX)
    except ConnectionResetError:
        return b""


def _import_quietly(names: list[str]) -> None:
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    gc.collect()
    gc.freeze()


def _make_cell(
    control: socket.socket, order: dict[str, Any], config: dict[str, Any], own_pids: int, *, contained: bool
) -> None:
    channel, channel_far = socket.socketpair()
    status, status_far = socket.socketpair()
    output, output_far = os.pipe()
    if contained:
        linux.unshare(linux.CLONE_NEWPID)
    pid = os.fork()
    if pid == 0:
        _be_supervisor(channel_far, status_far, output_far, order, config, contained=contained)
    if contained:
        linux.setns(own_pids, linux.CLONE_NEWPID)  # or the next child would be born into this cell
    channel_far.close()
    status_far.close()
    os.close(output_far)
    descriptors = [channel.fileno(), status.fileno(), output]
    try:
        watch = os.pidfd_open(pid)
        descriptors.append(watch)
    except (OSError, AttributeError):
        watch = -1
    try:
        socket.send_fds(control, [b"{}"], descriptors)
    except OSError:
        os._exit(0)  # Pileus has gone
    channel.close()
    status.close()
    os.close(output)
    if watch != -1:
        os.close(watch)


def _be_supervisor(
    channel: socket.socket,
    status: socket.socket,
    output: int,
    order: dict[str, Any],
    config: dict[str, Any],
    *,
    contained: bool,
) -> NoReturn:
    try:
        _supervise(channel, status, output, order, config, contained=contained)
    except BaseException as failure:  # noqa: BLE001 - Pileus is told, and this process ends
        status.send(STATUS.pack(FAILED, 0) + f"{type(failure).__name__}: {failure}".encode())
    finally:
        os._exit(1)


def _supervise(
    channel: socket.socket,
    status: socket.socket,
    output: int,
    order: dict[str, Any],
    config: dict[str, Any],
    *,
    contained: bool,
) -> None:
    signal.signal(signal.SIGCHLD, lambda *_: None)
    linux.die_with_parent(signal.SIGKILL)
    linux.set_process_name("pileus-cell")
    close_all_but(channel.fileno(), status.fileno(), output)
    _join(order["control_groups"], contained=contained)
    os.setsid()
    if contained:
        subject.enter_view(temporary_bytes_max=config["temporary_bytes_max"])
    else:
        linux.adopt_orphans()
    wake, waker = guarding.wake_pipe()
    pid = os.fork()
    if pid == 0:
        os.close(wake)
        os.close(waker)
        status.close()
        _join(order["late_groups"], contained=contained)
        subject.be(
            channel,
            output,
            user_id=config["user_id"],
            group_id=config["group_id"],
            contained=contained,
            readable=config["readable"],
        )
    sys.path.clear()  # the subject may give this namespace another root
    channel.close()
    os.close(output)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    poll = select.poll()
    poll.register(wake, select.POLLIN)
    poll.register(status, select.POLLIN)
    ended, others = _wait_for(pid)
    lingers = given_up = False
    while not given_up and (ended is None or (lingers and others)):
        for descriptor, _ in poll.poll():
            if descriptor == wake:
                os.read(wake, 4096)
            elif status.recv(16):
                lingers = True  # the others may end by themselves, too
            else:
                given_up = True  # nobody is interested in this cell any more
        now_ended, others = _wait_for(pid)
        ended = now_ended if ended is None else ended
    if not contained:
        guarding.kill_descendants()
    if ended is not None:
        status.send(STATUS.pack(ENDED, ended))
    os._exit(0)  # and with the first process of a namespace all others end


def _join(entries: list[str], *, contained: bool) -> None:
    for entry in entries:
        with open(f"{template.HOST_ROOT if contained else ''}{entry}", "w") as members:
            members.write("0")


def _wait_for(subject_pid: int) -> tuple[int | None, bool]:
    """The subject's wait status if it has ended just now, and whether others are left; orphans that ended are
    collected on the way."""
    ended: int | None = None
    while True:
        try:
            pid, code = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended, False
        if pid == 0:
            return ended, True
        if pid == subject_pid:
            ended = code


def close_all_but(*kept: int) -> None:
    """Close every descriptor beyond standard error that is not named."""
    low = 3
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, 65536)
