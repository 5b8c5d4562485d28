"""What does a topic's policy say, and whom does it let in?

A topic that was given none has AWS's default, which lets in whoever calls on behalf of the owner's account
(`AWS:SourceOwner`, which only AWS services bring). Users of the account are let in by their own policies.

Sources: SNS API Reference, AddPermission; recordings sns, `test_topic_add_permission`, `test_add_permission_errors`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from pileus.kernel.auth.audit import Denial
from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.service_calls import ServiceCall, service_decision, service_query
from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.limits import TOPIC_POLICY_BYTES_MAX
from pileus.services.sns.model import TopicRecord

Statement = dict[str, Any]

_OWNER_ACTIONS: Final = (
    "SNS:GetTopicAttributes",
    "SNS:SetTopicAttributes",
    "SNS:AddPermission",
    "SNS:RemovePermission",
    "SNS:DeleteTopic",
    "SNS:Subscribe",
    "SNS:ListSubscriptionsByTopic",
    "SNS:Publish",
)
_GRANTED: Final = frozenset(
    {
        *(action.partition(":")[2].lower() for action in _OWNER_ACTIONS),
        "receive",
        "getdataprotectionpolicy",
        "putdataprotectionpolicy",
        "listtagsforresource",
        "tagresource",
        "untagresource",
        "*",
    }
)
"""What a statement about a topic may be about, in small letters."""
_ACCOUNT: Final = re.compile(r"\d{12}")


def default_policy(record: TopicRecord) -> str:
    """Recording `test_create_topic_test_arn`."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": _OWNER_ACTIONS,
        "Resource": record.arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": record.account_id}},
    }
    return msgspec.json.encode(
        {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    ).decode()


def policy_text(record: TopicRecord) -> str:
    """The policy that counts."""
    return record.policy or default_policy(record)


def checked_policy(text: str) -> str:
    """A policy as it is kept; InvalidParameter."""
    from pileus.kernel.auth.policy import PolicySyntax, check_policy  # imported when the first policy comes

    if len(text.encode()) > TOPIC_POLICY_BYTES_MAX:
        raise InvalidParameter("Policy Error: the policy is too long")
    try:
        check_policy(text, kind="resource")
    except PolicySyntax:
        raise InvalidParameter("Policy Error: null") from None
    for statement in _statements(msgspec.json.decode(text)):
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise InvalidParameter("Policy Error: null")
        for action in _listed(statement.get("Action")):
            if not _in_scope(action):
                raise InvalidParameter("Policy statement action out of service scope!")
    return text


def with_permission(record: TopicRecord, *, label: str, account_ids: Sequence[str], actions: Sequence[str]) -> str:
    """The policy with one statement more; InvalidParameter."""
    document = msgspec.json.decode(policy_text(record))
    statements = _statements(document)
    if any(statement.get("Sid") == label for statement in statements):
        raise InvalidParameter("Statement already exists")
    if not all(action.lower() in _GRANTED for action in actions):
        raise InvalidParameter("Policy statement action out of service scope!")
    if not all(_ACCOUNT.fullmatch(account_id) for account_id in account_ids):
        raise InvalidParameter("Policy Error: PrincipalNotFound")
    statements.append(
        {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": _single([f"arn:{record.partition}:iam::{each}:root" for each in account_ids])},
            "Action": _single([f"SNS:{action}" for action in actions]),
            "Resource": record.arn,
        }
    )
    return msgspec.json.encode({**document, "Statement": statements}).decode()


def without_permission(record: TopicRecord, *, label: str) -> str:
    """The policy without the statement of that name, if it has one."""
    document = msgspec.json.decode(policy_text(record))
    kept = [statement for statement in _statements(document) if statement.get("Sid") != label]
    return msgspec.json.encode({**document, "Statement": kept}).decode()


def service_denial(
    record: TopicRecord, call: ServiceCall, *, action: str, organization: Organization | None = None, now_s: float
) -> Denial | None:
    """Why a service may not, say, `sns:Publish`; None when the topic's policy lets it."""
    # Imported when the first service calls: see `kernel.auth.permissions`.
    from pileus.kernel.auth.policy import NamedPolicy, PolicySet, compile_policy, denial_of

    policy = NamedPolicy(record.arn, compile_policy(policy_text(record)), "resource")
    query = service_query(
        call,
        action=action,
        resource=record.arn,
        region=record.region,
        resource_tags=record.tags,
        organization=organization,
        now_s=now_s,
    )
    decision = service_decision(query, policy)
    return None if decision.allowed else denial_of(query, decision, PolicySet(resource=policy))


def _statements(document: Mapping[str, Any]) -> list[Statement]:
    listed = document.get("Statement", [])
    return list(listed) if isinstance(listed, list) else [listed]


def _listed(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _single(values: list[str]) -> str | list[str]:
    """AWS writes one as itself (recording `test_topic_add_permission`)."""
    return values[0] if len(values) == 1 else values


def _in_scope(action: str) -> bool:
    vendor, _, name = action.lower().partition(":")
    if action == "*":
        return True
    return vendor == "sns" and (name in _GRANTED or "*" in name or "?" in name)
