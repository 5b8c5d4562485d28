"""How much of a long span of keys is handled at once?

As much as takes some milliseconds, so that nobody waits long: so many pairs, or so many bytes.
"""

from typing import Final

from pileus.kernel.storage.keys import after
from pileus.kernel.storage.seam import Snapshot

STEP_PAIRS: Final = 500
STEP_BYTES: Final = 4 * 1024 * 1024
_FIRST_PAIRS: Final = 16
"""Read before anything is known of their size; an item has at most 400 KiB."""

Span = tuple[bytes, bytes]
Pair = tuple[bytes, bytes]


async def step(reader: Snapshot, begin: bytes, end: bytes) -> list[Pair]:
    """The first pairs of what is left; none only where nothing is left."""
    pairs = await reader.range(begin, end, limit=_FIRST_PAIRS)
    if len(pairs) < _FIRST_PAIRS:
        return pairs
    average_bytes = max(1, sum(len(data) for _, data in pairs) // len(pairs))
    more = min(STEP_PAIRS, STEP_BYTES // average_bytes) - len(pairs)
    if more > 0:
        pairs += await reader.range(after(pairs[-1][0]), end, limit=more)
    return pairs
