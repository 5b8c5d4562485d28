"""Writes, clones and removes blobs for ever, and says of each when it is done; somebody kills it.

Run with: the directory, the number of this life. Prints `kept ID SIZE CRC CIPHER SEED` and `going ID`, `gone ID`.
"""

import asyncio
import random
import sys
from pathlib import Path

from pileus.kernel.blobs.objects import BlobStore, local_blobs
from pileus.kernel.blobs.segments import Segment
from pileus.kernel.ids import SystemIds

WRITERS = 6
KEY = bytes(range(32))
SIZES = (0, 1, 70_000, 300_000, 1_100_000, 3_000_000)


def content(seed: int, size_bytes: int) -> bytes:
    return random.Random(seed).randbytes(min(size_bytes, 65_537)) * (size_bytes // 65_537 + 1)


def tell(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def told(segment: Segment, seed: int) -> None:
    tell("kept", segment.blob, segment.size_bytes, segment.crc64nvme.hex(), segment.cipher or "-", seed)


async def write(store: BlobStore, draw: random.Random) -> None:
    mine: list[tuple[Segment, int]] = []
    while True:
        size_bytes, seed = draw.choice(SIZES), draw.randrange(1_000_000)
        data = content(seed, size_bytes)[:size_bytes]
        writer = await store.writer(key=draw.choice((None, KEY)))
        try:
            for at in range(0, size_bytes, 200_000):
                await writer.write(data[at : at + 200_000])
            segment = await writer.close()
        finally:
            writer.discard()
        told(segment, seed)
        mine.append((segment, seed))
        if draw.random() < 0.5:
            original, seed = draw.choice(mine)
            clone = await store.clone(original)
            told(clone, seed)
            mine.append((clone, seed))
        if draw.random() < 0.7:
            doomed = [mine.pop(draw.randrange(len(mine))) for _ in range(min(2, len(mine)))]
            tell(*("going", *(segment.blob for segment, _ in doomed)))
            await store.remove(segment.blob for segment, _ in doomed)
            tell(*("gone", *(segment.blob for segment, _ in doomed)))


async def main() -> None:
    store = local_blobs(Path(sys.argv[1]), ids=SystemIds())
    tell("ready")
    draws = [random.Random(f"{sys.argv[2]} {number}") for number in range(WRITERS)]
    await asyncio.gather(*(write(store, draw) for draw in draws))


if __name__ == "__main__":
    asyncio.run(main())
