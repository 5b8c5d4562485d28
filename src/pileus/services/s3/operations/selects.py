"""SelectObjectContent.

Source: S3 API Reference, "SelectObjectContent"; S3 User Guide, "Querying data in place with Amazon S3 Select".
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO, Final

from pileus.kernel.blobs.segments import BlobMissing
from pileus.kernel.context import RequestContext
from pileus.kernel.http.messages import FileBody, FilesBody
from pileus.services.s3.bodies import damaged
from pileus.services.s3.encryption import check_customer_key, customer_key_of
from pileus.services.s3.model import BucketRecord, ObjectRecord
from pileus.services.s3.operations.base import S3Base, asked_bucket
from pileus.services.s3.reading import Found, ObjectReader, Range
from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.selecting import Selector
from pileus.services.s3.shapes import SelectObjectContentOutput, SelectObjectContentRequest

_READ_BYTES: Final = 256 * 1024
_TRIES: Final = 3
_NOT_SELECTED: Final = frozenset({"GLACIER", "DEEP_ARCHIVE", "REDUCED_REDUNDANCY"})
"""Source: "Querying data in place with Amazon S3 Select", "Requirements and limits"."""


class SelectOperations(S3Base):
    """Objects, asked by SQL."""

    @cached_property
    def _selector(self) -> Selector:
        return Selector()

    async def select_object_content(
        self, context: RequestContext, request: SelectObjectContentRequest
    ) -> SelectObjectContentOutput:
        customer_key = customer_key_of(
            request.sse_customer_algorithm, request.sse_customer_key, request.sse_customer_key_md5
        )
        for _ in range(_TRIES):
            snapshot = self._store.snapshot()
            bucket = await asked_bucket(snapshot, context, request.bucket, expected_owner=request.expected_bucket_owner)
            record = await self.reader.find(snapshot, bucket, request.key, None, method="POST")
            check_customer_key(record, customer_key)
            if record.storage_class in _NOT_SELECTED:
                raise SelectError("UnsupportedStorageClass")
            source = _ObjectSource(self.reader, context, bucket, request.key, record, customer_key)
            try:
                events = await self._selector.select(request, source, now_s=self._clock.timestamp())
            except BlobMissing:
                continue  # removed since its record was read
            return SelectObjectContentOutput(payload=events)
        raise damaged(f"{request.bucket}/{request.key}")


@dataclass(frozen=True, slots=True)
class _ObjectSource:
    """The bytes of one version."""

    reader: ObjectReader
    context: RequestContext
    bucket: BucketRecord
    key: str
    record: ObjectRecord
    customer_key: bytes

    @property
    def size_bytes(self) -> int:
        return self.record.size_bytes

    async def read(self, offset: int) -> AsyncIterator[bytes]:
        if offset >= self.size_bytes:
            return
        found = Found(self.bucket, self.record, Range(offset, self.size_bytes - offset))
        content = await self.reader.content(self.context, self.key, found, customer_key=self.customer_key)
        if isinstance(content, bytes):
            yield content
        elif isinstance(content, FileBody | FilesBody):
            for file in content.files if isinstance(content, FilesBody) else (content,):
                async for piece in _pieces(file):
                    yield piece
        else:
            async for piece in content:
                yield piece


async def _pieces(file: FileBody) -> AsyncIterator[bytes]:
    opened = await asyncio.to_thread(_opened, file)
    left = file.size_bytes
    try:
        while left:
            piece = await asyncio.to_thread(opened.read, min(left, _READ_BYTES))
            if not piece:
                raise BlobMissing(f"{file.path} is shorter than it was")
            left -= len(piece)
            yield piece
    finally:
        opened.close()


def _opened(file: FileBody) -> BinaryIO:
    opened = file.path.open("rb")
    opened.seek(file.offset)
    return opened
