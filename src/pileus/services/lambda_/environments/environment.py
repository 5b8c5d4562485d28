"""What is one execution environment, from its order to its end?

An `Environment` owns a cell, the link to the runtime in it, and its log. It handles one event at a time. Whatever its
runtime does (answers, crashes, hangs, talks nonsense), each event ends exactly once: in `_conclude`. The caller waits
on a future, but the environment does not need the caller: an invocation whose caller has gone away runs to its end.
"""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.sandbox.cell import Cell, Exit
from pileus.services.lambda_.environments import reports
from pileus.services.lambda_.environments.api_listener import ApiListener
from pileus.services.lambda_.environments.companions import SHUTDOWN, Companions
from pileus.services.lambda_.environments.freezing import IDLE_S, Freezing, patience_after
from pileus.services.lambda_.environments.journal import SUCCESS, TIMEOUT, Journal, Outcome
from pileus.services.lambda_.environments.lifecycle import NEXT_STATE, Event, State
from pileus.services.lambda_.environments.links import RuntimeLink
from pileus.services.lambda_.environments.logs import EnvironmentLog
from pileus.services.lambda_.environments.streams import StreamedAnswer
from pileus.services.lambda_.environments.types import (
    EnvironmentsClosed,
    FunctionSpec,
    Invocation,
    InvocationResult,
)
from pileus.services.lambda_.runtimes import frames

PROCESSOR_MB: Final = 1_769
"""Memory size with which a function has one virtual processor; others have their share. Until it is initialised it has
one at least: AWS does not let small functions wait for their own start.
Source: Lambda Developer Guide, "Configure Lambda function memory"."""
PROCESSORS_MAX: Final = 6.0
_OUTPUT_READ_BYTES: Final = 8 * 1024
"""In one turn of the loop: 4,096 of the shortest lines."""
_OUTPUT_LEFT_BYTES: Final = 64 * 1024
"""At the end of an invocation: what a pipe holds. A process that goes on writing is not awaited."""
_HOLD_S: Final = 0.02
_HOLDS_MAX: Final = 25
"""Output that comes faster than it can be written is left where it is, and the function waits in its write; but after
half a second it is heard again, whatever the log does: a function is slowed by its log, not stopped."""


_FAILED: Final = Outcome(status="error", error_type="Function.Unhandled", told=False)
"""The function itself has reported an error."""


