"""Which errors can EventBridge answer?"""

from pileus.kernel.errors import ServiceError


class ResourceNotFoundException(ServiceError):
    """A bus, a rule or a statement is not there."""

    code = "ResourceNotFoundException"


class BusNotFound(ResourceNotFoundException):
    """Recording `test_describe_delete_not_existing_event_bus`."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Event bus {name} does not exist.")


class RuleNotFound(ResourceNotFoundException):
    """Recording `test_describe_nonexistent_rule`."""

    def __init__(self, name: str, bus: str) -> None:
        super().__init__(f"Rule {name} does not exist on EventBus {bus}.")


class ResourceAlreadyExistsException(ServiceError):
    """Recording `test_create_multiple_event_buses_same_name`."""

    code = "ResourceAlreadyExistsException"


class ValidationException(ServiceError):
    """What no model of a request says."""

    code = "ValidationException"


class CrossAccountRole(ServiceError):
    """Rules and targets have roles of the caller's own account only. Source of the words: as Lambda tells them."""

    code = "AccessDeniedException"
    status = 400

    def __init__(self) -> None:
        super().__init__("Cross-account pass role is not allowed.")


class InvalidEventPatternException(ServiceError):
    """reason: in AWS's words, with the place in the text (recordings events_patterns)."""

    code = "InvalidEventPatternException"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Event pattern is not valid. Reason: {reason}")


class LimitExceededException(ServiceError):
    """Recording `test_add_exceed_fife_targets_per_rule`."""

    code = "LimitExceededException"

    def __init__(self) -> None:
        super().__init__("The requested resource exceeds the maximum number allowed.")


class PolicyLengthExceededException(ServiceError):
    """A bus's policy is too long."""

    code = "PolicyLengthExceededException"
