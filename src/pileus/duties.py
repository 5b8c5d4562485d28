"""How is work kept going that belongs to no request?"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from pileus.kernel.service import Duty

_log: Final = logging.getLogger(__name__)

_RESTARTS_AFTER: Final = timedelta(seconds=1)


async def perform(duties: Sequence[Duty]) -> None:
    """Run every duty until cancelled."""
    async with asyncio.TaskGroup() as group:
        for duty in duties:
            group.create_task(_keep_going(duty))


async def _keep_going(duty: Duty) -> None:
    """A duty that fails (a full disk, our bug) must not end the server: say so, and try again."""
    while True:
        try:
            await duty()
        except Exception:  # noqa: BLE001 - the edge of all background work
            _log.exception("a background duty failed and is started again")
            await asyncio.sleep(_RESTARTS_AFTER.total_seconds())
        else:
            return
