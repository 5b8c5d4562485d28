"""How does an environment come up: initialised, restored, or not at all?

The third layer of an `Environment`.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from pileus.kernel.ids import Ids
from pileus.services.lambda_.environments import reports
from pileus.services.lambda_.environments.api_listener import ApiListener
from pileus.services.lambda_.environments.companions import Companions
from pileus.services.lambda_.environments.ending import Ending
from pileus.services.lambda_.environments.journal import SUCCESS, TIMEOUT, Outcome
from pileus.services.lambda_.environments.lifecycle import Event, State
from pileus.services.lambda_.environments.links import RuntimeLink
from pileus.services.lambda_.environments.types import FunctionSpec, InitFailed, Invocation, InvocationResult

PROCESSOR_MB: Final = 1_769
"""Memory size with which a function has one virtual processor; others have their share. Until it is initialised it has
one at least: AWS does not let small functions wait for their own start.
Source: Lambda Developer Guide, "Configure Lambda function memory"."""
PROCESSORS_MAX: Final = 6.0
_RESTORE_FAILED: Final = Outcome(status="error", error_type="Runtime.ExitError")
"""Whatever its hooks did. Source: Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle",
failures during the restore phase."""


class Initialising(Ending):
    """From the order to the first event."""

    def attach(self, link: RuntimeLink) -> None:
        """The way to the runtime, opened before it starts."""
        self._link = self._output.link = link

    def accompany(self, api: ApiListener, *, external: Sequence[str], ids: Ids) -> None:
        """Extensions may come through this API; those of the file names `external` are started with the runtime."""
        self._companions = companions = Companions(
            self.spec, self, api=api, external=external, ids=ids, journal=self._journal, clock=self._clock
        )
        self._log.heard = companions.telemetry.line
        custom = self.spec.image is not None or self.spec.runtime.startswith("provided")
        self._log.raw_kind = "extension" if external and not custom else "function"
        self._journal.heard = companions.telemetry.platform

    def begin(self, *, restores: bool = False) -> None:
        """The order goes out; the initialisation counts from here. restores: what is in the cell had one already."""
        self._cell.limit_processors(max(1.0, _processors(self.spec)))
        self._started_s = self._clock.monotonic()
        self._restores = restores
        if restores:
            self._journal.restore_started()
        else:
            self._journal.init_started()

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

    def restore(self) -> None:
        """It was initialised for whoever might need it, and is needed now: its hooks run, then it is `ready` again."""
        assert self._link is not None
        self._follow(Event.RESTORE)
        self.ready = self._loop.create_future()
        if self._frozen:
            self._frozen = False
            self._cell.thaw()
        self._init_s = None
        self.begin(restores=True)
        self._link.restore()

    def _initialised(self) -> None:
        if self._companions is not None:
            self.shutdown = self._companions.initialised()
        took_s = self._clock.monotonic() - self._started_s
        if self._restores:
            self._restore_s = took_s
            self._journal.restore_ended(duration_s=took_s, outcome=SUCCESS)
        else:
            self._init_s = took_s
            self._journal.init_ended(duration_s=took_s, outcome=SUCCESS)
            if self._ahead:  # nobody knows when the first invocation comes, if one does
                self._output.read()
                self._log.complete_lines()
                self._log.finish()
        self._cell.limit_processors(_processors(self.spec))
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

    def extensions_settled(self) -> None:
        if self.state is State.STARTING and self._runtime_ready:
            self._initialised()
        elif self.state is State.SETTLING:
            assert self._timer is not None
            self._timer.cancel()
            self._timer = None
            self._rest()

    def initialise_no_longer(self) -> None:
        """The time for initialising is over."""
        if self.state is State.STARTING:
            self._refuse(InitFailed("Sandbox.Timedout", "Task timed out during initialisation"))

    def conclude_failed_start(self, invocation: Invocation, failure: InitFailed) -> InvocationResult:
        """The result of an invocation whose environment did not come up."""
        document = failure.document or reports.error_document(
            failure.kind, request_id=invocation.request_id, message=failure.message
        )
        duration_s = self.init_duration_s
        kind = failure.kind if failure.document is None else "Runtime.Unknown"
        outcome = TIMEOUT if kind == "Sandbox.Timedout" else Outcome(status="error", error_type=kind)
        journal, request_id = self._journal, invocation.request_id
        if self._restores:  # the invocation has not begun
            journal.restore_ended(duration_s=duration_s, outcome=outcome if outcome is TIMEOUT else _RESTORE_FAILED)
        else:
            journal.init_failed(duration_s=duration_s, outcome=outcome)
            journal.init_ended(duration_s=duration_s, outcome=outcome)
            journal.started(request_id, trace_id=invocation.trace_id)
            journal.ended(
                request_id, duration_s=duration_s, init_s=None, max_memory_bytes=self._peak(), outcome=outcome
            )
        return InvocationResult(
            payload=document,
            function_error="Unhandled",
            duration=timedelta(seconds=duration_s),
            init_duration=None,
            max_memory_bytes=self._peak(),
            log=self._log.finish(),
            log_stream=self.log_stream,
        )


def _processors(spec: FunctionSpec) -> float:
    return min(PROCESSORS_MAX, spec.memory_mb / PROCESSOR_MB)
