"""How does a service tell the default event bus of an account what happened? The seam that EventBridge fills."""

from typing import Protocol

from pileus.kernel.storage.seam import Transaction


class EventBus(Protocol):
    """The default event bus of an account."""

    async def put(
        self,
        tx: Transaction,
        *,
        account_id: str,
        region: str,
        source: str,
        detail_type: str,
        detail: str,
        resources: tuple[str, ...],
        at_s: float,
    ) -> None:
        """In the caller's transaction. detail: JSON. at_s: seconds since 1970."""
        ...
