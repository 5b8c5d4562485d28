"""Pileus's S3 is an object store to others: `obstore`, a client in Rust, keeps another Pileus's blobs in it."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta

import pytest

from pileus.kernel.blobs.remote import PART_BYTES, remote_blobs
from pileus.kernel.blobs.segments import BlobMissing, Piece, whole
from pileus.kernel.ids import SystemIds
from tests.conftest import Server
from tests.support.buckets import new_bucket

KEY = bytes(range(32))


async def test_blobs_in_a_bucket(aws: Server) -> None:
    """Uploads whole and in parts, ranges, copies, listings and deletions in bulk, by a client that is no AWS SDK."""
    bucket = new_bucket(aws.client("s3"))
    options = {"endpoint": aws.url, "region": "us-east-1", "access_key_id": "111111111111", "secret_access_key": "test"}
    store = remote_blobs(f"s3://{bucket}/below/here", ids=SystemIds(), options=options)
    kept = []
    for size_bytes in (0, 100, 70_000, PART_BYTES + 1, 2 * PART_BYTES + 7):
        data = (bytes(range(251)) * (size_bytes // 251 + 1))[:size_bytes]
        for key in (None, KEY):
            original = await store.put(data, key=key)
            clone = await store.clone(original)
            await store.remove([original.blob, "0" * 32])
            with pytest.raises(BlobMissing):
                await store.check(original)
            await store.check(clone)
            if size_bytes < PART_BYTES:
                assert await store.read(whole(clone, key=key)) == data
            piece = Piece(clone, size_bytes // 3, size_bytes // 2, key)
            read = b"".join([part async for part in store.stream([piece])])
            assert read == data[piece.offset : piece.offset + piece.size_bytes]
            kept.append(clone.blob)
    assert [blob async for batch in store.ids() for blob in batch] == sorted(kept)

    async def known(ids: Sequence[str]) -> AbstractSet[str]:
        return set(ids) - {kept[0]}

    assert await store.sweep(known) == 0
    assert await store.sweep(known, older_than=timedelta(minutes=-1)) == 1
    assert [blob async for batch in store.ids() for blob in batch] == sorted(kept[1:])
    store.close()
