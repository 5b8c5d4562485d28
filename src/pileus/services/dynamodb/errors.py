"""The errors DynamoDB can answer."""

from collections.abc import Mapping, Sequence

from pileus.kernel.errors import ServiceError
from pileus.services.dynamodb.shapes import AttributeValue, CancellationReason


class ValidationException(ServiceError):
    """The request is not one that DynamoDB understands.

    AWS does not model it; seen as `com.amazon.coral.validate#ValidationException` with status 400 (recording
    `test_dynamodb_pay_per_request`).
    """

    code = "ValidationException"
    status = 400


class PlainValidationException(ValidationException):
    """A refusal that stands alone wherever it is found: an item that is too large, a value without a type or with two.

    See docs/decisions/0014.
    """


class ReworkedValidationException(ValidationException):
    """A refusal that the older layer of checks words otherwise than the current one (docs/decisions/0014)."""

    def __init__(self, older: str, *, current: str) -> None:
        super().__init__(older)
        self.current = current


class EmptyKeyValue(ValidationException):
    """An empty string or binary where a key of the table or of an index should be.

    A transaction that holds one is refused as a whole: no action of it is cancelled, as with other wrong keys.
    Source: paritysuite/dynamodb-conformance, tests/tier3/error-messages/transactWriteItems.test.ts (2026).
    """


class ResourceNotFoundException(ServiceError):
    """No such table, or not yet (API_GetItem, API_DescribeTable)."""

    code = "ResourceNotFoundException"


class DuplicateItemException(ServiceError):
    """PartiQL's INSERT never replaces an item (API_ExecuteStatement)."""

    code = "DuplicateItemException"

    def __init__(self) -> None:
        super().__init__("Duplicate primary key exists in table")


class ResourceInUseException(ServiceError):
    """A table of that name exists, or is being created (API_CreateTable, API_DeleteTable)."""

    code = "ResourceInUseException"


class LimitExceededException(ServiceError):
    """More than AWS lets one do at once, or in a day (API_UpdateTable)."""

    code = "LimitExceededException"


class PolicyNotFoundException(ServiceError):
    """The table has no resource policy, or another revision of it (API_PutResourcePolicy)."""

    code = "PolicyNotFoundException"


class AccessDeniedException(ServiceError):
    """A resource policy that would keep its author from changing it again (API_PutResourcePolicy)."""

    code = "AccessDeniedException"


class TableNotFoundException(ServiceError):
    """As the operations for backups say that there is no such table (API_DescribeContinuousBackups)."""

    code = "TableNotFoundException"


class ConditionalCheckFailedException(ServiceError):
    """The condition was false; `item` is what the client asked to see with it (API_PutItem).

    Source of the shape: recording `test_return_values_on_conditions_check_failure`.
    """

    code = "ConditionalCheckFailedException"

    def __init__(self, item: Mapping[str, AttributeValue] | None = None) -> None:
        super().__init__("The conditional request failed", members=None if item is None else {"Item": item})
        self.item = None if item is None else dict(item)


def in_use(detail: str) -> ResourceInUseException:
    """The form of most refusals because of a table's state."""
    return ResourceInUseException(f"Attempt to change a resource which is still in use: {detail}")


def over_limit(detail: str) -> LimitExceededException:
    """The form of most refusals because of a limit."""
    return LimitExceededException(f"Subscriber limit exceeded: {detail}")


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


class TransactionCanceledException(ServiceError):
    """One action of a transaction could not be done, so none was; the reasons say which (API_TransactWriteItems).

    Source of the message: recording `test_transaction_write_canceled`.
    """

    code = "TransactionCanceledException"

    def __init__(self, reasons: Sequence[CancellationReason]) -> None:
        codes = ", ".join(reason.code or "None" for reason in reasons)
        super().__init__(
            f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
            members={"CancellationReasons": list(reasons)},
        )


class IdempotentParameterMismatchException(ServiceError):
    """The client token was used for another transaction in the last ten minutes (API_TransactWriteItems)."""

    code = "IdempotentParameterMismatchException"

    def __init__(self) -> None:
        super().__init__(
            "DynamoDB rejected the request because you retried a request with a different payload but with an "
            "idempotent token that was already used."
        )
