"""Which bytes of its source does UploadPartCopy take?

Source: API_UploadPartCopy, "x-amz-copy-source-range"; recording s3/s3_api, test_upload_part_copy_range.
"""

import re
from typing import Final

from pileus.services.s3.errors import InvalidArgument, InvalidRequest
from pileus.services.s3.uploads.limits import PART_BYTES_MAX

_NAME: Final = "x-amz-copy-source-range"
_RANGE: Final = re.compile(r"bytes=([0-9]{1,19})-([0-9]{1,19})", re.ASCII)


def copied_range(text: str | None, size_bytes: int) -> tuple[int, int]:
    """Offset and size. text: the header; None for all. size_bytes: of the source."""
    if text is None:
        return 0, _checked(size_bytes)
    found = _RANGE.fullmatch(text)
    if found is None or int(found[2]) < int(found[1]):
        raise InvalidArgument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
            name=_NAME,
            value=text,
        )
    first, last = int(found[1]), int(found[2])
    if first >= size_bytes:
        raise InvalidRequest("The specified copy range is invalid for the source object size")
    if last >= size_bytes:
        raise InvalidArgument(
            f"Range specified is not valid for source object of size: {size_bytes}", name=_NAME, value=text
        )
    return first, _checked(last - first + 1)


def _checked(size_bytes: int) -> int:
    if size_bytes > PART_BYTES_MAX:
        raise InvalidRequest(
            f"The specified copy source is larger than the maximum allowable size for a copy source: {PART_BYTES_MAX}"
        )
    return size_bytes
