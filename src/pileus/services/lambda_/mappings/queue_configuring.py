"""What does a request make of an event source mapping of a queue, and what is refused?

Refusals are AWS's where they were recorded (lambda_integration_sqs, test_event_source_mapping_default_batch_size,
test_esm_with_not_existing_sqs_queue; lambda_api, test_event_source_mapping_exceptions) or reported:
motdotla/node-lambda, issue 466 (starting position); aws/aws-lambda-dotnet, pull request 1758 (batching window);
pulumi-aws-serverless, issue 20 (batch size); aws/serverless-application-model, issue 3445 (visibility timeout).
"""

from typing import Any, Final

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.lambda_.errors import InvalidParameterValueException
from pileus.services.lambda_.mappings.configuring import filters_of
from pileus.services.lambda_.mappings.model import MappingRecord
from pileus.services.lambda_.mappings.queues import QueueFacts
from pileus.services.lambda_.shapes import CreateEventSourceMappingRequest, UpdateEventSourceMappingRequest

QUEUES: Final = ("sqs",)
QUEUE_ACTIONS: Final = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
"""What the function's role must be allowed. Source: "Using Lambda with Amazon SQS", execution role permissions."""

BATCH_SIZE_DEFAULT: Final = 10
_UNWINDOWED_BATCH_MAX: Final = 10

_NOT_FOR_QUEUES: Final = {
    "destination_config": "DestinationConfig",
    "parallelization_factor": "ParallelizationFactor",
    "bisect_batch_on_function_error": "BisectBatchOnFunctionError",
    "maximum_record_age_in_seconds": "MaximumRecordAgeInSeconds",
    "maximum_retry_attempts": "MaximumRetryAttempts",
    "tumbling_window_in_seconds": "TumblingWindowInSeconds",
    "topics": "Topics",
    "queues": "Queues",
    "source_access_configurations": "SourceAccessConfigurations",
    "self_managed_event_source": "SelfManagedEventSource",
    "amazon_managed_kafka_event_source_config": "AmazonManagedKafkaEventSourceConfig",
    "self_managed_kafka_event_source_config": "SelfManagedKafkaEventSourceConfig",
    "document_db_event_source_config": "DocumentDBEventSourceConfig",
}
_NOT_BUILT: Final = {
    "kms_key_arn": "KMSKeyArn",
    "logging_config": "LoggingConfig",
    "provisioned_poller_config": "ProvisionedPollerConfig",
}

_Request = CreateEventSourceMappingRequest | UpdateEventSourceMappingRequest


def queue_settings_of(request: _Request) -> dict[str, Any]:
    """What a request says, as members of `MappingRecord`; only what it names."""
    if getattr(request, "starting_position", None) is not None:
        raise InvalidParameterValueException("StartingPosition is not valid for SQS event sources.")
    for member, name in _NOT_FOR_QUEUES.items():
        if getattr(request, member, None) is not None:
            raise InvalidParameterValueException(f"Unsupported {name} parameter for given event source mapping type.")
    for member, name in _NOT_BUILT.items():
        if getattr(request, member) is not None:
            raise NotImplementedByPileus(f"{name} is not implemented")
    scaling, metrics = request.scaling_config, request.metrics_config
    if metrics is not None and set(metrics.metrics or ()) - {"EventCount"}:
        raise NotImplementedByPileus("MetricsConfig is implemented for EventCount")
    named: dict[str, Any] = {
        "enabled": request.enabled,
        "batch_size": request.batch_size,
        "batching_window_s": request.maximum_batching_window_in_seconds,
        "filters": filters_of(request.filter_criteria),
        "response_types": request.function_response_types,
        "concurrency_max": None if scaling is None else scaling.maximum_concurrency or 0,
        "metrics": None if metrics is None else list(metrics.metrics or ()),
    }
    return {name: value for name, value in named.items() if value is not None}


def check_queue_mapping(mapping: MappingRecord, facts: QueueFacts, *, function_timeout_s: int) -> None:
    """That a mapping, as it is going to be, suits its queue."""
    if facts.fifo:
        if mapping.batching_window_s:
            raise InvalidParameterValueException("Batching window is not supported for FIFO queues")
        if mapping.batch_size > _UNWINDOWED_BATCH_MAX:
            raise InvalidParameterValueException(
                f"Maximum batch size must be between 1 and {_UNWINDOWED_BATCH_MAX} inclusive"
            )
    if mapping.batch_size > _UNWINDOWED_BATCH_MAX and not mapping.batching_window_s:
        raise InvalidParameterValueException(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than "
            f"{_UNWINDOWED_BATCH_MAX}"
        )
    if facts.visibility_timeout_s < function_timeout_s:
        raise InvalidParameterValueException(
            f"Queue visibility timeout: {facts.visibility_timeout_s} seconds is less than "
            f"Function timeout: {function_timeout_s} seconds"
        )


def no_such_queue() -> InvalidParameterValueException:
    return InvalidParameterValueException(
        "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
        "SQS Error Message: The specified queue does not exist."
    )


def may_not(action: str) -> InvalidParameterValueException:
    """Source: functionalone/serverless-iam-roles-per-function, issue 21."""
    return InvalidParameterValueException(
        f"The provided execution role does not have permissions to call {action} on SQS"
    )
