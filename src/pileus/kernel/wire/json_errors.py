"""What does a service that speaks JSON, or CBOR, call its errors, and where does it keep their message?"""

from typing import Final

from pileus.kernel.wire.dialect import Dialect

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
