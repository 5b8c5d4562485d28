"""What does a bus's policy say, and which accounts does it let in?

Sources: API_PutPermission; recordings events, `test_put_permission`, `test_remove_permission`.
"""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from pileus.kernel.auth.organizations import Organization, organization_key
from pileus.kernel.context import Principal
from pileus.services.events.errors import (
    PolicyLengthExceededException,
    ResourceNotFoundException,
    ValidationException,
)
from pileus.services.events.limits import POLICY_BYTES_MAX
from pileus.services.events.model import BusRecord
from pileus.services.events.names import BusName

if TYPE_CHECKING:
    # The engine is for whoever decides; see `permissions`.
    from pileus.kernel.auth.policy import ContextValue

PUT: Final = "events:PutEvents"
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)


def checked_policy(text: str) -> str:
    """A whole policy. ValidationException, PolicyLengthExceededException."""
    from pileus.kernel.auth.policy import PolicySyntax, check_policy  # imported when the first policy comes

    _check_length(text)
    try:
        check_policy(text, kind="resource")
    except PolicySyntax as error:
        raise ValidationException(f"Provided policy is not valid. {error}") from None
    return text


def with_permission(
    policy: str, bus: BusName, *, label: str, principal: str, condition: tuple[str, str, str] | None
) -> str:
    """The policy with a statement more, or in place of that of the same name. condition: type, key and value."""
    if principal != "*" and not _ACCOUNT.fullmatch(principal):
        raise ValidationException("Provided value in parameter 'principal' is not valid.")
    statement: dict[str, Any] = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": "*" if principal == "*" else {"AWS": f"arn:{bus.partition}:iam::{principal}:root"},
        "Action": PUT,
        "Resource": bus.arn,
    }
    if condition is not None:
        kind, key, value = condition
        statement["Condition"] = {kind: {key: value}}
    statements = [each for each in _statements(policy) if each.get("Sid") != label]
    made = _written([*statements, statement])
    _check_length(made)
    return made


def without_permission(policy: str, label: str | None) -> str:
    """The policy without that statement; "" when nothing is left. ResourceNotFoundException."""
    statements = _statements(policy)
    kept = [each for each in statements if each.get("Sid") != label]
    if len(kept) == len(statements):
        raise ResourceNotFoundException("Statement with the provided id does not exist.")
    return _written(kept) if kept else ""


def account_may(
    record: BusRecord, account_id: str, rule_arn: str, *, organization: Organization | None, now_s: float
) -> bool:
    """Whether a bus takes the events of another account's rule."""
    # Imported when the first event crosses accounts: see `kernel.auth.permissions`.
    from pileus.kernel.auth.policy import NamedPolicy, PolicySet, Query, compile_policy, decide

    if not record.policy:
        return False
    bus = record.bus
    conditions: dict[str, ContextValue] = {
        "aws:principalaccount": account_id,
        "aws:sourceaccount": account_id,
        "aws:sourcearn": rule_arn,
        "aws:securetransport": "true",
        "aws:requestedregion": bus.region,
        "aws:currenttime": datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:epochtime": str(int(now_s)),
        **{f"aws:resourcetag/{key.lower()}": value for key, value in record.tags.items()},
    }
    for key in ("orgid", "orgpaths"):
        value = organization_key(organization, key, account_id=account_id)
        if value is not None:
            conditions[f"aws:principal{key}"] = value
    query = Query(
        principal=Principal(
            account_id=account_id, arn=f"arn:{bus.partition}:iam::{account_id}:root", user_id=account_id
        ),
        action=PUT,
        resource=bus.arn,
        conditions=conditions,
        resource_account_id=bus.account_id,
    )
    policy = NamedPolicy(bus.arn, compile_policy(record.policy), "resource")
    return decide(query, PolicySet(resource=policy)).allowed


def _statements(policy: str) -> list[dict[str, Any]]:
    if not policy:
        return []
    listed = msgspec.json.decode(policy).get("Statement", [])
    return list(listed) if isinstance(listed, list) else [listed]


def _written(statements: list[dict[str, Any]]) -> str:
    return msgspec.json.encode({"Version": "2012-10-17", "Statement": statements}).decode()


def _check_length(policy: str) -> None:
    if len(policy.encode()) > POLICY_BYTES_MAX:
        raise PolicyLengthExceededException("Resource policy size limit exceeded.")
