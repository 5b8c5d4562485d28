"""What is said of queues, their names, URLs, tags and pages?"""

from typing import Final

from tests.conformance_tables.sqs.cases import (
    ADDRESS,
    API,
    EUCALYPTUS,
    FIFO,
    GONE,
    LOCAL,
    MISSING,
    MOTO,
    NO_QUEUE,
    RECORDED,
    STANDARD,
    TERRAFORM,
    ErrorCase,
    Json,
    cases,
    url,
)

_NAME: Final = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
_FIFO_NAME: Final = (
    "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo "
    "suffix and be 1 to 80 in length."
)
_OTHER: Final = "A queue already exists with the same name and a different value for attribute "
_NO_NAME: Final = "Value for parameter QueueName is invalid. Reason: Must specify a queue name."
_MAX_RESULTS: Final = (
    "Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000."
)
_TOKEN: Final = "Invalid or expired next token."
_KEYS: Final = "Tag keys must be between 1 and 128 characters in length."
_ABSENT: Final = "The specified queue does not exist."
_MANY_TAGS: Final[Json] = {f"k{number}": "v" for number in range(51)}

OF_QUEUES: Final[dict[str, Json]] = {
    "AddPermission": {"Label": "l", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"]},
    "ChangeMessageVisibility": {"ReceiptHandle": "r", "VisibilityTimeout": 1},
    "ChangeMessageVisibilityBatch": {"Entries": [{"Id": "1", "ReceiptHandle": "r", "VisibilityTimeout": 1}]},
    "DeleteMessage": {"ReceiptHandle": "r"},
    "DeleteMessageBatch": {"Entries": [{"Id": "1", "ReceiptHandle": "r"}]},
    "DeleteQueue": {},
    "GetQueueAttributes": {"AttributeNames": ["All"]},
    "ListDeadLetterSourceQueues": {},
    "ListQueueTags": {},
    "PurgeQueue": {},
    "ReceiveMessage": {},
    "RemovePermission": {"Label": "l"},
    "SendMessage": {"MessageBody": "hi"},
    "SendMessageBatch": {"Entries": [{"Id": "1", "MessageBody": "hi"}]},
    "SetQueueAttributes": {"Attributes": {"DelaySeconds": "1"}},
    "TagQueue": {"Tags": {"a": "b"}},
    "UntagQueue": {"TagKeys": ["a"]},
}
"""Every operation that is asked of a queue by its URL, with a request that is well."""

_STRANGE_URLS: Final = ("queue", "http://localhost:4566/", "http://localhost:4566/12/q", f"http://localhost/{STANDARD}")

CASES: Final[list[ErrorCase]] = [
    *(
        ErrorCase(
            RECORDED + "test_non_existent_queue", operation, {"QueueUrl": url(GONE), **request}, NO_QUEUE, _ABSENT
        )
        for operation, request in OF_QUEUES.items()
    ),
    ErrorCase(RECORDED + "test_non_existent_queue", "GetQueueUrl", {"QueueName": GONE}, NO_QUEUE, _ABSENT),
    *(
        ErrorCase(
            EUCALYPTUS + "getAccountIdAndQueueNameFromQueueUrl",
            operation,
            {"QueueUrl": address, **OF_QUEUES[operation]},
            ADDRESS,
            f"The address {address} is not valid for this endpoint.",
        )
        for operation in ("SendMessage", "SetQueueAttributes")
        for address in _STRANGE_URLS
    ),
    *(
        ErrorCase(
            RECORDED + "test_send_empty_message, which is told alike of every parameter",
            operation,
            {"QueueUrl": url(STANDARD), **{name: value for name, value in request.items() if name != absent}},
            MISSING,
            f"The request must contain the parameter {absent}.",
        )
        for operation, request in OF_QUEUES.items()
        for absent in request
        if absent != "AttributeNames"
    ),
    *cases(LOCAL + "create-queue, missing QueueName", "CreateQueue", {}, [({}, _NO_NAME)]),
    *cases(
        LOCAL + "create-queue, empty QueueName",
        "CreateQueue",
        {},
        [({"QueueName": ""}, "Queue name cannot be empty")],
    ),
    *cases(
        LOCAL + "create-queue, invalid name",
        "CreateQueue",
        {},
        [({"QueueName": name}, _NAME) for name in ("in.fo", "example.fifo", "\u00e9\u00e9ww\u00e0)", "a b", "a" * 81)],
    ),
    *cases(
        TERRAFORM + "FIFO names",
        "CreateQueue",
        {"Attributes": {"FifoQueue": "true"}},
        [
            ({"QueueName": name}, _FIFO_NAME)
            for name in ("example", "example.ifo", "a" * 76 + ".fifo", ".fifo", "a.b.fifo")
        ],
    ),
    *cases(
        RECORDED + "test_create_queue_with_different_attributes_raises_exception",
        "CreateQueue",
        {"QueueName": STANDARD},
        [
            (
                {"Attributes": {name: value}},
                _OTHER + name,
            )
            for name, value in (
                ("DelaySeconds", "5"),
                ("VisibilityTimeout", "31"),
                ("MessageRetentionPeriod", "60"),
                ("MaximumMessageSize", "1024"),
                ("ReceiveMessageWaitTimeSeconds", "1"),
                ("SqsManagedSseEnabled", "false"),
                ("KmsMasterKeyId", "alias/aws/sqs"),
            )
        ],
        code="QueueNameExists",
    ),
    *cases(
        RECORDED + "test_create_fifo_queue_with_different_attributes_raises_error",
        "CreateQueue",
        {"QueueName": FIFO},
        [
            (
                {"Attributes": {"FifoQueue": "true", "ContentBasedDeduplication": "true"}},
                _OTHER + "ContentBasedDeduplication",
            )
        ],
        code="QueueNameExists",
    ),
    *cases(
        LOCAL + "delete-queue, in progress deleted queue",
        "CreateQueue",
        {},
        [
            (
                {"QueueName": "deleted"},
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
            )
        ],
        code="QueueDeletedRecently",
    ),
    *cases(
        LOCAL + "get-queue-url, empty queue name", "GetQueueUrl", {}, [({"QueueName": ""}, _NO_NAME), ({}, _NO_NAME)]
    ),
    *cases(
        LOCAL + "list-dead-letter-source-queues, invalid MaxResults",
        "ListDeadLetterSourceQueues",
        {"QueueUrl": url(STANDARD)},
        [({"MaxResults": -23}, _MAX_RESULTS), ({"MaxResults": 1020}, _MAX_RESULTS), ({"NextToken": "invalid"}, _TOKEN)],
    ),
    *cases(
        API + "ListQueues, which pages as ListDeadLetterSourceQueues does",
        "ListQueues",
        {},
        [({"MaxResults": -1}, _MAX_RESULTS), ({"MaxResults": 1001}, _MAX_RESULTS), ({"NextToken": "&"}, _TOKEN)],
    ),
    *cases(
        RECORDED + "test_successive_purge_calls_fail",
        "PurgeQueue",
        {},
        [({"QueueUrl": url("purged")}, "Only one PurgeQueue operation on purged is allowed every 60 seconds.")],
        code="PurgeQueueInProgress",
    ),
    *cases(
        MOTO + "test_tag_queue_errors",
        "TagQueue",
        {"QueueUrl": url(STANDARD)},
        [({"Tags": _MANY_TAGS}, f"Too many tags added for queue {STANDARD}.")],
    ),
    *cases(
        MOTO + "test_tag_queue_errors",
        "TagQueue",
        {"QueueUrl": url(STANDARD)},
        [({"Tags": {}}, "The request must contain the parameter Tags.")],
        code=MISSING,
    ),
    *cases(
        API + "CreateQueue, tags",
        "CreateQueue",
        {"QueueName": "tagged"},
        [({"tags": _MANY_TAGS}, "Too many tags added for queue tagged."), ({"tags": {"k" * 129: "v"}}, _KEYS)],
    ),
    *cases(
        MOTO + "test_untag_queue_errors",
        "UntagQueue",
        {"QueueUrl": url(STANDARD)},
        [({"TagKeys": []}, _KEYS)],
        in_form=False,
    ),
    *cases(MOTO + "test_untag_queue_errors", "UntagQueue", {"QueueUrl": url(STANDARD)}, [({"TagKeys": [""]}, _KEYS)]),
]
