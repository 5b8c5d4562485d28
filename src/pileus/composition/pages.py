"""What does Pileus tell of itself beside its health? Pages that are loaded when somebody first asks for them."""

from collections.abc import Callable, Mapping

from pileus.kernel.auth.audit import AuditLog
from pileus.kernel.clock import Clock
from pileus.kernel.http.messages import Handler, Request, Response
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.holding import Holdings
from pileus.kernel.storage.seam import Store


def pages(
    *, audit: AuditLog, metrics: Metrics, holdings: Holdings, clock: Clock, store: Store
) -> Mapping[str, Handler]:
    """By path: what policies decided, what is measured, what it would cost on AWS, and what was sent to people."""

    def decisions() -> Handler:
        from pileus.decisions import Decisions

        return Decisions(audit)

    def prometheus() -> Handler:
        from pileus.prometheus import Prometheus

        return Prometheus(metrics, clock)

    def billing() -> Handler:
        from pileus.billing import Billing

        return Billing(metrics, holdings, clock)

    def inbox() -> Handler:
        from pileus.services.sns.inbox.page import InboxPage

        return InboxPage(store)

    return {
        "/_pileus/decisions": _Late(decisions),
        "/_pileus/metrics": _Late(prometheus),
        "/_pileus/bill": _Late(billing),
        "/_pileus/inbox": _Late(inbox),
    }


class _Late:
    """A handler that is built when its first request arrives."""

    def __init__(self, build: Callable[[], Handler]) -> None:
        self._build = build
        self._built: Handler | None = None

    async def __call__(self, request: Request) -> Response:
        if self._built is None:
            self._built = self._build()
        return await self._built(request)
