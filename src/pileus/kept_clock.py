"""Where does Pileus's clock stand after a restart? Kept in the store, since what is due later is in its time."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from pileus.kernel.clock import MovableClock
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Store

_KEY: Final = Subspace("pileus").pack("clock")


class ClockRecord(msgspec.Struct, frozen=True, kw_only=True, tag="clock.v1"):
    """How far the clock is ahead of the machine's, or where it stands still (seconds since 1970)."""

    offset_s: float
    frozen_at_s: float | None = None


async def keep_clock(store: Store, clock: MovableClock) -> None:
    """Write down where it stands."""
    record = ClockRecord(
        offset_s=0.0 if clock.frozen else clock.offset.total_seconds(),
        frozen_at_s=clock.timestamp() if clock.frozen else None,
    )
    async with store.transaction() as tx:
        tx.set(_KEY, encode(record))


async def restore_clock(store: Store, clock: MovableClock) -> None:
    """Set it to where it stood, if that was ever written down."""
    kept = await store.snapshot().get(_KEY)
    if kept is None:
        return
    record = decode(kept, ClockRecord)
    frozen_at = None if record.frozen_at_s is None else datetime.fromtimestamp(record.frozen_at_s, UTC)
    clock.restore(offset=timedelta(seconds=record.offset_s), frozen_at=frozen_at)
