"""Which errors can KMS answer?

Each class is named by its shape in the model. Texts: recordings kms/kms, unless a line says where else.
"""

from pileus.kernel.errors import ServiceError


class ValidationException(ServiceError):
    """A parameter is wrong; no shape of the model."""

    code = "ValidationException"


class NotFoundException(ServiceError):
    """There is no such key, alias, grant or policy."""

    code = "NotFoundException"


class AccessDeniedException(ServiceError):
    """Not for this principal, whatever its policies say; no shape of the model ("Common Errors")."""

    code = "AccessDeniedException"


class AlreadyExistsException(ServiceError):
    """An alias of that name is there."""

    code = "AlreadyExistsException"


class NotAuthorizedException(ServiceError):
    """Aliases below `alias/aws/` are AWS's; no shape of the model. moto's tests test_kms_boto3.py."""

    code = "NotAuthorizedException"


class InvalidAliasNameException(ServiceError):
    """An alias may not be called so."""

    code = "InvalidAliasNameException"


class InvalidArnException(ServiceError):
    """An ARN is of something else."""

    code = "InvalidArnException"


class DisabledException(ServiceError):
    """The key is disabled."""

    code = "DisabledException"

    def __init__(self, key_arn: str) -> None:
        super().__init__(f"{key_arn} is disabled.")


class KMSInvalidStateException(ServiceError):
    """The key's state forbids it."""

    code = "KMSInvalidStateException"


class InvalidKeyUsageException(ServiceError):
    """The key is for something else."""

    code = "InvalidKeyUsageException"


class InvalidCiphertextException(ServiceError):
    """Not encrypted by this key with this context, or changed since. AWS says no more."""

    code = "InvalidCiphertextException"


class IncorrectKeyException(ServiceError):
    """It was encrypted by another key."""

    code = "IncorrectKeyException"

    def __init__(self) -> None:
        super().__init__("The key ID in the request does not identify a CMK that can perform this operation.")


class KMSInvalidMacException(ServiceError):
    """The MAC is not the message's."""

    code = "KMSInvalidMacException"


class KMSInvalidSignatureException(ServiceError):
    """The signature is not the message's."""

    code = "KMSInvalidSignatureException"


class UnsupportedOperationException(ServiceError):
    """Not with a key of this kind."""

    code = "UnsupportedOperationException"


class MalformedPolicyDocumentException(ServiceError):
    """A key cannot have this policy."""

    code = "MalformedPolicyDocumentException"


class LimitExceededException(ServiceError):
    """There are as many as there may be."""

    code = "LimitExceededException"


class TagException(ServiceError):
    """A key cannot have these tags."""

    code = "TagException"


class InvalidMarkerException(ServiceError):
    """A list does not go on there."""

    code = "InvalidMarkerException"


class InvalidGrantIdException(ServiceError):
    """The key has no such grant."""

    code = "InvalidGrantIdException"


class InvalidGrantTokenException(ServiceError):
    """Not a token of a grant."""

    code = "InvalidGrantTokenException"


class InvalidImportTokenException(ServiceError):
    """Not a token of an import, or not of this key."""

    code = "InvalidImportTokenException"


class ExpiredImportTokenException(ServiceError):
    """The token was valid for a day."""

    code = "ExpiredImportTokenException"


class IncorrectKeyMaterialException(ServiceError):
    """The key takes no material but what it had, or not of this length."""

    code = "IncorrectKeyMaterialException"


class DryRunOperationException(ServiceError):
    """It would have succeeded. KMS Developer Guide, "Testing your permissions"."""

    code = "DryRunOperationException"

    def __init__(self) -> None:
        super().__init__("The request would have succeeded, but the DryRun option is set.")


def unknown_key(key_arn: str) -> NotFoundException:
    return NotFoundException(f"Key '{key_arn}' does not exist")


def unknown_alias(alias_arn: str) -> NotFoundException:
    return NotFoundException(f"Alias {alias_arn} is not found.")


def unreachable_ciphertext() -> AccessDeniedException:
    """What Decrypt says of ciphertexts from elsewhere. Seen in aws-encryption-sdk-python issue 27, and many others."""
    return AccessDeniedException(
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
        "or you are not allowed to access."
    )
