"""Which uploads stand in one page of a list?

By key, and of one key the oldest first. A key that holds the delimiter behind the prefix is told as a common prefix,
once, and what it stands for is passed over unread. Both count against the limit.
Source: API_ListMultipartUploads; recordings s3/s3_list_operations, TestS3ListMultipartUploads.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from pileus.kernel.storage.seam import Snapshot
from pileus.services.s3.model import BucketRecord, UploadRecord
from pileus.services.s3.upload_records import behind_prefix, behind_upload, uploads_of

_STRETCH_MAX: Final = 200
Row = tuple[str, str, UploadRecord]
"""Key, upload id, upload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What is asked for. key_marker: begin behind this key; upload_marker: behind this upload of that key."""

    prefix: str = ""
    delimiter: str = ""
    key_marker: str = ""
    upload_marker: str = ""
    limit: int


@dataclass(slots=True)
class Page:
    """more: whether something follows."""

    rows: list[Row] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    more: bool = False


async def page(snapshot: Snapshot, bucket: BucketRecord, listed: Listed) -> Page:
    found = Page()
    if not listed.limit:
        return found
    reader = _Reader(snapshot, bucket, listed)
    async for row in reader:
        common = common_prefix(row[0], listed)
        if common is not None:
            reader.skip(common)
            if listed.key_marker.startswith(common):
                continue  # told on the page before
        if len(found.rows) + len(found.prefixes) == listed.limit:
            found.more = True
            break
        if common is None:
            found.rows.append(row)
        else:
            found.prefixes.append(common)
    return found


def common_prefix(key: str, listed: Listed) -> str | None:
    """What a key is told as, where it is not told itself."""
    at = key.find(listed.delimiter, len(listed.prefix)) if listed.delimiter else -1
    return None if at < 0 else key[: at + len(listed.delimiter)]


class _Reader:
    """Uploads in their order, a stretch at a time."""

    def __init__(self, snapshot: Snapshot, bucket: BucketRecord, listed: Listed) -> None:
        self._snapshot = snapshot
        self._bucket = bucket
        self._prefix = listed.prefix
        self._stretch = min(listed.limit + 1, _STRETCH_MAX)
        self._begin = behind_upload(bucket, listed.key_marker, listed.upload_marker) if listed.key_marker else b""
        self._skipped = ""

    def skip(self, prefix: str) -> None:
        """Go on behind all keys that begin with this."""
        self._skipped = prefix

    async def __aiter__(self) -> AsyncIterator[Row]:
        while True:
            rows = await uploads_of(
                self._snapshot, self._bucket, prefix=self._prefix, begin=self._begin, limit=self._stretch
            )
            for key, upload_id, upload in rows:
                if not (self._skipped and key.startswith(self._skipped)):
                    yield key, upload_id, upload
            if len(rows) < self._stretch:
                return
            last, upload_id, _ = rows[-1]
            if self._skipped and last.startswith(self._skipped):
                self._begin = behind_prefix(self._bucket, self._skipped)
            else:
                self._begin = behind_upload(self._bucket, last, upload_id)
