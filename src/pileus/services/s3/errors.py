"""Which errors can S3 answer?

Source: S3 API Reference, "Error responses", "List of error codes"; recordings s3/s3 and s3/s3_api.
"""

from pileus.kernel.errors import ServiceError


class NoSuchBucket(ServiceError):
    """Recording s3/s3, test_get_object_no_such_bucket."""

    code = "NoSuchBucket"
    status = 404

    def __init__(self, bucket: str) -> None:
        super().__init__("The specified bucket does not exist", members={"BucketName": bucket})


class NoSuchKey(ServiceError):
    """Recording s3/s3, test_get_object_after_deleted_in_versioned_bucket."""

    code = "NoSuchKey"
    status = 404

    def __init__(self, key: str) -> None:
        super().__init__("The specified key does not exist.", members={"Key": key})


class NoSuchVersion(ServiceError):
    """Recording s3/s3_api, test_get_object_with_version_unversioned_bucket and others."""

    code = "NoSuchVersion"
    status = 404

    def __init__(self, key: str, version_id: str) -> None:
        super().__init__("The specified version does not exist.", members={"Key": key, "VersionId": version_id})


class InvalidArgument(ServiceError):
    """An argument is wrong in a way that only S3 knows."""

    code = "InvalidArgument"

    def __init__(self, message: str, *, name: str = "", value: object = None) -> None:
        members = {} if not name else {"ArgumentName": name, "ArgumentValue": "" if value is None else str(value)}
        super().__init__(message, members=members)


class InvalidRequest(ServiceError):
    """The request contradicts itself, or its bucket."""

    code = "InvalidRequest"


class MalformedXML(ServiceError):
    """A document does not fit S3's schema, in a way that the model does not know.

    Recording s3/s3_api, test_tagging_validation.
    """

    code = "MalformedXML"

    def __init__(self) -> None:
        super().__init__("The XML you provided was not well-formed or did not validate against our published schema")


class PreconditionFailed(ServiceError):
    """Recording s3/s3_preconditions."""

    code = "PreconditionFailed"
    status = 412

    def __init__(self, condition: str) -> None:
        super().__init__(
            "At least one of the pre-conditions you specified did not hold", members={"Condition": condition}
        )


class AccessDenied(ServiceError):
    """Somebody may not, for a reason that no policy knows."""

    code = "AccessDenied"
    status = 403

    def __init__(self, message: str = "Access Denied") -> None:
        super().__init__(message)


class NoSuchLockConfiguration(ServiceError):
    """Recording s3/s3, test_s3_object_retention_exc and test_put_get_object_legal_hold."""

    code = "NoSuchObjectLockConfiguration"
    status = 404

    def __init__(self) -> None:
        super().__init__("The specified object does not have a ObjectLock configuration")
