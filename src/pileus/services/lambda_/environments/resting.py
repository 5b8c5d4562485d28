"""What does an environment consist of, and what does it do between two events?

The lowest of the four layers of an `Environment`.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from typing import Self

from pileus.kernel.clock import Clock
from pileus.kernel.sandbox.cell import Cell, Exit
from pileus.services.lambda_.environments.companions import SHUTDOWN, Companions
from pileus.services.lambda_.environments.freezing import IDLE_S, Freezing
from pileus.services.lambda_.environments.journal import Journal
from pileus.services.lambda_.environments.lifecycle import NEXT_STATE, Event, State
from pileus.services.lambda_.environments.links import RuntimeLink
from pileus.services.lambda_.environments.logs import EnvironmentLog
from pileus.services.lambda_.environments.output import Output
from pileus.services.lambda_.environments.streams import StreamedAnswer
from pileus.services.lambda_.environments.types import FunctionSpec, Invocation, InvocationResult


class Resting:
    """All that an environment has. `released` is called when it is idle again, `ended` when it is dead.

    good_until_s: when its role's credentials come too near to their end for another invocation, by the clock.
    kind: the type of its initialisation. provisioned: whether it is one of those that are kept initialised.
    """

    # Each is given the environment itself: mypy does not bind `Self` in attributes, hence the ignores at the calls.
    _released: Callable[[Self], None]
    _ended: Callable[[Self], None]

    def __init__(
        self,
        spec: FunctionSpec,
        cell: Cell,
        *,
        log: EnvironmentLog,
        log_stream: str,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        good_until_s: float,
        freezing: Freezing,
        kind: str = "on-demand",
        released: Callable[[Self], None],
        ended: Callable[[Self], None],
    ) -> None:
        self.spec = spec
        self.log_stream = log_stream
        self.good_until_s = good_until_s
        self.state = State.STARTING
        self.shutdown = SHUTDOWN
        self.provisioned = self.forks = False
        self.gone: asyncio.Future[None] = loop.create_future()
        self.ready: asyncio.Future[None] = loop.create_future()
        self.created_s = self.idle_since_s = loop.time()
        self._cell = cell
        self._log = log
        self._journal = Journal(spec, log=log, log_stream=log_stream, clock=clock, kind=kind)
        self._clock = clock
        self._loop = loop
        self._freezing = freezing
        self.patience_s = IDLE_S
        self._frozen = False
        self._frozen_at_s = 0.0
        self._released = released
        self._ended = ended
        self._link: RuntimeLink | None = None
        self._invocation: Invocation | None = None
        self._answer: StreamedAnswer | None = None
        self._companions: Companions | None = None
        self._runtime_ready = False
        self._why = "SPINDOWN"
        self._result: asyncio.Future[InvocationResult] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._started_s = 0.0
        self._init_s: float | None = None
        self._ahead = kind != "on-demand"
        self._restores = False
        self._restore_s: float | None = None
        self._peak_bytes = 0
        self._output = Output(cell, log, loop=loop)
        cell.exited = self._cell_exited

    @abstractmethod
    def _cell_exited(self, how: Exit) -> None:
        """Its last process has ended."""

    @property
    def cell(self) -> Cell:
        return self._cell

    def rests(self) -> None:
        """It was initialised before anybody asked for it, and may be asked from now on."""
        self.idle_since_s = self._loop.time()
        self._freezing.rests(self)
        self._released(self)  # type: ignore[arg-type]  # see above

    def idle_s(self, now_s: float) -> float | None:
        """For how long it has been idle; None when it is not, is frozen, or is there to be forked."""
        awake = self.state is State.IDLE and not self._frozen and not self.forks
        return now_s - self.idle_since_s if awake else None

    @property
    def asks(self) -> bool:
        """Whether its runtime waits for an event, and its extensions do."""
        settled = self._companions is None or self._companions.extensions.settled
        return settled and self._link is not None and self._link.asks

    def freeze(self) -> None:
        """Stop what goes on in the background until the next event."""
        self._frozen = True
        self._frozen_at_s = self._loop.time()
        self._cell.freeze()

    def _rest(self) -> None:
        """Nothing to do until the next event."""
        self._follow(Event.DONE)
        self.idle_since_s = self._loop.time()
        self._freezing.rests(self)
        self._released(self)  # type: ignore[arg-type]  # see above

    def _follow(self, event: Event) -> None:
        self.state = NEXT_STATE[self.state, event]
