"""Which numbers does AWS publish for queues?

Sources: SQS Developer Guide, "Amazon SQS quotas"; API_SetQueueAttributes.
"""

from datetime import timedelta
from typing import Final

VISIBILITY_TIMEOUT_DEFAULT_S: Final = 30
VISIBILITY_TIMEOUT_S_MAX: Final = 43_200
DELAY_S_MAX: Final = 900
RETENTION_DEFAULT_S: Final = 345_600
RETENTION_S_MIN: Final = 60
RETENTION_S_MAX: Final = 1_209_600
WAIT_S_MAX: Final = 20
MESSAGE_BYTES_MIN: Final = 1_024
MESSAGE_BYTES_MAX: Final = 1_048_576
"""1 MiB since August 2025, and the default. Recording sqs/sqs, test_set_queue_attributes_default_values."""
KMS_REUSE_DEFAULT_S: Final = 300
KMS_REUSE_S_MIN: Final = 60
KMS_REUSE_S_MAX: Final = 86_400
RECEIVE_COUNT_MAX: Final = 1_000
"""Of `maxReceiveCount`."""
REDRIVE_SOURCES_MAX: Final = 10
"""Of `sourceQueueArns`."""

NAME_FREE_AFTER: Final = timedelta(seconds=60)
"""A queue's name, after the queue was deleted (API_DeleteQueue)."""
PURGE_EVERY: Final = timedelta(seconds=60)
"""API_PurgeQueue."""

LIST_QUEUES_MAX: Final = 1_000
"""API_ListQueues, API_ListDeadLetterSourceQueues: MaxResults, and how many are listed without."""

TAGS_MAX: Final = 50
TAG_KEY_CHARACTERS_MAX: Final = 128
TAG_VALUE_CHARACTERS_MAX: Final = 256

POLICY_BYTES_MAX: Final = 8_192
POLICY_STATEMENTS_MAX: Final = 20
POLICY_ACTIONS_MAX: Final = 7
"""Of one statement (SQS Developer Guide, "Amazon SQS policy quotas")."""

MOVES_PER_SECOND_MAX: Final = 500
"""API_StartMessageMoveTask."""
MOVE_TASKS_LISTED_MAX: Final = 10
"""API_ListMessageMoveTasks."""
