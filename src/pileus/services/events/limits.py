"""Which numbers does EventBridge publish?

Source: EventBridge User Guide, "Amazon EventBridge quotas"; API_PutEvents; API_RetryPolicy.
"""

from datetime import timedelta
from typing import Final

BUSES_MAX: Final = 100
RULES_MAX: Final = 300
"""Of a bus."""
TARGETS_MAX: Final = 5
"""Of a rule."""
TAGS_MAX: Final = 50
POLICY_BYTES_MAX: Final = 10_240
EVENTS_BYTES_MAX: Final = 256 * 1024
"""Of all the entries of a request together."""
TIME_BYTES: Final = 14
"""What an entry's time counts for."""
DETAIL_DEPTH_MAX: Final = 500
"""Ours: objects and arrays within each other; what reads and writes events goes down with them."""
RETRIES: Final = 185
"""When a target does not say otherwise."""
EVENT_AGE: Final = timedelta(hours=24)
"""The same."""
PAGE: Final = 100
