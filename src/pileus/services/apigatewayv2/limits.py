"""Which numbers does AWS publish for HTTP APIs?

Source: API Gateway Developer Guide, "Quotas for configuring and running an HTTP API", unless said otherwise.
"""

from typing import Final

PAYLOAD_BYTES_MAX: Final = 10 * 1024 * 1024
"""A longer request body is refused with 413."""

INTEGRATION_TIMEOUT_MS_MAX: Final = 30_000
"""Also the default of an HTTP API (API reference, CreateIntegration)."""

PAGE_ITEMS_MAX: Final = 500
"""The largest `MaxResults`; a list without it is one page of this size. Unpublished: enough for a full API."""
