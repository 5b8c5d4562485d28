"""What does a function's answer say about its batch?

Everything was processed, or it was up to one record, or nothing was. For tumbling windows there is a state in it, too.

Sources: Lambda Developer Guide, "Configuring partial batch response with DynamoDB and Lambda", "Using Lambda for
processing DynamoDB streams", tumbling windows; recordings lambda_integration_dynamodbstreams,
test_dynamodb_report_batch_item_failure_scenarios and _success_scenarios.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from pileus.services.lambda_.mappings.sources import SourceRecord


def first_failed(payload: bytes, records: Sequence[SourceRecord]) -> int | None:
    """The index of the first record to try again, where the function reports such; None when all went well."""
    answer = _read(payload)
    if answer is None or answer in ("", [], {}):
        return None
    if not isinstance(answer, Mapping):
        return 0
    failures = answer.get("batchItemFailures")
    if failures is None or failures == []:
        return None
    if not isinstance(failures, list):
        return 0
    places = {record.sequence_number: index for index, record in enumerate(records)}
    found = [
        places.get(str(failure.get("itemIdentifier"))) if isinstance(failure, dict) else None for failure in failures
    ]
    # One that names nothing in the batch means that nothing is known: all of it again.
    return min(0 if index is None else index for index in found)


def failed_messages(payload: bytes, message_ids: Collection[str]) -> frozenset[str]:
    """Which messages of a queue's batch are to be tried again, where the function reports such.

    Recordings lambda_integration_sqs, test_report_batch_item_failures_*; what cannot be understood means all of them.
    """
    every = frozenset(message_ids)
    answer = _read(payload)
    if answer is None or answer in ("", [], {}):
        return frozenset()
    if not isinstance(answer, Mapping):
        return every
    failures = answer.get("batchItemFailures")
    if failures is None:
        return frozenset()
    if not isinstance(failures, list):
        return every
    found = [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures]
    named = frozenset(each for each in found if isinstance(each, str))
    return every if named - every or not all(isinstance(each, str) for each in found) else named


def state_of(payload: bytes) -> bytes:
    """The state that a function returned for its window, as JSON; empty when it returned none."""
    answer = _read(payload)
    state = answer.get("state") if isinstance(answer, Mapping) else None
    return b"{}" if state is None else json.dumps(state, separators=(",", ":")).encode()


def _read(payload: bytes) -> Any:
    r"""False for what is no JSON; half a character (`\ud800`) is borne, as runtimes do."""
    try:
        return msgspec.json.decode(payload or b"null")
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return False
