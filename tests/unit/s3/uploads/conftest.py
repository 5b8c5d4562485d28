"""Uploads in a store of their own, without the wire: operations are called as the dispatcher calls them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pileus.kernel.blobs.objects import BlobStore, local_blobs
from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.s3.bodies import Bodies
from pileus.services.s3.bucket_records import put_bucket
from pileus.services.s3.encryption import ObjectKeys
from pileus.services.s3.keys_of_kms import NoDataKeys
from pileus.services.s3.model import BlobRecord, BucketRecord, ObjectRecord
from pileus.services.s3.object_records import BLOBS, find_object, parts_of
from pileus.services.s3.operations.parts import PartOperations
from pileus.services.s3.operations.upload_lists import UploadListOperations
from pileus.services.s3.operations.uploads import UploadOperations
from pileus.services.s3.shapes import (
    CompletedMultipartUpload,
    CompletedPart,
    CompleteMultipartUploadOutput,
    CompleteMultipartUploadRequest,
    CreateMultipartUploadRequest,
    UploadPartRequest,
)

BUCKET = "uploads"
CONTEXT = RequestContext(
    service="s3",
    operation="",
    request_id="r",
    account_id="111111111111",
    region="us-east-1",
    principal=Principal(account_id="111111111111", arn="arn:aws:iam::111111111111:root", user_id="111111111111"),
    source_ip="127.0.0.1",
    host="127.0.0.1:4566",
)


class Api(UploadOperations, PartOperations, UploadListOperations):
    """All there is of uploads."""


@dataclass
class World:
    """A store with one bucket, and what is asked of it."""

    api: Api
    store: SqliteStore
    blobs: BlobStore
    clock: MovableClock
    root: Path
    bucket: BucketRecord = field(
        default_factory=lambda: BucketRecord(
            name=BUCKET, account_id="111111111111", region="us-east-1", serial=7, created_at_s=0.0
        )
    )

    async def begin(self, key: str = "key", **asked: object) -> str:
        request = CreateMultipartUploadRequest(bucket=BUCKET, key=key, **asked)  # type: ignore[arg-type]  # by name
        upload_id = (await self.api.create_multipart_upload(CONTEXT, request)).upload_id
        assert upload_id is not None
        return upload_id

    async def part(self, upload_id: str, number: int, body: bytes, key: str = "key", **more: object) -> str:
        request = UploadPartRequest(
            bucket=BUCKET,
            key=key,
            upload_id=upload_id,
            part_number=number,
            body=body,
            **more,  # type: ignore[arg-type]  # by name
        )
        etag = (await self.api.upload_part(CONTEXT, request)).e_tag
        assert etag is not None
        return etag

    async def complete(
        self, upload_id: str, etags: dict[int, str], key: str = "key", **more: object
    ) -> CompleteMultipartUploadOutput:
        parts = [CompletedPart(part_number=number, e_tag=etag) for number, etag in etags.items()]
        request = CompleteMultipartUploadRequest(
            bucket=BUCKET,
            key=key,
            upload_id=upload_id,
            **{"multipart_upload": CompletedMultipartUpload(parts=parts), **more},  # type: ignore[arg-type]  # by name
        )
        return await self.api.complete_multipart_upload(CONTEXT, request)

    async def object(self, key: str = "key") -> ObjectRecord:
        found = await find_object(self.store.snapshot(), self.bucket, key)
        assert found is not None
        return found

    async def bytes_of(self, key: str = "key") -> bytes:
        """All bytes of an object that lies plain, through its layout."""
        parts = await parts_of(self.store.snapshot(), await self.object(key))
        return b"".join([self._file(part.segment.blob).read_bytes() for part in parts])

    def _file(self, blob: str) -> Path:
        return self.root / blob[:2] / blob[2:]

    async def owned(self) -> set[str]:
        """The blobs that belong to somebody."""
        rows = await self.store.snapshot().range(*BLOBS.range())
        return {decode(value, BlobRecord).segment.blob for _, value in rows}

    def files(self) -> set[str]:
        """The blobs that are there, whosoever they are; and what is half written."""
        return {file.parent.name + file.name for file in self.root.rglob("*") if file.is_file()}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock = MovableClock()
    store = open_store(tmp_path / "data", clock=clock)
    ids = SeededIds(1)
    root = tmp_path / "blobs"
    blobs = local_blobs(root, ids=ids)
    bodies = Bodies(blobs, ids)
    keys = ObjectKeys(ids=ids, secret=b"s" * 32, kms=NoDataKeys())
    made = World(Api(store=store, clock=clock, ids=ids, bodies=bodies, keys=keys), store, blobs, clock, root)
    async with store.transaction() as tx:
        put_bucket(tx, made.bucket)
    yield made
    await store.close()
    blobs.close()
