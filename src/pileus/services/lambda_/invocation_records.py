"""What is a destination told of an invocation, and a dead-letter queue of its event?

Sources: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations", "Adding a dead-letter queue".
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from pileus.services.lambda_.asynchronous import Condition
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.store import AsyncInvocation

_ERROR_MESSAGE_CHARS_MAX: Final = 1_024
"""Of `ErrorMessage`. Source: "Dead-letter queues": the first 1 KB."""

_encode: Final = msgspec.json.Encoder().encode


class RequestContextRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    request_id: str
    function_arn: str
    condition: str
    approximate_invoke_count: int


class ResponseContextRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """function_error: absent where there was none."""

    status_code: int
    executed_version: str
    function_error: str | None = None


class _InvocationRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    version: str
    timestamp: str
    request_context: RequestContextRecord
    request_payload: msgspec.Raw
    response_context: ResponseContextRecord | None = None
    response_payload: msgspec.Raw | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the function said at last. version: the one that ran."""

    payload: bytes
    version: str
    function_error: str | None


def invocation_record(
    invocation: AsyncInvocation, condition: Condition, answer: Answer | None, *, invocations: int, now: datetime
) -> bytes:
    """What a destination gets. answer: None when the function never ran. invocations: how often it did.

    Recording lambda_destinations, test_assess_lambda_destination_invocation.
    """
    function = invocation.function
    return _encode(
        _InvocationRecord(
            version="1.0",
            timestamp=milliseconds_text(now),
            request_context=RequestContextRecord(
                request_id=invocation.request_id,
                function_arn=function.qualified_arn if function.qualifier else f"{function.arn}:$LATEST",
                condition=condition,
                approximate_invoke_count=invocations,
            ),
            request_payload=_raw(invocation.payload),
            response_context=None
            if answer is None
            else ResponseContextRecord(
                status_code=200, executed_version=answer.version, function_error=answer.function_error
            ),
            response_payload=None if answer is None else _raw(answer.payload or b"null"),
        )
    )


def dead_letter_attributes(invocation: AsyncInvocation, answer: Answer | None) -> dict[str, str]:
    """What the message says beside the bare event. Recording lambda_destinations, test_dead_letter_queue."""
    message = "" if answer is None else _error_message(answer.payload)
    found = {"RequestID": invocation.request_id, "ErrorCode": "200" if answer is not None else "429"}
    return {**found, "ErrorMessage": message[:_ERROR_MESSAGE_CHARS_MAX]} if message else found


def object_key(function: FunctionName, *, now: datetime, unique: str) -> str:
    """Under which a bucket keeps a record. Source: "Capturing records", "S3 destination"."""
    return f"aws/lambda/async/{function.name}/{day_and_moment(now)}-{unique}"


def day_and_moment(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y/%m/%d/%Y-%m-%dT%H.%M.%S")


def milliseconds_text(moment: datetime) -> str:
    """`2019-11-14T18:16:05.568Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _raw(payload: bytes) -> msgspec.Raw:
    """As it is, when it is JSON; any other text as a text."""
    try:
        json.loads(payload)
    except (ValueError, RecursionError):
        return msgspec.Raw(_encode(payload.decode(errors="replace")))
    return msgspec.Raw(payload)


def _error_message(payload: bytes) -> str:
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return ""
    message = document.get("errorMessage") if isinstance(document, Mapping) else None
    return message.encode(errors="replace").decode() if isinstance(message, str) else ""
