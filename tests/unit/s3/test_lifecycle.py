"""What becomes of objects as they grow old, on a clock that jumps."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.sqlite import open_store
from pileus.services.s3.bucket_records import get_bucket, put_bucket, put_setting
from pileus.services.s3.lifecycle.rules import expiration_header, expiry_of, rules_of
from pileus.services.s3.lifecycle.worker import LifecycleWorker
from pileus.services.s3.model import BucketRecord, Lock, ObjectRecord, SettingRecord, UploadRecord
from pileus.services.s3.names import version_id
from pileus.services.s3.object_records import VERSIONS, find_object, find_version, next_order, put_version
from pileus.services.s3.upload_records import put_new, uploads_of
from tests.support.time import JumpingClock

_START = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
_DAY = timedelta(days=1)


def _rule(**members: Any) -> dict[str, Any]:
    return {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, **members}


def _document(*rules: dict[str, Any], **members: Any) -> bytes:
    return json.dumps({"Rule": rules, **members}).encode()


class Shelf:
    """A bucket of a store of its own."""

    def __init__(self, folder: Path) -> None:
        self.clock = JumpingClock(_START)
        self.ids = SeededIds(7)
        self.store = open_store(folder, clock=self.clock)
        self.worker = LifecycleWorker(store=self.store, clock=self.clock, ids=self.ids)

    async def make(self, *rules: dict[str, Any], versioning: Any = "", **members: Any) -> None:
        bucket = BucketRecord(
            name="shelf",
            account_id="111111111111",
            region="us-east-1",
            serial=1,
            created_at_s=self.clock.timestamp(),
            versioning=versioning,
        )
        async with self.store.transaction() as tx:
            put_bucket(tx, bucket)
            setting = SettingRecord(document=_document(*rules, **members), changed_at_s=0.0)
            put_setting(tx, bucket, "lifecycle", setting)

    async def bucket(self) -> BucketRecord:
        return await get_bucket(self.store.snapshot(), "shelf")

    async def put(self, key: str, **members: Any) -> ObjectRecord:
        bucket = await self.bucket()
        async with self.store.transaction() as tx:
            now_s = self.clock.timestamp()
            order = await next_order(tx, bucket, key, now_s=now_s)
            named = version_id(order, self.ids.bytes(15)) if bucket.versioning == "Enabled" else "null"
            record = ObjectRecord(modified_at_s=now_s, owner="111111111111", version_id=named, order=order, **members)
            await put_version(tx, bucket, key, record)
        return record

    async def find(self, key: str) -> ObjectRecord | None:
        return await find_object(self.store.snapshot(), await self.bucket(), key)

    async def others(self, key: str) -> list[ObjectRecord]:
        bucket = await self.bucket()
        rows = await self.store.snapshot().range(*VERSIONS.range(bucket.serial, key))
        return [msgspec.msgpack.decode(value, type=ObjectRecord) for _, value in rows]

    async def pass_days(self, days: int) -> None:
        self.clock.jump(days * _DAY)
        await self.worker.apply()


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    opened = Shelf(tmp_path)
    yield opened
    await opened.store.close()


def test_days_end_at_the_midnight_after() -> None:
    """S3 User Guide, "Lifecycle rules: Based on an object's age": 3 days after 1/15 10:30 is 1/19 00:00."""
    record = ObjectRecord(modified_at_s=_START.timestamp(), owner="")
    found = expiry_of(rules_of(_document(_rule(Expiration={"Days": 3}))), "a", record)
    assert found == (datetime(2026, 1, 19, tzinfo=UTC).timestamp(), "old")


def test_the_header_tells_the_first_end_and_its_rule() -> None:
    """API_PutObject, `x-amz-expiration`; recording s3/s3, test_bucket_lifecycle_multiple_rules."""
    document = _document(
        _rule(ID="late", Expiration={"Days": 30}), _rule(ID="a b", Filter={"Prefix": "t"}, Expiration={"Days": 3})
    )
    record = ObjectRecord(modified_at_s=_START.timestamp(), owner="")
    told = 'expiry-date="Mon, 19 Jan 2026 00:00:00 GMT", rule-id="a%20b"'
    assert expiration_header(document, "test", record) == told
    assert expiration_header(_document(_rule(Status="Disabled", Expiration={"Days": 3})), "test", record) is None


@pytest.mark.parametrize(
    ("found", "covered"),
    [
        ({"Prefix": "a/"}, True),
        ({"Prefix": "b/"}, False),
        ({"Tag": {"Key": "k", "Value": "v"}}, True),
        ({"Tag": {"Key": "k", "Value": "other"}}, False),
        ({"ObjectSizeGreaterThan": 9}, True),
        ({"ObjectSizeGreaterThan": 10}, False),
        ({"ObjectSizeLessThan": 11}, True),
        ({"ObjectSizeLessThan": 10}, False),
        ({"And": {"Prefix": "a/", "Tag": [{"Key": "k", "Value": "v"}], "ObjectSizeLessThan": 11}}, True),
        ({"And": {"Prefix": "a/", "Tag": [{"Key": "k", "Value": "v"}, {"Key": "l", "Value": "v"}]}}, False),
    ],
)
def test_filters_say_what_a_rule_is_about(found: dict[str, Any], covered: bool) -> None:
    """Recordings s3/s3, test_bucket_lifecycle_tag_rules and test_bucket_lifecycle_object_size_rules."""
    record = ObjectRecord(modified_at_s=0.0, owner="", size_bytes=10, tags={"k": "v"})
    (rule,) = rules_of(_document(_rule(Filter=found, Expiration={"Days": 1})))
    assert rule.covers("a/b", record) is covered


async def test_objects_end(shelf: Shelf) -> None:
    """Without versions they are gone, and not a day earlier."""
    await shelf.make(_rule(Expiration={"Days": 3}))
    await shelf.put("a")
    await shelf.pass_days(3)
    assert await shelf.find("a") is not None
    await shelf.pass_days(1)
    assert await shelf.find("a") is None


async def test_many_objects_end(shelf: Shelf) -> None:
    """More than a page of them; those that are younger stay."""
    await shelf.make(_rule(Expiration={"Days": 1}))
    for number in range(450):
        await shelf.put(f"old{number}")
    shelf.clock.jump(_DAY)
    await shelf.put("young")
    await shelf.pass_days(1)
    bucket = await shelf.bucket()
    assert [await find_object(shelf.store.snapshot(), bucket, f"old{number}") for number in range(450)] == [None] * 450
    assert await shelf.find("young") is not None


async def test_with_versions_a_marker_is_put_on_top(shelf: Shelf) -> None:
    """The bytes are still there; then they end as noncurrent, and last the marker, which hides nothing any more."""
    await shelf.make(
        _rule(Expiration={"Days": 1}, NoncurrentVersionExpiration={"NoncurrentDays": 2}), versioning="Enabled"
    )
    record = await shelf.put("a")
    await shelf.pass_days(2)
    assert await shelf.find("a") is None
    assert await find_version(shelf.store.snapshot(), await shelf.bucket(), "a", record.version_id) is not None
    await shelf.pass_days(3)
    assert [each.delete_marker for each in await shelf.others("a")] == [True]
    await shelf.pass_days(2)
    assert await shelf.others("a") == []


async def test_the_newest_noncurrent_ones_can_be_kept(shelf: Shelf) -> None:
    """API_NoncurrentVersionExpiration, `NewerNoncurrentVersions`; of more versions than a page has rows."""
    await shelf.make(
        _rule(NoncurrentVersionExpiration={"NoncurrentDays": 1, "NewerNoncurrentVersions": 3}), versioning="Enabled"
    )
    records = [await shelf.put("a") for _ in range(250)]
    await shelf.put("b")
    await shelf.pass_days(2)
    assert [each.version_id for each in await shelf.others("a")] == [
        each.version_id for each in reversed(records[-4:-1])
    ]
    assert await shelf.find("a") == records[-1]


async def test_locked_versions_stay(shelf: Shelf) -> None:
    """S3 User Guide, "Object Lock considerations": lifecycle does not delete what is protected."""
    await shelf.make(_rule(NoncurrentVersionExpiration={"NoncurrentDays": 1}), versioning="Enabled")
    held = await shelf.put("a", lock=Lock(legal_hold="ON"))
    await shelf.put("a")
    await shelf.put("a")
    await shelf.pass_days(2)
    assert [each.version_id for each in await shelf.others("a")] == [held.version_id]


async def test_objects_move_to_colder_classes(shelf: Shelf) -> None:
    """The coldest that is due; small ones stay; nothing moves back."""
    moves = [{"Days": 1, "StorageClass": "STANDARD_IA"}, {"Days": 3, "StorageClass": "GLACIER"}]
    await shelf.make(_rule(Transition=moves))
    await shelf.put("large", size_bytes=200_000)
    await shelf.put("small", size_bytes=1_000)
    await shelf.put("cold", size_bytes=200_000, storage_class="DEEP_ARCHIVE")
    seen = []
    for days in (2, 2):
        await shelf.pass_days(days)
        found = [await shelf.find(key) for key in ("large", "small", "cold")]
        seen.append([record and record.storage_class for record in found])
    assert seen == [["STANDARD_IA", "STANDARD", "DEEP_ARCHIVE"], ["GLACIER", "STANDARD", "DEEP_ARCHIVE"]]


async def test_small_objects_are_archived_where_it_varies_by_class(shelf: Shelf) -> None:
    """API_PutBucketLifecycleConfiguration, `x-amz-transition-default-minimum-object-size`."""
    await shelf.make(
        _rule(Transition=[{"Days": 1, "StorageClass": "GLACIER"}]),
        TransitionDefaultMinimumObjectSize="varies_by_storage_class",
    )
    await shelf.put("small", size_bytes=1_000)
    await shelf.pass_days(2)
    found = await shelf.find("small")
    assert found is not None
    assert found.storage_class == "GLACIER"


async def test_uploads_are_given_up(shelf: Shelf) -> None:
    """API_AbortIncompleteMultipartUpload, of the rule's prefix alone."""
    await shelf.make(_rule(Filter={"Prefix": "in/"}, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1}))
    bucket = await shelf.bucket()
    async with shelf.store.transaction() as tx:
        for key in ("in/a", "out/a"):
            record = UploadRecord(initiated_at_s=shelf.clock.timestamp(), owner="111111111111")
            await put_new(tx, bucket, key, record, now_s=shelf.clock.timestamp(), random=shelf.ids.bytes(48))
    await shelf.pass_days(2)
    assert [key for key, _, _ in await uploads_of(shelf.store.snapshot(), bucket)] == ["out/a"]
