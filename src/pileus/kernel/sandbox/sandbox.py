"""Where does Pileus get contained processes from?

`Sandbox` keeps the zygote and a few blank cells in stock; `Cell` is one contained process tree as Pileus holds it.
The zygote starts with the first `take`, and again if it should die. See `zygote.py` for the chain of processes.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import sysconfig
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from pileus.kernel.sandbox import wire
from pileus.kernel.sandbox.control_groups import CellGroups, ControlGroups
from pileus.kernel.sandbox.zygote import ENDED, STATUS

USER_ID: Final = 993
GROUP_ID: Final = 990
"""Who foreign code is: `sbx_user1051` and its group, as `id` shows in a real Lambda environment."""
TEMPORARY_BYTES: Final = 512 * 1024 * 1024
"""Size of /tmp. Source: API_EphemeralStorage, the default."""
_SPARES: Final = 2
_START_S_MAX: Final = 30.0
_REMOVE_TRIES_MAX: Final = 50


class SandboxFailed(Exception):
    """A cell could not be made; says why."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a blank cell is to become.

    mounts: (source, target) directories to show read-only, the targets among those the view leaves empty.
    call: `module:function` of a preloaded module, called with the channel and `argument`; or execute: an argv.
    data_bytes_max: memory limit by RLIMIT_DATA, for cells without a control group.
    """

    mounts: Sequence[tuple[str, str]] = ()
    environment: dict[str, str]
    directory: str
    hostname: str = "localhost"
    call: str = ""
    argument: object = None
    execute: Sequence[str] = ()
    data_bytes_max: int | None = None


class Exit(msgspec.Struct, frozen=True):
    """How a cell ended: `wait_status` of its first foreign process, None when we killed it; `failure` is ours."""

    wait_status: int | None
    failure: str = ""


class Cell:
    """One contained process tree. The owner sets `exited`, which is called once, when nothing of it is alive.

    channel: non-blocking stream to the subject. output: non-blocking pipe with its standard output and error.
    """

    def __init__(
        self, *, loop: asyncio.AbstractEventLoop, descriptors: list[int], groups: CellGroups, contained: bool
    ) -> None:
        self._loop = loop
        self.channel = socket.socket(fileno=descriptors[0])
        self.channel.setblocking(False)
        self._status = socket.socket(fileno=descriptors[1])
        self._status.setblocking(False)
        self.output = descriptors[2]
        os.set_blocking(self.output, False)
        self._watch = descriptors[3] if len(descriptors) > 3 else -1
        self.groups = groups
        self.contained = contained
        self.exited: Callable[[Exit], None] | None = None
        self.exit: Exit | None = None
        self._report = b""
        self._closed = False
        loop.add_reader(self._status.fileno(), self._status_readable)

    @property
    def alive(self) -> bool:
        return self.exit is None

    def configure(self, order: Order, *, memory_bytes: int) -> None:
        """Tell the blank process what to become, and limit it."""
        if self.groups.limits_memory:
            self.groups.limit_memory(memory_bytes)
        else:
            order = msgspec.structs.replace(order, data_bytes_max=memory_bytes)
        body = wire.frame(wire.CONFIGURE, msgspec.json.encode(order))
        self.channel.setblocking(True)
        try:
            # An order is a few KiB (Lambda's variables: 4 KiB at most), far below what the socket holds.
            self.channel.sendall(body)
        except OSError:
            self.kill()
        finally:
            self.channel.setblocking(False)

    def refusal(self) -> str | None:
        """Why the blank process could not become what it was ordered to; for owners who do not read the channel."""
        try:
            received = self.channel.recv(4096)
        except OSError:
            return None
        if len(received) < wire.HEADER.size or received[wire.LENGTH_BYTES] != wire.REFUSED:
            return None
        return received[wire.HEADER.size :].decode(errors="replace")

    def kill(self) -> None:
        """End every process of the cell, at once; `exited` follows."""
        if self._watch != -1 and self.contained:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._watch, signal.SIGKILL)
        else:
            self._status.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Give up the cell's descriptors, killing it if need be; its control groups go when it is empty."""
        if self._closed:
            return
        self._closed = True
        if self.exit is None:
            with contextlib.suppress(OSError):
                self.kill()
        self.exited = None
        self.channel.close()
        os.close(self.output)
        if self.exit is not None:
            self._let_go(0)

    def _status_readable(self) -> None:
        try:
            received = self._status.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if received:
            self._report += received
            return
        self._loop.remove_reader(self._status.fileno())
        self._status.close()
        self.exit = self._read_report()
        if self.exited is not None:
            self.exited(self.exit)
        if self._closed:
            self._let_go(0)

    def _read_report(self) -> Exit:
        if len(self._report) < STATUS.size:
            return Exit(None)
        kind, code = STATUS.unpack_from(self._report)
        if kind == ENDED:
            return Exit(code)
        return Exit(None, self._report[STATUS.size :].decode(errors="replace"))

    def _let_go(self, tries: int) -> None:
        if self._watch != -1:
            os.close(self._watch)
            self._watch = -1
        # The supervisor's death is reported a moment before its namespace is empty.
        if not self.groups.remove() and tries < _REMOVE_TRIES_MAX and not self._loop.is_closed():
            self._loop.call_later(0.02, self._let_go, tries + 1)


