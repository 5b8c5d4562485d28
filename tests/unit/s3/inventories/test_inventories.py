"""Are lists of a bucket's objects laid out, written and announced as the S3 User Guide says?"""

import csv
import gzip
import importlib
import io
import json
from base64 import b64decode
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from hashlib import md5
from typing import Any
from urllib.parse import unquote

import pytest

from pileus.kernel.auth.canonical_users import canonical_user_id
from pileus.kernel.ids import SeededIds
from pileus.services.s3 import shapes
from pileus.services.s3.inventories import delivering
from pileus.services.s3.inventories.columns import KNOWN_FIELDS, Listed, columns_of, schema_text
from pileus.services.s3.inventories.delivering import next_due, write_inventory
from pileus.services.s3.inventories.files import csv_line
from pileus.services.s3.model import Checksum, Encryption, Lock, ObjectRecord

_NOW = datetime(2024, 12, 24, 1, 0, tzinfo=UTC)
_OWNER = "123456789012"


def _configuration(
    *fields: str, versions: str = "Current", file_format: str = "CSV", prefix: str | None = "lists"
) -> shapes.InventoryConfiguration:
    return shapes.InventoryConfiguration(
        destination=shapes.InventoryDestination(
            s3_bucket_destination=shapes.InventoryS3BucketDestination(
                bucket="arn:aws:s3:::target",
                format=file_format,  # type: ignore[arg-type]
                prefix=prefix,
            )
        ),
        is_enabled=True,
        filter=shapes.InventoryFilter(prefix="a/"),
        id="daily",
        included_object_versions=versions,  # type: ignore[arg-type]
        optional_fields=list(fields) or None,  # type: ignore[arg-type]
        schedule=shapes.InventorySchedule(frequency="Daily"),
    )


def _record(**more: Any) -> ObjectRecord:
    told: dict[str, Any] = {"modified_at_s": 1_700_000_000.25, "owner": _OWNER, "size_bytes": 5, "etag": "e" * 32}
    return ObjectRecord(**told | more)


class _Bucket:
    """What is listed, in pages; and what was asked of it."""

    def __init__(self, pages: Sequence[Sequence[Listed]]) -> None:
        self._pages = pages
        self.asked: dict[str, object] = {}

    async def versions(self, *, prefix: str, all_versions: bool) -> AsyncIterator[Sequence[Listed]]:
        self.asked = {"prefix": prefix, "all_versions": all_versions}
        for page in self._pages:
            yield page


class _Target:
    """What was written, in its order."""

    def __init__(self) -> None:
        self.written: dict[str, bytes] = {}

    async def put(self, key: str, body: AsyncIterator[bytes], *, size_bytes: int, content_type: str) -> None:
        data = b"".join([piece async for piece in body])
        assert len(data) == size_bytes
        assert content_type
        self.written[key] = data


