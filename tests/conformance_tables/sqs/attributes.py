"""What is said of attributes, and of the policies among them?"""

import json
from typing import Final

from tests.conformance_tables.sqs.cases import (
    ACCOUNT,
    API,
    CLOSED,
    EUCALYPTUS,
    FIFO,
    GONE,
    LOCAL,
    MISSING,
    MOTO,
    NAME,
    OVER,
    RECORDED,
    REGION,
    STANDARD,
    VALUE,
    ErrorCase,
    arn,
    cases,
    invalid,
    url,
    wrong,
)

_SSE: Final = (
    "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE."
)
_FORMAT: Final = "Amazon SQS can't create the redrive allow policy, as it\u2019s in an unsupported format."
_CANNOT: Final = "Amazon SQS can't create the redrive allow policy. "
_NOT_BY_QUEUE: Final = _CANNOT + "To specify one or more source queue ARNs, you must set redrivePermission to byQueue."
_NO_SOURCES: Final = (
    _CANNOT + "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values."
)
_NUMBERS: Final = {
    "DelaySeconds": ("", " 6", "-45", "901", "544.43", "true"),
    "MaximumMessageSize": ("", " 2000", "1000", "1048577", "2000.43"),
    "MessageRetentionPeriod": ("", " 2000", "50", "59", "1209601", "65.2"),
    "ReceiveMessageWaitTimeSeconds": ("", " 2", "-50", "21"),
    "VisibilityTimeout": ("", " 2", "-50", "43201"),
    "KmsDataKeyReusePeriodSeconds": ("-233", "59", "86405"),
}
"""By attribute: values that it cannot have."""
_STATEMENT: Final = {
    "Sid": "s",
    "Effect": "Allow",
    "Principal": {"AWS": [ACCOUNT]},
    "Action": "sqs:SendMessage",
    "Resource": arn(STANDARD),
}


def _policy(**members: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [_STATEMENT], **members})


_POLICIES: Final = {
    "no JSON parsable string": "badjson",
    "type (array)": "[]",
    "type (string)": '"string"',
    "type (number)": "533",
    "type (null)": "null",
    "unknown Policy field": _policy(Dummyfield="dummyvalue"),
    "Version": _policy(Version="4532-10-17"),
    "empty Policy Statement": _policy(Statement=[]),
    "unknown Policy Statement (object) field": _policy(Statement={**_STATEMENT, "dummy": "value"}),
    "unknown Policy Statement (array) field": _policy(Statement=[{**_STATEMENT, "dummy": "value"}]),
    "Effect": _policy(Statement=[{**_STATEMENT, "Effect": "Perhaps"}]),
}


def _redrive(**members: object) -> str:
    return json.dumps(members, separators=(",", ":"))


