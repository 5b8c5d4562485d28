"""How does a table come to millions of items? Through BatchWriteItem, signed on the way, over a few connections."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import uvloop

from bench import signing
from bench.load import Answers
from bench.processes import Server
from bench.signing import Signer

CONNECTIONS: Final = 4
BATCH: Final = 25
SIGNED_ANEW_AFTER_S: Final = 60.0
"""A signature counts for 15 minutes; filling may take longer."""
TOLD_EVERY: Final = 1_000_000
"""Items."""


class NotFilled(Exception):
    """The server refused a batch, or left items out."""


def item(n: int) -> dict[str, Any]:
    """Item `n`: some 130 bytes in DynamoDB's count, unlike any other."""
    text = hashlib.blake2b(n.to_bytes(8, "big"), digest_size=50).hexdigest()
    return {"id": {"S": f"item-{n:010}"}, "text": {"S": text}, "n": {"N": str(n)}}


def fill(server: Server, table: str, count: int, *, sign: Callable[[], Signer], told: Callable[[int], None]) -> float:
    """Write items 0 to `count`; the seconds it took. told: called now and then with how many there are."""
    begun = time.perf_counter()
    uvloop.run(_fill(server, _batches(table, count, sign, told)))
    return time.perf_counter() - begun


def _batches(table: str, count: int, sign: Callable[[], Signer], told: Callable[[int], None]) -> Iterator[bytes]:
    signer, signed_at = sign(), time.monotonic()
    for first in range(0, count, BATCH):
        if time.monotonic() - signed_at > SIGNED_ANEW_AFTER_S:
            signer, signed_at = sign(), time.monotonic()
        puts = [{"PutRequest": {"Item": item(n)}} for n in range(first, min(first + BATCH, count))]
        yield signing.dynamodb(signer, "BatchWriteItem", {"RequestItems": {table: puts}})
        if first and first % TOLD_EVERY == 0:
            told(first)


async def _fill(server: Server, batches: Iterator[bytes]) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(_connection(server, batches))


async def _connection(server: Server, batches: Iterator[bytes]) -> None:
    """Send batches one after another, as long as there are some."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    answers = Answers()
    for batch in batches:
        writer.write(batch)
        whole, said = None, b""
        while whole is None:
            data = await reader.read(1 << 16)
            if not data:
                raise NotFilled("the server has gone")
            said += data
            whole = answers.feed(data)
        if whole[0] != b"200" or b'"UnprocessedItems":{}' not in said:
            raise NotFilled(said[:500].decode(errors="replace"))
    writer.close()
    await writer.wait_closed()
