"""What does S3 answer when a bucket has no such configuration?

Source: S3 API Reference, "List of error codes"; each text is of the recording that asks for it first.
"""

from typing import ClassVar

from pileus.kernel.errors import ServiceError


class NoSuchConfiguration(ServiceError):
    """Recordings s3/s3_api, test_get_bucket_metrics_configuration_not_exist, s3/s3, test_s3_inventory_report_crud."""

    code = "NoSuchConfiguration"
    status = 404

    def __init__(self) -> None:
        super().__init__("The specified configuration does not exist.")


class _NotConfigured(ServiceError):
    """The bucket has no such configuration; each text is of the recording that asks for it first."""

    status = 404
    text: ClassVar[str]

    def __init__(self, bucket: str) -> None:
        super().__init__(self.text, members={"BucketName": bucket})


class NoSuchTagSet(_NotConfigured):
    code = "NoSuchTagSet"
    text = "The TagSet does not exist"


class NoSuchBucketPolicy(_NotConfigured):
    code = "NoSuchBucketPolicy"
    text = "The bucket policy does not exist"


class NoSuchCORSConfiguration(_NotConfigured):
    code = "NoSuchCORSConfiguration"
    text = "The CORS configuration does not exist"


class NoSuchWebsiteConfiguration(_NotConfigured):
    code = "NoSuchWebsiteConfiguration"
    text = "The specified bucket does not have a website configuration"


class NoSuchLifecycleConfiguration(_NotConfigured):
    code = "NoSuchLifecycleConfiguration"
    text = "The lifecycle configuration does not exist"


class ReplicationConfigurationNotFoundError(_NotConfigured):
    code = "ReplicationConfigurationNotFoundError"
    text = "The replication configuration was not found"


class OwnershipControlsNotFoundError(_NotConfigured):
    code = "OwnershipControlsNotFoundError"
    text = "The bucket ownership controls were not found"


class NoSuchPublicAccessBlockConfiguration(_NotConfigured):
    code = "NoSuchPublicAccessBlockConfiguration"
    text = "The public access block configuration was not found"


class ObjectLockConfigurationNotFoundError(_NotConfigured):
    code = "ObjectLockConfigurationNotFoundError"
    text = "Object Lock configuration does not exist for this bucket"
