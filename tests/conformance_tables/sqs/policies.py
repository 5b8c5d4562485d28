"""What is said of permissions, and of tasks that move messages?"""

import base64
import json
from typing import Final

from tests.conformance_tables.sqs.cases import (
    ACCOUNT,
    API,
    DEAD,
    EUCALYPTUS,
    FIFO,
    GONE,
    LABELLED,
    LOCAL,
    MISSING,
    MOTO,
    MOVES,
    NO_RESOURCE,
    OVER,
    RECORDED,
    REGION,
    SOURCE,
    STANDARD,
    ErrorCase,
    arn,
    cases,
    invalid,
    url,
)

_OWNER: Final = "Only the queue owner is allowed to invoke this action."
_WSDL: Final = "Please refer to the appropriate WSDL for a list of valid actions."
_LABEL: Final = "Label can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
_ADD: Final = {"QueueUrl": url(STANDARD), "Label": "l", "AWSAccountIds": [ACCOUNT], "Actions": ["SendMessage"]}
_OWNER_ACTIONS: Final = (
    *("AddPermission", "CancelMessageMoveTask", "CreateQueue", "DeleteQueue", "ListMessageMoveTasks", "ListQueueTags"),
    *("ListQueues", "RemovePermission", "SetQueueAttributes", "StartMessageMoveTask", "TagQueue", "UntagQueue"),
)
_ARN: Final = (
    "You must use this format to specify the {}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
)
_NO_SUCH: Final = "The resource that you specified for the {} parameter doesn't exist."
_RATE: Final = (
    "Value for parameter MaxNumberOfMessagesPerSecond is invalid. "
    "Reason: You must enter a number that's between 1 and 500."
)
_MAX: Final = "Value for parameter MaxResults is invalid. Reason: You must enter a number that's between 1 and 10."
_TASK: Final = "10f57157-fc38-4da9-a113-4de7e12d05aa"


def _handle(source_arn: str) -> str:
    return base64.b64encode(json.dumps({"taskId": _TASK, "sourceArn": source_arn}).encode()).decode()


