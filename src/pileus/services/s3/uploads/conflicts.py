"""May an upload be completed, by what its client believes of the object and by what happened since it began?

An upload takes long, so S3 looks at more than the object as it is: one that was replaced since the upload began is a
conflict even where its ETag is the one that was asked for; so is one that was there then, and is not any more.
Source: S3 User Guide, "How to prevent object overwrites with conditional writes"; recordings s3/s3_api,
TestS3ObjectWritePrecondition::test_multipart_*.
"""

from pileus.services.s3.conditions import WriteConditions, check_write
from pileus.services.s3.model import ObjectRecord, UploadRecord
from pileus.services.s3.uploads.errors import ConditionalRequestConflict


def check_completion(current: ObjectRecord | None, asked: WriteConditions, upload: UploadRecord, key: str) -> None:
    """PreconditionFailed, NoSuchKey, ConditionalRequestConflict. current: what `find_object` finds."""
    check_write(current, asked, key)
    if asked.if_none_match is not None and upload.existed:
        raise ConditionalRequestConflict(condition="If-None-Match", key=key)
    if asked.if_match is not None and current is not None and current.order > int(upload.initiated_at_s * 1_000_000):
        raise ConditionalRequestConflict(condition="If-Match", key=key)
