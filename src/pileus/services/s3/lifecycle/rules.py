"""What do a bucket's lifecycle rules say of a version?

Days are counted from when a version was written, or became noncurrent, and end at the midnight (UTC) after. The rule
that acts first wins; of what is due, expiry wins over transition, and the coldest storage class over others.

Source: S3 User Guide, "Lifecycle configuration elements", "Examples of S3 Lifecycle configurations", "Constraints and
considerations for transitions".
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote

import msgspec

from pileus.services.s3.model import ObjectRecord
from pileus.services.s3.shapes import BucketLifecycleConfiguration, LifecycleRule

DAY_S: Final = 86_400
_SMALL_BYTES_MAX: Final = 128 * 1024
"""Smaller objects stay where they are, unless a rule speaks of sizes."""
_COLDNESS: Final = {
    "STANDARD": 0,
    "REDUCED_REDUNDANCY": 0,
    "STANDARD_IA": 1,
    "INTELLIGENT_TIERING": 2,
    "ONEZONE_IA": 3,
    "GLACIER_IR": 4,
    "GLACIER": 5,
    "DEEP_ARCHIVE": 6,
}
"""A transition leads downwards only."""
_ARCHIVES: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A transition. days: None where `at_s` says when. newer_kept: how many newer noncurrent ones are left alone."""

    storage_class: str
    days: int | None = None
    at_s: float = 0.0
    newer_kept: int = 0

    def due_s(self, since_s: float) -> float:
        return self.at_s if self.days is None else due_after(since_s, self.days)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One enabled rule. Times and days: None where it does not say."""

    name: str
    prefix: str = ""
    tags: Mapping[str, str] = {}
    bytes_more_than: int | None = None
    bytes_less_than: int | None = None
    days: int | None = None
    at_s: float | None = None
    lone_markers: bool = False
    noncurrent_days: int | None = None
    newer_kept: int = 0
    abort_days: int | None = None
    moves: tuple[Move, ...] = ()
    noncurrent_moves: tuple[Move, ...] = ()

    def covers(self, key: str, record: ObjectRecord) -> bool:
        """Whether it is about this version. Delete markers have neither tags nor size."""
        if not key.startswith(self.prefix):
            return False
        if self.bytes_more_than is not None and not record.size_bytes > self.bytes_more_than:
            return False
        if self.bytes_less_than is not None and not record.size_bytes < self.bytes_less_than:
            return False
        return all(record.tags.get(name) == value for name, value in self.tags.items())

    def expires_s(self, modified_at_s: float) -> float | None:
        """When a current version of this age ends; None for never."""
        if self.at_s is not None:
            return self.at_s
        return None if self.days is None else due_after(modified_at_s, self.days)

    @property
    def of_sizes(self) -> bool:
        return self.bytes_more_than is not None or self.bytes_less_than is not None


def due_after(since_s: float, days: int) -> float:
    """The midnight after so many days."""
    return float((int(since_s + days * DAY_S) // DAY_S + 1) * DAY_S)


@lru_cache(maxsize=256)
def rules_of(document: bytes) -> tuple[Rule, ...]:
    """The enabled rules of a configuration, as `SettingRecord` keeps it."""
    configuration = msgspec.json.decode(document, type=BucketLifecycleConfiguration)
    return tuple(_rule(each) for each in configuration.rules if each.status == "Enabled")


def expiry_of(rules: Sequence[Rule], key: str, record: ObjectRecord) -> tuple[float, str] | None:
    """When a current version ends, and by which rule: the first of those that end it then."""
    dues = [
        (due_s, rule.name)
        for rule in rules
        if rule.covers(key, record) and (due_s := rule.expires_s(record.modified_at_s)) is not None
    ]
    return min(dues, key=lambda due: due[0]) if dues else None


def expiration_header(document: bytes, key: str, record: ObjectRecord) -> str | None:
    """What `x-amz-expiration` says of a current version; None where no rule ends it."""
    found = expiry_of(rules_of(document), key, record)
    if found is None:
        return None
    due_s, name = found
    told = datetime.fromtimestamp(due_s, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    return f'expiry-date="{told}", rule-id="{quote(name, safe="")}"'


def colder(
    moves: Iterator[tuple[Rule, Move]], record: ObjectRecord, *, since_s: float, now_s: float, small_archived: bool
) -> str | None:
    """The storage class to which a version goes now; None when it stays.

    small_archived: `varies_by_storage_class`: small objects are archived, too.
    """
    best = record.storage_class
    for rule, move in moves:
        if move.due_s(since_s) > now_s:
            continue
        small = record.size_bytes < _SMALL_BYTES_MAX
        if small and not rule.of_sizes and not (small_archived and move.storage_class in _ARCHIVES):
            continue
        if _COLDNESS.get(move.storage_class, 0) > _COLDNESS.get(best, 0):
            best = move.storage_class
    return None if best == record.storage_class else best


def _rule(given: LifecycleRule) -> Rule:
    found, expiration, noncurrent = given.filter, given.expiration, given.noncurrent_version_expiration
    both = found.and_ if found is not None else None
    tags = {tag.key: tag.value for tag in (both.tags or ())} if both is not None else {}
    if found is not None and found.tag is not None:
        tags[found.tag.key] = found.tag.value
    prefix = given.prefix or ""
    more: int | None = None
    less: int | None = None
    if found is not None:
        source = both if both is not None else found
        prefix = source.prefix or prefix
        more, less = source.object_size_greater_than, source.object_size_less_than
    abort = given.abort_incomplete_multipart_upload
    return Rule(
        name=given.id or "",
        prefix=prefix,
        tags=tags,
        bytes_more_than=more,
        bytes_less_than=less,
        days=None if expiration is None else expiration.days,
        at_s=None if expiration is None or expiration.date is None else expiration.date.timestamp(),
        lone_markers=expiration is not None and bool(expiration.expired_object_delete_marker),
        noncurrent_days=None if noncurrent is None else noncurrent.noncurrent_days or 0,
        newer_kept=0 if noncurrent is None else noncurrent.newer_noncurrent_versions or 0,
        abort_days=None if abort is None else abort.days_after_initiation,
        moves=tuple(
            Move(
                storage_class=move.storage_class or "",
                days=None if move.date is not None else move.days or 0,
                at_s=0.0 if move.date is None else move.date.timestamp(),
            )
            for move in given.transitions or ()
        ),
        noncurrent_moves=tuple(
            Move(
                storage_class=each.storage_class or "",
                days=each.noncurrent_days or 0,
                newer_kept=each.newer_noncurrent_versions or 0,
            )
            for each in given.noncurrent_version_transitions or ()
        ),
    )
