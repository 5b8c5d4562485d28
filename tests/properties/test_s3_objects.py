"""Whatever is done to the versions of objects, they are those of a dictionary of lists, and so is every list of them.

The model: by key the versions, newest first, each an id, whether it is a delete marker, and its bytes. Clocks go back,
versioning is switched on and off; no row of bytes is left behind.
"""

import asyncio
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.clock import MovableClock
from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.seam import Store
from pileus.kernel.storage.sqlite import open_store
from pileus.services.s3.listing import Listed, page
from pileus.services.s3.model import NULL_VERSION, BucketRecord, ObjectRecord
from pileus.services.s3.names import version_id
from pileus.services.s3.object_records import (
    OBJECTS,
    delete_object,
    delete_version,
    find_current,
    find_object,
    find_version,
    inline_bytes,
    next_order,
    put_inline,
    put_version,
)
from pileus.services.s3.version_lists import VersionsAsked, version_page

KEYS = ("a", "a/", "a/b", "a/b/c", "a/c", "b\x00c", "b\u00e9", "\U0001f600/x", "z")
BYTES = Subspace("s3", "bytes")


@dataclass(frozen=True)
class Version:
    id: str
    marker: bool
    data: bytes


@dataclass
class World:
    store: Store
    chosen: random.Random
    bucket: BucketRecord = field(
        default_factory=lambda: BucketRecord(name="b", account_id="1", region="r", serial=7, created_at_s=0.0)
    )
    model: dict[str, list[Version]] = field(default_factory=dict)
    ids: SeededIds = field(default_factory=SeededIds)

    @property
    def listed(self) -> list[tuple[str, Version, bool]]:
        """Key, version, and whether it is the latest; in the order of ListObjectVersions."""
        keys = sorted(self.model, key=str.encode)
        return [(key, version, not at) for key in keys for at, version in enumerate(self.model[key])]

    async def put(self, key: str, *, marker: bool) -> None:
        now_s = self.chosen.uniform(1.0, 2.0)  # time goes as it likes
        data = b"" if marker else self.chosen.randbytes(4)
        async with self.store.transaction() as tx:
            order = await next_order(tx, self.bucket, key, now_s=now_s)
            enabled = self.bucket.versioning == "Enabled"
            name = version_id(order, self.ids.bytes(15)) if enabled else NULL_VERSION
            inline = "" if marker else self.ids.bytes(8).hex()
            if inline:
                put_inline(tx, inline, data)
            record = ObjectRecord(
                modified_at_s=now_s, owner="1", version_id=name, order=order, delete_marker=marker, inline=inline
            )
            await put_version(tx, self.bucket, key, record)
        kept = [version for version in self.model.get(key, []) if version.id != name]
        self.model[key] = [Version(name, marker, data), *kept]

    async def delete(self, key: str) -> None:
        if self.bucket.versioning:
            await self.put(key, marker=True)
            return
        async with self.store.transaction() as tx:
            found = await delete_object(tx, self.bucket, key)
        assert (found is not None) == (key in self.model)
        self.model.pop(key, None)

    async def delete_version(self) -> None:
        if not self.model:
            return
        key = self.chosen.choice(sorted(self.model))
        version = self.chosen.choice(self.model[key])
        async with self.store.transaction() as tx:
            found = await delete_version(tx, self.bucket, key, version.id)
        assert found is not None
        assert found.delete_marker == version.marker
        self.model[key].remove(version)
        if not self.model[key]:
            del self.model[key]

    async def check(self) -> None:
        snapshot = self.store.snapshot()
        for key in KEYS:
            versions = self.model.get(key, [])
            newest = versions[0] if versions else None
            current = await find_current(snapshot, self.bucket, key)
            assert (current.version_id if current else None) == (newest.id if newest else None)
            found = await find_object(snapshot, self.bucket, key)
            assert (found is None) == (newest is None or newest.marker)
            for version in versions:
                record = await find_version(snapshot, self.bucket, key, version.id)
                assert record is not None
                assert record.delete_marker == version.marker
                if not version.marker:
                    assert await inline_bytes(snapshot, record) == version.data
            assert await find_version(snapshot, self.bucket, key, version_id(5, bytes(15))) is None
        rows = await snapshot.range(*BYTES.range())
        assert len(rows) == sum(not version.marker for _, version, _ in self.listed)

    async def check_lists(self) -> None:
        prefix, delimiter = (
            self.chosen.choice(["", "a", "a/", "b", "q"]),
            self.chosen.choice(["", "/", "b", "\U0001f600"]),
        )
        limit = self.chosen.choice([1, 2, 3, 1000])
        current = [key for key, version, latest in self.listed if latest and not version.marker]
        assert await self._objects(prefix, delimiter, limit) == folded(current, prefix, delimiter)
        told = [(key, version.id, latest, version.marker) for key, version, latest in self.listed]
        within = [row for row in told if row[0].startswith(prefix)]
        bare = [row for row in within if fold(row[0], prefix, delimiter) is None]
        rows, prefixes = await self._versions(prefix, delimiter, limit)
        assert rows == bare
        assert prefixes == sorted({p for row in within if (p := fold(row[0], prefix, delimiter))}, key=str.encode)

    async def _objects(self, prefix: str, delimiter: str, limit: int) -> list[str]:
        told: list[str] = []
        after = b""
        for _ in range(100):
            asked = Listed(prefix=prefix.encode(), delimiter=delimiter.encode(), after=after, limit=limit)
            found = await page(self.store.snapshot(), OBJECTS, self.bucket.serial, asked)
            names = [key for key, _ in found.rows] + found.prefixes
            assert len(names) <= limit
            told += [name.decode() for name in sorted(names)]
            after = found.last
            if not found.more:
                return told
            assert len(names) == limit
        raise AssertionError("the list does not end")

    async def _versions(
        self, prefix: str, delimiter: str, limit: int
    ) -> tuple[list[tuple[str, str, bool, bool]], list[str]]:
        rows: list[tuple[str, str, bool, bool]] = []
        prefixes: list[str] = []
        after, marker = b"", ""
        for _ in range(200):
            listed = Listed(prefix=prefix.encode(), delimiter=delimiter.encode(), after=after, limit=limit)
            asked = VersionsAsked(listed=listed, version_marker=marker)
            found = await version_page(self.store.snapshot(), self.bucket, asked)
            rows += [
                (row.key.decode(), row.record.version_id, row.latest, row.record.delete_marker) for row in found.rows
            ]
            prefixes += [each.decode() for each in found.prefixes]
            after, marker = found.last_key, found.last_version
            if not found.more:
                return rows, prefixes
        raise AssertionError("the list does not end")


