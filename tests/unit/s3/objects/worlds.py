"""S3's own parts, on a store and blobs in a folder of the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pileus.kernel.blobs.objects import BlobStore, local_blobs
from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.ids import SystemIds
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.emissions import EventRecord, waiting
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Event, Store
from pileus.kernel.storage.sqlite import open_store
from pileus.services.s3.bodies import Bodies
from pileus.services.s3.bucket_records import put_bucket
from pileus.services.s3.encryption import ObjectKeys
from pileus.services.s3.keeping import BlobKeeping
from pileus.services.s3.keys_of_kms import NoDataKeys
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.reading import ObjectReader
from pileus.services.s3.writing import ObjectWriter

BUCKET = BucketRecord(name="bucket", account_id="111111111111", region="us-east-1", serial=1, created_at_s=0.0)
CONTEXT = RequestContext(
    service="s3",
    operation="PutObject",
    request_id="r",
    account_id="111111111111",
    region="us-east-1",
    principal=Principal(account_id="111111111111", arn="arn:aws:iam::111111111111:root", user_id="111111111111"),
    source_ip="127.0.0.1",
    host="localhost",
)


@dataclass
class World:
    store: Store
    blobs: BlobStore
    root: Path
    clock: MovableClock = field(default_factory=MovableClock)
    ids: SystemIds = field(default_factory=SystemIds)

    def __post_init__(self) -> None:
        self.bodies = Bodies(self.blobs, self.ids)
        self.keys = ObjectKeys(ids=self.ids, secret=bytes(32), kms=NoDataKeys())
        self.writer = ObjectWriter(store=self.store, clock=self.clock, ids=self.ids, bodies=self.bodies, keys=self.keys)
        self.reader = ObjectReader(store=self.store, clock=self.clock, bodies=self.bodies, keys=self.keys)
        self.keeping = BlobKeeping(store=self.store, clock=self.clock, blobs=self.blobs)

    @property
    def files(self) -> list[Path]:
        return sorted(path for path in self.root.rglob("*") if path.is_file())

    async def deliveries(self, topic: str) -> list[Delivery]:
        """What the outbox would deliver of a topic."""
        rows = await self.store.snapshot().range(*waiting(topic).range())
        records = [decode(value, EventRecord) for _, value in rows]
        return [
            Delivery(event=Event(topic=topic, payload=record.payload), attempt=1, due=self.clock.now(), id=number)
            for number, record in enumerate(records)
        ]


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[World]:
    clock = MovableClock()
    store = open_store(folder / "store", clock=clock)
    blobs = local_blobs(folder / "objects", ids=SystemIds())
    try:
        world = World(store, blobs, folder / "objects", clock)
        async with store.transaction() as tx:
            put_bucket(tx, BUCKET)
        yield world
    finally:
        blobs.close()
        await store.close()
