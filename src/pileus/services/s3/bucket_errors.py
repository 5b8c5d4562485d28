"""Which errors do buckets and their configurations answer, beside those that all of S3 has?

Source: S3 API Reference, "List of error codes", and the recordings that each names.
"""

from pileus.kernel.errors import ServiceError
from pileus.services.s3.errors import InvalidArgument


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


class BucketHasAccessPointsAttached(ServiceError):
    """S3 User Guide, "Deleting a general purpose bucket": its access points go first."""

    code = "BucketHasAccessPointsAttached"
    status = 409

    def __init__(self, bucket: str) -> None:
        super().__init__(
            "The bucket you tried to delete has access points attached. Delete all access points before deleting "
            "the bucket.",
            members={"BucketName": bucket},
        )


class MethodNotAllowed(ServiceError):
    """What is asked for is not asked of an access point."""

    code = "MethodNotAllowed"
    status = 405

    def __init__(self) -> None:
        super().__init__("The specified method is not allowed against this resource.")


class WrongRegion(ServiceError):
    """The request is signed for another region than the bucket's; SDKs follow the region that is named.

    AWS's own answer of an address of another region, `PermanentRedirect`, would name an address of AWS.
    Source: S3 User Guide, "Making requests", "Request redirection"; recording s3/s3, test_create_bucket_aws_global.
    """

    code = "AuthorizationHeaderMalformed"

    def __init__(self, *, region: str, expected: str) -> None:
        super().__init__(
            f"The authorization header is malformed; the region '{region}' is wrong; expecting '{expected}'",
            members={"Region": expected},
        )
        self.headers = (("x-amz-bucket-region", expected),)


class WrongRegionInUrl(ServiceError):
    """The same, of a presigned URL."""

    code = "AuthorizationQueryParametersError"

    def __init__(self, *, region: str, expected: str) -> None:
        super().__init__(
            f"Error parsing the X-Amz-Credential parameter; the region '{region}' is wrong; expecting '{expected}'",
            members={"Region": expected},
        )
        self.headers = (("x-amz-bucket-region", expected),)


class WrongRegionInForm(ServiceError):
    """The same, of a form. The credential is what it says."""

    code = "InvalidArgument"

    def __init__(self, *, region: str, expected: str, credential: str = "") -> None:
        told = {"ArgumentName": "X-Amz-Credential", "ArgumentValue": credential, "Region": expected}
        super().__init__(f"the region '{region}' is wrong; expecting '{expected}'", members=told)


class InvalidBucketOwnerAWSAccountID(ServiceError):
    """Recording s3/s3, test_get_bucket_policy_invalid_account_id."""

    code = "InvalidBucketOwnerAWSAccountID"

    def __init__(self, account_id: str) -> None:
        super().__init__(
            f"The value of the expected bucket owner parameter must be an AWS Account ID... [{account_id}]"
        )


class InvalidBucketState(ServiceError):
    """What is asked for contradicts another configuration of the bucket."""

    code = "InvalidBucketState"
    status = 409


class BadRequest(ServiceError):
    """Too many tags."""

    code = "BadRequest"


class NamedArgument(InvalidArgument):
    """An argument is wrong, and its value is not repeated."""

    def __init__(self, message: str, *, name: str) -> None:
        super().__init__(message)
        self.members = {"ArgumentName": name}


class IllegalVersioningConfigurationException(ServiceError):
    """Recording s3/s3_api, test_bucket_versioning_crud."""

    code = "IllegalVersioningConfigurationException"

    def __init__(self) -> None:
        super().__init__("The Versioning element must be specified")


class MalformedPolicy(ServiceError):
    """Recording s3/s3_api, test_bucket_policy_exc."""

    code = "MalformedPolicy"


class IdMismatch(ServiceError):
    """Recording s3/s3, test_s3_put_inventory_report_exceptions."""

    code = "IdMismatch"

    def __init__(self) -> None:
        super().__init__("Document ID does not match the specified configuration ID.")


class InvalidS3DestinationBucket(ServiceError):
    """Recording s3/s3, test_s3_put_inventory_report_exceptions."""

    code = "InvalidS3DestinationBucket"

    def __init__(self) -> None:
        super().__init__("Invalid bucket ARN.")


class TooManyConfigurations(ServiceError):
    """API_PutBucketInventoryConfiguration, "Errors"."""

    code = "TooManyConfigurations"

    def __init__(self) -> None:
        super().__init__("You are attempting to create a new configuration but have already reached the limit.")


class InvalidTargetBucketForLogging(ServiceError):
    """Recording s3/s3, test_put_bucket_logging_wrong_target."""

    code = "InvalidTargetBucketForLogging"

    def __init__(self, message: str, *, target: str) -> None:
        super().__init__(message, members={"TargetBucket": target})


class CrossLocationLoggingProhibitted(ServiceError):
    """Recording s3/s3, test_put_bucket_logging_cross_locations: spelled as AWS does."""

    code = "CrossLocationLoggingProhibitted"
    status = 403

    def __init__(self, *, source: str | None, target: str) -> None:
        super().__init__(
            "Cross S3 location logging not allowed. ",
            members={"SourceBucketLocation": source, "TargetBucketLocation": target},
        )
