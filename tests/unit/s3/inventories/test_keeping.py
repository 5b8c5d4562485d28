"""Are lists written when they are due, of all that a bucket has, and only where they may be?"""

import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from pileus.kernel.blobs.objects import local_blobs
from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.seam import Store
from pileus.kernel.storage.sqlite import open_store
from pileus.services.s3 import shapes
from pileus.services.s3.bodies import Bodies
from pileus.services.s3.bucket_records import get_bucket, put_bucket, put_setting
from pileus.services.s3.encryption import ObjectKeys
from pileus.services.s3.inventories.columns import Listed
from pileus.services.s3.inventories.keeping import Inventories
from pileus.services.s3.inventories.listing import StoredVersions
from pileus.services.s3.keys_of_kms import NoDataKeys
from pileus.services.s3.listing import Listed as Asked
from pileus.services.s3.listing import page
from pileus.services.s3.model import BucketRecord, ObjectRecord, SettingRecord
from pileus.services.s3.object_records import OBJECTS, find_object, inline_bytes, put_version
from pileus.services.s3.settings.documents import INVENTORY, POLICY, setting
from pileus.services.s3.writing import ObjectWriter
from tests.support.time import JumpingClock

_OWNER = "123456789012"


class _World(NamedTuple):
    store: Store
    clock: JumpingClock
    writer: ObjectWriter
    inventories: Inventories


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[_World]:
    clock = JumpingClock(datetime(2024, 12, 24, 0, 30, tzinfo=UTC))
    store = open_store(tmp_path / "store", clock=clock)
    ids = SeededIds()
    blobs = local_blobs(tmp_path / "blobs", ids=ids)
    writer = ObjectWriter(
        store=store,
        clock=clock,
        ids=ids,
        bodies=Bodies(blobs, ids),
        keys=ObjectKeys(ids=ids, secret=b"s" * 32, kms=NoDataKeys()),
    )
    yield _World(store, clock, writer, Inventories(store=store, clock=clock, ids=ids, writer=writer))
    blobs.close()
    await store.close()


async def _bucket(world: _World, name: str, serial: int, *, versioned: bool = False) -> BucketRecord:
    bucket = BucketRecord(
        name=name,
        account_id=_OWNER,
        region="us-east-1",
        serial=serial,
        created_at_s=0,
        versioning="Enabled" if versioned else "",
    )
    async with world.store.transaction() as tx:
        put_bucket(tx, bucket)
    return bucket


async def _put(world: _World, bucket: BucketRecord, key: str) -> ObjectRecord:
    return await world.writer.write(None, bucket, key, ObjectRecord(modified_at_s=0, owner=_OWNER), b"bytes")


def _configuration(frequency: str = "Daily", *, enabled: bool = True) -> shapes.InventoryConfiguration:
    return shapes.InventoryConfiguration(
        destination=shapes.InventoryDestination(
            s3_bucket_destination=shapes.InventoryS3BucketDestination(bucket="arn:aws:s3:::target", format="CSV")
        ),
        is_enabled=enabled,
        id="all",
        included_object_versions="All",
        schedule=shapes.InventorySchedule(frequency=frequency),  # type: ignore[arg-type]
    )


async def _configure(world: _World, name: str, configuration: shapes.InventoryConfiguration) -> None:
    async with world.store.transaction() as tx:
        record = setting(configuration, now_s=world.clock.timestamp())
        put_setting(tx, await get_bucket(tx, name), INVENTORY, record, configuration.id)


