"""Which errors does S3 answer to a form, and to nothing else?

S3's answers differ from its table of errors; these are the ones that were seen: recordings s3/s3, TestS3PresignedPost,
and the answers that people quote in public issues.
"""

from pileus.kernel.errors import ServiceError
from pileus.services.s3.errors import AccessDenied, InvalidArgument, PreconditionFailed


class NotMultipart(PreconditionFailed):
    """Recording s3/s3, TestS3PresignedPost.test_post_object_with_wrong_content_type."""

    def __init__(self) -> None:
        super().__init__("Bucket POST must be of the enclosure-type multipart/form-data")


class NotWellFormed(ServiceError):
    """A form without a boundary, or one that is cut off."""

    code = "MalformedPOSTRequest"

    def __init__(self) -> None:
        super().__init__("The body of your POST request is not well-formed multipart/form-data.")


class FieldsTooLong(ServiceError):
    """More before the file than fields may be; the words are S3's own."""

    code = "MaxPostPreDataLengthExceeded"

    def __init__(self, allowed_bytes: int) -> None:
        super().__init__(
            "Your POST request fields preceeding the upload file was too large.",
            members={"MaxPostPreDataLengthBytes": str(allowed_bytes)},
        )


class NoFile(InvalidArgument):
    """No part is called `file`."""

    def __init__(self) -> None:
        super().__init__("POST requires exactly one file upload per request.", name="file", value=0)


class FieldMissing(InvalidArgument):
    """Recording s3/s3, TestS3PresignedPost.test_post_request_missing_fields."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the "
            "fields.",
            name=name,
        )


class InvalidPolicyDocument(ServiceError):
    """A policy that is none."""

    code = "InvalidPolicyDocument"

    def __init__(self, why: str) -> None:
        super().__init__(f"Invalid Policy: {why}")


class AgainstPolicy(AccessDenied):
    """The form is not what the policy wants."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Invalid according to Policy: {why}")


class UploadTooLarge(ServiceError):
    """Recording s3/s3, TestS3PresignedPost.test_post_object_policy_validation_size."""

    code = "EntityTooLarge"

    def __init__(self, *, proposed_bytes: int, allowed_bytes: int) -> None:
        super().__init__(
            "Your proposed upload exceeds the maximum allowed size",
            members={"ProposedSize": str(proposed_bytes), "MaxSizeAllowed": str(allowed_bytes)},
        )


class UploadTooSmall(ServiceError):
    """Recording s3/s3, TestS3PresignedPost.test_post_object_policy_validation_size."""

    code = "EntityTooSmall"

    def __init__(self, *, proposed_bytes: int, allowed_bytes: int) -> None:
        super().__init__(
            "Your proposed upload is smaller than the minimum allowed size",
            members={"ProposedSize": str(proposed_bytes), "MinSizeAllowed": str(allowed_bytes)},
        )
