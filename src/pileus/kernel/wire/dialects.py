"""In what do services depart from the protocol they speak?

The models do not say these things; they were seen on the wire. This and `query_names` are the only places of the kernel
with the names of services in them, and what they know of them is spelling.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from pileus.kernel.wire.dialect import Constraint, Dialect, MapKeys, Told

_NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})
_PLAIN: Final = Dialect()

_RUNTIME: Final = Told(
    "InvalidParameterValueException",
    "Value {value} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs20.x, "
    "python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, python3.10, python3.11, "
    "java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, dotnet10, dotnet8, java11, dotnet6, "
    "nodejs18.x, provided.al2, java8.al2] or be a valid ARN",
)
"""Recording lambda/lambda_api, test_create_lambda_exceptions, of January 2026; the order is AWS's."""

_NAME_TOO_LONG: Final = Told(
    "InvalidParameterException", "Invalid LogGroup or LogStream, both must have length less than or equal to 512."
)
"""Recordings logs/logs_groups, test_create_log_group_invalid_name_length, and logs/logs_metric_filters."""

_S3_SCHEMA: Final = Told(
    "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"
)

_DYNAMODB_ORDERS: Final = {
    frozenset(listed): listed
    for listed in (
        ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"),
        ("OR", "AND"),
        ("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"),
        (
            *("IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT", "NOT_NULL", "NE", "LE", "BEGINS_WITH", "GE"),
            "CONTAINS",
        ),
        ("ADD", "DELETE", "PUT"),
        ("B", "N", "S"),
        ("ALL", "INCLUDE", "KEYS_ONLY"),
    )
}
"""As DynamoDB lists them: architect/dynalite, test/scan.js and test/createTable.js, "incorrect attributes"."""

_ALARM_STATES: Final = ("INSUFFICIENT_DATA", "ALARM", "OK")

_TABLE_NAMES: Final = MapKeys(
    re.compile(r"arn:.*|[a-zA-Z0-9_.-]{3,255}", re.DOTALL),
    "Member must have length less than or equal to 255, Member must have length greater than or equal to 3, "
    "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
)
"""Of batches: architect/dynalite, test/batchGetItem.js, "incorrect attributes"; see also `dynamodb/batch_checks.py`."""

_IAM_NAMES: Final[Mapping[tuple[str, Constraint], Told]] = {
    ("path", "pattern"): Told(
        "ValidationError",
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric "
        "characters and/or / characters.",
    ),
    **{
        (member, "pattern"): Told(
            "ValidationError",
            f"The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the "
            "following: +=,.@_-",
        )
        for member in ("groupName", "instanceProfileName", "policyName", "roleName", "userName")
    },
}
"""Of paths: snapshot test_virtual_mfa_device_errors; of names: seen on the wire."""

