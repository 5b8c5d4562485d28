"""What is copied while it changes?"""

from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.blobs.segments import Segment
from pileus.kernel.metrics.counting import Metrics
from pileus.services.s3.api import S3Api
from pileus.services.s3.errors import NoSuchKey
from pileus.services.s3.shapes import CopyObjectRequest
from tests.unit.s3.objects.test_bytes import LARGE, delete, free, whole, write
from tests.unit.s3.objects.worlds import CONTEXT, World, opened


def api_of(world: World) -> S3Api:
    return S3Api(
        store=world.store,
        clock=world.clock,
        ids=world.ids,
        bodies=world.bodies,
        keys=world.keys,
        metrics=Metrics(world.store, world.clock),
    )


async def test_a_source_that_is_replaced_while_it_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There always is an object of that key, so nobody hears that there is none; if it goes, he does."""
    async with opened(tmp_path) as world:
        clone = world.blobs.clone
        left: list[bytes] = []

        async def late(segment: Segment) -> Any:
            if left:
                body = left.pop()
                await (write(world, body) if body else delete(world))
                await free(world)
            return await clone(segment)

        monkeypatch.setattr(world.blobs, "clone", late)
        await write(world, LARGE)
        left.append(LARGE[::-1])
        request = CopyObjectRequest(bucket="bucket", key="copy", copy_source="bucket/k")
        await api_of(world).copy_object(CONTEXT, request)
        assert await whole(world, "copy") == LARGE[::-1]
        left.append(b"")
        with pytest.raises(NoSuchKey):
            await api_of(world).copy_object(CONTEXT, request)
        assert len(world.files) == 1