def fold(key: str, prefix: str, delimiter: str) -> str | None:
    """The common prefix into which a key falls."""
    at = key.find(delimiter, len(prefix)) if delimiter else -1
    return None if at < 0 else key[: at + len(delimiter)]


def folded(keys: Sequence[str], prefix: str, delimiter: str) -> list[str]:
    told = {fold(key, prefix, delimiter) or key for key in keys if key.startswith(prefix)}
    return sorted(told, key=str.encode)


STEPS = st.lists(
    st.sampled_from(["put", "put", "put", "delete", "version", "version", "enable", "suspend"]), max_size=40
)


@settings(max_examples=120)
@given(steps=STEPS, seed=st.integers(0, 2**32))
def test_versions_are_those_of_a_dictionary(steps: list[str], seed: int) -> None:
    """Null versions, markers, promotions and pages, through every change of versioning."""
    asyncio.run(_follow(steps, random.Random(seed)))


async def _follow(steps: list[str], chosen: random.Random) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder), clock=MovableClock())
        try:
            world = World(store, chosen)
            for step in steps:
                key = chosen.choice(KEYS[: chosen.choice([1, 2, len(KEYS)])])
                if step == "put":
                    await world.put(key, marker=False)
                elif step == "delete":
                    await world.delete(key)
                elif step == "version":
                    await world.delete_version()
                elif step == "enable":
                    world.bucket = msgspec.structs.replace(world.bucket, versioning="Enabled")
                elif world.bucket.versioning:
                    world.bucket = msgspec.structs.replace(world.bucket, versioning="Suspended")
                await world.check()
            for _ in range(6):
                await world.check_lists()
        finally:
            await store.close()
