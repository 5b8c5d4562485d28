"""How does one account's part of the store look?

Things that have a name are kept below their kind and their name, in any case (`user`, NAME). What hangs on one of them
(a policy, a membership, a device) is kept below its *unique id* instead (`inline`, AIDA..., NAME), so that a change of
the name moves nothing, and a namesake that comes later inherits nothing. `named`, AIDA... leads from there to the name.

Reads outside of a transaction may see a change between two of them; so what one key promises and another no longer has
is left out of a list, never asserted.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.iam.errors import LimitExceeded
from pileus.services.iam.records import Entity, NameRecord

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

    async def _last_parts(self, *below: str | int) -> list[str]:
        """The last part of every key below these, in order."""
        pairs = await self._reads.range(*self._keys.range(*below))
        return [str(self._keys.unpack(key)[-1]) for key, _ in pairs]

    async def _page(
        self, record: type[R], kind: str, *, after_name: str | None, limit: int, wanted: Callable[[R], bool]
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

    async def known(self, unique_id: str) -> tuple[bytes | None, bool]:
        """How often the account was changed, and whether this unique id still names somebody.

        Together they say whether what was read before is still so; see `Writer.note_change`.
        """
        changes, named = await self._reads.get_many([self._keys.pack("changes"), self._keys.pack("named", unique_id)])
        return changes, named is not None

    async def _named(self, unique_id: str) -> NameRecord | None:
        return await self._find(NameRecord, "named", unique_id)

    async def count(self, kind: str) -> int:
        """How many there are of a kind of named things."""
        return len(await self._reads.range(*self._keys.range(kind)))

    async def check_quota(self, kind: str, quota: str, limit: int) -> None:
        """LimitExceeded when the account has no room for one more."""
        if await self.count(kind) >= limit:
            raise LimitExceeded(f"Cannot exceed quota for {quota}: {limit}")


class Writer(Reader):
    """What one account has, and will have."""

    def __init__(self, account_id: str, tx: Transaction) -> None:
        super().__init__(account_id, tx)
        self._tx = tx

    async def note_change(self) -> None:
        """Count this transaction. The count starts again when everything is forgotten, but then no unique id of
        before names anybody; so a count and an id that names somebody are enough to recognise a state."""
        key = self._keys.pack("changes")
        before = await self._tx.get(key)
        self._tx.set(key, (int.from_bytes(before or b"") + 1).to_bytes(8))

    def _set(self, record: msgspec.Struct, *key: str | int) -> None:
        self._tx.set(self._keys.pack(*key), encode(record))

    def _mark(self, *key: str | int) -> None:
        """Keep a key that says everything by itself."""
        self._tx.set(self._keys.pack(*key), b"")

    def _clear(self, *key: str | int) -> None:
        self._tx.clear(self._keys.pack(*key))

    def _clear_below(self, *key: str | int) -> None:
        self._tx.clear_range(*self._keys.range(*key))

    def _put_entity(self, entity: Entity) -> None:
        self._set(entity, entity.kind, entity.name.casefold())
        self._set(NameRecord(kind=entity.kind, name=entity.name), "named", entity.unique_id)

    def _rename_entity(self, entity: Entity, old_name: str) -> None:
        self._clear(entity.kind, old_name.casefold())
        self._put_entity(entity)

    def _delete_entity(self, entity: Entity) -> None:
        self._clear(entity.kind, entity.name.casefold())
        self._clear("named", entity.unique_id)
