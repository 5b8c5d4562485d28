"""What is a queue?"""

import msgspec

from pileus.services.sqs.limits import (
    KMS_REUSE_DEFAULT_S,
    MESSAGE_BYTES_MAX,
    RETENTION_DEFAULT_S,
    VISIBILITY_TIMEOUT_DEFAULT_S,
)
from pileus.services.sqs.names import QueueName, queue_arn


class RedrivePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Where messages go that were received more than `receive_count_max` times. target_arn: the dead-letter queue's."""

    target_arn: str
    receive_count_max: int


class RedriveAllowPolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which queues may name this one as their dead-letter queue.

    permission: `allowAll`, `denyAll` or `byQueue`, and then those of `source_arns`.
    """

    permission: str
    source_arns: tuple[str, ...] = ()


class QueueRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sqs.queue.v1"):
    """A queue.

    serial: unique per creation; the keys of messages begin with it, so that a queue made again under the same name
        never sees the messages of the one before.
    policy: the document as it was given, or as AddPermission wrote it; "" without one.
    sse: whether SQS encrypts with its own key (`SqsManagedSseEnabled`); kms_key: recorded, "" without one.
    high_throughput: `FifoThroughputLimit` is `perMessageGroupId`. deduplicates_by_group: `DeduplicationScope` is
        `messageGroup`. Both, like content_based_deduplication, of FIFO queues only.
    purged_at_s: when PurgeQueue was last called; 0 for never.
    """

    account_id: str
    region: str
    name: str
    serial: bytes
    created_at_s: int
    modified_at_s: int
    fifo: bool = False
    visibility_timeout_s: int = VISIBILITY_TIMEOUT_DEFAULT_S
    delay_s: int = 0
    retention_s: int = RETENTION_DEFAULT_S
    message_bytes_max: int = MESSAGE_BYTES_MAX
    wait_s: int = 0
    policy: str = ""
    redrive: RedrivePolicy | None = None
    redrive_allow: RedriveAllowPolicy | None = None
    content_based_deduplication: bool = False
    deduplicates_by_group: bool = False
    high_throughput: bool = False
    kms_key: str = ""
    kms_reuse_s: int = KMS_REUSE_DEFAULT_S
    sse: bool = True
    tags: dict[str, str] = {}
    purged_at_s: float = 0.0

    @property
    def arn(self) -> str:
        return queue_arn(account_id=self.account_id, region=self.region, name=self.name)

    @property
    def queue_name(self) -> QueueName:
        """Account, region and name."""
        return QueueName(account_id=self.account_id, region=self.region, name=self.name)


class DeletedQueueRecord(msgspec.Struct, frozen=True, kw_only=True, tag="sqs.deleted-queue.v1"):
    """A name whose queue was deleted: not to be used again too soon."""

    deleted_at_s: float


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages a queue holds: those that can be received, those in flight, those delayed."""

    visible: int = 0
    in_flight: int = 0
    delayed: int = 0
