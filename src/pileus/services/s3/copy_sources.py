"""Which object does `x-amz-copy-source` name?

Read here for whoever decides whether it may be read and for whoever reads it: two readings would be a way in.

Source: API_CopyObject, "x-amz-copy-source".
"""

from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.s3.errors import InvalidArgument

_VERSION: Final = "?versionId="


class CopySource(NamedTuple):
    """version_id: None for the current one."""

    bucket: str
    key: str
    version_id: str | None


@lru_cache(maxsize=256)
def read_copy_source(text: str) -> CopySource:
    """Of `[/]BUCKET/KEY[?versionId=ID]`, URL-encoded; or InvalidArgument."""
    path, marked, version_id = text.partition(_VERSION)
    path = unquote_plus(path).removeprefix("/")
    if path.startswith("arn:"):
        raise NotImplementedByPileus("Pileus does not implement copying by the ARN of an access point yet")
    bucket, _, key = path.partition("/")
    if not bucket or not key:
        # AWS repeats the name as the value (recording s3/s3, test_s3_copy_object_wrong_format).
        raise InvalidArgument("Invalid copy source object key", name="x-amz-copy-source", value="x-amz-copy-source")
    if marked and not version_id:
        raise InvalidArgument("Version id cannot be the empty string", name="x-amz-copy-source", value=text)
    return CopySource(bucket, key, unquote_plus(version_id) if marked else None)