_MAP: Final = "Redrive policy is not a valid JSON map."
_REDRIVES: Final = [
    ("{}", "Redrive policy does not contain mandatory attribute: maxReceiveCount."),
    (_redrive(maxReceiveCount=5), "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."),
    *(
        (
            _redrive(deadLetterTargetArn=arn(STANDARD), maxReceiveCount=count),
            f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive.",
        )
        for count in (-36, 0, 1001, 4023)
    ),
    (
        _redrive(deadLetterTargetArn="dummy", maxReceiveCount=5),
        "Dead-letter target ARN should be fully qualified ARN.",
    ),
    (
        _redrive(deadLetterTargetArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:MyTopic", maxReceiveCount=5),
        "Only SQS queues are valid resources for deadLetterTargetArn.",
    ),
    (
        _redrive(deadLetterTargetArn=arn(FIFO), maxReceiveCount=5),
        "Dead-letter queue must be same type of queue as the source..",
    ),
    (_redrive(deadLetterTargetArn=arn(GONE), maxReceiveCount=5), "Dead letter target does not exist."),
    (
        _redrive(deadLetterTargetArn=arn(STANDARD), maxReceiveCount=5, dummyField="dummy value"),
        "Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn].",
    ),
]
_FAR: Final = [
    (
        _redrive(deadLetterTargetArn=f"arn:aws:sqs:us-east-2:{ACCOUNT}:{STANDARD}", maxReceiveCount=5),
        "Dead-letter target must be in same region as the source.",
    ),
    (
        _redrive(deadLetterTargetArn=f"arn:aws:sqs:{REGION}:222222222222:{STANDARD}", maxReceiveCount=5),
        "Dead-letter target owner should be same as the source.",
    ),
]
_ALLOWS_UNREAD: Final = {
    "badjson",
    "[]",
    "{}",
    "444",
    "false",
    '{"redrivePermission":"dummy"}',
    '{"redrivePermission":"allowAll","dummy":"value"}',
    '{"redrivePermission":"byQueue","sourceQueueArns":"arn:aws:sqs"}',
    '{"redrivePermission":"byQueue","sourceQueueArns":[{"dummy":"value"}]}',
}
_MANY_SOURCES: Final = _redrive(redrivePermission="byQueue", sourceQueueArns=[arn(f"x{n}") for n in range(11)])
_ALLOWS: Final = [
    ('{"redrivePermission":"byQueue"}', _NO_SOURCES),
    ('{"redrivePermission":"byQueue","sourceQueueArns":[]}', _NO_SOURCES),
    (_redrive(redrivePermission="allowAll", sourceQueueArns=[arn("x7")]), _NOT_BY_QUEUE),
    (_redrive(redrivePermission="denyAll", sourceQueueArns=[arn("x7")]), _NOT_BY_QUEUE),
    (_MANY_SOURCES, _CANNOT + "The maximum number of source queue ARNs you can specify is 10."),
]
_READ_ONLY: Final = (
    "QueueArn",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "All",
    "Nonsense",
)
_SET: Final = {"QueueUrl": url(STANDARD)}
_SET_FIFO: Final = {"QueueUrl": url(FIFO)}

CASES: Final[list[ErrorCase]] = [
    *(
        ErrorCase(
            f"{LOCAL}create-queue, {name}",
            "CreateQueue",
            {"QueueName": "new", "Attributes": {name: value}},
            VALUE,
            wrong(name),
        )
        for name, values in _NUMBERS.items()
        for value in values
    ),
    *(
        ErrorCase(
            f"{LOCAL}set-queue-attributes, {name}",
            "SetQueueAttributes",
            {**_SET, "Attributes": {name: values[-1]}},
            VALUE,
            wrong(name),
        )
        for name, values in _NUMBERS.items()
    ),
    *(
        ErrorCase(
            f"{LOCAL}create-queue, Policy, {about}",
            "CreateQueue",
            {"QueueName": "new", "Attributes": {"Policy": text}},
            VALUE,
            wrong("Policy"),
        )
        for about, text in _POLICIES.items()
    ),
    ErrorCase(
        LOCAL + "create-queue, invalid Policy Statement length",
        "CreateQueue",
        {
            "QueueName": "new",
            "Attributes": {"Policy": _policy(Statement=[{**_STATEMENT, "Sid": f"s{n}"} for n in range(22)])},
        },
        OVER,
        "22 statements were found in the submitted policy, max allowed is 20",
    ),
    ErrorCase(
        "ministryofjustice/cloud-platform-environments, pull request 9082",
        "SetQueueAttributes",
        {
            "QueueUrl": url(STANDARD),
            "Attributes": {"Policy": _policy(Statement=[{**_STATEMENT, "Action": ["sqs:SendMessage"] * 10}])},
        },
        OVER,
        "10 actions were found in a statement from the submitted policy, max allowed is 7",
    ),
    ErrorCase(
        "BishopFox/cloudfoxable, issue 29; Particular/NServiceBus.AmazonSQS, issue 830",
        "SetQueueAttributes",
        {
            "QueueUrl": url(STANDARD),
            "Attributes": {"Policy": _policy(Statement=[{**_STATEMENT, "Resource": arn("q" * 8_192)}])},
        },
        OVER,
        "Submitted policy is over max allowed size.",
    ),
    *cases(
        LOCAL + "create-queue, RedrivePolicy with invalid JSON value",
        "CreateQueue",
        {"QueueName": "new"},
        [({"Attributes": {"RedrivePolicy": text}}, wrong("RedrivePolicy", _MAP)) for text in (" ", "4", "[]", "{")],
        code=VALUE,
    ),
    *cases(
        LOCAL + "create-queue, RedrivePolicy",
        "CreateQueue",
        {"QueueName": "new"},
        [({"Attributes": {"RedrivePolicy": text}}, invalid("RedrivePolicy", text, why)) for text, why in _REDRIVES],
    ),
    *cases(
        EUCALYPTUS + "createQueue",
        "SetQueueAttributes",
        _SET,
        [({"Attributes": {"RedrivePolicy": text}}, invalid("RedrivePolicy", text, why)) for text, why in _FAR],
    ),
    *cases(
        API + "SetQueueAttributes, RedriveAllowPolicy; the sentence is ours",
        "SetQueueAttributes",
        _SET,
        [
            (
                {"Attributes": {"RedrivePolicy": text}},
                invalid(
                    "RedrivePolicy",
                    text,
                    "The redrive allow policy of the dead-letter queue does not permit this source queue.",
                ),
            )
            for text in (_redrive(deadLetterTargetArn=arn(CLOSED), maxReceiveCount=5),)
        ],
    ),
    *cases(
        LOCAL + "create-queue, RedriveAllowPolicy",
        "CreateQueue",
        {"QueueName": "new"},
        [
            ({"Attributes": {"RedriveAllowPolicy": text}}, wrong("RedriveAllowPolicy", _FORMAT))
            for text in sorted(_ALLOWS_UNREAD)
        ],
        code=VALUE,
    ),
    *cases(
        LOCAL + "create-queue, RedriveAllowPolicy",
        "CreateQueue",
        {"QueueName": "new"},
        [
            ({"Attributes": {"RedriveAllowPolicy": text}}, invalid("RedriveAllowPolicy", text, why))
            for text, why in _ALLOWS
        ],
    ),
    *cases(
        RECORDED + "test_create_standard_queue_with_fifo_attribute_raises_error",
        "CreateQueue",
        {"QueueName": "new"},
        [
            ({"Attributes": {"FifoQueue": "false"}}, "Unknown Attribute FifoQueue."),
            ({"Attributes": {"ContentBasedDeduplication": "false"}}, "Unknown Attribute ContentBasedDeduplication."),
            (
                {"Attributes": {"DeduplicationScope": "queue"}},
                "You can specify the DeduplicationScope only when FifoQueue is set to true.",
            ),
            (
                {"Attributes": {"FifoThroughputLimit": "perQueue"}},
                "You can specify the FifoThroughputLimit only when FifoQueue is set to true.",
            ),
        ],
        code=NAME,
    ),
    *cases(
        RECORDED + "test_set_unsupported_attribute_standard",
        "SetQueueAttributes",
        _SET,
        [({"Attributes": {"FifoQueue": value}}, "Unknown Attribute FifoQueue.") for value in ("true", "false")],
        code=NAME,
    ),
    *cases(
        RECORDED + "test_set_unsupported_attribute_fifo",
        "SetQueueAttributes",
        _SET_FIFO,
        [({"Attributes": {"FifoQueue": "false"}}, wrong("FifoQueue", "Modifying queue type is not supported."))],
        code=VALUE,
    ),
    *cases(
        RECORDED + "test_set_unsupported_attribute_standard, which is told alike of every name",
        "SetQueueAttributes",
        _SET,
        [({"Attributes": {name: "1"}}, f"Unknown Attribute {name}.") for name in _READ_ONLY],
        code=NAME,
    ),
    *cases(
        MOTO + "test_get_queue_attributes_errors",
        "GetQueueAttributes",
        _SET,
        [({"AttributeNames": names}, f"Unknown Attribute {names[-1]}.") for names in (["Nonsense"], ["QueueArn", "x"])],
        code=NAME,
    ),
    *cases(
        LOCAL + "set-queue-attributes, empty Attributes",
        "SetQueueAttributes",
        _SET,
        [({"Attributes": {}}, "The request must contain the parameter Attribute.Name.")],
        code=MISSING,
        in_form=False,
    ),
    *cases(
        RECORDED + "test_sse_kms_and_sqs_are_mutually_exclusive",
        "SetQueueAttributes",
        _SET,
        [({"Attributes": {"SqsManagedSseEnabled": "true", "KmsMasterKeyId": "alias/aws/sqs"}}, _SSE)],
        code=NAME,
    ),
    *cases(
        LOCAL + "create-queue, SqsManagedSseEnabled",
        "CreateQueue",
        {"QueueName": "new"},
        [
            ({"Attributes": {"SqsManagedSseEnabled": value}}, wrong("SqsManagedSseEnabled"))
            for value in ("", "yes", "1")
        ],
        code=VALUE,
    ),
    *cases(
        LOCAL + "set-queue-attributes, FIFO",
        "SetQueueAttributes",
        _SET_FIFO,
        [
            (
                {"Attributes": {"FifoThroughputLimit": "perMessageGroupId"}},
                "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.",
            ),
            ({"Attributes": {"DeduplicationScope": "nothing"}}, wrong("DeduplicationScope")),
            ({"Attributes": {"FifoThroughputLimit": "nothing"}}, wrong("FifoThroughputLimit")),
            ({"Attributes": {"ContentBasedDeduplication": "maybe"}}, wrong("ContentBasedDeduplication")),
        ],
        code=VALUE,
    ),
]