class InitFailed(Exception):
    """The runtime did not come up. document: what the invoker gets; None when it must be made for the invocation."""

    def __init__(self, kind: str, message: str, document: bytes | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.document = document


class Environment:
    """One environment. `released` is called when it is idle again, `ended` when it is dead; each then knows why.

    good_until_s: when its role's credentials come too near to their end for another invocation, by the clock.
    kind: the type of its initialisation. provisioned: whether it is one of those that are kept initialised.
    """

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
        released: Callable[["Environment"], None],
        ended: Callable[["Environment"], None],
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
        self._journal = Journal(spec, log=log, clock=clock, kind=kind)
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
        self._timeout = spec.timeout
        self._started_s = 0.0
        self._init_s: float | None = None
        self._ahead = kind != "on-demand"
        self._restores = False
        self._restore_s: float | None = None
        self._peak_bytes = 0
        self._processors = min(PROCESSORS_MAX, spec.memory_mb / PROCESSOR_MB)
        self._hold: asyncio.TimerHandle | None = None
        self._output_open = True
        cell.exited = self._cell_exited
        loop.add_reader(cell.output, self._output_readable)

    def attach(self, link: RuntimeLink) -> None:
        """The way to the runtime, opened before it starts."""
        self._link = link

    def accompany(self, api: ApiListener, *, external: Sequence[str], ids: Ids) -> None:
        """Extensions may come through this API; those of the file names `external` are started with the runtime."""
        self._companions = companions = Companions(
            self.spec, self, api=api, external=external, ids=ids, journal=self._journal, clock=self._clock
        )
        self._log.heard = companions.telemetry.line
        custom = self.spec.image is not None or self.spec.runtime.startswith("provided")
        self._log.raw_kind = "extension" if external and not custom else "function"
        self._journal.heard = companions.telemetry.platform

    @property
    def cell(self) -> Cell:
        return self._cell

    # What the pool asks for.

    def invoke(self, invocation: Invocation) -> "asyncio.Future[InvocationResult]":
        """Handle one event; only an idle environment is asked."""
        self._follow(Event.INVOKE)
        if self._frozen:
            self._frozen = False
            self._cell.thaw()
            self.patience_s = patience_after(self.patience_s, frozen_s=self._loop.time() - self._frozen_at_s)
        timeout_s = self.spec.timeout.total_seconds()
        if invocation.deadline is not None:
            timeout_s = min(timeout_s, max(0.0, invocation.deadline.timestamp() - self._clock.timestamp()))
        self._invocation = invocation
        self._result = self._loop.create_future()
        self._journal.started(invocation.request_id, trace_id=invocation.trace_id)
        self._timer = self._loop.call_later(timeout_s, self._time_out, timeout_s)
        self._started_s = self._clock.monotonic()
        assert self._link is not None
        # The machine's clock: the function compares it with its own, which nobody moves.
        deadline_ms = int((time.time() + timeout_s) * 1000)
        if self._companions is not None:
            self._companions.extensions.invoke(invocation, deadline_ms=deadline_ms)
        self._link.deliver(invocation, deadline_ms=deadline_ms)
        return self._result

    def rests(self) -> None:
        """It was initialised before anybody asked for it, and may be asked from now on."""
        self.idle_since_s = self._loop.time()
        self._freezing.rests(self)
        self._released(self)

    def stop(self) -> None:
        """Kill whatever runs, for reasons of ours: whoever waits gets `EnvironmentsClosed`."""
        if self.state is State.DEAD:
            return
        result, self._result = self._result, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._read_output()
        self._log.complete_lines()
        self._log.finish()
        self._die()
        for waiting in (self.ready, result):
            if waiting is not None and not waiting.done():
                waiting.set_exception(EnvironmentsClosed())
                waiting.exception()  # whoever waited may have gone

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

    def watch_memory(self) -> bool:
        """End it when it holds more than its memory size; whether it is at work at all."""
        if self.state not in (State.STARTING, State.BUSY):
            return False
        if self._cell.alive and self._cell.overdrawn():
            if self.state is State.BUSY:
                self._fail("Runtime.OutOfMemory", reports.exited(None))
            else:
                self._refuse(InitFailed("Runtime.OutOfMemory", reports.exited(None)))
        return True

    # What the link tells.

    def became_ready(self) -> None:
        if self.state is not State.STARTING:
            self.broke_protocol()
            return
        self._runtime_ready = True
        if self._companions is None or self._companions.extensions.settled:
            self._initialised()

    def became_template(self) -> None:
        """Initialised, to be forked: it never sees an event itself."""
        self.forks = True
        self.became_ready()

    def was_restored(self) -> None:
        """It had been initialised for whoever might need it, and is needed now."""
        self._journal.restore_started()
        self._restore_s, self._init_s = 0.0, None
        self._journal.restore_ended(duration_s=0.0)

    def _initialised(self) -> None:
        if self._companions is not None:
            self.shutdown = self._companions.initialised()
        took_s = self._clock.monotonic() - self._started_s
        if self._restores:
            self._restore_s = took_s
            self._journal.restore_ended(duration_s=took_s)
        else:
            self._init_s = took_s
            self._journal.init_ended(duration_s=took_s, outcome=SUCCESS)
            if self._ahead:  # nobody knows when the first invocation comes, if one does
                self._read_output()
                self._log.complete_lines()
                self._log.finish()
        self._cell.limit_processors(self._processors)
        self._follow(Event.READY)
        self.idle_since_s = self._loop.time()
        self._freezing.rests(self)
        if not self.ready.done():
            self.ready.set_result(None)

    def could_not_initialise(self, document: bytes) -> None:
        if self.state is State.STARTING:
            self._refuse(InitFailed("Runtime.InitError", "", document))

    def was_refused(self, why: str) -> None:
        if self.state is State.STARTING:
            image = self.spec.image
            if image is not None:
                self._journal.failed(reports.launch_error_line(why, image))
            lost = why.startswith("chdir ")
            self._refuse(InitFailed("Runtime.InvalidWorkingDir" if lost else "Runtime.InvalidEntrypoint", why))

    def began_stream(self, content_type: str) -> None:
        if self._invocation is None:
            self.broke_protocol()
            return
        self._answer = StreamedAnswer(self._invocation.stream)
        self._answer.begin(content_type)

    def streamed(self, data: bytes) -> None:
        answer = self._answer
        if answer is None or self._invocation is None:
            self.broke_protocol()
        elif not answer.add(data):
            self.answered(frames.RESPONSE_TOO_LARGE, failed=True, peak_bytes=self._peak_bytes)
        elif answer.full and self._link is not None:
            self._link.pause()
            answer.when_room(self._link.resume)

    def answered(self, payload: bytes, *, failed: bool, peak_bytes: int, last: bool = False) -> None:
        if self.state is not State.BUSY:
            self.broke_protocol()
            return
        if len(payload) > frames.RESPONSE_BYTES_MAX:
            payload, failed = frames.RESPONSE_TOO_LARGE, True
        self._peak_bytes = peak_bytes
        self._conclude(payload, failed=failed, dead=last)

    def logged_line(self, text: str) -> None:
        self._log.told_line(text)
        if self._log.hasty:
            self._hold_output()

    def logged_text(self, data: bytes) -> None:
        self._log.text(data)
        if self._log.hasty:
            self._hold_output()

    def broke_protocol(self) -> None:
        """Foreign code wrote on our channel: this environment cannot be trusted to answer."""
        if self.state is State.BUSY:
            self._fail("Runtime.ExitError", reports.exited(None))
        elif self.state is State.STARTING:
            self._refuse(InitFailed("Runtime.ExitError", reports.exited(None)))
        else:
            self.stop()

    def initialise_no_longer(self) -> None:
        """The time for initialising is over."""
        if self.state is State.STARTING:
            self._refuse(InitFailed("Sandbox.Timedout", "Task timed out during initialisation"))

    def begin(self, *, restores: bool = False) -> None:
        """The order goes out; the initialisation counts from here. restores: what is in the cell had one already."""
        self._cell.limit_processors(max(1.0, self._processors))
        self._started_s = self._clock.monotonic()
        self._restores = restores
        if restores:
            self._journal.restore_started()
        else:
            self._journal.init_started()

    @property
    def init_duration_s(self) -> float:
        """How long it took to come up, or has taken so far."""
        return self._init_s if self._init_s is not None else self._clock.monotonic() - self._started_s

    def conclude_failed_start(self, invocation: Invocation, failure: InitFailed) -> InvocationResult:
        """The result of an invocation whose environment did not come up."""
        document = failure.document or reports.error_document(
            failure.kind, request_id=invocation.request_id, message=failure.message
        )
        duration_s = self.init_duration_s
        kind = failure.kind if failure.document is None else "Runtime.Unknown"
        outcome = TIMEOUT if kind == "Sandbox.Timedout" else Outcome(status="error", error_type=kind)
        journal, request_id = self._journal, invocation.request_id
        journal.init_failed(duration_s=duration_s, outcome=outcome)
        journal.init_ended(duration_s=duration_s, outcome=outcome)
        journal.started(request_id, trace_id=invocation.trace_id)
        journal.ended(request_id, duration_s=duration_s, init_s=None, max_memory_bytes=self._peak(), outcome=outcome)
        return InvocationResult(
            payload=document,
            function_error="Unhandled",
            duration=timedelta(seconds=duration_s),
            init_duration=None,
            max_memory_bytes=self._peak(),
            log=self._log.finish(),
            log_stream=self.log_stream,
        )

    def _follow(self, event: Event) -> None:
        self.state = NEXT_STATE[self.state, event]

    def _conclude(
        self,
        payload: bytes,
        *,
        failed: bool,
        outcome: Outcome | None = None,
        dead: bool = False,
        duration_s: float | None = None,
    ) -> None:
        """End the event that is under way: the one place where results are made. duration_s: None for until now."""
        invocation, result = self._invocation, self._result
        assert invocation is not None
        assert result is not None
        if duration_s is None:
            duration_s = self._clock.monotonic() - self._started_s
        if self._timer is not None:
            self._timer.cancel()
        self._invocation = self._result = self._timer = None
        if self._answer is not None:
            payload, self._answer = payload if failed else self._answer.whole(), None
        self._read_output()
        log, init_s, request_id = self._log, self._init_s, invocation.request_id
        restore_s, self._init_s, self._restore_s = self._restore_s, None, None
        log.complete_lines()
        self._journal.ended(
            request_id,
            duration_s=duration_s,
            init_s=init_s,
            restore_s=restore_s,
            max_memory_bytes=self._peak(),
            outcome=outcome or (_FAILED if failed else SUCCESS),
        )
        finished = InvocationResult(
            payload=payload,
            function_error="Unhandled" if failed else None,
            duration=timedelta(seconds=duration_s),
            init_duration=timedelta(seconds=init_s) if init_s is not None and not self._ahead else None,
            max_memory_bytes=self._peak_bytes,
            log=log.finish(),
            log_stream=self.log_stream,
        )
        if dead:
            self._die()
        elif self._companions is None or self._companions.extensions.settled:
            self._rest()
        else:
            self._follow(Event.SETTLE)
            left_s = max(0.0, self.spec.timeout.total_seconds() - duration_s)
            self._timer = self._loop.call_later(left_s, self._settle_no_longer)
        if not result.done():
            result.set_result(finished)

    def _rest(self) -> None:
        """Nothing to do until the next event."""
        self._follow(Event.DONE)
        self.idle_since_s = self._loop.time()
        self._freezing.rests(self)
        self._released(self)

    # What extensions tell.

    def extensions_settled(self) -> None:
        if self.state is State.STARTING and self._runtime_ready:
            self._initialised()
        elif self.state is State.SETTLING:
            assert self._timer is not None
            self._timer.cancel()
            self._timer = None
            self._rest()

    def extension_failed(self, kind: str, message: str) -> None:
        self._why = "FAILURE"
        if self.state is State.BUSY:
            self._fail(kind, message)
        elif self.state is State.STARTING:
            self._refuse(InitFailed(kind, message))
        else:
            self.stop()

    def _settle_no_longer(self) -> None:
        self._timer = None
        self._why = "TIMEOUT"
        self.stop()

    def _peak(self) -> int:
        if not self._peak_bytes:
            self._peak_bytes = self._cell.groups.memory_peak_bytes()
        return self._peak_bytes

    def _fail(self, kind: str, message: str) -> None:
        assert self._invocation is not None
        self._why = "FAILURE"
        request_id = self._invocation.request_id
        self._read_output()
        self._log.complete_lines()
        self._journal.failed(f"RequestId: {request_id} Error: {message}\n{kind}\n")
        self._peak_bytes = 0
        document = reports.error_document(kind, request_id=request_id, message=message)
        self._conclude(document, failed=True, outcome=Outcome(status="failure", error_type=kind), dead=True)

    def _time_out(self, timeout_s: float) -> None:
        assert self._invocation is not None
        self._why = "TIMEOUT"
        request_id = self._invocation.request_id
        timeout = timedelta(seconds=timeout_s)
        self._read_output()
        self._log.complete_lines()
        self._journal.failed(reports.timed_out_line(timeout, request_id=request_id, now=self._clock.now()))
        document = reports.error_document("Sandbox.Timedout", request_id=request_id, message=reports.timed_out(timeout))
        self._conclude(document, failed=True, outcome=TIMEOUT, dead=True, duration_s=timeout_s)

    def _refuse(self, failure: InitFailed) -> None:
        self._init_s = self.init_duration_s
        self._read_output()
        self._log.complete_lines()
        if self._ahead and not self._restores:
            self._log.finish()  # there is no invocation to end it
        self._peak()
        self._die()
        if not self.ready.done():
            self.ready.set_exception(failure)
            self.ready.exception()  # whoever waited may have gone

    def _cell_exited(self, how: Exit) -> None:
        if self.state is not State.DEAD and self._link is not None:
            self._link.drain()  # what the runtime said last may still lie in the channel
        kind = "Runtime.OutOfMemory" if self._cell.groups.ran_out_of_memory() else "Runtime.ExitError"
        message = how.failure or reports.exited(how.wait_status)
        if self.state is State.BUSY:
            self._fail(kind, message)
        elif self.state is State.STARTING:
            self._refuse(InitFailed(kind, message))
        elif self.state in (State.IDLE, State.SETTLING):
            self._die()
        elif self.shutdown.all_s:
            self._read_output()  # what it said while it ended
            self._log.complete_lines()
            self._log.finish()
        self._loop.remove_reader(self._cell.output)
        self._output_open = False
        self._cell.close()
        if self._companions is not None:
            self._companions.close()
        self.gone.set_result(None)

    def _die(self) -> None:
        self._follow(Event.STOP)
        if self._link is not None:
            self._link.close()
        if self._companions is not None:
            deadline_ms = int((time.time() + self.shutdown.all_s) * 1000)
            self._companions.shut_down(self._why, deadline_ms=deadline_ms)
        if self._cell.alive:
            self._cell.end(first_s=self.shutdown.runtime_s, all_s=self.shutdown.all_s)
        self._ended(self)

    def _read_output(self) -> None:
        """Take what has been written to the descriptors; it was written before whatever brought us here."""
        try:
            data = os.read(self._cell.output, _OUTPUT_LEFT_BYTES)
        except BlockingIOError:
            return
        if data:
            self._log.raw(data)

    def _output_readable(self) -> None:
        try:
            data = os.read(self._cell.output, _OUTPUT_READ_BYTES)
        except BlockingIOError:
            return
        if data:
            self._log.raw(data)
            if self._log.hasty:
                self._hold_output()
        else:
            self._output_open = False
            self._loop.remove_reader(self._cell.output)

    def _hold_output(self) -> None:
        """Read nothing for a while."""
        if self._hold is None:
            self._loop.remove_reader(self._cell.output)
            if self._link is not None:
                self._link.pause()
            self._hold = self._loop.call_later(_HOLD_S, self._hear_again, 1)

    def _hear_again(self, holds: int) -> None:
        self._hold = None
        if not self._log.catch_up() and holds < _HOLDS_MAX and self.state is not State.DEAD:
            self._hold = self._loop.call_later(_HOLD_S, self._hear_again, holds + 1)
            return
        if self._output_open:
            self._loop.add_reader(self._cell.output, self._output_readable)
        if self._link is not None:
            self._link.resume()
