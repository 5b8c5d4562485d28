"""How large are uploads?

Source: S3 User Guide, "Amazon S3 multipart upload limits".
"""

from typing import Final

PART_BYTES_MIN: Final = 5 * 1024**2
"""Of every part but the last."""
PART_BYTES_MAX: Final = 5 * 1024**3
OBJECT_BYTES_MAX: Final = 5 * 1024**4
PARTS_MAX: Final = 10_000
PAGE_MAX: Final = 1000
"""Of parts, and of uploads, in one answer."""
