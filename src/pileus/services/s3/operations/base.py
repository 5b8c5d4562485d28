"""What do all groups of operations share?"""

import re
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.seam import Snapshot, Store
from pileus.services.s3.bodies import Bodies
from pileus.services.s3.bucket_errors import InvalidBucketOwnerAWSAccountID, WrongRegion, WrongRegionInUrl
from pileus.services.s3.bucket_names import FIRST_REGION
from pileus.services.s3.bucket_records import get_bucket
from pileus.services.s3.encryption import ObjectKeys
from pileus.services.s3.errors import AccessDenied
from pileus.services.s3.mfa import NoRootDevices, RootDevices
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.reading import ObjectReader
from pileus.services.s3.writing import ObjectWriter

_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)


class S3Base:
    """What every group of operations is built on."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        bodies: Bodies,
        keys: ObjectKeys,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._bodies = bodies
        self._keys = keys
        self._metrics = metrics
        self.root_devices: RootDevices = NoRootDevices()
        self.writer = ObjectWriter(store=store, clock=clock, ids=ids, bodies=bodies, keys=keys)
        self.reader = ObjectReader(store=store, clock=clock, bodies=bodies, keys=keys)


async def asked_bucket(
    snapshot: Snapshot, context: RequestContext, name: str, *, expected_owner: str | None = None
) -> BucketRecord:
    """The bucket that a request is about.

    NoSuchBucket; AccessDenied when it is not of whom the caller expected; WrongRegion when the request is signed for
    another region than the bucket's. The first region's signature is good for every bucket: its address is the global
    one, from where AWS leads requests on.
    """
    if expected_owner and not _ACCOUNT.fullmatch(expected_owner):
        raise InvalidBucketOwnerAWSAccountID(expected_owner)
    bucket = await get_bucket(snapshot, name)
    if context.region != bucket.region and context.region != FIRST_REGION:
        in_url = "X-Amz-Credential=" in context.query
        raise (WrongRegionInUrl if in_url else WrongRegion)(region=context.region, expected=bucket.region)
    if expected_owner and expected_owner != bucket.account_id:
        raise AccessDenied
    return bucket


def charged(bucket: BucketRecord, context: RequestContext, payer: str | None) -> list[tuple[str, str]]:
    """What answers tell of who pays. AccessDenied, for who would have to and does not say so.

    Source: S3 User Guide, "Using Requester Pays general purpose buckets".
    """
    if not bucket.requester_pays or context.account_id == bucket.account_id:
        return []
    if payer is None or not context.account_id:  # nobody in particular pays nothing
        raise AccessDenied
    return [("x-amz-request-charged", "requester")]


async def source_bucket(snapshot: Snapshot, name: str, *, expected_owner: str | None = None) -> BucketRecord:
    """The bucket that something is copied from, wherever it is; NoSuchBucket, AccessDenied as `asked_bucket`."""
    if expected_owner and not _ACCOUNT.fullmatch(expected_owner):
        raise InvalidBucketOwnerAWSAccountID(expected_owner)
    bucket = await get_bucket(snapshot, name)
    if expected_owner and expected_owner != bucket.account_id:
        raise AccessDenied
    return bucket
