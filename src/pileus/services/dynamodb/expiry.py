"""Which items expire when?

    (dynamodb-expiry) + second + item key -> Expiry

One line in order of time for all tables of the server, so that finding what has expired costs as much as there is.
Only a number counts as a time; an item whose time is more than five years ago stays, as on AWS. `expiring.py` deletes.

Source: Developer Guide, "Using time to live (TTL) in DynamoDB".
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.storage import records
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.seam import Snapshot, Transaction

if TYPE_CHECKING:
    # Who only waits for something to expire needs no DynamoDB.
    from pileus.services.dynamodb.values import Item

EXPIRES_WITHIN_S: Final = 5 * 365 * 24 * 3600
"""Older times are taken for a mistake."""

SECOND_BYTES: Final = 8
_SECOND_MAX: Final = (1 << 62) - 1
_LOOKS_AGAIN_AFTER_S: Final = 1.0
"""Really passing, for what has expired when it is written while the clock stands still."""

EXPIRIES: Final = Subspace("dynamodb-expiry")


class Expiry(msgspec.Struct, frozen=True, kw_only=True, tag="expiry.v1"):
    """Where the item lies that may expire. key: in the store."""

    account_id: str
    region: str
    table: str
    table_id: str
    key: bytes


def expires_at(item: "Item", attribute: str) -> int | None:
    """Seconds since 1970; None when the item does not say, or not with a number."""
    value = item.get(attribute)
    if value is None or value.n is None:
        return None
    second = int(float(value.n))
    return second if 0 <= second <= _SECOND_MAX else None


def expiry_key(second: int, item_key: bytes) -> bytes:
    return EXPIRIES.prefix + second.to_bytes(SECOND_BYTES, "big") + item_key


def second_of(key: bytes) -> int:
    start = len(EXPIRIES.prefix)
    return int.from_bytes(key[start : start + SECOND_BYTES], "big")


def maintain_expiry(tx: Transaction, expiry: Expiry, before: int | None, after: int | None) -> None:
    """An item's time changed from `before` to `after`."""
    if before == after:
        return
    if before is not None:
        tx.clear(expiry_key(before, expiry.key))
    if after is not None:
        tx.set(expiry_key(after, expiry.key), records.encode(expiry))


async def expired(reader: Snapshot, now_s: float, *, limit: int) -> list[tuple[bytes, Expiry]]:
    """At most so many entries whose time has come, oldest first; not those whose time is too long ago."""
    now = int(now_s)
    begin, end = expiry_key(max(now - EXPIRES_WITHIN_S, 0), b""), expiry_key(now + 1, b"")
    return [(key, records.decode(data, Expiry)) for key, data in await reader.range(begin, end, limit=limit)]


async def until_expired(reader: Snapshot, clock: Clock) -> None:
    """Return once something has expired."""
    while not await expired(reader, clock.timestamp(), limit=1):
        next_second = datetime.fromtimestamp(int(clock.timestamp()) + 1, UTC)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOKS_AGAIN_AFTER_S):
                await clock.sleep_until(next_second)
