"""What does the application ask of each of its parts?

A part knows how a service is built, and builds it when its first request or its first work arrives: one that nobody
uses costs neither time nor memory. So a part's module, which every start imports, imports its service inside functions.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from pileus.composition.foundation import Foundation
from pileus.kernel.auth.permissions import ResourceSource
from pileus.kernel.http.messages import Handler
from pileus.kernel.metrics.holding import Gauge
from pileus.kernel.outbox import Outbox
from pileus.kernel.routing import Router
from pileus.kernel.service import AnswerListener, Duty, NoteFailure, Service

HOUSEKEEPING_EVERY: Final = timedelta(hours=1)


class Part:
    """A service, or a few that share what they keep. What a part has none of, it leaves as it is here."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._settings = foundation.settings
        self._store = foundation.store
        self._clock = foundation.clock
        self._ids = foundation.ids
        self._metrics = foundation.metrics

    def services(self) -> Sequence[Service]:
        """What answers AWS's API."""
        raise NotImplementedError

    def resources(self) -> Mapping[str, ResourceSource]:
        """Who knows, by the service part of an action (`lambda`), what such actions are about."""
        return {}

    def route(self, router: Router) -> None:
        """Say what reaches the service otherwise than by its API."""

    def admin_paths(self) -> Mapping[str, Handler]:
        """What it answers below `/_pileus/`, by the beginning of the path."""
        return {}

    def guarded_paths(self) -> Mapping[str, Handler]:
        """The same for whoever may administer the server, by the whole path."""
        return {}

    def subscribe(self, outbox: Outbox) -> None:
        """Say who takes what was written down for later."""

    def duties(self) -> Sequence[Duty]:
        """What runs without a request. Nothing here builds the service before it has work."""
        return ()

    def gauges(self) -> Sequence[Gauge]:
        """Who tells what is held that AWS charges for by the month. They build no service that has no such thing."""
        return ()

    async def answer_waiting(self) -> None:
        """Answer those who wait for what may yet come (a long poll), now and from now on: the server stops."""

    async def hang_up(self) -> None:
        """Give up what nobody waits for any more; duties still run."""

    async def close(self) -> None:
        """Stop what was started and write what must still be written; no duty runs any more."""


def described(
    name: str,
    api: Callable[[], object],
    *,
    package: str = "",
    signing_name: str = "",
    imports: Sequence[str] = (),
    note_failure: NoteFailure | None = None,
    note_answer: AnswerListener | None = None,
) -> Service:
    """A service whose rooms are where they always are. package: of `pileus.services`, where it is not `name`.

    imports: what `api` needs of others.
    """
    home = f"pileus.services.{package or name}"
    return Service(
        name=name,
        api=api,
        shapes=f"{home}.shapes",
        modules=(f"{home}.api", *imports),
        signing_name=signing_name or name,
        permissions=f"{home}.permissions",
        note_failure=note_failure,
        note_answer=note_answer,
    )
