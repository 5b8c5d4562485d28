"""Amazon SNS: one class of all its operations."""

from collections.abc import Mapping
from typing import Final

from pileus.services.sns.operations.confirmations import ConfirmationOperations
from pileus.services.sns.operations.direct import DirectOperations
from pileus.services.sns.operations.platform_applications import PlatformApplicationOperations
from pileus.services.sns.operations.platform_endpoints import PlatformEndpointOperations
from pileus.services.sns.operations.protection import DataProtectionOperations
from pileus.services.sns.operations.publishing import PublishOperations
from pileus.services.sns.operations.replays import ReplayOperations
from pileus.services.sns.operations.sms import SmsOperations
from pileus.services.sns.operations.sms_sandbox import SmsSandboxOperations
from pileus.services.sns.operations.subscriptions import SubscriptionOperations
from pileus.services.sns.operations.tags import TagOperations
from pileus.services.sns.operations.topic_permissions import TopicPermissionOperations
from pileus.services.sns.operations.topics import TopicOperations


class SnsApi(
    ConfirmationOperations,
    DataProtectionOperations,
    DirectOperations,  # before the publishing of topics, whose gaps it fills
    PlatformApplicationOperations,
    PlatformEndpointOperations,
    PublishOperations,
    ReplayOperations,
    SmsOperations,
    SmsSandboxOperations,
    SubscriptionOperations,
    TagOperations,
    TopicOperations,
    TopicPermissionOperations,
):
    """Every operation, each in the module of what it is about."""


PARTIAL: Final[Mapping[str, str]] = {
    "CreatePlatformApplication": "no events of applications; pushes go to the inbox",
    "CreateTopic": "no KMS, tracing is recorded",
    "Publish": "texts and pushes go to the inbox",
    "PutDataProtectionPolicy": "35 managed identifiers; no custom ones, no findings in S3 and Firehose",
    "SetPlatformApplicationAttributes": "no events of applications",
    "SetTopicAttributes": "as CreateTopic",
    "Subscribe": "no Firehose",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""
