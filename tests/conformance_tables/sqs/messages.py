"""What is said of messages, and of batches of them?"""

from typing import Final

from tests.conformance_tables.sqs.cases import (
    API,
    CONTENT,
    FIFO,
    LOCAL,
    MISSING,
    MOTO,
    RECORDED,
    SMALL,
    STANDARD,
    ErrorCase,
    Json,
    cases,
    invalid,
    url,
)

_IDS: Final = "{} can only include alphanumeric and punctuation characters. 1 to 128 in length."
_TYPE: Final = "The request include parameter that is not valid for this queue type."
_DELAY: Final = "DelaySeconds must be >= 0 and <= 900."
_ENTRY_ID: Final = (
    "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters "
    "long."
)
_NO_DEDUPLICATION: Final = (
    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
)
_NO_GROUP: Final = "The request must contain the parameter MessageGroupId."
_SEND: Final = {"QueueUrl": url(STANDARD), "MessageBody": "hi"}
_SEND_FIFO: Final = {"QueueUrl": url(FIFO), "MessageBody": "hi", "MessageGroupId": "g"}
_RECEIVE: Final = {"QueueUrl": url(STANDARD)}
_BATCHES: Final[dict[str, Json]] = {
    "SendMessageBatch": {"MessageBody": "hi"},
    "DeleteMessageBatch": {"ReceiptHandle": "r"},
    "ChangeMessageVisibilityBatch": {"ReceiptHandle": "r", "VisibilityTimeout": 1},
}


def _entries(operation: str, *ids: str) -> Json:
    return {"QueueUrl": url(STANDARD), "Entries": [{"Id": one, **_BATCHES[operation]} for one in ids]}


