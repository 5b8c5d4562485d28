"""In what do services depart from the protocol they speak?

The models do not say these things; they were seen on the wire. This is the only place of the kernel with the names of
services in it, and what it knows of them is spelling.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One service's spelling.

    error_namespace: stands before the code in a JSON error's `__type`; with one, the framework's own errors carry
        coral's namespaces.
    crc32: answers carry `x-amz-crc32`.
    validation_code: the code of a violated constraint; None for the protocol's.
    internal_code: the code of our own failure.
    blob_content_type: of an answer whose body is a blob.
    """

    error_namespace: str = ""
    crc32: bool = False
    validation_code: str | None = None
    internal_code: str = "InternalFailure"
    blob_content_type: str = "application/octet-stream"


_PLAIN: Final = Dialect()
_DIALECTS: Final[Mapping[str, Dialect]] = {
    # API error bodies: DynamoDB Developer Guide, "Error handling"; the namespaces as sent by the service.
    "dynamodb": Dialect(
        error_namespace="com.amazonaws.dynamodb.v20120810#", crc32=True, internal_code="InternalServerError"
    ),
    "dynamodbstreams": Dialect(
        error_namespace="com.amazonaws.dynamodb.v20120810#", internal_code="InternalServerError"
    ),
    # Recording logs/logs_metric_filters.
    "logs": Dialect(validation_code="InvalidParameterException"),
    # An invocation's payload is JSON by definition (API_Invoke); recording lambda/lambda_api.
    "lambda": Dialect(internal_code="ServiceException", blob_content_type="application/json"),
    "apigatewayv2": Dialect(validation_code="BadRequestException"),
    "iam": Dialect(internal_code="ServiceFailure"),
}

_CORAL: Final = {
    "ValidationException": "com.amazon.coral.validate#",
    "ThrottlingException": "com.amazon.coral.availability#",
} | dict.fromkeys(
    (
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InternalFailure",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "NotImplemented",
        "SerializationException",
        "UnknownOperationException",
        "UnrecognizedClientException",
    ),
    "com.amazon.coral.service#",
)
"""Errors of the framework that AWS's JSON services are written in, which answers before the service itself."""


def dialect_of(service: str) -> Dialect:
    return _DIALECTS.get(service, _PLAIN)


def error_type(dialect: Dialect, code: str) -> str:
    """The `__type` of a JSON error."""
    if not dialect.error_namespace:
        return code
    return _CORAL.get(code, dialect.error_namespace) + code


def error_message_key(dialect: Dialect, code: str) -> str:
    """Where an error that the model does not know keeps its message: coral's own write `Message`."""
    if dialect.error_namespace and _CORAL.get(code) == "com.amazon.coral.service#":
        return "Message"
    return "message"
