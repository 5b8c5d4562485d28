"""What a source tells when a copy could not be made."""

import json
from pathlib import Path

from pileus.services.s3.bucket_records import get_bucket, put_bucket, put_setting
from pileus.services.s3.model import BucketRecord, ObjectRecord, SettingRecord
from pileus.services.s3.object_records import find_object
from pileus.services.s3.replication.copying import Replicating
from tests.unit.s3.objects.worlds import CONTEXT, opened


async def test_the_source_tells_that_every_attempt_failed(tmp_path: Path) -> None:
    """Otherwise it would be pending for ever, with nobody at work on it."""
    source = BucketRecord(
        name="source", account_id="111111111111", region="us-east-1", serial=98, created_at_s=0.0, versioning="Enabled"
    )
    rule = {"ID": "r", "Status": "Enabled", "Prefix": "", "Destination": {"Bucket": "arn:aws:s3:::target"}}
    document = json.dumps({"Role": "arn:aws:iam::111111111111:role/r", "Rule": [rule]}).encode()
    async with opened(tmp_path) as world:
        async with world.store.transaction() as tx:
            put_bucket(tx, source)
            put_setting(tx, source, "replication", SettingRecord(document=document, changed_at_s=0.0))
        source = await get_bucket(world.store.snapshot(), "source")
        draft = ObjectRecord(modified_at_s=0.0, owner="111111111111")
        written = await world.writer.write(CONTEXT, source, "k", draft, b"x")
        assert written.replication_status == "PENDING"
        replicating = Replicating(
            store=world.store, clock=world.clock, ids=world.ids, bodies=world.bodies, keys=world.keys, roles=None
        )
        [delivery] = await world.deliveries("s3.replicate")
        await replicating.give_up(delivery, OSError("the disk is full"))
        told = await find_object(world.store.snapshot(), source, "k")
        assert told is not None
        assert told.replication_status == "FAILED"
