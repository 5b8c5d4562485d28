"""What is done now to versions that have grown old?

One page of rows after the other, each in a transaction of its own: what it finds and what it does are of one moment.
All versions of a key are looked at together, since the age of a noncurrent one is that of its successor.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

import msgspec

from pileus.kernel.ids import Ids
from pileus.kernel.storage.keys import after
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Transaction
from pileus.services.s3.errors import AccessDenied
from pileus.services.s3.happenings import note
from pileus.services.s3.lifecycle.rules import Move, Rule, colder, due_after, expiry_of
from pileus.services.s3.locking import check_deletable
from pileus.services.s3.model import BucketRecord, ObjectRecord
from pileus.services.s3.new_versions import new_marker
from pileus.services.s3.object_records import (
    OBJECTS,
    VERSIONS,
    delete_object,
    delete_version,
    find_object,
    next_order,
    put_version,
    replace_version,
)
from pileus.services.s3.upload_records import abort, behind_upload, uploads_of

PAGE_ROWS: Final = 200


class Aging:
    """The rules of one bucket, at one moment."""

    def __init__(
        self, bucket: BucketRecord, rules: Sequence[Rule], *, small_archived: bool, ids: Ids, now_s: float
    ) -> None:
        self._bucket = bucket
        self._rules = rules
        self._small_archived = small_archived
        self._ids = ids
        self._now_s = now_s

    async def current_page(self, tx: Transaction, begin: bytes | None) -> bytes | None:
        """Look at a page of current versions; where the next one begins, None at the end."""
        first, end = OBJECTS.range(self._bucket.serial)
        rows = await tx.range(begin or first, end, limit=PAGE_ROWS)
        for row, value in rows:
            await self._age_current(tx, _text(OBJECTS.unpack(row)[-1]), decode(value, ObjectRecord))
        return after(rows[-1][0]) if len(rows) == PAGE_ROWS else None

    async def other_page(self, tx: Transaction, begin: bytes | None) -> bytes | None:
        """Look at a page of noncurrent versions and delete markers, all of a key together."""
        first, end = VERSIONS.range(self._bucket.serial)
        limit = PAGE_ROWS
        while True:
            rows = await tx.range(begin or first, end, limit=limit)
            whole = len(rows) < limit
            keys = [_text(VERSIONS.unpack(row)[1]) for row, _ in rows]
            if whole or keys[0] != keys[-1]:
                break
            limit *= 4  # a key with more versions than a page has rows
        left_for_next = "" if whole else keys[-1]
        for key, group in groupby(zip(keys, rows, strict=True), key=lambda pair: pair[0]):
            if whole or key != left_for_next:
                await self._age_others(tx, key, [decode(value, ObjectRecord) for _, (_, value) in group])
        return None if whole else rows[keys.index(left_for_next)][0]

    async def uploads_page(self, tx: Transaction, begin: bytes | None) -> bytes | None:
        """Look at a page of uploads under way; where the next one begins, None at the end."""
        rules = [rule for rule in self._rules if rule.abort_days is not None]
        if not rules:
            return None
        found = await uploads_of(tx, self._bucket, begin=begin or b"", limit=PAGE_ROWS)
        for key, upload, record in found:
            for rule in rules:
                assert rule.abort_days is not None
                if key.startswith(rule.prefix) and due_after(record.initiated_at_s, rule.abort_days) <= self._now_s:
                    await abort(tx, self._bucket, key, upload)
                    break
        return behind_upload(self._bucket, found[-1][0], found[-1][1]) if len(found) == PAGE_ROWS else None

    async def _age_current(self, tx: Transaction, key: str, record: ObjectRecord) -> None:
        expiry = expiry_of(self._rules, key, record)
        if expiry is not None and expiry[0] <= self._now_s:
            await self._expire(tx, key, record)
            return
        moves = ((rule, move) for rule in self._rules if rule.covers(key, record) for move in rule.moves)
        await self._move(tx, key, record, moves, since_s=record.modified_at_s, current=True)

    async def _expire(self, tx: Transaction, key: str, record: ObjectRecord) -> None:
        bucket = self._bucket
        order = await next_order(tx, bucket, key, now_s=self._now_s)
        if not bucket.versioning:
            await delete_object(tx, bucket, key)
            await self._note(tx, "LifecycleExpiration:Delete", key, msgspec.structs.replace(record, order=order))
            return
        marker = new_marker(bucket, order=order, owner=bucket.account_id, now_s=self._now_s, ids=self._ids)
        await put_version(tx, bucket, key, marker)
        await self._note(tx, "LifecycleExpiration:DeleteMarkerCreated", key, marker)

    async def _age_others(self, tx: Transaction, key: str, others: Sequence[ObjectRecord]) -> None:
        """others: of one key, the newest first."""
        current = await find_object(tx, self._bucket, key)
        if current is None:
            current, others = others[0], others[1:]
            if current.delete_marker and not others:
                await self._clean_marker(tx, key, current)
                return
        successor = current
        for newer, record in enumerate(others):
            since_s = successor.modified_at_s
            successor = record
            if self._ended(key, record, since_s=since_s, newer=newer):
                await self._remove(tx, key, record)
            elif not record.delete_marker:
                moves = (
                    (rule, move)
                    for rule in self._rules
                    if rule.covers(key, record)
                    for move in rule.noncurrent_moves
                    if newer >= move.newer_kept
                )
                await self._move(tx, key, record, moves, since_s=since_s, current=False)

    def _ended(self, key: str, record: ObjectRecord, *, since_s: float, newer: int) -> bool:
        return any(
            rule.noncurrent_days is not None
            and newer >= rule.newer_kept
            and due_after(since_s, rule.noncurrent_days) <= self._now_s
            and rule.covers(key, record)
            for rule in self._rules
        )

    async def _clean_marker(self, tx: Transaction, key: str, marker: ObjectRecord) -> None:
        """A delete marker that hides nothing goes when a rule says so, or when it is as old as objects may become."""
        for rule in self._rules:
            expires_s = rule.expires_s(marker.modified_at_s)
            aged = expires_s is not None and expires_s <= self._now_s
            if (rule.lone_markers or aged) and rule.covers(key, marker):
                await self._remove(tx, key, marker)
                return

    async def _remove(self, tx: Transaction, key: str, record: ObjectRecord) -> None:
        try:
            check_deletable(record, now_s=self._now_s, bypass=False)
        except AccessDenied:
            return  # it stays as long as it is locked
        order = await next_order(tx, self._bucket, key, now_s=self._now_s)
        await delete_version(tx, self._bucket, key, record.version_id)
        await self._note(tx, "LifecycleExpiration:Delete", key, msgspec.structs.replace(record, order=order))

    async def _move(
        self,
        tx: Transaction,
        key: str,
        record: ObjectRecord,
        moves: Iterator[tuple[Rule, Move]],
        *,
        since_s: float,
        current: bool,
    ) -> None:
        target = colder(moves, record, since_s=since_s, now_s=self._now_s, small_archived=self._small_archived)
        if target is None:
            return
        moved = msgspec.structs.replace(record, storage_class=target)
        replace_version(tx, self._bucket, key, moved, current=current)
        await self._note(tx, "LifecycleTransition", key, moved, {"destination-storage-class": target})

    async def _note(
        self, tx: Transaction, name: str, key: str, record: ObjectRecord, details: dict[str, str] | None = None
    ) -> None:
        await note(tx, self._bucket, name, key, record, None, at_s=self._now_s, details=details)


def _text(part: object) -> str:
    assert isinstance(part, str)
    return part