async def _delivered(
    configuration: shapes.InventoryConfiguration, *pages: Sequence[Listed]
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest, and all that was written."""
    target = _Target()
    bucket = _Bucket(pages)
    key = await write_inventory(
        configuration, source_bucket="source", listing=bucket, destination=target, now=_NOW, ids=SeededIds()
    )
    assert bucket.asked == {"prefix": "a/", "all_versions": configuration.included_object_versions == "All"}
    assert list(target.written)[-1] == key, "the manifest comes last"
    return json.loads(target.written[key]), target.written


async def test_where_everything_lies() -> None:
    """Manifest, checksum, Hive's links and data, as "Locating your inventory list" draws them."""
    manifest, written = await _delivered(_configuration("Size"), [Listed(key="a/1", record=_record())])
    (data,) = manifest["files"]
    assert data["key"].startswith("lists/source/daily/data/")
    assert data["key"].endswith(".csv.gz")
    assert list(written) == [
        data["key"],
        "lists/source/daily/hive/dt=2024-12-24-01-00/symlink.txt",
        "lists/source/daily/2024-12-24T01-00Z/manifest.checksum",
        "lists/source/daily/2024-12-24T01-00Z/manifest.json",
    ]
    assert written["lists/source/daily/hive/dt=2024-12-24-01-00/symlink.txt"] == f"s3://target/{data['key']}".encode()
    checksum = md5(written["lists/source/daily/2024-12-24T01-00Z/manifest.json"]).hexdigest().encode()
    assert written["lists/source/daily/2024-12-24T01-00Z/manifest.checksum"] == checksum
    assert data["size"] == len(written[data["key"]])
    assert data["MD5checksum"] == md5(written[data["key"]]).hexdigest()
    del manifest["files"]
    assert manifest == {
        "sourceBucket": "source",
        "destinationBucket": "arn:aws:s3:::target",
        "version": "2016-11-30",
        "creationTimestamp": "1735002000000",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
    }


async def test_without_a_prefix_and_without_objects() -> None:
    """An empty bucket has a list too, of no files."""
    manifest, written = await _delivered(_configuration(prefix=None))
    assert manifest["files"] == []
    assert "source/daily/2024-12-24T01-00Z/manifest.json" in written


def test_a_line_of_every_field() -> None:
    """Each value in quotes, the key as in an address, moments with milliseconds, in AWS's order of columns."""
    columns = columns_of(_configuration(*sorted(KNOWN_FIELDS, reverse=True), versions="All"))
    assert [column.name for column in columns] == [
        "Bucket",
        "Key",
        "VersionId",
        "IsLatest",
        "IsDeleteMarker",
        "Size",
        "LastModifiedDate",
        "ETag",
        "StorageClass",
        "IsMultipartUploaded",
        "ReplicationStatus",
        "EncryptionStatus",
        "ObjectLockRetainUntilDate",
        "ObjectLockMode",
        "ObjectLockLegalHoldStatus",
        "IntelligentTieringAccessTier",
        "BucketKeyStatus",
        "ChecksumAlgorithm",
        "ObjectAccessControlList",
        "ObjectOwner",
        "LifecycleExpirationDate",
    ]
    record = _record(
        version_id="v" * 32,
        parts_count=3,
        etag="abc-3",
        replication_status="COMPLETED",
        encryption=Encryption(algorithm="aws:kms", bucket_key=True),
        lock=Lock(mode="GOVERNANCE", retain_until_s=1_800_000_000, legal_hold="ON"),
        checksum=Checksum(algorithm="CRC32", value="x"),
    )
    listed = Listed(key='a/ü "b"+c', record=record, expires_at=datetime(2025, 1, 1, tzinfo=UTC))
    (fields,) = csv.reader([csv_line(columns, "source", listed)])
    acl = fields.pop(18)
    assert fields == [
        "source",
        "a/%C3%BC%20%22b%22%2Bc",
        "v" * 32,
        "true",
        "false",
        "5",
        "2023-11-14T22:13:20.250Z",
        "abc-3",
        "STANDARD",
        "true",
        "COMPLETED",
        "SSE-KMS",
        "2027-01-15T08:00:00.000Z",
        "GOVERNANCE",
        "ON",
        "",
        "ENABLED",
        "CRC32",
        canonical_user_id(_OWNER),
        "2025-01-01T00:00:00.000Z",
    ]
    assert json.loads(b64decode(acl)) == {
        "version": "2022-11-10",
        "status": "AVAILABLE",
        "grants": [{"canonicalId": canonical_user_id(_OWNER), "type": "CanonicalUser", "permission": "FULL_CONTROL"}],
    }
    assert unquote(fields[1]) == listed.key


def test_a_delete_marker() -> None:
    """It has a version and a date, and nothing of an object."""
    columns = columns_of(_configuration("Size", "LastModifiedDate", "ETag", "EncryptionStatus", versions="All"))
    listed = Listed(key="k", record=_record(delete_marker=True, version_id="m" * 32), is_latest=True)
    assert csv_line(columns, "b", listed) == (
        f'"b","k","{"m" * 32}","true","true","","2023-11-14T22:13:20.250Z","",""\n'
    )


async def test_long_lists_are_several_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row is lost or doubled where one file ends and the next begins."""
    monkeypatch.setattr(delivering, "ROWS_MAX", 10)
    pages = [[Listed(key=f"a/{page}-{n}", record=_record()) for n in range(5)] for page in range(5)]
    manifest, written = await _delivered(_configuration(), *pages)
    assert len(manifest["files"]) == 3
    lines = b"".join(gzip.decompress(written[file["key"]]) for file in manifest["files"]).decode().splitlines()
    assert lines == [f'"source","a/{page}-{n}"' for page in range(5) for n in range(5)]
    links = written["lists/source/daily/hive/dt=2024-12-24-01-00/symlink.txt"].decode().splitlines()
    assert links == [f"s3://target/{file['key']}" for file in manifest["files"]]


async def test_a_list_that_ends_with_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """No empty file follows."""
    monkeypatch.setattr(delivering, "ROWS_MAX", 5)
    page = [Listed(key=f"a/{n}", record=_record()) for n in range(5)]
    manifest, _ = await _delivered(_configuration(), page)
    assert len(manifest["files"]) == 1


def test_schemas() -> None:
    """Those of the manifest's examples."""
    columns = columns_of(_configuration("Size", "LastModifiedDate", "IsMultipartUploaded", "ETag", versions="All"))
    assert schema_text(columns, "CSV") == (
        "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, IsMultipartUploaded"
    )
    assert schema_text(columns, "ORC") == (
        "struct<bucket:string,key:string,version_id:string,is_latest:boolean,is_delete_marker:boolean,size:bigint,"
        "last_modified_date:timestamp,e_tag:string,is_multipart_uploaded:boolean>"
    )
    assert schema_text(columns, "Parquet") == (
        "message s3.inventory {  required binary bucket (STRING);  required binary key (STRING);"
        "  optional binary version_id (STRING);  optional boolean is_latest;  optional boolean is_delete_marker;"
        "  optional int64 size;  optional int64 last_modified_date (TIMESTAMP(MILLIS,true));"
        "  optional binary e_tag (STRING);  optional boolean is_multipart_uploaded;}"
    )


@pytest.mark.parametrize("file_format", ["Parquet", "ORC"])
async def test_columns_with_types(file_format: str) -> None:
    """Read back by the library that others read it with; the key is as it is, not as in an address."""
    pytest.importorskip("pyarrow")
    pages = [[Listed(key=f"a/ü {n}", record=_record(size_bytes=n))] for n in range(3000)]
    configuration = _configuration("Size", "LastModifiedDate", "ReplicationStatus", file_format=file_format)
    manifest, written = await _delivered(configuration, *pages)
    (file,) = manifest["files"]
    assert file["key"].endswith(f".{file_format.lower()}")
    module: Any = importlib.import_module(f"pyarrow.{file_format.lower()}")
    source = io.BytesIO(written[file["key"]])
    table = module.read_table(source) if file_format == "Parquet" else module.ORCFile(source).read()
    rows = table.to_pylist()
    assert len(rows) == 3000
    moment = rows[7].pop("last_modified_date")
    assert moment.replace(tzinfo=UTC) == datetime(2023, 11, 14, 22, 13, 20, 250_000, tzinfo=UTC)
    assert rows[7] == {"bucket": "source", "key": "a/ü 7", "size": 7, "replication_status": None}


@pytest.mark.parametrize(
    ("frequency", "after", "due"),
    [
        ("Daily", datetime(2024, 12, 24, 0, 59, tzinfo=UTC), datetime(2024, 12, 24, 1, tzinfo=UTC)),
        ("Daily", datetime(2024, 12, 24, 1, 0, tzinfo=UTC), datetime(2024, 12, 25, 1, tzinfo=UTC)),
        ("Weekly", datetime(2024, 12, 24, 1, 0, tzinfo=UTC), datetime(2024, 12, 29, 1, tzinfo=UTC)),
        ("Weekly", datetime(2024, 12, 29, 0, 0, tzinfo=UTC), datetime(2024, 12, 29, 1, tzinfo=UTC)),
        ("Weekly", datetime(2024, 12, 29, 1, 0, tzinfo=UTC), datetime(2025, 1, 5, 1, tzinfo=UTC)),
    ],
)
def test_when_lists_are_due(frequency: str, after: datetime, due: datetime) -> None:
    """Every day, or every Sunday."""
    assert next_due(frequency, after) == due
