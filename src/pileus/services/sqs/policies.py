"""What may a queue's policy say, and how do AddPermission and RemovePermission edit it?

AddPermission writes as AWS does: recording sqs/sqs, test_sqs_permission_lifecycle. Limits: SQS Developer Guide,
"Quotas related to policies".
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from pileus.services.sqs.errors import (
    InvalidParameterValueException,
    MissingRequiredParameterException,
    OverLimit,
    invalid_attribute,
    invalid_parameter,
)
from pileus.services.sqs.limits import POLICY_ACTIONS_MAX, POLICY_BYTES_MAX, POLICY_STATEMENTS_MAX
from pileus.services.sqs.names import partition_of

Document = dict[str, Any]

OWNER_ACTIONS: Final = frozenset(
    {
        "AddPermission",
        "CancelMessageMoveTask",
        "CreateQueue",
        "DeleteQueue",
        "ListMessageMoveTasks",
        "ListQueueTags",
        "ListQueues",
        "RemovePermission",
        "SetQueueAttributes",
        "StartMessageMoveTask",
        "TagQueue",
        "UntagQueue",
    }
)
"""No policy opens these to another account: API_AddPermission, "Cross-account permissions don't apply"."""
_GRANTED: Final = frozenset(
    {
        "*",
        "ChangeMessageVisibility",
        "DeleteMessage",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "PurgeQueue",
        "ReceiveMessage",
        "SendMessage",
    }
)
_TOO_LARGE: Final = "Submitted policy is over max allowed size."
_READ_CHARACTERS_MAX: Final = 16 * POLICY_BYTES_MAX
"""Ours: what is longer is not even read; the rest may be white space."""
_ACCOUNT: Final = re.compile(r"\d{12}")
_LABEL: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")


def check_queue_policy(text: str) -> str:
    """The policy as it is kept: as given; "" takes it away. InvalidAttributeValue, OverLimit."""
    if not text:
        return ""
    # Imported when the first policy comes: see `kernel.auth.permissions`.
    from pileus.kernel.auth.policy import PolicySyntax, check_policy

    if len(text) > _READ_CHARACTERS_MAX:
        raise OverLimit(_TOO_LARGE)
    try:
        check_policy(text, kind="resource")
        statements = _statements(msgspec.json.decode(text))
    except (PolicySyntax, msgspec.DecodeError, RecursionError):
        raise invalid_attribute("Policy") from None
    if not statements or not all({"Principal", "NotPrincipal"} & statement.keys() for statement in statements):
        raise invalid_attribute("Policy")
    _check_limits(text, statements)
    return text


def _check_limits(text: str, statements: Sequence[Document]) -> None:
    """OverLimit. Sources: local-aws-sqs, test/create-queue.test.ts; ministryofjustice/cloud-platform-environments, pull
    request 9082; BishopFox/cloudfoxable, issue 29.
    """
    if len(statements) > POLICY_STATEMENTS_MAX:
        raise OverLimit(
            f"{len(statements)} statements were found in the submitted policy, max allowed is {POLICY_STATEMENTS_MAX}"
        )
    for statement in statements:
        actions = statement.get("Action") or statement.get("NotAction") or ()
        if isinstance(actions, list) and len(actions) > POLICY_ACTIONS_MAX:
            raise OverLimit(
                f"{len(actions)} actions were found in a statement from the submitted policy, "
                f"max allowed is {POLICY_ACTIONS_MAX}"
            )
    _check_size(text)


def _check_size(text: str) -> None:
    """However much white space it has."""
    if len(_text(msgspec.json.decode(text)).encode()) > POLICY_BYTES_MAX:
        raise OverLimit(_TOO_LARGE)


def check_label(label: str) -> None:
    """Or the error of AddPermission and RemovePermission."""
    if not label:
        raise MissingRequiredParameterException("Label")
    if _LABEL.fullmatch(label) is None:
        raise InvalidParameterValueException(
            "Label can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )


def permission_statement(
    *, label: str, account_ids: Sequence[str], actions: Sequence[str], queue_arn: str, region: str
) -> Document:
    """What AddPermission asks for, as a statement.

    Sources: moto's tests test_sqs.py, test_add_permission_errors; Eucalyptus, SimpleQueueService.addPermission.
    """
    check_label(label)
    if not actions:
        raise MissingRequiredParameterException("Actions")
    valid = [account for account in account_ids if _ACCOUNT.fullmatch(account)]
    if not valid:
        raise invalid_parameter("PrincipalId", f"[{', '.join(account_ids)}]", "Unable to verify.")
    if len(actions) > POLICY_ACTIONS_MAX:
        raise OverLimit(f"{len(actions)} Actions were found, maximum allowed is {POLICY_ACTIONS_MAX}.")
    for action in actions:
        if action in OWNER_ACTIONS:
            raise invalid_parameter(
                "ActionName", f"SQS:{action}", "Only the queue owner is allowed to invoke this action."
            )
        if action not in _GRANTED:
            raise invalid_parameter(
                "ActionName", f"SQS:{action}", "Please refer to the appropriate WSDL for a list of valid actions."
            )
    return {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": _one_or_all([f"arn:{partition_of(region)}:iam::{account}:root" for account in valid])},
        "Action": _one_or_all([f"SQS:{action}" for action in actions]),
        "Resource": queue_arn,
    }


def with_statement(policy: str, statement: Document, *, queue_arn: str) -> str:
    """A policy with one statement more; OverLimit, and InvalidParameterValueException where the label is taken."""
    document: Document = {"Version": "2008-10-17", "Id": f"{queue_arn}/SQSDefaultPolicy"}
    if policy:
        document = msgspec.json.decode(policy)
    statements = _statements(document)
    if any(known.get("Sid") == statement["Sid"] for known in statements):
        raise invalid_parameter("Label", statement["Sid"], "Already exists.")
    statements.append(statement)
    if len(statements) > POLICY_STATEMENTS_MAX:
        raise OverLimit(f"{len(statements)} Statements were found, maximum allowed is {POLICY_STATEMENTS_MAX}.")
    text = _text({**document, "Statement": statements})
    _check_size(text)
    return text


def without_statement(policy: str, label: str) -> str:
    """A policy without the statement of this label; "" when it was the last.

    Recording sqs/sqs, test_sqs_permission_lifecycle: the attribute is gone with it, and a queue without a policy is
    told of shortly; the longer sentence is moto's, test_sqs.py.
    """
    document: Document = msgspec.json.decode(policy) if policy else {}
    statements = _statements(document)
    left = [statement for statement in statements if statement.get("Sid") != label]
    if len(left) == len(statements):
        where = " on existing policy" if policy else ""
        raise invalid_parameter("Label", label, f"can't find label{where}.")
    return _text({**document, "Statement": left}) if left else ""


def _statements(document: Document) -> list[Document]:
    found = document.get("Statement", [])
    return list(found) if isinstance(found, list) else [found]


def _one_or_all(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _text(document: Document) -> str:
    return msgspec.json.encode(document).decode()
