"""What is a version called that is written now?"""

from typing import Final

from pileus.kernel.ids import Ids
from pileus.services.s3.model import NULL_VERSION, BucketRecord, ObjectRecord
from pileus.services.s3.names import version_id

_CHANCE_BYTES: Final = 15


def new_version_id(bucket: BucketRecord, order: int, ids: Ids) -> str:
    """What a version that is written now is called."""
    return version_id(order, ids.bytes(_CHANCE_BYTES)) if bucket.versioning == "Enabled" else NULL_VERSION


def new_marker(bucket: BucketRecord, *, order: int, owner: str, now_s: float, ids: Ids) -> ObjectRecord:
    """A delete marker, to be put on top of what a bucket with versions has under a key."""
    return ObjectRecord(
        delete_marker=True,
        modified_at_s=float(int(now_s)),
        owner=owner,
        version_id=new_version_id(bucket, order, ids),
        order=order,
    )
