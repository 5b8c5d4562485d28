"""What is one execution environment, from its order to its end?

An `Environment` owns a cell, the link to the runtime in it, and its log. It handles one event at a time. The caller
waits on a future, but the environment does not need the caller: an invocation whose caller has gone away runs to its
end. Four layers, each of which knows those below: `Resting`, `Ending`, `Initialising`, and here what becomes of an
event. They are one object with one `state`, and `lifecycle` says what may follow what.
"""

import asyncio
import time

from pileus.services.lambda_.environments.freezing import patience_after
from pileus.services.lambda_.environments.initialising import Initialising
from pileus.services.lambda_.environments.lifecycle import Event, State
from pileus.services.lambda_.environments.streams import StreamedAnswer
from pileus.services.lambda_.environments.types import Invocation, InvocationResult
from pileus.services.lambda_.runtimes import frames


class Environment(Initialising):
    """One environment."""

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
            self._output.hold()

    def logged_text(self, data: bytes) -> None:
        self._log.text(data)
        if self._log.hasty:
            self._output.hold()
