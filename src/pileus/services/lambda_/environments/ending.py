"""How does an event end, and how an environment?

The second layer of an `Environment`. Whatever its runtime does (answers, crashes, hangs, talks nonsense), each event
ends exactly once: in `_conclude`.
"""

import time
from datetime import timedelta
from typing import Final

from pileus.kernel.sandbox.cell import Exit
from pileus.services.lambda_.environments import reports
from pileus.services.lambda_.environments.journal import SUCCESS, TIMEOUT, Outcome
from pileus.services.lambda_.environments.lifecycle import Event, State
from pileus.services.lambda_.environments.resting import Resting
from pileus.services.lambda_.environments.types import EnvironmentsClosed, InitFailed, InvocationResult

_FAILED: Final = Outcome(status="error", error_type="Function.Unhandled", told=False)
"""The function itself has reported an error."""


class Ending(Resting):
    """All ends of events and of the environment."""

    def stop(self) -> None:
        """Kill whatever runs, for reasons of ours: whoever waits gets `EnvironmentsClosed`."""
        if self.state is State.DEAD:
            return
        result, self._result = self._result, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._output.read()
        self._log.complete_lines()
        self._log.finish()
        self._die()
        for waiting in (self.ready, result):
            if waiting is not None and not waiting.done():
                waiting.set_exception(EnvironmentsClosed())
                waiting.exception()  # whoever waited may have gone

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

    def broke_protocol(self) -> None:
        """Foreign code wrote on our channel: this environment cannot be trusted to answer."""
        if self.state is State.BUSY:
            self._fail("Runtime.ExitError", reports.exited(None))
        elif self.state is State.STARTING:
            self._refuse(InitFailed("Runtime.ExitError", reports.exited(None)))
        else:
            self.stop()

    def extension_failed(self, kind: str, message: str) -> None:
        self._why = "FAILURE"
        if self.state is State.BUSY:
            self._fail(kind, message)
        elif self.state is State.STARTING:
            self._refuse(InitFailed(kind, message))
        else:
            self.stop()

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
        streamed = self._answer is not None
        if self._answer is not None:
            payload, self._answer = payload if failed else self._answer.whole(), None
        self._output.read()
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
            produced_bytes=0 if outcome is TIMEOUT else len(payload),
            streamed=streamed,
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
        self._output.read()
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
        self._output.read()
        self._log.complete_lines()
        self._journal.failed(reports.timed_out_line(timeout, request_id=request_id, now=self._clock.now()))
        document = reports.error_document("Sandbox.Timedout", request_id=request_id, message=reports.timed_out(timeout))
        self._conclude(document, failed=True, outcome=TIMEOUT, dead=True, duration_s=timeout_s)

    def _refuse(self, failure: InitFailed) -> None:
        self._init_s = self.init_duration_s
        self._output.read()
        self._log.complete_lines()
        if self._ahead and not self._restores:
            self._log.finish()  # there is no invocation to end it
        self._peak()
        self._die()
        if not self.ready.done():
            self.ready.set_exception(failure)
            self.ready.exception()  # whoever waited may have gone

    @property
    def init_duration_s(self) -> float:
        """How long it took to come up, or has taken so far."""
        return self._init_s if self._init_s is not None else self._clock.monotonic() - self._started_s

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
            self._output.read()  # what it said while it ended
            self._log.complete_lines()
            self._log.finish()
        self._output.close()
        self._cell.close()
        if self._companions is not None:
            self._companions.close()
        self.gone.set_result(None)

    def _die(self) -> None:
        self._follow(Event.STOP)
        self._output.dead = True
        if self._link is not None:
            self._link.close()
        if self._companions is not None:
            deadline_ms = int((time.time() + self.shutdown.all_s) * 1000)
            self._companions.shut_down(self._why, deadline_ms=deadline_ms)
        if self._cell.alive:
            self._cell.end(first_s=self.shutdown.runtime_s, all_s=self.shutdown.all_s)
        self._ended(self)  # type: ignore[arg-type]  # see `Resting`
