"""Which numbers does AWS publish about SNS?

Sources: AWS General Reference, "Amazon SNS endpoints and quotas"; SNS API Reference, Publish and PublishBatch.
"""

from datetime import timedelta
from typing import Final

MESSAGE_BYTES_MAX: Final = 256 * 1024
"""Of the body and the attributes of a message, or of all messages of a batch."""
BATCH_ENTRIES_MAX: Final = 10
BATCH_ENTRY_ID_CHARS_MAX: Final = 80
SUBJECT_CHARS_MAX: Final = 100
"""API_Publish says "less than 100"; AWS takes 100 (recording `test_publish_with_empty_subject` shows the words)."""
ATTRIBUTE_NAME_BYTES_MAX: Final = 256
GROUP_ID_CHARS_MAX: Final = 128
PAGE_ITEMS: Final = 100
"""Of every list; no operation takes another number."""
TAGS_MAX: Final = 50
DISPLAY_NAME_CHARS_MAX: Final = 100
DEDUPLICATION_WINDOW: Final = timedelta(minutes=5)
TOKEN_LIFETIME: Final = timedelta(days=2)
"""API_Subscribe: "You have two days to confirm the subscription."; afterwards the subscription is forgotten."""
HTTP_TIMEOUT: Final = timedelta(seconds=15)
"""SNS Developer Guide, "Step 1: Make sure your endpoint is ready to process Amazon SNS messages"."""
DELIVERY_POLICY_TIME_MAX: Final = timedelta(seconds=3600)
"""SNS Developer Guide, "Amazon SNS message delivery retries"."""
TOPIC_POLICY_BYTES_MAX: Final = 30 * 1024
RAW_ATTRIBUTES_MAX: Final = 10
"""SNS Developer Guide, "Amazon SNS raw message delivery": what has more is discarded as a client-side error."""
ORPHANS_KEPT: Final = timedelta(minutes=1)
"""Of a deleted topic's subscriptions. AWS keeps them for days; ours."""
