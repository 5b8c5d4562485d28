"""Which tags may a bucket have?

Source: S3 User Guide, "Using cost allocation S3 bucket tags"; recordings s3/s3_api, test_tagging_validation and
test_create_bucket_with_tags_exc.
"""

import re
from collections.abc import Sequence
from typing import Final

from pileus.services.s3.bucket_errors import BadRequest
from pileus.services.s3.object_errors import InvalidTag
from pileus.services.s3.shapes import Tag

TAGS_MAX: Final = 50
_KEY: Final = re.compile(r"[\w .:/=+\-@]{1,128}")
_VALUE: Final = re.compile(r"[\w .:/=+\-@]{0,256}")
_RESERVED: Final = "aws:"


def bucket_tags(given: Sequence[Tag], *, new_bucket: bool = False) -> dict[str, str]:
    """Tags by their keys, or InvalidTag. new_bucket: CreateBucket refuses the reserved prefix in words of its own."""
    if len(given) > TAGS_MAX:
        raise BadRequest(f"Bucket tag count cannot be greater than {TAGS_MAX}")
    tags: dict[str, str] = {}
    for tag in given:
        if tag.key in tags:
            raise InvalidTag("Cannot provide multiple Tags with the same key", key=tag.key)
        if tag.key.startswith(_RESERVED):
            raise _reserved(tag.key, new_bucket=new_bucket)
        if not _KEY.fullmatch(tag.key):
            raise InvalidTag("The TagKey you have provided is invalid", key=tag.key)
        if not _VALUE.fullmatch(tag.value):
            raise InvalidTag("The TagValue you have provided is invalid", key=tag.key, value=tag.value)
        tags[tag.key] = tag.value
    return tags


def _reserved(key: str, *, new_bucket: bool) -> InvalidTag:
    if new_bucket:
        return InvalidTag(
            'User-defined tag keys can\'t start with "aws:". This prefix is reserved for system tags. '
            'Remove "aws:" from your tag keys and try again.'
        )
    return InvalidTag("System tags cannot be added/updated by requester", key=key)
