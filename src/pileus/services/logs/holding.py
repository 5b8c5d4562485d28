"""How much do log groups hold, as AWS charges for it?

AWS keeps logs compressed, and charges for that; its own examples reckon with 15 % of what came in.
Source: Amazon CloudWatch Pricing, "Logs", "Store (Archival)" and the pricing examples.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from pileus.kernel.metrics.holding import Held
from pileus.kernel.metrics.metering import BYTES_PER_GB, LOG_GB_HOURS
from pileus.kernel.storage.seam import Store
from pileus.services.logs.store import Reading, every_group

_COMPRESSED: Final = 0.15
_PAGE: Final = 500
"""Streams that are read without letting others work."""


async def held_by_groups(store: Store) -> AsyncIterator[Held]:
    """In gigabytes, compressed."""
    for (account_id, region), group in await every_group(store.snapshot()):
        size_bytes, beyond = 0, None
        while streams := await Reading(store.snapshot(), (account_id, region)).streams(
            group.name, beyond=beyond, limit=_PAGE
        ):
            size_bytes += sum(stream.stored_bytes for stream in streams)
            beyond = streams[-1].name
            await asyncio.sleep(0)
        amount = size_bytes * _COMPRESSED / BYTES_PER_GB
        yield Held(account_id, region, LOG_GB_HOURS, (("LogGroupName", group.name),), amount)
