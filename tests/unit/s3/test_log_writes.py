"""Who lets access logs into a bucket."""

from pathlib import Path
from typing import Literal

import pytest

from pileus.kernel.auth.service_calls import ServiceCall
from pileus.services.s3.access_logs.writing import BucketLogWriter
from pileus.services.s3.bucket_records import put_bucket
from pileus.services.s3.errors import AccessDenied
from pileus.services.s3.model import Acl, BucketRecord, Grant
from pileus.services.s3.object_records import find_object
from tests.unit.s3.objects.worlds import opened

_CALL = ServiceCall(service="logging.s3.amazonaws.com", source_arn="arn:aws:s3:::logged", source_account="111111111111")


@pytest.mark.parametrize(("ownership", "written"), [("BucketOwnerEnforced", False), ("ObjectWriter", True)])
async def test_a_list_counts_only_where_lists_do(
    tmp_path: Path, ownership: Literal["BucketOwnerEnforced", "ObjectWriter"], written: bool
) -> None:
    """S3 User Guide, "Permissions for log delivery": a bucket with lists disabled needs a policy."""
    grant = Grant(kind="Group", grantee="http://acs.amazonaws.com/groups/s3/LogDelivery", permission="WRITE")
    bucket = BucketRecord(
        name="logs",
        account_id="111111111111",
        region="us-east-1",
        serial=99,
        created_at_s=0.0,
        ownership=ownership,
        acl=Acl(owner="111111111111", grants=(grant,)),
    )
    async with opened(tmp_path) as world:
        async with world.store.transaction() as tx:
            put_bucket(tx, bucket)
        writer = BucketLogWriter(store=world.store, clock=world.clock, writer=world.writer)
        if written:
            await writer.put(bucket, "log", b"a line\n", call=_CALL)
        else:
            with pytest.raises(AccessDenied):
                await writer.put(bucket, "log", b"a line\n", call=_CALL)
        assert (await find_object(world.store.snapshot(), bucket, "log") is not None) is written
