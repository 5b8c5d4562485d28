"""What do all groups of operations share?"""

from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.seam import Snapshot, Store
from pileus.services.s3.bucket_records import get_bucket
from pileus.services.s3.errors import AccessDenied
from pileus.services.s3.model import BucketRecord


class S3Base:
    """What every group of operations is built on."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, metrics: Metrics | None = None) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._metrics = metrics


async def asked_bucket(
    snapshot: Snapshot, context: RequestContext, name: str, *, expected_owner: str | None = None
) -> BucketRecord:
    """The bucket that a request is about; NoSuchBucket, AccessDenied when it is not of whom the caller expected."""
    bucket = await get_bucket(snapshot, name)
    if expected_owner and expected_owner != bucket.account_id:
        raise AccessDenied
    return bucket
