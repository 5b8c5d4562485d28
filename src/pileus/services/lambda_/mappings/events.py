"""What is a function invoked with, and what does a destination get of a batch that failed?

Sources: Lambda Developer Guide, "Using Lambda for processing DynamoDB streams", example events and "Configuring
destinations for failed invocations"; recordings lambda_integration_dynamodbstreams,
test_dynamodb_event_source_mapping_with_on_failure_destination_config and _with_s3_on_failure_destination.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from pileus.services.lambda_.invocation_records import milliseconds_text
from pileus.services.lambda_.mappings.model import MappingRecord, Window
from pileus.services.lambda_.mappings.sources import SourceRecord

Condition = Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]

PAYLOAD_BYTES_MAX: Final = 6_291_456
_ENVELOPE_BYTES: Final = 2_048
"""More than what is around the records, but for a window's state."""
STATE_BYTES_MAX: Final = 1_048_576
"""Of a tumbling window. Source: as above; a larger one ends its window."""

_INFO: Final = {"dynamodb": "DDBStreamBatchInfo", "kinesis": "KinesisBatchInfo"}
_encode: Final = msgspec.json.Encoder().encode


def records_bytes_max(window: Window | None) -> int:
    """How large the records of a batch may be together."""
    return PAYLOAD_BYTES_MAX - _ENVELOPE_BYTES - (0 if window is None else len(window.state))


def batch_event(records: Sequence[SourceRecord]) -> bytes:
    return b'{"Records":[%s]}' % b",".join([record.json for record in records])


def window_event(
    records: Sequence[SourceRecord],
    window: Window,
    *,
    mapping: MappingRecord,
    shard_id: str,
    final: bool,
    terminated_early: bool = False,
) -> bytes:
    """A batch of a tumbling window; the final one has no records, but the state of all of them."""
    rest = _encode(
        {
            "shardId": shard_id,
            "eventSourceARN": mapping.source_arn,
            "isFinalInvokeForWindow": final,
            "isWindowTerminatedEarly": terminated_early,
        }
    )
    span = _encode({"start": _seconds_text(window.start_ms), "end": _seconds_text(window.end_ms)})
    return b'{"Records":[%s],"window":%s,"state":%s,%s' % (
        b",".join([record.json for record in records]),
        span,
        window.state,
        rest[1:],
    )


class LastAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Of the function, to a batch. function_error: None where it answered that it failed."""

    request_id: str
    version: str
    function_error: str | None


def failure_record(
    records: Sequence[SourceRecord],
    *,
    mapping: MappingRecord,
    shard_id: str,
    condition: Condition,
    answer: LastAnswer | None,
    request_id: str,
    invocations: int,
    now: datetime,
    with_payload: bool,
) -> bytes:
    """What a destination gets of a batch that was given up. answer: None where its age was the reason.

    with_payload: buckets get the batch itself, too.
    """
    document: dict[str, object] = {
        "requestContext": {
            "requestId": request_id if answer is None else answer.request_id,
            "functionArn": mapping.function.qualified_arn,
            "condition": condition,
            "approximateInvokeCount": invocations,
        }
    }
    if answer is not None:
        document["responseContext"] = {
            "statusCode": 200,
            "executedVersion": answer.version,
            "functionError": answer.function_error,
        }
    moment = _seconds_text if mapping.service == "dynamodb" else _milliseconds_text
    document |= {
        "version": "1.0",
        "timestamp": milliseconds_text(now),
        _INFO[mapping.service]: {
            "shardId": shard_id,
            "startSequenceNumber": records[0].sequence_number,
            "endSequenceNumber": records[-1].sequence_number,
            "approximateArrivalOfFirstRecord": moment(records[0].at_ms),
            "approximateArrivalOfLastRecord": moment(records[-1].at_ms),
            "batchSize": len(records),
            "streamArn": mapping.source_arn,
        },
    }
    if with_payload:
        document["payload"] = msgspec.Raw(batch_event(records))
    return _encode(document)


def _seconds_text(at_ms: int) -> str:
    """`2022-07-13T13:48:01Z`."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _milliseconds_text(at_ms: int) -> str:
    return milliseconds_text(datetime.fromtimestamp(at_ms / 1000, UTC))
