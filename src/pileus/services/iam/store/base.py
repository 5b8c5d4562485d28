"""How does one account's part of the store look?

Things that have a name are kept below their kind and their name, in any case (`user`, NAME). What hangs on one of them
(a policy, a membership, a device) is kept below its *unique id* instead (`inline`, AIDA..., NAME), so that a change of
the name moves nothing, and a namesake that comes later inherits nothing.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction

R = TypeVar("R", bound=msgspec.Struct)


class Reader:
    """What one account has."""

    def __init__(self, account_id: str, reads: Snapshot) -> None:
        self._account_id = account_id
        self._reads = reads
        self._keys = Subspace("iam", account_id)

    async def _find(self, record: type[R], *key: str | int) -> R | None:
        data = await self._reads.get(self._keys.pack(*key))
        return None if data is None else decode(data, record)

    async def _all(self, record: type[R], *below: str | int) -> list[R]:
        """In order of their keys; for what is few."""
        pairs = await self._reads.range(*self._keys.range(*below))
        return [decode(data, record) for _, data in pairs]

    async def _page(
        self,
        record: type[R],
        kind: str,
        *,
        after_name: str | None,
        limit: int,
        wanted: Callable[[R], bool],
    ) -> list[R]:
        """At most `limit` of those wanted, in order of their names; those after `after_name`."""
        begin, end = self._keys.range(kind)
        if after_name is not None:
            begin = after(self._keys.pack(kind, after_name.casefold()))
        found: list[R] = []
        while len(found) < limit:
            pairs = await self._reads.range(begin, end, limit=limit)
            records = [decode(data, record) for _, data in pairs]
            found += [entry for entry in records if wanted(entry)]
            if len(pairs) < limit:
                break
            begin = after(pairs[-1][0])
        return found[:limit]


class Writer(Reader):
    """What one account has, and will have."""

    def __init__(self, account_id: str, tx: Transaction) -> None:
        super().__init__(account_id, tx)
        self._tx = tx

    def _set(self, record: msgspec.Struct, *key: str | int) -> None:
        self._tx.set(self._keys.pack(*key), encode(record))

    def _clear(self, *key: str | int) -> None:
        self._tx.clear(self._keys.pack(*key))