_DIALECTS: Final[Mapping[str, Dialect]] = {
    # API error bodies: DynamoDB Developer Guide, "Error handling"; the namespaces as sent by the service.
    "dynamodb": Dialect(
        error_namespace="com.amazonaws.dynamodb.v20120810#",
        crc32=True,
        internal_code="InternalServerError",
        enum_orders=_DYNAMODB_ORDERS,
        map_keys={
            "BatchGetRequestMap": _TABLE_NAMES._replace(as_json=True),
            "BatchWriteItemRequestMap": _TABLE_NAMES,
        },
        broken={
            # Public suites that run against DynamoDB: architect/dynalite, paritysuite/dynamodb-conformance (2026).
            ("requestItems", "min"): Told(
                "ValidationException", "The requestItems parameter is required for {operation}"
            )
        },
    ),
    "dynamodbstreams": Dialect(
        error_namespace="com.amazonaws.dynamodb.v20120810#", internal_code="InternalServerError"
    ),
    # Recording logs/logs_metric_filters.
    "logs": Dialect(
        validation_code="InvalidParameterException",
        broken={("logGroupName", "max"): _NAME_TOO_LONG, ("logStreamName", "max"): _NAME_TOO_LONG},
    ),
    # An invocation's payload is JSON by definition (API_Invoke); recording lambda/lambda_api.
    "lambda": Dialect(
        internal_code="ServiceException",
        blob_content_type="application/json",
        broken={("runtime", "enum"): _RUNTIME},
    ),
    "apigatewayv2": Dialect(validation_code="BadRequestException"),
    "apigateway": Dialect(validation_code="BadRequestException"),
    # LocalStack's snapshots of February 2026: test_update_account_password_policy_validation_errors,
    # test_virtual_mfa_device_errors, TestRoleTags. Older recordings have the values.
    "iam": Dialect(internal_code="ServiceFailure", values_told=False, broken=_IAM_NAMES),
    # Route 53 API Reference, "Common Errors" and InvalidInput; CloudFront API Reference, the errors of
    # CreateDistribution.
    "route53": Dialect(validation_code="InvalidInput"),
    "cloudfront": Dialect(validation_code="InvalidArgument"),
    "s3control": Dialect(validation_code="InvalidRequest", unreadable=_S3_SCHEMA, marked_by="x-amz-account-id"),
    # EC2 API Reference, "Error codes"; RDS likewise.
    "ec2": Dialect(
        validation_code="InvalidParameterValue",
        missing=Told("MissingParameter", "The request must contain the parameter {name}"),
        internal_code="InternalError",
    ),
    "rds": Dialect(missing=Told("MissingParameter", "The request must contain the parameter {name}.")),
    # Recordings sqs/sqs, wherever they are parametrised by protocol. Names in forms: see `query_names`.
    "sqs": Dialect(
        error_namespace="com.amazonaws.sqs#",
        missing=Told("MissingRequiredParameterException", "The request must contain the parameter {name}."),
        internal_code="InternalFailure",
        casts=True,  # local-aws-sqs, test/send-message.test.ts, "castable type"
        query_protocol=True,
        queue_url=True,
        # local-aws-sqs, test/create-queue.test.ts; Eucalyptus, SimpleQueueService.createQueue.
        broken={
            ("queueName", "required"): Told(
                "InvalidParameterValueException",
                "Value for parameter QueueName is invalid. Reason: Must specify a queue name.",
            )
        },
        # As its clients tell, in aws/serverless-application-model issue 3633 and others.
        denied_status=403,
        # Recording sqs/sqs, test_non_existent_queue.
        query_messages={"QueueDoesNotExist": "The specified queue does not exist for this wsdl version."},
        query_codes={
            "AccessDeniedException": "AccessDenied",
            "BatchEntryIdsNotDistinct": "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            "BatchRequestTooLong": "AWS.SimpleQueueService.BatchRequestTooLong",
            "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest",
            "InvalidBatchEntryId": "AWS.SimpleQueueService.InvalidBatchEntryId",
            "InvalidParameterValueException": "InvalidParameterValue",
            "MessageNotInflight": "AWS.SimpleQueueService.MessageNotInflight",
            "MissingRequiredParameterException": "MissingParameter",
            "OverLimit": "OverLimit",
            "PurgeQueueInProgress": "AWS.SimpleQueueService.PurgeQueueInProgress",
            "QueueDeletedRecently": "AWS.SimpleQueueService.QueueDeletedRecently",
            "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
            "QueueNameExists": "QueueAlreadyExists",
            "TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            "UnsupportedOperation": "AWS.SimpleQueueService.UnsupportedOperation",
        },
    ),
    # Recording cloudwatch/cloudwatch, test_exception_serializing_with_no_shape_in_spec.
    "cloudwatch": Dialect(
        error_namespace="com.amazonaws.cloudwatch.v2010_08_01#",
        internal_code="InternalServiceFault",
        enum_orders={frozenset(_ALARM_STATES): _ALARM_STATES},
    ),
    # API_Publish, "Errors"; API_ConfirmSubscription, API_Unsubscribe: the links in messages are not signed.
    "sns": Dialect(
        internal_code="InternalError",
        denied_code="AuthorizationError",
        optionally_signed=frozenset({"ConfirmSubscription", "Unsubscribe"}),
    ),
    # S3 API Reference, "Error responses", and the sample response of each operation; recordings s3/s3_api, s3/s3.
    "s3": Dialect(
        s3=True,
        told_by_headers=frozenset(
            {"x-amz-account-id", "x-amz-copy-source", "x-amz-object-attributes", "x-amz-rename-source"}
        ),
        # S3 User Guide, "Regional and Zonal endpoints for directory buckets": one address, two kinds of buckets.
        signed_otherwise={"s3express": {"ListBuckets": "ListDirectoryBuckets"}},
        internal_code="InternalError",
        unreadable=_S3_SCHEMA,
        unknown=(
            Told("MethodNotAllowed", "The specified method is not allowed against this resource."),
            405,
        ),
        too_large=Told("EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size."),
        broken={
            ("encodingType", "enum"): Told("InvalidArgument", "Invalid Encoding Method specified in Request"),
            ("metadataDirective", "enum"): Told("InvalidArgument", "Unknown metadata directive."),
            ("objectLockLegalHoldStatus", "enum"): Told(
                "InvalidArgument", "Legal Hold must be either of 'ON' or 'OFF'"
            ),
            ("objectLockMode", "enum"): Told("InvalidArgument", "Unknown wormMode directive."),
            ("taggingDirective", "enum"): Told("InvalidArgument", "Unknown tagging directive."),
            ("storageClass", "enum"): Told("InvalidStorageClass", "The storage class you specified is not valid"),
            ("serverSideEncryption", "enum"): Told(
                "InvalidArgument", "The encryption method specified is not supported"
            ),
            ("objectOwnership", "enum"): Told("InvalidArgument", "Invalid x-amz-object-ownership header: {value}"),
            ("checksumAlgorithm", "enum"): Told(
                "InvalidRequest",
                "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
                "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
            ),
        },
        unwrapped=frozenset({"GetBucketLocation"}),
        xml_roots={
            "CompleteMultipartUpload": "CompleteMultipartUploadResult",
            "CreateMultipartUpload": "InitiateMultipartUploadResult",
            "CreateSession": "CreateSessionResult",
            "DeleteObjects": "DeleteResult",
            "GetBucketAccelerateConfiguration": "AccelerateConfiguration",
            "GetBucketAcl": "AccessControlPolicy",
            "GetBucketCors": "CORSConfiguration",
            "GetBucketLifecycle": "LifecycleConfiguration",
            "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
            "GetBucketLocation": "LocationConstraint",
            "GetBucketLogging": "BucketLoggingStatus",
            "GetBucketNotification": "NotificationConfiguration",
            "GetBucketRequestPayment": "RequestPaymentConfiguration",
            "GetBucketTagging": "Tagging",
            "GetBucketVersioning": "VersioningConfiguration",
            "GetBucketWebsite": "WebsiteConfiguration",
            "GetObjectAcl": "AccessControlPolicy",
            "GetObjectAttributes": "GetObjectAttributesResponse",
            "GetObjectTagging": "Tagging",
            "ListBucketAnalyticsConfigurations": "ListBucketAnalyticsConfigurationResult",
            "ListBucketInventoryConfigurations": "ListInventoryConfigurationsResult",
            "ListBucketMetricsConfigurations": "ListMetricsConfigurationsResult",
            "ListBuckets": "ListAllMyBucketsResult",
            "ListDirectoryBuckets": "ListAllMyDirectoryBucketsResult",
            "ListMultipartUploads": "ListMultipartUploadsResult",
            "ListObjectVersions": "ListVersionsResult",
            "ListObjects": "ListBucketResult",
            "ListObjectsV2": "ListBucketResult",
            "ListParts": "ListPartsResult",
        },
    ),
}

