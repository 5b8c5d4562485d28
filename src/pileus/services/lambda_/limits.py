"""Which numbers does AWS publish for Lambda?

Source: Lambda Developer Guide, "Lambda quotas", unless said otherwise.
"""

from datetime import timedelta
from typing import Final

NAME_CHARACTERS_MAX: Final = 64
"""API_CreateFunction, FunctionName."""

ZIPPED_BYTES_MAX: Final = 52_428_800
"""A package sent within the request. Recording lambda_api, test_oversized_zipped_create_lambda."""

UNZIPPED_BYTES_MAX: Final = 262_144_000
"""Exactly this much is already too much. Recording lambda_api, test_oversized_unzipped_lambda."""

ZIP_ENTRIES_MAX: Final = 200_000
"""Ours: an archive of empty files would pass every limit in bytes and still fill a disk's inodes."""

ENVIRONMENT_BYTES_MAX: Final = 4_096
"""All variables, measured as one JSON object. Recording lambda_api, test_large_environment_variables_fails."""

TIMEOUT_DEFAULT_S: Final = 3
TIMEOUT_S_MAX: Final = 900
"""The model allows more, for functions on capacity providers only."""

MEMORY_DEFAULT_MB: Final = 128
MEMORY_MB_MAX: Final = 10_240
"""The model allows more, for functions on capacity providers only."""

EPHEMERAL_STORAGE_DEFAULT_MB: Final = 512

PAYLOAD_BYTES_MAX: Final = 6_291_456
"""Of a synchronous invocation."""

ASYNC_PAYLOAD_BYTES_MAX: Final = 1_048_576
"""Of an asynchronous invocation."""
INVOKE_ASYNC_BYTES_MAX: Final = 256 * 1024
"""Of one by `InvokeAsync`. Source: API_InvokeAsync."""

LIST_ITEMS_MAX: Final = 50
"""Functions on a page, whatever MaxItems says (API_ListFunctions)."""

TAGS_MAX: Final = 50
"""Lambda Developer Guide, "Using tags on Lambda functions"."""

CONCURRENCY_MAX: Final = 1_000
"""Of an account in a region."""

UNRESERVED_CONCURRENCY_MIN: Final = 100
"""What cannot be reserved. Source: Lambda Developer Guide, "Configuring reserved concurrency"."""

ACCOUNT_CODE_BYTES_MAX: Final = 80_530_636_800
"""75 GB, of all functions, versions and layers."""

LAYERS_MAX: Final = 5

ALIASES_PAGE_MAX: Final = 10_000
"""API_ListAliases, MaxItems; no smaller page is documented."""

POLICY_BYTES_MAX: Final = 20_480

ASYNC_RETRY_DELAYS: Final = (timedelta(minutes=1), timedelta(minutes=2))
"""After the first and the second function error. Source: "How Lambda handles errors with asynchronous invocation"."""

ASYNC_EVENT_AGE_MAX: Final = timedelta(hours=6)
"""An event that could not be run by then is discarded. Source: as above."""

ASYNC_THROTTLE_DELAY: Final = timedelta(seconds=1)
ASYNC_THROTTLE_DELAY_MAX: Final = timedelta(minutes=5)
"""The interval grows exponentially between these when there is no room. Source: as above."""

CODE_LOCATION_LIFETIME: Final = timedelta(minutes=10)
"""API_FunctionCodeLocation."""

IMAGE_BYTES_MAX: Final = 10_737_418_240
"""10 GB, uncompressed, of all layers of a container image."""

IMAGE_FILES_MAX: Final = 1_000_000
"""Ours: layers of empty files would pass every limit in bytes and still fill a disk's inodes."""
