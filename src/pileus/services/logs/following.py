"""What follows from log events, beside that they are kept?

Metric filters count them, events in the embedded metric format bring metrics, subscription filters send them on. It is
found out where they are appended, in the same transaction; what is to be sent is emitted there, what was counted is
told once they are committed. A group's record says how many filters it has, so a group without any pays for a look at
each event's first letter.
"""

import logging
from collections.abc import Sequence
from typing import Final

from pileus.kernel.metrics.counting import Metrics, Told
from pileus.kernel.storage.seam import StorageFailed, Transaction
from pileus.services.logs.embedded import embedded, may_be_embedded
from pileus.services.logs.model import GroupRecord, StreamRecord
from pileus.services.logs.store import METRIC_FILTERS, SUBSCRIPTION_FILTERS, Region
from pileus.services.logs.subscriptions import emit
from pileus.services.logs.transformations import Moment, counted

_log: Final = logging.getLogger(__name__)


async def follow(
    tx: Transaction, region: Region, group: GroupRecord, stream: StreamRecord, events: Sequence[Moment], *, now_ms: int
) -> list[Told]:
    """Emit what is subscribed to; what these events count. stream: as it was before them."""
    told: list[Told] = []
    for _, message in events:
        if may_be_embedded(message):
            told += embedded(region, message, now_ms=now_ms)
    if group.metric_filters:
        told += counted(region, await METRIC_FILTERS.list(tx, region, group.name), events)
    if group.subscription_filters:
        emit(tx, region, await SUBSCRIPTION_FILTERS.list(tx, region, group.name), stream, events)
    return told


async def tell(metrics: Metrics | None, told: Sequence[Told]) -> None:
    """Count it, after its cause is committed: it is not taken back when this fails."""
    if told and metrics is not None:
        try:
            await metrics.take(told)
        except StorageFailed as error:
            _log.warning("what log events count cannot be written: %s", error)
