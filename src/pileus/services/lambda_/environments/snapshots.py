"""How are environments restored from one that was initialised?

SnapStart. A published version is initialised once, in a template that is never asked anything; each of its environments
is forked from that (`kernel.sandbox.restoring`), Python's where namespaces are available. Everything else cannot be
forked: there the next environment is initialised ahead, and *restored* means that it is put to use.

A template, or what was initialised ahead, is made again after six hours, since it knows credentials that end. Those
that were forked from a template live as long as it does, so it goes when the last of them has gone.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from pileus.kernel.sandbox.cell import Cell
from pileus.kernel.sandbox.cell_groups import CellGroups
from pileus.kernel.sandbox.forked_cells import ForkedCells
from pileus.kernel.sandbox.sandbox import SandboxFailed
from pileus.services.lambda_.environments import reports
from pileus.services.lambda_.environments.environment import Environment
from pileus.services.lambda_.environments.fleets import Fleet
from pileus.services.lambda_.environments.lifecycle import State
from pileus.services.lambda_.environments.types import EnvironmentsClosed, InitFailed

INITIALIZATION_TYPE: Final = "snap-start"
FORK: Final = "fork"
AHEAD: Final = "ahead"
"""An environment is initialised before anybody needs it, and is then restored in place: hooks run, as after a fork."""
AFTER_RESTORE_S_MAX: Final = 10.0
"""Source: Lambda Developer Guide, "Improving startup performance with Lambda SnapStart", runtime hooks."""
TEMPLATE_AGE_S_MAX: Final = 6 * 3600.0
_MIB: Final = 1024 * 1024
_log: Final = logging.getLogger(__name__)


class Starter(Protocol):
    """The pool, as it is seen from here."""

    async def initialise(self, fleet: Fleet, *, kind: str, snapshot: str) -> Environment:
        """An environment that waits for its first event; InitFailed."""
        ...

    async def revive(self, fleet: Fleet, cell: Cell, template: Environment) -> Environment:
        """The environment in a cell that was forked from `template`; it is not ready yet."""
        ...


class Snapshot:
    """What environments of one fleet are restored from. cells: where they are forked."""

    def __init__(self, template: Environment, cells: ForkedCells | None) -> None:
        self.template = template
        self.cells = cells
        self.ahead: list[Environment] = [] if cells is not None else [template]

    def alive(self) -> bool:
        return self.cells is None or (self.template.state is State.IDLE and _young(self.template))


def _young(environment: Environment) -> bool:
    """What it has initialised still knows credentials that count."""
    return asyncio.get_running_loop().time() - environment.created_s < TEMPLATE_AGE_S_MAX


class Snapshots:
    """Takes them and restores from them. groups: makes control groups for a cell."""

    def __init__(self, starter: Starter, *, groups: Callable[[], CellGroups]) -> None:
        self._starter = starter
        self._groups = groups
        self._taking: dict[Fleet, asyncio.Task[Snapshot]] = {}
        self._former: dict[Fleet, list[Snapshot]] = {}
        self._unforkable: set[Fleet] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def taken(self, fleet: Fleet) -> Snapshot:
        """The fleet's snapshot, which is taken if there is none; InitFailed."""
        task = self._taking.get(fleet)
        if task is not None and task.done() and not self._good(task):
            self._set_aside(fleet)
            task = None
        if task is None:
            task = self._taking[fleet] = asyncio.get_running_loop().create_task(self._take(fleet))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

    async def restored(self, fleet: Fleet, *, again: bool = False) -> Environment:
        """An environment that may be `STARTING`; InitFailed where there can be no snapshot. again: once is no rule."""
        snapshot = await self.taken(fleet)
        if snapshot.cells is not None:
            try:
                cell = await snapshot.cells.take()
            except SandboxFailed as failure:
                _log.warning("environments of %s are not forked: %s", fleet.spec.function_arn, failure)
                if again or snapshot.template.state is State.IDLE:  # it has not just ended by itself
                    self._unforkable.add(fleet)
                self._set_aside(fleet)
                return await self.restored(fleet, again=True)
            return await self._starter.revive(fleet, cell, snapshot.template)
        while snapshot.ahead:
            environment = snapshot.ahead.pop()
            if environment.state is State.IDLE and _young(environment):
                break
            environment.stop()
        else:
            environment = await self._starter.initialise(fleet, kind=INITIALIZATION_TYPE, snapshot=AHEAD)
            if environment.state is not State.IDLE:  # it has ended since
                raise InitFailed("Runtime.ExitError", reports.exited(None))
        self._fill_ahead(fleet, snapshot)
        environment.restore()
        return environment

    def left(self, fleet: Fleet) -> None:
        """An environment has ended, or the fleet has been retired."""
        kept = self._kept(fleet)
        templates = {snapshot.template for snapshot in kept if snapshot.cells is not None}
        if fleet.retired:
            for snapshot in kept:
                if snapshot.cells is not None:
                    snapshot.cells.close()
                for environment in snapshot.ahead:
                    environment.stop()
            if not fleet.environments - templates:
                self._forget(fleet)
                for template in templates:
                    template.stop()

    def close(self) -> None:
        for task in (*self._tasks, *self._taking.values()):
            task.cancel()
        for fleet in {*self._taking, *self._former}:
            for snapshot in self._kept(fleet):
                if snapshot.cells is not None:
                    snapshot.cells.close()

    async def _take(self, fleet: Fleet) -> Snapshot:
        mode = AHEAD if fleet in self._unforkable else FORK
        template = await self._starter.initialise(fleet, kind=INITIALIZATION_TYPE, snapshot=mode)
        if not template.forks:
            return Snapshot(template, None)
        cells = ForkedCells(
            template.cell,
            groups=self._groups,
            temporary_bytes_max=fleet.spec.ephemeral_storage_mb * _MIB,
        )
        cells.restock()
        return Snapshot(template, cells)

    def _good(self, task: "asyncio.Task[Snapshot]") -> bool:
        if task.cancelled() or task.exception() is not None:
            return False
        return task.result().alive()

    def _set_aside(self, fleet: Fleet) -> None:
        """Restore nothing from it any more, but let those live that were."""
        task = self._taking.pop(fleet, None)
        if task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return
        snapshot = task.result()
        if snapshot.cells is not None:
            snapshot.cells.close()
            self._former.setdefault(fleet, []).append(snapshot)
            asyncio.get_running_loop().call_later(TEMPLATE_AGE_S_MAX, snapshot.template.stop)

    def _kept(self, fleet: Fleet) -> list[Snapshot]:
        task = self._taking.get(fleet)
        there = task is not None and task.done() and not task.cancelled() and task.exception() is None
        return [*self._former.get(fleet, ()), *([task.result()] if there and task is not None else ())]

    def _forget(self, fleet: Fleet) -> None:
        self._taking.pop(fleet, None)
        self._former.pop(fleet, None)
        self._unforkable.discard(fleet)

    def _fill_ahead(self, fleet: Fleet, snapshot: Snapshot) -> None:
        task = asyncio.get_running_loop().create_task(self._add_ahead(fleet, snapshot))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _add_ahead(self, fleet: Fleet, snapshot: Snapshot) -> None:
        try:
            environment = await self._starter.initialise(fleet, kind=INITIALIZATION_TYPE, snapshot=AHEAD)
        except (InitFailed, EnvironmentsClosed, SandboxFailed):
            return  # whoever needs one hears of it
        if fleet.retired:
            environment.stop()
        else:
            snapshot.ahead.append(environment)
