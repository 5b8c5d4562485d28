"""What does the API say about an event source mapping?

Recording lambda_api, test_event_source_mapping_lifecycle.
"""

from typing import Final

from pileus.services.lambda_.mappings.model import NOTHING_PROCESSED, MappingRecord, MappingStatus, State
from pileus.services.lambda_.mappings.queue_configuring import QUEUES
from pileus.services.lambda_.shapes import (
    DestinationConfig,
    EventSourceMappingConfiguration,
    EventSourceMappingMetricsConfig,
    Filter,
    FilterCriteria,
    OnFailure,
    ScalingConfig,
)

_BY_USER: Final = "User action"
_QUEUE_BY_USER: Final = "USER_INITIATED"


def described(
    mapping: MappingRecord, status: MappingStatus | None, state: State | None = None
) -> EventSourceMappingConfiguration:
    """state: on its way somewhere; None: where it is."""
    if mapping.service in QUEUES:
        return _queue_described(mapping, state)
    return EventSourceMappingConfiguration(
        uuid=mapping.uuid,
        starting_position=mapping.starting_position,
        starting_position_timestamp=mapping.starting_timestamp,
        batch_size=mapping.batch_size,
        maximum_batching_window_in_seconds=mapping.batching_window_s,
        parallelization_factor=mapping.parallelization_factor,
        event_source_arn=mapping.source_arn,
        filter_criteria=_filters(mapping),
        function_arn=mapping.function.qualified_arn,
        last_modified=mapping.modified_at,
        last_processing_result=NOTHING_PROCESSED if status is None else status.last_result,
        state=state or ("Enabled" if mapping.enabled else "Disabled"),
        state_transition_reason=_BY_USER,
        destination_config=DestinationConfig(on_failure=OnFailure(destination=mapping.on_failure or None)),
        maximum_record_age_in_seconds=mapping.record_age_max_s,
        bisect_batch_on_function_error=mapping.bisect,
        maximum_retry_attempts=mapping.retries_max,
        tumbling_window_in_seconds=mapping.tumbling_window_s,
        function_response_types=list(mapping.response_types),
        event_source_mapping_arn=mapping.arn,
    )


def _queue_described(mapping: MappingRecord, state: State | None) -> EventSourceMappingConfiguration:
    """Recordings lambda_integration_sqs: nothing of streams, and another reason."""
    concurrency = mapping.concurrency_max
    return EventSourceMappingConfiguration(
        uuid=mapping.uuid,
        batch_size=mapping.batch_size,
        maximum_batching_window_in_seconds=mapping.batching_window_s,
        event_source_arn=mapping.source_arn,
        filter_criteria=_filters(mapping),
        function_arn=mapping.function.qualified_arn,
        last_modified=mapping.modified_at,
        state=state or ("Enabled" if mapping.enabled else "Disabled"),
        state_transition_reason=_QUEUE_BY_USER,
        function_response_types=list(mapping.response_types),
        scaling_config=ScalingConfig(maximum_concurrency=concurrency) if concurrency else None,
        metrics_config=EventSourceMappingMetricsConfig(metrics=list(mapping.metrics)) if mapping.metrics else None,
        event_source_mapping_arn=mapping.arn,
    )


def _filters(mapping: MappingRecord) -> FilterCriteria | None:
    if not mapping.filters:
        return None
    return FilterCriteria(filters=[Filter(pattern=pattern) for pattern in mapping.filters])