async def _let_in(world: _World, *, source: str) -> None:
    """The policy that the User Guide gives for a destination."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::target/*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{source}"},
            "StringEquals": {"aws:SourceAccount": _OWNER, "s3:x-amz-acl": "bucket-owner-full-control"},
        },
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]}).encode()
    async with world.store.transaction() as tx:
        put_setting(tx, await get_bucket(tx, "target"), POLICY, SettingRecord(document=document, changed_at_s=0))


async def _keys(world: _World, bucket: BucketRecord) -> list[str]:
    found = await page(world.store.snapshot(), OBJECTS, bucket.serial, Asked())
    return [key.decode() for key, _ in found.rows]


async def test_every_day_when_it_is_due(world: _World) -> None:
    """Not before 01:00, once a day, and with all versions and markers."""
    source = await _bucket(world, "source", 1, versioned=True)
    target = await _bucket(world, "target", 2)
    await _put(world, source, "a")
    await _put(world, source, "a")
    await _configure(world, "source", _configuration())
    await _let_in(world, source="source")
    await world.inventories.write_due()
    assert await _keys(world, target) == []
    world.clock.jump(timedelta(minutes=31))
    await world.inventories.write_due()
    manifest_key = "source/all/2024-12-24T01-01Z/manifest.json"
    assert manifest_key in await _keys(world, target)
    snapshot = world.store.snapshot()
    record = await find_object(snapshot, target, manifest_key)
    assert record is not None
    assert record.content_type == "application/json"
    (file,) = json.loads(await inline_bytes(snapshot, record))["files"]
    data = await find_object(snapshot, target, file["key"])
    assert data is not None
    lines = gzip.decompress(await inline_bytes(snapshot, data)).decode().splitlines()
    assert [line.split(",")[3] for line in lines] == ['"true"', '"false"']
    await world.inventories.write_due()
    assert len(await _keys(world, target)) == 4
    world.clock.jump(timedelta(days=1))
    await world.inventories.write_due()
    assert len(await _keys(world, target)) == 8


async def test_weekly_disabled_and_forbidden_ones(world: _World) -> None:
    """A week is until Sunday; nothing is written for what is off, or where the policy names another source."""
    target = await _bucket(world, "target", 1)
    for serial, (name, configuration) in enumerate(
        {
            "forbidden": _configuration(),
            "off": _configuration(enabled=False),
            "weekly": _configuration("Weekly"),
        }.items(),
        start=2,
    ):
        await _bucket(world, name, serial)
        await _configure(world, name, configuration)
    await _let_in(world, source="weekly")
    for _ in range(5):
        await world.inventories.write_due()
        assert await _keys(world, target) == []
        world.clock.jump(timedelta(days=1))
    world.clock.jump(timedelta(hours=1))
    await world.inventories.write_due()
    assert [key.rpartition("/")[2] for key in await _keys(world, target)] == [
        "manifest.checksum",
        "manifest.json",
        "symlink.txt",
    ]
    assert all(key.startswith("weekly/all/") for key in await _keys(world, target))


@pytest.mark.parametrize("page_rows", [1, 2, 3, 100])
async def test_pages_of_versions(world: _World, page_rows: int) -> None:
    """Wherever a page ends, each version is told once, the latest of a key first."""
    bucket = await _bucket(world, "versioned", 1, versioned=True)
    expected: list[tuple[str, str, bool]] = []
    for key in ("a", "b", "b\x00", "c"):
        written = [(await _put(world, bucket, key)).version_id for _ in range(3)]
        expected += [(key, version, at == 0) for at, version in enumerate(reversed(written))]
    marker = ObjectRecord(modified_at_s=0, owner=_OWNER, delete_marker=True, version_id="m" * 32, order=1 << 60)
    async with world.store.transaction() as tx:
        await put_version(tx, bucket, "c", marker)
    at = next(place for place, row in enumerate(expected) if row[0] == "c")
    key, version, _ = expected[at]
    expected[at : at + 1] = [("c", "m" * 32, True), (key, version, False)]
    listing = StoredVersions(world.store, bucket, page_rows=page_rows)

    async def told(prefix: str, *, all_versions: bool) -> list[Listed]:
        return [row async for rows in listing.versions(prefix=prefix, all_versions=all_versions) for row in rows]

    rows = await told("", all_versions=True)
    assert [(row.key, row.record.version_id, row.is_latest) for row in rows] == expected
    assert [row.key for row in await told("b", all_versions=True)] == ["b"] * 3 + ["b\x00"] * 3
    assert [row.key for row in await told("", all_versions=False)] == ["a", "b", "b\x00"]
