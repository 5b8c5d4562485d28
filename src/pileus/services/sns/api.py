"""Amazon SNS: one class of all its operations."""

from pileus.services.sns.operations.tags import TagOperations
from pileus.services.sns.operations.topic_permissions import TopicPermissionOperations
from pileus.services.sns.operations.topics import TopicOperations


class SnsApi(
    TagOperations,
    TopicOperations,
    TopicPermissionOperations,
):
    """Every operation, each in the module of what it is about."""
