"""Where does Pileus get contained processes from?

`Sandbox` keeps the zygote and a few blank cells in stock. The zygote starts with the first `take`, and again if it
should die. See `zygote.py` for the chain of processes.
"""

import asyncio
import logging
import os
import socket
import subprocess
import sys
import sysconfig
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from pileus.kernel.sandbox import template
from pileus.kernel.sandbox.cell import TEMPORARY_BYTES, Cell
from pileus.kernel.sandbox.cell_groups import CellGroups
from pileus.kernel.sandbox.control_groups import ControlGroups

USER_ID: Final = 993
GROUP_ID: Final = 990
"""Who foreign code is: `sbx_user1051` and its group, as `id` shows in a real Lambda environment."""
_SPARES: Final = 2
_log: Final = logging.getLogger(__name__)
_START_S_MAX: Final = 30.0
_CLOSE_TRIES_MAX: Final = 50
_CLOSE_PAUSE_S: Final = 0.02


class SandboxFailed(Exception):
    """A cell could not be made; says why."""


class Sandbox:
    """Makes cells. Belongs to one event loop.

    preload: modules that the zygote imports, so that every cell has them. later: imported once those who waited for
    the start have got theirs, so that cells from stock have them; missing ones are ignored. hidden: directories that
    no cell may see. contain: by namespaces. confine: by Landlock, where there are no namespaces.
    """

    def __init__(
        self,
        *,
        preload: Sequence[str] = (),
        later: Sequence[str] = (),
        hidden: Sequence[Path] = (),
        contain: bool = True,
        confine: bool = True,
        spares: int = _SPARES,
    ) -> None:
        self._preload = list(preload)
        self._later = list(later)
        self._hidden = [str(path.resolve()) for path in hidden]
        self._contain = contain
        self._confine = confine
        self._spares_wanted = spares
        self._spares: deque[Cell] = deque()
        self._waiting: deque[asyncio.Future[Cell]] = deque()
        self._ordered: deque[CellGroups] = deque()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline = -1
        self._groups: ControlGroups | None = None
        self._former_groups: list[ControlGroups] = []
        self._greeted = False
        self._closed = False
        self.contained = contain
        self.confined = False
        self.reason = ""

    def prepare(self) -> None:
        """Start the zygote and lay in stock, without waiting for it: somebody will soon take."""
        if self._control is None and not self._closed:
            self._start()

    async def take(self) -> Cell:
        """A blank cell, from stock or new; raises `SandboxFailed`."""
        assert not self._closed
        self.prepare()
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

    def make_groups(self) -> CellGroups:
        """Control groups for a cell that is forked from another one (`forked_cells`)."""
        assert self._groups is not None, "there is a cell"
        return self._groups.make()

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
            self._former_groups.append(self._groups)
        for groups in self._former_groups:  # those of a launcher that was killed are left to us
            for _ in range(_CLOSE_TRIES_MAX):
                if groups.close():
                    break
                await asyncio.sleep(_CLOSE_PAUSE_S)  # a group stays busy for a moment after its last process

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._groups is not None:
            self._former_groups.append(self._groups)
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
        # As on Lambda, and never below /tmp, which is each function's own, even if the checkout lies there.
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        places = [f"/var/lang/lib{'64' * number}/{version}/site-packages" for number in range(len(packages))]
        own = [path for path in (sys.base_prefix, sys.base_exec_prefix, sys.prefix) if not path.startswith("/tmp/")]  # noqa: S108
        return {
            "user_id": USER_ID,
            "group_id": GROUP_ID,
            "contain": self._contain,
            "confine": self._confine,
            "control_groups": self._groups.parents,
            "own_path": str(root),
            "python_path": packages,
            "python_path_contained": places,
            "preload": self._preload,
            "visible": {path: path for path in own} | dict(zip(places, packages, strict=True)),
            "hidden": self._hidden,
            "temporary_bytes_max": TEMPORARY_BYTES,
        }

    def _restock(self) -> None:
        """Order what is missing."""
        assert self._groups is not None
        assert self._control is not None
        # Spares come after the greeting, hence after the later imports, which they are to have.
        spares_wanted = self._spares_wanted if self._greeted else 0
        missing = len(self._waiting) + spares_wanted - len(self._spares) - len(self._ordered)
        for _ in range(missing):
            groups = self._groups.make()
            try:
                self._control.send(
                    msgspec.json.encode({"control_groups": groups.entries, "late_groups": groups.late_entries})
                )
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
            message, descriptors, _, _ = socket.recv_fds(self._control, 65536, 8, socket.MSG_CMSG_CLOEXEC)
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
        self.contained, self.confined = greeting["contained"], greeting["confined"]
        self.reason = self.reason or greeting["reason"]
        if self.reason:
            held = "only held by Landlock" if self.confined else "only limited"
            _log.warning("functions are not isolated, %s (pileus doctor says more): %s", held, self.reason)
            exposed = [path for path in self._hidden if path.startswith(f"{template.TEMPORARY}/")]
            if exposed:
                _log.warning("functions may read %s, since it lies in /tmp", ", ".join(exposed))
        if self._later:
            self._control.send(msgspec.json.encode({"import": self._later}))
        self._restock()

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
