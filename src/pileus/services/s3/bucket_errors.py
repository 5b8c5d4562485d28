"""Which errors do buckets and their configurations answer, beside those that all of S3 has?

Source: S3 API Reference, "List of error codes", and the recordings that each names.
"""

from pileus.kernel.errors import ServiceError


class InvalidBucketName(ServiceError):
    """Recording s3/s3, test_s3_uppercase_bucket_name."""

    code = "InvalidBucketName"

    def __init__(self, bucket: str) -> None:
        super().__init__("The specified bucket is not valid.", members={"BucketName": bucket})


class IllegalLocationConstraintException(ServiceError):
    """Recording s3/s3, test_different_location_constraint."""

    code = "IllegalLocationConstraintException"

    def __init__(self, constraint: str) -> None:
        super().__init__(
            f"The {constraint} location constraint is incompatible for the region specific endpoint "
            "this request was sent to."
        )


class InvalidLocationConstraint(ServiceError):
    """Recording s3/s3, test_create_bucket_with_invalid_location_constraint."""

    code = "InvalidLocationConstraint"

    def __init__(self, constraint: str) -> None:
        super().__init__("The specified location-constraint is not valid", members={"LocationConstraint": constraint})


class BucketAlreadyExists(ServiceError):
    """It is somebody else's (API_CreateBucket, "Errors")."""

    code = "BucketAlreadyExists"
    status = 409

    def __init__(self, bucket: str) -> None:
        super().__init__(
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
            "Please select a different name and try again.",
            members={"BucketName": bucket},
        )


class BucketAlreadyOwnedByYou(ServiceError):
    """Recording s3/s3, test_create_bucket_with_existing_name."""

    code = "BucketAlreadyOwnedByYou"
    status = 409

    def __init__(self, bucket: str) -> None:
        super().__init__(
            "Your previous request to create the named bucket succeeded and you already own it.",
            members={"BucketName": bucket},
        )


class BucketNotEmpty(ServiceError):
    """Recordings s3/s3_api, test_delete_bucket_with_objects and test_delete_versioned_bucket_with_objects."""

    code = "BucketNotEmpty"
    status = 409

    def __init__(self, bucket: str, *, versioned: bool) -> None:
        more = ". You must delete all versions in the bucket." if versioned else ""
        super().__init__(f"The bucket you tried to delete is not empty{more}", members={"BucketName": bucket})