CASES: Final[list[ErrorCase]] = [
    *cases(
        RECORDED + "test_send_empty_message",
        "SendMessage",
        _SEND,
        [({"MessageBody": ""}, "The request must contain the parameter MessageBody.")],
        code=MISSING,
    ),
    *cases(
        RECORDED + "test_send_message_to_standard_queue_with_invalid_message_group_id",
        "SendMessage",
        _SEND,
        [
            ({"MessageGroupId": text}, invalid("MessageGroupId", text, _IDS.format("MessageGroupId")))
            for text in ("", "a" * 129, "group 123")
        ],
    ),
    *cases(
        RECORDED + "test_message_deduplication_id_invalid",
        "SendMessage",
        _SEND_FIFO,
        [
            (
                {"MessageDeduplicationId": text},
                invalid("MessageDeduplicationId", text, _IDS.format("MessageDeduplicationId")),
            )
            for text in ("", "a" * 129, "group 123")
        ],
    ),
    *cases(
        LOCAL + "send-message, invalid DelaySeconds",
        "SendMessage",
        _SEND,
        [({"DelaySeconds": number}, invalid("DelaySeconds", number, _DELAY)) for number in (-234, 901, 1000)],
    ),
    *cases(
        RECORDED + "test_fifo_queue_send_message_with_delay_seconds_fails",
        "SendMessage",
        {**_SEND_FIFO, "MessageDeduplicationId": "d"},
        [({"DelaySeconds": 2}, invalid("DelaySeconds", 2, _TYPE))],
    ),
    *cases(
        RECORDED + "test_posting_to_fifo_requires_deduplicationid_group_id",
        "SendMessage",
        {"QueueUrl": url(CONTENT), "MessageBody": "hi"},
        [({}, _NO_GROUP), ({"MessageDeduplicationId": "d"}, _NO_GROUP)],
        code=MISSING,
    ),
    *cases(
        LOCAL + "send-message, without MessageDeduplicationId",
        "SendMessage",
        _SEND_FIFO,
        [({}, _NO_DEDUPLICATION)],
    ),
    *cases(
        RECORDED + "test_send_message_with_updated_maximum_message_size",
        "SendMessage",
        {"QueueUrl": url(SMALL)},
        [
            (
                {"MessageBody": "a" * 1025},
                "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.",
            )
        ],
    ),
    *cases(
        RECORDED + "test_send_oversized_message",
        "SendMessage",
        {"QueueUrl": url(STANDARD)},
        [
            (
                {"MessageBody": "a" * 1048577},
                "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
            )
        ],
    ),
    *cases(
        LOCAL + "send-message, invalid MessageAttributes",
        "SendMessage",
        _SEND,
        [
            (
                {"MessageAttributes": {"Hello": {"DataType": "Number", "StringValue": "world"}}},
                "Can't cast the value of message (user) attribute 'Hello' to a number.",
            ),
            (
                {"MessageAttributes": {"Hello": {"DataType": "InvalidType", "StringValue": "x"}}},
                "The type of message (user) attribute 'Hello' is invalid. You must use only the following supported "
                "type prefixes: Binary, Number, String.",
            ),
            (
                {"MessageAttributes": {f"a{n}": {"DataType": "String", "StringValue": "x"} for n in range(11)}},
                "Number of message attributes [11] exceeds the allowed maximum [10].",
            ),
            (
                {"MessageSystemAttributes": {"Hello": {"DataType": "String", "StringValue": "World"}}},
                "Message system attribute name 'Hello' is invalid.",
            ),
        ],
    ),
    *cases(
        API + "MessageAttributeValue: numbers from 10^-128 to 10^+126",
        "SendMessage",
        _SEND,
        [
            (
                {"MessageAttributes": {"n": {"DataType": "Number", "StringValue": text}}},
                "Can't cast the value of message (user) attribute 'n' to a number.",
            )
            for text in ("1e127", "-1E+999999999", "1e-129", "1_000", " 5", "\u0663", "0x10", "NaN", "Infinity")
        ],
    ),
    *cases(
        API + "MessageAttributeValue: what a text may not hold is what a body may not hold; the sentence is ours",
        "SendMessage",
        _SEND,
        [
            (
                {"MessageAttributes": {"a": {"DataType": "String.x", "StringValue": f"x{char}"}}},
                f"Invalid binary character '#x{ord(char):X}' was found in the message attribute 'a' value, the set of "
                "allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
            )
            for char in "\x00\x1f\uffff"
        ],
    ),
    *cases(
        RECORDED + "test_send_message_with_empty_string_attribute",
        "SendMessage",
        _SEND,
        [
            (
                {"MessageAttributes": {"ErrorDetails": {"DataType": "String", "StringValue": ""}}},
                "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'.",
            )
        ],
    ),
    *cases(
        RECORDED + "test_send_receive_max_number_of_messages",
        "ReceiveMessage",
        _RECEIVE,
        [
            (
                {"MaxNumberOfMessages": number},
                invalid("MaxNumberOfMessages", number, "Must be between 1 and 10, if provided."),
            )
            for number in (0, 11, -1, 50)
        ],
    ),
    *cases(
        RECORDED + "test_send_receive_wait_time_seconds",
        "ReceiveMessage",
        _RECEIVE,
        [
            ({"WaitTimeSeconds": number}, invalid("WaitTimeSeconds", number, "Must be >= 0 and <= 20, if provided."))
            for number in (21, -1)
        ],
    ),
    *cases(
        LOCAL + "receive-message, invalid VisibilityTimeout",
        "ReceiveMessage",
        _RECEIVE,
        [
            (
                {"VisibilityTimeout": number},
                invalid("VisibilityTimeout", number, "Must be >= 0 and <= 43200, if provided."),
            )
            for number in (43201, -1)
        ],
    ),
    *(
        ErrorCase(
            "SQS Developer Guide, troubleshooting of ReceiptHandleIsInvalid; " + MOTO + "test_delete_message_errors",
            operation,
            {"QueueUrl": url(name), "ReceiptHandle": "garbage", **more},
            "ReceiptHandleIsInvalid",
            'The input receipt handle "garbage" is not a valid receipt handle.',
        )
        for operation, more in (("DeleteMessage", {}), ("ChangeMessageVisibility", {"VisibilityTimeout": 1}))
        for name in (STANDARD, FIFO)
    ),
    *cases(
        "what AWS's SDK for Kotlin and the CLI showed, in tests of others",
        "ChangeMessageVisibility",
        {"QueueUrl": url(STANDARD), "ReceiptHandle": "garbage"},
        [
            (
                {"VisibilityTimeout": number},
                invalid("VisibilityTimeout", number, "VisibilityTimeout must be an integer between 0 and 43200"),
            )
            for number in (-1, 43201)
        ],
    ),
    *(
        ErrorCase(
            RECORDED + "test_too_many_entries_in_batch_request",
            operation,
            _entries(operation, *map(str, range(20))),
            "TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10. You have sent 20.",
        )
        for operation in _BATCHES
    ),
    *(
        ErrorCase(
            RECORDED + "test_invalid_batch_id",
            operation,
            _entries(operation, one),
            "InvalidBatchEntryId",
            _ENTRY_ID,
        )
        for operation in _BATCHES
        for one in ("", "testLongId" * 10, "invalid:id", "\u00e9")
    ),
    *(
        ErrorCase(
            LOCAL + "send-message-batch, duplicated entry ids",
            operation,
            _entries(operation, "a", "some-id", "some-id"),
            "BatchEntryIdsNotDistinct",
            "Id some-id repeated.",
        )
        for operation in _BATCHES
    ),
    *(
        ErrorCase(
            LOCAL + "send-message-batch, empty entries",
            operation,
            _entries(operation),
            "EmptyBatchRequest",
            f"There should be at least one {operation}RequestEntry in the request.",
            in_form=False,
        )
        for operation in ("SendMessageBatch", "DeleteMessageBatch")
    ),
    *cases(
        RECORDED + "test_send_batch_missing_message_group_id_for_fifo_queue",
        "SendMessageBatch",
        {"QueueUrl": url(FIFO)},
        [({"Entries": [{"Id": "1", "MessageBody": "hi", "MessageDeduplicationId": "d"}]}, _NO_GROUP)],
    ),
    *cases(
        RECORDED + "test_send_batch_missing_deduplication_id_for_fifo_queue",
        "SendMessageBatch",
        {"QueueUrl": url(FIFO)},
        [({"Entries": [{"Id": "1", "MessageBody": "hi", "MessageGroupId": "g"}]}, _NO_DEDUPLICATION)],
    ),
    *cases(
        RECORDED + "test_send_message_batch_with_oversized_contents",
        "SendMessageBatch",
        {"QueueUrl": url(STANDARD)},
        [
            (
                {"Entries": [{"Id": "1", "MessageBody": "a" * 1048576}, {"Id": "2", "MessageBody": "a"}]},
                "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
            )
        ],
        code="BatchRequestTooLong",
    ),
]
