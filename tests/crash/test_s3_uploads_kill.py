"""Uploads lose no part and show no half object, however often the server is killed meanwhile.

Each worker uploads objects in parts, puts some parts twice, aborts now and then, and completes. What was acknowledged
is there; an object that is there is whole. In the end every file belongs to a part or an object, once those that a kill
left to nobody are swept.
"""

import asyncio
import random
import time
from datetime import timedelta
from hashlib import md5
from pathlib import Path
from typing import Any, Final

from pileus.kernel.blobs.objects import local_blobs
from pileus.kernel.clock import MovableClock
from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.sqlite import open_store
from pileus.services.s3.keeping import BlobKeeping
from tests.conftest import Server
from tests.support.workers import Worker

_ROUNDS: Final = 3
_BUCKET: Final = "kill"
_LARGE: Final = 5 * 1024 * 1024


class Uploader(Worker):
    """Uploads objects of two parts, one after another."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self._random = random.Random(number)
        self.bodies: dict[str, bytes] = {}
        """By key: what an object must be, if it is there."""
        self.done: set[str] = set()
        self.parts: dict[str, tuple[str, dict[int, str]]] = {}
        """By key: the upload under way, and the ETags of its parts that were acknowledged."""

    def connect(self) -> None:
        self._s3 = self.server.client("s3")

    def work(self) -> None:
        key = f"{self._number}/{len(self.bodies):04}"
        first, last = bytes([self._random.randrange(256)]) * _LARGE, self._random.randbytes(50_000)
        self.bodies[key] = first + last
        upload_id = self._s3.create_multipart_upload(Bucket=_BUCKET, Key=key)["UploadId"]
        etags: dict[int, str] = {}
        self.parts[key] = upload_id, etags
        self._put(key, upload_id, 2, last)
        if self._random.random() < 0.3:
            etags.pop(2, None)
            self._put(key, upload_id, 2, last)
        if self._random.random() < 0.2:
            del self.parts[key]
            self._s3.abort_multipart_upload(Bucket=_BUCKET, Key=key, UploadId=upload_id)
            return
        self._put(key, upload_id, 1, first)
        parts: Any = [{"PartNumber": number, "ETag": etag} for number, etag in sorted(etags.items())]
        self._s3.complete_multipart_upload(
            Bucket=_BUCKET, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}
        )
        del self.parts[key]
        self.done.add(key)

    def _put(self, key: str, upload_id: str, number: int, body: bytes) -> None:
        answer = self._s3.upload_part(Bucket=_BUCKET, Key=key, UploadId=upload_id, PartNumber=number, Body=body)
        self.parts[key][1][number] = answer["ETag"]

    def check(self, server: Server) -> None:
        s3 = server.client("s3")
        there: set[str] = set()
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=_BUCKET, Prefix=f"{self._number}/"):
            there.update(each["Key"] for each in page.get("Contents", []))
        assert self.done <= there, "what was completed is gone"
        for key in there:
            body = s3.get_object(Bucket=_BUCKET, Key=key)["Body"].read()
            assert md5(body).digest() == md5(self.bodies[key]).digest(), "half an object"
        for key, (upload_id, etags) in self.parts.items():
            if key in there:
                continue  # completed, but its answer was cut off
            parts = s3.list_parts(Bucket=_BUCKET, Key=key, UploadId=upload_id).get("Parts", [])
            found = {part["PartNumber"]: part["ETag"] for part in parts}
            assert etags.items() <= found.items(), "a part that was acknowledged is gone"


def test_uploads_survive_kills(own_server: Server) -> None:
    """Acknowledged parts and objects are there after every kill, and no file is left to nobody in the end."""
    server = own_server.start()
    server.client("s3").create_bucket(Bucket=_BUCKET)
    workers = [Uploader(number) for number in range(3)]
    chance = random.Random(11)
    for round_number in range(_ROUNDS):
        for worker in workers:
            worker.begin(server, round_number)
        end_s = time.monotonic() + chance.uniform(0.4, 1.2)
        while time.monotonic() < end_s and all(worker.working for worker in workers):
            time.sleep(0.01)
        server.kill()
        for worker in workers:
            worker.end()
        server.start()
        for worker in workers:
            worker.check(server)
    assert sum(len(worker.done) for worker in workers) > 5
    server.stop()
    asyncio.run(_swept(server.data_dir))


async def _swept(data_dir: Path) -> None:
    """What nobody owns is removed by a sweep; all that is owned is there and undamaged."""
    store = open_store(data_dir, clock=MovableClock())
    root = data_dir / "objects"
    blobs = local_blobs(root, ids=SeededIds())
    keeping = BlobKeeping(store=store, clock=MovableClock(), blobs=blobs)
    await blobs.sweep(keeping.known, older_than=timedelta(0))
    files = {file.parent.name + file.name for file in root.rglob("*") if file.is_file()}
    assert await keeping.known(sorted(files)) == files
    assert await keeping.scrub_once() == 0
    blobs.close()
    await store.close()