_LARGE_LAMBDA: Final[Mapping[str, Any]] = {
    "body_bytes_max": 70_167_211,
    "too_large": Told(
        "RequestEntityTooLargeException", "Request must be smaller than 70167211 bytes for the {operation} operation"
    ),
}
"""Recording lambda/lambda_api, test_oversized_request_create_lambda."""

_LARGE_METRICS: Final[Mapping[str, Any]] = {
    "body_bytes_max": 1024 * 1024,
    "too_large": Told("RequestEntityTooLarge", "Request size exceeded 1048576 bytes"),
}
"""As it is sent, compressed or not. Source: API_PutMetricData, "limited to 1 MB in size for HTTP POST requests"; the
words after those that its clients tell of an earlier, smaller limit."""

_DELIVERIES: Final[Mapping[str, Any]] = {"validation_code": "ValidationException", "broken": _NOTHING}
"""Recording logs/logs_delivery, test_put_delivery_destination_invalid_format: its newer operations have newer codes."""

_TABLE_OPERATIONS: Final = {
    "broken": {
        ("tableName", "required"): Told(
            "ValidationException", "The parameter '{name}' is required but was not present in the request"
        )
    }
}
"""Public suites that run against DynamoDB: architect/dynalite, test/createTable.js and three others;
paritysuite/dynamodb-conformance, tests/tier3/error-messages/createTable.test.ts (2026)."""

_OPERATIONS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "cloudwatch": {"PutMetricData": _LARGE_METRICS},
    "dynamodb": dict.fromkeys(("CreateTable", "DeleteTable", "DescribeTable", "UpdateTable"), _TABLE_OPERATIONS),
    "lambda": dict.fromkeys(("CreateFunction", "PublishLayerVersion", "UpdateFunctionCode"), _LARGE_LAMBDA),
    "logs": dict.fromkeys(
        (
            "CreateDelivery",
            "DeleteDelivery",
            "DeleteDeliveryDestination",
            "DeleteDeliveryDestinationPolicy",
            "DeleteDeliverySource",
            "DescribeConfigurationTemplates",
            "DescribeDeliveries",
            "DescribeDeliveryDestinations",
            "DescribeDeliverySources",
            "GetDelivery",
            "GetDeliveryDestination",
            "GetDeliveryDestinationPolicy",
            "GetDeliverySource",
            "PutDeliveryDestination",
            "PutDeliveryDestinationPolicy",
            "PutDeliverySource",
            "UpdateDeliveryConfiguration",
        ),
        _DELIVERIES,
    ),
}
"""In what operations depart from their service's dialect: fields of `Dialect`."""

SIGNED_OTHERWISE: Final[Mapping[str, str]] = {
    signing_name: service for service, dialect in _DIALECTS.items() for signing_name in dialect.signed_otherwise
}
"""The service that a signing name is also for."""


@cache
def dialect_of(service: str, operation: str = "") -> Dialect:
    """The spelling of a service, or of one of its operations."""
    dialect = _DIALECTS.get(service, _PLAIN)
    own = _OPERATIONS.get(service, _NOTHING).get(operation)
    return replace(dialect, **own) if own is not None else dialect