class Sandbox:
    """Makes cells. Belongs to one event loop.

    preload: modules that the zygote imports, so that every cell has them. later: imported when the first cells are
    made, missing ones ignored. hidden: directories that no cell may see.
    """

    def __init__(
        self,
        *,
        preload: Sequence[str] = (),
        later: Sequence[str] = (),
        hidden: Sequence[Path] = (),
        contain: bool = True,
        spares: int = _SPARES,
    ) -> None:
        self._preload = list(preload)
        self._later = list(later)
        self._hidden = [str(path.resolve()) for path in hidden]
        self._contain = contain
        self._spares_wanted = spares
        self._spares: deque[Cell] = deque()
        self._waiting: deque[asyncio.Future[Cell]] = deque()
        self._ordered: deque[CellGroups] = deque()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline = -1
        self._groups: ControlGroups | None = None
        self._greeted = False
        self._closed = False
        self.contained = contain
        self.reason = ""

    async def take(self) -> Cell:
        """A blank cell, from stock or new; raises `SandboxFailed`."""
        assert not self._closed
        if self._control is None:
            self._start()
        while self._spares:
            cell = self._spares.popleft()
            if cell.alive:
                self._restock()
                return cell
            cell.close()
        waiting: asyncio.Future[Cell] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        self._restock()
        timer = asyncio.get_running_loop().call_later(_START_S_MAX, _give_up, waiting)
        try:
            return await waiting
        finally:
            timer.cancel()

    async def close(self) -> None:
        """End every cell and the zygote; returns when none of our processes is left."""
        self._closed = True
        for cell in self._spares:
            cell.close()
        self._spares.clear()
        process = self._process
        self._lost()
        if process is not None:
            await asyncio.get_running_loop().run_in_executor(None, process.wait)
        if self._groups is not None:
            self._groups.close()

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._groups is None:
            self._groups = ControlGroups()
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        lifeline_far, self._lifeline = os.pipe()
        root = Path(__file__).parents[3]
        program = (
            f"import sys; sys.path.insert(0, {str(root)!r}); "
            f"from pileus.kernel.sandbox.zygote import main; main({far.fileno()}, {lifeline_far})"
        )
        # A session of its own: Ctrl-C at the terminal is Pileus's to handle, and Pileus ends its cells in order.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(far.fileno(), lifeline_far),
            env={"LANG": "en_US.UTF-8", "PYTHONUTF8": "1", "PATH": "/usr/local/bin:/usr/bin:/bin"},
            start_new_session=True,
        )
        far.close()
        os.close(lifeline_far)
        near.setblocking(False)
        self._control = near
        self._greeted = False
        near.send(msgspec.json.encode(self._configuration(root)))
        loop.add_reader(near.fileno(), self._readable)

    def _configuration(self, root: Path) -> dict[str, object]:
        assert self._groups is not None
        packages = list(dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))))
        return {
            "user_id": USER_ID,
            "group_id": GROUP_ID,
            "contain": self._contain,
            "control_groups": self._groups.parents,
            "python_path": packages,
            "preload": self._preload,
            "visible": list(dict.fromkeys((sys.base_prefix, sys.base_exec_prefix, sys.prefix, *packages))),
            "hidden": self._hidden,
            "temporary_bytes_max": TEMPORARY_BYTES,
        }

    def _restock(self) -> None:
        """Order what is missing."""
        assert self._groups is not None
        assert self._control is not None
        missing = len(self._waiting) + self._spares_wanted - len(self._spares) - len(self._ordered)
        for _ in range(missing):
            groups = self._groups.make()
            try:
                self._control.send(msgspec.json.encode({"control_groups": groups.paths}))
            except BlockingIOError:
                groups.remove()
                return  # the zygote has plenty to do; each cell it delivers brings us back here
            except OSError:
                groups.remove()
                self._lost()
                return
            self._ordered.append(groups)

    def _readable(self) -> None:
        assert self._control is not None
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, 65536, 8)
        except BlockingIOError:
            return
        except OSError:
            message, descriptors = b"", []
        if not message:
            self._lost()
            return
        if not self._greeted:
            self._greeted = True
            self._welcome(msgspec.json.decode(message))
            return
        cell = Cell(
            loop=asyncio.get_running_loop(),
            descriptors=descriptors,
            groups=self._ordered.popleft(),
            contained=self.contained,
        )
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(cell)
                break
        else:
            self._spares.append(cell)
        self._restock()

    def _welcome(self, greeting: dict[str, Any]) -> None:
        assert self._control is not None
        if "failed" in greeting:
            waiting, self._waiting = self._waiting, deque()
            self._lost()
            self._contain, self._waiting = False, waiting
            self.reason = greeting["failed"]
            self._start()
            self._restock()
            return
        self.contained = greeting["contained"]
        self.reason = self.reason or greeting["reason"]
        if self._later:
            self._control.send(msgspec.json.encode({"import": self._later}))

    def _lost(self) -> None:
        """The zygote is gone, or is to go: its cells end with it, and the next `take` starts another."""
        if self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control.fileno())
            self._control.close()
            self._control = None
        if self._lifeline != -1:
            os.close(self._lifeline)
            self._lifeline = -1
        if self._process is not None and not self._closed:
            self._process.poll()
        self._process = None
        for groups in self._ordered:
            groups.remove()
        self._ordered.clear()
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_exception(SandboxFailed("the process that forks execution environments has ended"))


def _give_up(waiting: asyncio.Future[Cell]) -> None:
    if not waiting.done():
        waiting.set_exception(SandboxFailed(f"no execution environment within {_START_S_MAX:g} s"))
