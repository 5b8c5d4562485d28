"""Amazon SNS: one class of all its operations."""

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
