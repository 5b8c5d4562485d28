"""Which errors can SNS answer?"""

from pileus.kernel.errors import ServiceError


class InvalidParameter(ServiceError):
    """A parameter is wrong. reason: what AWS says behind "Invalid parameter: "."""

    code = "InvalidParameter"

    def __init__(self, reason: str = "", *, message: str = "") -> None:
        """message: the whole, where it begins otherwise."""
        super().__init__(message or f"Invalid parameter: {reason}")


class InvalidParameterValue(ServiceError):
    """A message attribute's type, or a value of a request, is none that SNS knows."""

    code = "ParameterValueInvalid"


class ValidationFailed(ServiceError):
    """What the newer operations of SNS answer instead of InvalidParameter."""

    code = "ValidationException"


class NotFound(ServiceError):
    """A topic, subscription or endpoint does not exist."""

    code = "NotFound"


class TopicNotFound(NotFound):
    """Recording `test_unknown_topic_publish`."""

    def __init__(self) -> None:
        super().__init__("Topic does not exist")


class SubscriptionNotFound(NotFound):
    """Recording `test_not_found_error_on_set_subscription_attributes`."""

    def __init__(self) -> None:
        super().__init__("Subscription does not exist")


class ResourceNotFound(ServiceError):
    """What tagging answers of a topic that does not exist."""

    code = "ResourceNotFound"

    def __init__(self, message: str = "Resource does not exist") -> None:
        super().__init__(message)


class AuthorizationError(ServiceError):
    """Somebody may not."""

    code = "AuthorizationError"


class ProtectionDenied(AuthorizationError):
    """A topic's data protection policy does not let a message in. Nothing but its audits was written down."""


class EndpointDisabled(ServiceError):
    """A platform endpoint that takes no messages."""

    code = "EndpointDisabled"

    def __init__(self, message: str = "Endpoint is disabled") -> None:
        super().__init__(message)


class PlatformApplicationDisabled(ServiceError):
    """An application whose credentials are refused."""

    code = "PlatformApplicationDisabled"


class InvalidState(ServiceError):
    """Not in this state."""

    code = "InvalidState"


class FilterPolicyLimitExceeded(ServiceError):
    """Too many filter policies: 200 of a topic, 10,000 of an account."""

    code = "FilterPolicyLimitExceeded"


class SubscriptionLimitExceeded(ServiceError):
    """Too many subscriptions."""

    code = "SubscriptionLimitExceeded"


class ReplayLimitExceeded(ServiceError):
    """Too many replays at the same time."""

    code = "ReplayLimitExceeded"


class TagLimitExceeded(ServiceError):
    """More than 50 tags."""

    code = "TagLimitExceeded"

    def __init__(self) -> None:
        super().__init__("Could not complete request: tag quota of per resource exceeded")


class OptedOut(ServiceError):
    """A phone number that wants no messages."""

    code = "OptedOut"


class UserError(ServiceError):
    """A phone number of the sandbox cannot be had."""

    code = "UserError"


class VerificationFailed(ServiceError):
    """The one-time password of a phone number is wrong. members: `Status`."""

    code = "VerificationException"


class TooManyEntriesInBatchRequest(ServiceError):
    """Recording `test_publish_batch_exceptions`."""

    code = "TooManyEntriesInBatchRequest"

    def __init__(self) -> None:
        super().__init__("The batch request contains more entries than permissible.")


class EmptyBatchRequest(ServiceError):
    """A batch without entries."""

    code = "EmptyBatchRequest"

    def __init__(self) -> None:
        super().__init__("The batch request doesn't contain any entries.")


class BatchEntryIdsNotDistinct(ServiceError):
    """Recording `test_publish_batch_exceptions`."""

    code = "BatchEntryIdsNotDistinct"

    def __init__(self) -> None:
        super().__init__("Two or more batch entries in the request have the same Id.")


class BatchRequestTooLong(ServiceError):
    """Recording `test_publish_batch_too_long_message`."""

    code = "BatchRequestTooLong"

    def __init__(self) -> None:
        super().__init__("The length of all the messages put together is more than the limit.")


class InvalidBatchEntryId(ServiceError):
    """Recording `test_publish_batch_invalid_entry_id`."""

    code = "InvalidBatchEntryId"
