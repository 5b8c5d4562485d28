"""What does a request make of an event source mapping, and what is refused?

Refusals are AWS's where they were recorded (lambda_api, test_event_source_mapping_exceptions,
test_create_event_source_validation; lambda_integration_dynamodbstreams). What only other kinds of sources take is
refused in the words of the one of these that was.
"""

from typing import Any, Final

import msgspec

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.lambda_.errors import InvalidParameterValueException
from pileus.services.lambda_.mappings.filters import check_filters
from pileus.services.lambda_.mappings.model import UNLIMITED, MappingRecord
from pileus.services.lambda_.shapes import (
    CreateEventSourceMappingRequest,
    DestinationConfig,
    EventSourcePosition,
    FilterCriteria,
    UpdateEventSourceMappingRequest,
)

STREAMS: Final = ("dynamodb", "kinesis")
_OTHER_SOURCES: Final = frozenset({"sqs", "kafka", "mq", "rds", "docdb-elastic"})
RECORD_AGE_S_MIN: Final = 60
"""Source: API_CreateEventSourceMapping, MaximumRecordAgeInSeconds; the model allows less."""

_NOT_FOR_STREAMS: Final = {
    "scaling_config": "ScalingConfig",
    "topics": "Topics",
    "queues": "Queues",
    "source_access_configurations": "SourceAccessConfigurations",
    "self_managed_event_source": "SelfManagedEventSource",
    "amazon_managed_kafka_event_source_config": "AmazonManagedKafkaEventSourceConfig",
    "self_managed_kafka_event_source_config": "SelfManagedKafkaEventSourceConfig",
    "document_db_event_source_config": "DocumentDBEventSourceConfig",
    "provisioned_poller_config": "ProvisionedPollerConfig",
}
_NOT_BUILT: Final = {"kms_key_arn": "KMSKeyArn", "metrics_config": "MetricsConfig", "logging_config": "LoggingConfig"}

_Request = CreateEventSourceMappingRequest | UpdateEventSourceMappingRequest


def check_source(request: CreateEventSourceMappingRequest, *, built: frozenset[str]) -> str:
    """The source's ARN. built: the services whose streams or queues are there."""
    arn = request.event_source_arn
    if not arn:
        if request.self_managed_event_source is not None:
            raise NotImplementedByPileus("SelfManagedEventSource is not implemented")
        raise InvalidParameterValueException("Unrecognized event source.")
    service = (arn.split(":", 3) + [""] * 3)[2]
    if service in built:
        return arn
    if service in STREAMS or service in _OTHER_SOURCES:
        raise NotImplementedByPileus(f"Event sources of {service} are not implemented")
    raise InvalidParameterValueException("Unrecognized event source.")


def check_starting_position(request: CreateEventSourceMappingRequest, arn: str) -> EventSourcePosition:
    position = request.starting_position
    if position is None:
        raise InvalidParameterValueException(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null."
        )
    if position == "AT_TIMESTAMP":
        if arn.split(":", 3)[2] == "dynamodb":
            raise InvalidParameterValueException(f"Unsupported starting position for arn type: {arn}")
        if request.starting_position_timestamp is None:
            raise InvalidParameterValueException("StartingPositionTimestamp must be given with AT_TIMESTAMP.")
    return position


def settings_of(request: _Request) -> dict[str, Any]:
    """What a request says of a mapping of a stream, as members of `MappingRecord`; only what it names."""
    for member, name in _NOT_FOR_STREAMS.items():
        if getattr(request, member, None) is not None:
            raise InvalidParameterValueException(f"Unsupported {name} parameter for given event source mapping type.")
    for member, name in _NOT_BUILT.items():
        if getattr(request, member) is not None:
            raise NotImplementedByPileus(f"{name} is not implemented")
    age_s = request.maximum_record_age_in_seconds
    if age_s is not None and age_s != UNLIMITED and age_s < RECORD_AGE_S_MIN:
        raise InvalidParameterValueException(
            f"MaximumRecordAgeInSeconds must be {UNLIMITED}, or at least {RECORD_AGE_S_MIN}."
        )
    named: dict[str, Any] = {
        "enabled": request.enabled,
        "batch_size": request.batch_size,
        "batching_window_s": request.maximum_batching_window_in_seconds,
        "parallelization_factor": request.parallelization_factor,
        "filters": filters_of(request.filter_criteria),
        "on_failure": _on_failure(request.destination_config),
        "record_age_max_s": age_s,
        "bisect": request.bisect_batch_on_function_error,
        "retries_max": request.maximum_retry_attempts,
        "tumbling_window_s": request.tumbling_window_in_seconds,
        "response_types": request.function_response_types,
    }
    return {name: value for name, value in named.items() if value is not None}


def changed(mapping: MappingRecord, settings: dict[str, Any]) -> MappingRecord:
    return msgspec.structs.replace(mapping, **settings)


def filters_of(criteria: FilterCriteria | None) -> list[str] | None:
    return None if criteria is None else check_filters([each.pattern for each in criteria.filters or ()])


def _on_failure(config: DestinationConfig | None) -> str | None:
    """Streams send failed batches to queues, topics and buckets."""
    if config is None:
        return None
    success = None if config.on_success is None else config.on_success.destination
    failure = None if config.on_failure is None else config.on_failure.destination
    service = (f"{failure or ''}:::").split(":")[2]
    if success or (failure and service not in {"sqs", "sns", "s3", ""}):
        told = [
            "null" if given is None else f"{name}(destination={given})"
            for name, given in (("OnSuccess", success), ("OnFailure", failure))
        ]
        raise InvalidParameterValueException(
            f"The provided destination config DestinationConfig(onSuccess={told[0]}, onFailure={told[1]}) is invalid."
        )
    return failure or ""
