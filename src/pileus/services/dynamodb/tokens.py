"""Was this transaction done before?

    (dynamodb-token, generation, account, region, token) -> TokenRecord

A client's token counts for ten minutes. Generations are ten minutes long, so a token is looked for in two, and what is
older goes a generation at a time. The record is written in the transaction that it names: if it is there, that one was
done. A table that was made anew under its name since then has seen nothing of it, so there it is done again.

Source: API_TransactWriteItems, `ClientRequestToken`.
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from hashlib import blake2b
from typing import Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.storage import records
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.dynamodb.errors import IdempotentParameterMismatchException

COUNTS_FOR_S: Final = 600
SWEPT_AT_ONCE: Final = 1_000
SWEEP_EVERY: Final = timedelta(minutes=10)
_DIGEST_BYTES: Final = 16
_TOKENS: Final = Subspace("dynamodb-token")


class TokenRecord(msgspec.Struct, frozen=True, kw_only=True, tag="token.v1"):
    """digest: of what was asked for. at_s: seconds since 1970. tables: ids of those it was about, once each, sorted."""

    digest: bytes
    at_s: float
    tables: list[str] = []


class Digest:
    """Equal for equal requests, and for no others. What is added: shapes, the elements of a list."""

    __slots__ = ("_hashed", "_joint")

    def __init__(self) -> None:
        self._hashed = blake2b(digest_size=_DIGEST_BYTES)
        self._joint = b"["

    def add(self, asked: object) -> None:
        self._hashed.update(self._joint + msgspec.json.encode(asked, order="sorted"))
        self._joint = b","

    def done(self) -> bytes:
        self._hashed.update(b"]")
        return self._hashed.digest()


async def was_done(
    tx: Transaction, context: RequestContext, token: str, digest: bytes, *, tables: Iterable[str], now_s: float
) -> bool:
    """Whether the transaction of this token was done; if not, notes that it now is. tables: ids.

    `IdempotentParameterMismatchException` when another one was done under the same token.
    """
    generation, ids = int(now_s // COUNTS_FOR_S), sorted(set(tables))
    for one in (generation, generation - 1):
        data = await tx.get(_TOKENS.pack(one, context.account_id, context.region, token))
        if data is None:
            continue
        record = records.decode(data, TokenRecord)
        if record.at_s + COUNTS_FOR_S <= now_s:
            continue
        if record.digest != digest:
            raise IdempotentParameterMismatchException
        if record.tables in ([], ids):  # those of older versions name none
            return True
        break
    key = _TOKENS.pack(generation, context.account_id, context.region, token)
    tx.set(key, records.encode(TokenRecord(digest=digest, at_s=now_s, tables=ids)))
    return False


async def sweep_tokens(store: Store, *, now_s: float) -> int:
    """Forget some of the tokens that count no more; gives how many, 0 when none is left."""
    begin, _ = _TOKENS.range()
    end = _TOKENS.pack(int(now_s // COUNTS_FOR_S) - 1)
    old = await store.snapshot().range(begin, end, limit=SWEPT_AT_ONCE)
    if old:
        async with store.transaction() as tx:
            tx.clear_range(begin, old[-1][0] + b"\x00")
    return len(old)


async def sweep_always(store: Store, clock: Clock) -> None:
    """The duty: forget what counts no more, now and then, some at a time."""
    while True:
        more = await sweep_tokens(store, now_s=clock.timestamp())
        await (asyncio.sleep(0) if more else clock.sleep(SWEEP_EVERY))
