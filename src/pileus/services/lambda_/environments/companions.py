"""What lives in an environment beside its runtime: extensions and subscribers. How long may they stay?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.services.lambda_.environments.api_listener import ApiListener
from pileus.services.lambda_.environments.extensions import ExtensionListener, Extensions
from pileus.services.lambda_.environments.journal import Journal
from pileus.services.lambda_.environments.telemetry import LogsRoute, Telemetry
from pileus.services.lambda_.environments.types import FunctionSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Shutdown:
    """How long the processes of an environment have when it ends: SIGTERM to the runtime, then SIGKILL."""

    runtime_s: float
    all_s: float


SHUTDOWN: Final = Shutdown(runtime_s=0.0, all_s=0.0)
SHUTDOWN_INTERNAL: Final = Shutdown(runtime_s=0.5, all_s=0.5)
SHUTDOWN_EXTERNAL: Final = Shutdown(runtime_s=0.3, all_s=2.0)
SHUTDOWN_BOTH: Final = Shutdown(runtime_s=0.5, all_s=2.0)
"""Without extensions, with internal, external, or both. Source: Lambda Developer Guide, "Understanding the Lambda
execution environment lifecycle", Shutdown phase; of the runtime's part aws-samples, "Graceful shutdown with Lambda"."""


class Companions:
    """The extensions of one environment, its telemetry, and the API that both come through."""

    def __init__(
        self,
        spec: FunctionSpec,
        listener: ExtensionListener,
        *,
        api: ApiListener,
        external: Sequence[str],
        ids: Ids,
        journal: Journal,
        clock: Clock,
    ) -> None:
        self._api = api
        self.extensions = Extensions(spec, listener, external=external, ids=ids, journal=journal)
        self.telemetry = Telemetry(self.extensions, journal=journal, clock=clock)
        for part in (self.extensions, self.telemetry, LogsRoute(self.telemetry)):
            api.add(part)

    def initialised(self) -> Shutdown:
        """The initialisation is over: nobody joins any more. Gives how long those who are there may take to end."""
        self.extensions.close_registration()
        match self.extensions.kinds:
            case False, False:
                return SHUTDOWN
            case True, False:
                return SHUTDOWN_INTERNAL
            case False, True:
                return SHUTDOWN_EXTERNAL
        return SHUTDOWN_BOTH

    def shut_down(self, reason: str, *, deadline_ms: int) -> None:
        """The environment ends: `SPINDOWN`, `TIMEOUT` or `FAILURE`."""
        self.extensions.shut_down(reason, deadline_ms=deadline_ms)
        self.telemetry.flush()

    def close(self) -> None:
        """Nothing of it is alive any more."""
        self.telemetry.close()
        self._api.close()
