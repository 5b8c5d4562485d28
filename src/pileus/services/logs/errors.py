"""Which errors can CloudWatch Logs answer?"""

from pileus.kernel.errors import ServiceError


class ResourceNotFoundException(ServiceError):
    """A log group or log stream does not exist."""

    code = "ResourceNotFoundException"


class LogGroupNotFound(ResourceNotFoundException):
    """Recording logs_events, test_resource_does_not_exist."""

    def __init__(self) -> None:
        super().__init__("The specified log group does not exist.")


class LogStreamNotFound(ResourceNotFoundException):
    """Recording logs_events, test_resource_does_not_exist."""

    def __init__(self) -> None:
        super().__init__("The specified log stream does not exist.")


class ResourceAlreadyExistsException(ServiceError):
    """A log group or log stream of that name exists."""

    code = "ResourceAlreadyExistsException"


class InvalidParameterException(ServiceError):
    """A parameter is wrong."""

    code = "InvalidParameterException"


class InvalidNextToken(InvalidParameterException):
    """Recordings logs_events and logs_filter_events."""

    def __init__(self) -> None:
        super().__init__("The specified nextToken is invalid.")


class ValidationException(ServiceError):
    """Parameters exclude each other (recording logs_streams, test_describe_log_streams_with_log_group_identifier)."""

    code = "ValidationException"
    status = 400


class LimitExceededException(ServiceError):
    """Recordings logs_resource_policies and logs_subscription_filters."""

    code = "LimitExceededException"

    def __init__(self, message: str = "Resource limit exceeded.") -> None:
        super().__init__(message)


class TooManyTagsException(ServiceError):
    """More than 50."""

    code = "TooManyTagsException"


class InvalidOperationException(ServiceError):
    """Not for this log group."""

    code = "InvalidOperationException"


class AccessDeniedException(ServiceError):
    """A destination of another account (recording logs_subscription_filters)."""

    code = "AccessDeniedException"


class MalformedQueryException(ServiceError):
    """A query that cannot be read. start, end: of what is wrong in it."""

    code = "MalformedQueryException"

    def __init__(self, message: str, *, start: int = 0, end: int = 0) -> None:
        location = {"startCharOffset": start, "endCharOffset": end}
        super().__init__(message, members={"queryCompileError": {"location": location, "message": message}})