CASES: Final[list[ErrorCase]] = [
    *cases(
        MOTO + "test_add_permission_errors; API_AddPermission names the actions",
        "AddPermission",
        _ADD,
        [({"Actions": [name]}, invalid("ActionName", f"SQS:{name}", _OWNER)) for name in _OWNER_ACTIONS],
    ),
    *cases(
        LOCAL + "add-permission, invalid Actions",
        "AddPermission",
        _ADD,
        [
            ({"Actions": actions}, invalid("ActionName", f"SQS:{actions[-1]}", _WSDL))
            for actions in (["SendMessageBatch"], ["sendmessage"], ["SendMessage", "Nonsense"])
        ],
    ),
    *cases(
        EUCALYPTUS + "addPermission",
        "AddPermission",
        _ADD,
        [
            ({"AWSAccountIds": ids}, invalid("PrincipalId", f"[{', '.join(ids)}]", "Unable to verify."))
            for ids in (["foobar"], ["1", "2"])
        ],
    ),
    *cases(
        MOTO + "test_add_permission_errors",
        "AddPermission",
        _ADD,
        [({"AWSAccountIds": []}, invalid("PrincipalId", "[]", "Unable to verify."))],
        in_form=False,
    ),
    *cases(
        MOTO + "test_add_permission_errors",
        "AddPermission",
        _ADD,
        [({"Actions": []}, "The request must contain the parameter Actions.")],
        code=MISSING,
        in_form=False,
    ),
    *cases(
        MOTO + "test_add_permission_errors",
        "AddPermission",
        _ADD,
        [({"Actions": ["SendMessage"] * 8}, "8 Actions were found, maximum allowed is 7.")],
        code=OVER,
    ),
    *cases(
        LOCAL + "add-permission, empty Label",
        "AddPermission",
        _ADD,
        [({"Label": ""}, "The request must contain the parameter Label.")],
        code=MISSING,
    ),
    *cases(
        EUCALYPTUS + "addPermission",
        "AddPermission",
        _ADD,
        [({"Label": "not good"}, _LABEL), ({"Label": "l" * 81}, _LABEL)],
    ),
    *cases(
        RECORDED + "test_sqs_permission_lifecycle",
        "AddPermission",
        {**_ADD, "QueueUrl": url(LABELLED), "Label": "taken"},
        [
            ({"Actions": [action]}, invalid("Label", "taken", "Already exists."))
            for action in ("SendMessage", "ReceiveMessage")
        ],
    ),
    *cases(
        LOCAL + "remove-permission, empty Label",
        "RemovePermission",
        {"QueueUrl": url(STANDARD)},
        [({"Label": ""}, "The request must contain the parameter Label.")],
        code=MISSING,
    ),
    *cases(
        RECORDED + "test_sqs_permission_lifecycle",
        "RemovePermission",
        {"QueueUrl": url(STANDARD)},
        [({"Label": "absent"}, invalid("Label", "absent", "can't find label."))],
    ),
    *cases(
        MOTO + "test_remove_permission_errors",
        "RemovePermission",
        {"QueueUrl": url(LABELLED)},
        [({"Label": "absent"}, invalid("Label", "absent", "can't find label on existing policy."))],
    ),
    *cases(
        LOCAL + "message-move-task, SourceArn",
        "StartMessageMoveTask",
        {},
        [({"SourceArn": text}, _ARN.format("SourceArn")) for text in ("", "invalid", "arn:aws:sqs")],
    ),
    *cases(
        LOCAL + "message-move-task, inexisting SourceArn",
        "StartMessageMoveTask",
        {},
        [
            ({"SourceArn": text}, _NO_SUCH.format("SourceArn"))
            for text in (
                arn(GONE),
                f"arn:aws:sns:{REGION}:{ACCOUNT}:{DEAD}",
                f"arn:aws:sqs:us-east-2:{ACCOUNT}:{DEAD}",
                f"arn:aws:sqs:{REGION}:222222222222:{DEAD}",
            )
        ],
        code=NO_RESOURCE,
    ),
    *cases(
        MOVES + "test_source_needs_redrive_policy",
        "StartMessageMoveTask",
        {},
        [
            ({"SourceArn": arn(STANDARD), **more}, "Source queue must be configured as a Dead Letter Queue.")
            for more in ({}, {"DestinationArn": arn(SOURCE)})
        ],
    ),
    *cases(
        LOCAL + "message-move-task, DestinationArn",
        "StartMessageMoveTask",
        {"SourceArn": arn(DEAD)},
        [
            ({"DestinationArn": "invalid"}, _ARN.format("DestinationArn")),
            ({"DestinationArn": ""}, _ARN.format("DestinationArn")),
            ({"DestinationArn": arn(DEAD)}, "Source queue arn and destination queue arn cannot be the same."),
            ({"DestinationArn": arn(FIFO)}, "The source queue and destination queue must be of the same queue type."),
            ({"MaxNumberOfMessagesPerSecond": 0}, _RATE),
            ({"MaxNumberOfMessagesPerSecond": 509}, _RATE),
        ],
    ),
    *cases(
        MOVES + "test_destination_needs_to_exist",
        "StartMessageMoveTask",
        {"SourceArn": arn(DEAD)},
        [({"DestinationArn": arn(GONE)}, _NO_SUCH.format("DestinationArn"))],
        code=NO_RESOURCE,
    ),
    *cases(
        MOVES + "test_start_multiple_move_tasks",
        "StartMessageMoveTask",
        {},
        [
            (
                {"SourceArn": arn("busy")},
                "There is already a task running. "
                "Only one active task is allowed for a source queue arn at a given time.",
            )
        ],
    ),
    *cases(
        MOVES + "test_cancel_with_invalid_task_handle",
        "CancelMessageMoveTask",
        {},
        [({"TaskHandle": text}, "Value for parameter TaskHandle is invalid.") for text in ("foobared", "", "e30=")],
    ),
    *cases(
        MOVES + "test_cancel_with_invalid_source_arn_in_task_handle",
        "CancelMessageMoveTask",
        {},
        [({"TaskHandle": _handle(arn(GONE))}, _NO_SUCH.format("SourceArn"))],
        code=NO_RESOURCE,
    ),
    *cases(
        MOVES + "test_cancel_with_invalid_task_id_in_task_handle",
        "CancelMessageMoveTask",
        {},
        [({"TaskHandle": _handle(arn(DEAD))}, "Task does not exist.")],
        code=NO_RESOURCE,
    ),
    *cases(
        API + "ListMessageMoveTasks, MaxResults; told as StartMessageMoveTask tells of its number",
        "ListMessageMoveTasks",
        {"SourceArn": arn(DEAD)},
        [({"MaxResults": number}, _MAX) for number in (0, 11)],
    ),
    *cases(
        LOCAL + "message-move-task, inexisting SourceArn",
        "ListMessageMoveTasks",
        {},
        [({"SourceArn": arn(GONE)}, _NO_SUCH.format("SourceArn"))],
        code=NO_RESOURCE,
    ),
    *(
        ErrorCase(
            RECORDED + "test_send_empty_message, which is told alike of every parameter",
            operation,
            {},
            MISSING,
            f"The request must contain the parameter {name}.",
        )
        for operation, name in (
            ("StartMessageMoveTask", "SourceArn"),
            ("ListMessageMoveTasks", "SourceArn"),
            ("CancelMessageMoveTask", "TaskHandle"),
        )
    ),
]
