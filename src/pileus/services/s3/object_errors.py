"""Which errors do objects answer, beside those that all of S3 has?

Source: S3 API Reference, "List of error codes", and the recordings that each names.
"""

from pileus.kernel.errors import AnyServiceError, ServiceError


class InvalidRange(ServiceError):
    """Recording s3/s3, test_invalid_range_error."""

    code = "InvalidRange"
    status = 416

    def __init__(self, asked: str, size_bytes: int) -> None:
        super().__init__(
            "The requested range is not satisfiable",
            members={"RangeRequested": asked, "ActualObjectSize": size_bytes},
        )


class InvalidPartNumber(ServiceError):
    """Recording s3/s3, test_get_object_part."""

    code = "InvalidPartNumber"
    status = 416

    def __init__(self, asked: int, count: int) -> None:
        super().__init__(
            "The requested partnumber is not satisfiable",
            members={"PartNumberRequested": asked, "ActualPartCount": count},
        )


class InvalidObjectState(ServiceError):
    """Recording s3/s3, test_s3_get_deep_archive_object_restore."""

    code = "InvalidObjectState"
    status = 403

    def __init__(self, storage_class: str, message: str = "") -> None:
        text = message or "The operation is not valid for the object's storage class"
        super().__init__(text, members={"StorageClass": storage_class})


class ObjectNotInActiveTier(ServiceError):
    """API_CopyObject, "Errors"."""

    code = "ObjectNotInActiveTierError"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "The source object of the COPY operation is not in the active tier and is only stored in Amazon S3 Glacier."
        )


class RestoreAlreadyInProgress(ServiceError):
    """API_RestoreObject, "Errors"."""

    code = "RestoreAlreadyInProgress"
    status = 409

    def __init__(self) -> None:
        super().__init__("Object restore is already in progress")


class InvalidStorageClass(ServiceError):
    """Recording s3/s3, test_put_object_storage_class_outposts."""

    code = "InvalidStorageClass"

    def __init__(self, asked: str) -> None:
        super().__init__("The storage class you specified is not valid", members={"StorageClassRequested": asked})


class KeyTooLong(ServiceError):
    """Source: "List of error codes"; the members as AWS's clients have seen them."""

    code = "KeyTooLongError"

    def __init__(self, size_bytes: int, *, allowed_bytes: int) -> None:
        super().__init__("Your key is too long", members={"Size": size_bytes, "MaxSizeAllowed": allowed_bytes})


class MetadataTooLarge(ServiceError):
    """Source: "List of error codes"; the members as AWS's clients have seen them."""

    code = "MetadataTooLarge"

    def __init__(self, size_bytes: int, *, allowed_bytes: int) -> None:
        super().__init__(
            "Your metadata headers exceed the maximum allowed metadata size",
            members={"Size": size_bytes, "MaxSizeAllowed": allowed_bytes},
        )


class EntityTooLarge(ServiceError):
    """Recording s3/s3, test_post_object_policy_validation_size, for the members."""

    code = "EntityTooLarge"

    def __init__(self, size_bytes: int, *, allowed_bytes: int) -> None:
        super().__init__(
            "Your proposed upload exceeds the maximum allowed size",
            members={"ProposedSize": size_bytes, "MaxSizeAllowed": allowed_bytes},
        )


class InvalidTag(ServiceError):
    """Recordings s3/s3_api, test_tagging_validation and test_create_bucket_with_tags_exc."""

    code = "InvalidTag"

    def __init__(self, message: str, *, key: str | None = None, value: str | None = None) -> None:
        super().__init__(message, members={"TagKey": key, "TagValue": value})


class InvalidEncryptionAlgorithm(ServiceError):
    """Recording s3/s3, TestS3SSECEncryption::test_put_object_validation_sse_c."""

    code = "InvalidEncryptionAlgorithmError"

    def __init__(self, asked: str) -> None:
        super().__init__(
            "The Encryption request you specified is not valid. Supported value: AES256.",
            members={"ArgumentName": "x-amz-server-side-encryption", "ArgumentValue": asked},
        )


def header_not_implemented(header: str, additional: str = "") -> ServiceError:
    """AWS itself does not implement this (recordings s3/s3_api, TestS3ObjectWritePrecondition and others)."""
    members = {"Header": header}
    if additional:
        members["additionalMessage"] = additional
    text = "A header you provided implies functionality that is not implemented"
    return AnyServiceError("NotImplemented", text, status=501, members=members)
