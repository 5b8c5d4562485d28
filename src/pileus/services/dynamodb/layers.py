"""In which words does DynamoDB refuse a request for itself, before it looks for a table?

Two layers of checks answer, by the operation: the current one PutItem, UpdateItem and DeleteItem, inside of an
envelope, and Query, without one; the older one everything else. What only a table or an item can tell is said alike by
both.

Source: docs/decisions/0014.
"""

from typing import Final

from pileus.services.dynamodb.errors import (
    PlainValidationException,
    ReworkedValidationException,
    ValidationException,
)

ENVELOPE: Final = "1 validation error detected: "


def current(error: ValidationException) -> ValidationException:
    """As the current layer words it."""
    return ValidationException(error.current) if isinstance(error, ReworkedValidationException) else error


def enveloped(error: ValidationException) -> ValidationException:
    """As the current layer answers a write of one item."""
    if isinstance(error, PlainValidationException):
        return error
    return ValidationException(ENVELOPE + current(error).message)
