"""What do all batches have in common: how many entries, with which ids, and what is told of those that fail?"""

import re
from collections.abc import Sequence
from typing import Final, Protocol

from pileus.kernel.errors import ServiceError
from pileus.services.sqs.errors import (
    BatchEntryIdsNotDistinct,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    TooManyEntriesInBatchRequest,
)
from pileus.services.sqs.shapes import BatchResultErrorEntry

BATCH_ENTRIES_MAX: Final = 10

_ENTRY_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,80}")
_QUERY_CODES: Final = {
    "InvalidParameterValueException": "InvalidParameterValue",
    "MissingRequiredParameterException": "MissingParameter",
}
"""What entries of a batch say, in both protocols. Recording sqs/sqs, test_send_batch_message_size."""


class _Entry(Protocol):
    @property
    def id(self) -> str: ...


def check_entries(entries: Sequence[_Entry], shape: str) -> None:
    if not entries:
        raise EmptyBatchRequest(f"There should be at least one {shape} in the request.")
    if len(entries) > BATCH_ENTRIES_MAX:
        raise TooManyEntriesInBatchRequest(len(entries))
    seen: set[str] = set()
    for entry in entries:
        if _ENTRY_ID.fullmatch(entry.id) is None:
            raise InvalidBatchEntryId
    for entry in entries:
        if entry.id in seen:
            raise BatchEntryIdsNotDistinct(entry.id)
        seen.add(entry.id)


def failed_entry(entry_id: str, error: ServiceError) -> BatchResultErrorEntry:
    code = error.error_code
    return BatchResultErrorEntry(
        id=entry_id, sender_fault=True, code=_QUERY_CODES.get(code, code), message=error.message
    )
