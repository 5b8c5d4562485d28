"""The errors DynamoDB can answer."""

from collections.abc import Mapping

from pileus.kernel.errors import ServiceError
from pileus.services.dynamodb.shapes import AttributeValue


class ValidationException(ServiceError):
    """The request is not one that DynamoDB understands.

    AWS does not model it; seen as `com.amazon.coral.validate#ValidationException` with status 400 (recording
    `test_dynamodb_pay_per_request`).
    """

    code = "ValidationException"
    status = 400


class ResourceNotFoundException(ServiceError):
    """No such table, or not yet (API_GetItem, API_DescribeTable)."""

    code = "ResourceNotFoundException"


class ResourceInUseException(ServiceError):
    """A table of that name exists, or is being created (API_CreateTable, API_DeleteTable)."""

    code = "ResourceInUseException"


class ConditionalCheckFailedException(ServiceError):
    """The condition was false; `item` is what the client asked to see with it (API_PutItem).

    Source of the shape: recording `test_return_values_on_conditions_check_failure`.
    """

    code = "ConditionalCheckFailedException"

    def __init__(self, item: Mapping[str, AttributeValue] | None = None) -> None:
        super().__init__("The conditional request failed", members=None if item is None else {"Item": item})


def invalid_parameter(detail: str) -> ValidationException:
    """The form that most of DynamoDB's own checks share."""
    return ValidationException(f"One or more parameter values were invalid: {detail}")


def key_mismatch() -> ValidationException:
    """The key of the request is not the table's: wrong names, wrong number of them, wrong types."""
    return ValidationException("The provided key element does not match the schema")


class ItemCollectionSizeLimitExceededException(ServiceError):
    """A partition with its local indexes would grow over 10 GB (API_PutItem)."""

    code = "ItemCollectionSizeLimitExceededException"

    def __init__(self) -> None:
        super().__init__("Item collection size limit of 10 GB exceeded")
