"""Which errors can CloudWatch answer? Their codes are those of the query protocol, which the wire translates."""

from pileus.kernel.errors import ServiceError


class ValidationError(ServiceError):
    """What a parameter says makes no sense (recording test_set_alarm_invalid_input)."""

    code = "ValidationError"


class InvalidParameterValue(ServiceError):
    """Recordings test_put_metric_data_validation, test_invalid_amount_of_datapoints, test_invalid_dashboard_name."""

    code = "InvalidParameterValue"


class InvalidParameterCombination(ServiceError):
    """Recordings test_put_metric_data_validation, test_invalid_amount_of_datapoints."""

    code = "InvalidParameterCombination"


class MissingParameter(ServiceError):
    """A parameter that is required here was not given."""

    code = "MissingParameter"


class InvalidNextToken(ServiceError):
    """A token that no answer has given."""

    code = "InvalidNextToken"

    def __init__(self) -> None:
        super().__init__("The next token specified is invalid.")


class ResourceNotFound(ServiceError):
    """An alarm or a dashboard that is not there; of an alarm AWS says no more (test_set_alarm_invalid_input)."""

    code = "ResourceNotFound"
    status = 404


class ResourceNotFoundException(ServiceError):
    """Something that is to be tagged is not there."""

    code = "ResourceNotFoundException"
    status = 404


class LimitExceeded(ServiceError):
    """There are as many as there may be."""

    code = "LimitExceeded"


class InvalidParameterInput(ServiceError):
    """A dashboard's body is wrong; members say where."""

    code = "InvalidParameterInput"
