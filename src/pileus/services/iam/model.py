"""What users, groups, roles and policies are, and what is true of them."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from pileus.kernel.context import Principal, RequestContext
from pileus.services.iam.documents import counted_chars
from pileus.services.iam.errors import AccessDenied, LimitExceeded, UnmodifiableEntity, ValidationError
from pileus.services.iam.limits import (
    GROUP_INLINE_POLICIES_CHARS_MAX,
    MANAGED_POLICY_CHARS_MAX,
    ROLE_INLINE_POLICIES_CHARS_MAX,
    TRUST_POLICY_CHARS_MAX,
    USER_INLINE_POLICIES_CHARS_MAX,
)
from pileus.services.iam.records import Holder, InlinePolicyRecord, PolicyRecord, RoleRecord, UserRecord

UNIQUE_ID_CHARS: Final = 17
"""After the prefix (IAM User Guide, "Unique identifiers"); so are the prefixes."""
GROUP_ID_PREFIX: Final = "AGPA"
INSTANCE_PROFILE_ID_PREFIX: Final = "AIPA"
POLICY_ID_PREFIX: Final = "ANPA"
ROLE_ID_PREFIX: Final = "AROA"
USER_ID_PREFIX: Final = "AIDA"

_UNKNOWN: Final = datetime.min.replace(tzinfo=UTC)

SERVICE_ROLE_PATH: Final = "/aws-service-role/"
"""Below it are the roles that belong to services."""

_POLICY_ARN: Final = re.compile(r"arn:[\w-]+:iam::(?:[0-9]{12}|aws):policy/.+")
_INLINE_CHARS_MAX: Final = {
    "user": USER_INLINE_POLICIES_CHARS_MAX,
    "group": GROUP_INLINE_POLICIES_CHARS_MAX,
    "role": ROLE_INLINE_POLICIES_CHARS_MAX,
}


def arn(partition: str, account_id: str, kind: str, *, path: str, name: str) -> str:
    """`kind` is `role`, `user` or the like; `path` begins and ends with a slash."""
    return f"arn:{partition}:iam::{account_id}:{kind}{path}{name}"


def renamed_arn(old_arn: str, kind: str, *, path: str, name: str) -> str:
    """The ARN of what got another path or name."""
    _, partition, _, _, account_id, _ = old_arn.split(":", 5)
    return arn(partition, account_id, kind, path=path, name=name)


def whole_second(moment: datetime) -> datetime:
    """IAM's dates have no fraction."""
    return moment.astimezone(UTC).replace(microsecond=0)


def check_trust_policy_size(document: str) -> None:
    """LimitExceeded."""
    if counted_chars(document) > TRUST_POLICY_CHARS_MAX:
        raise LimitExceeded(f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY_CHARS_MAX}")


def check_managed_policy_size(document: str) -> None:
    """LimitExceeded."""
    if counted_chars(document) > MANAGED_POLICY_CHARS_MAX:
        raise LimitExceeded(f"Cannot exceed quota for PolicySize: {MANAGED_POLICY_CHARS_MAX}")


def check_inline_policies_size(holder: Holder, policies: Iterable[InlinePolicyRecord]) -> None:
    """LimitExceeded when these policies are too long together."""
    chars_max = _INLINE_CHARS_MAX[holder.kind]
    if sum(counted_chars(policy.document) for policy in policies) > chars_max:
        raise LimitExceeded(f"Maximum policy size of {chars_max} bytes exceeded for {holder.kind} {holder.name}")


def check_modifiable(holder: Holder) -> None:
    """UnmodifiableEntity when it is a service-linked role: its policies and its trust are the service's."""
    if isinstance(holder, RoleRecord) and holder.path.startswith(SERVICE_ROLE_PATH):
        raise UnmodifiableEntity(
            f"Cannot perform the operation on the protected role '{holder.name}' - this role is only modifiable by AWS"
        )


def policy_arn(text: str) -> bool:
    """Whether this could be the ARN of a managed policy, be there one or not."""
    return _POLICY_ARN.fullmatch(text) is not None


def check_own(policy: PolicyRecord, context: RequestContext) -> None:
    """AccessDenied when it is AWS's: nobody else may change it."""
    if policy.aws_managed:
        raise AccessDenied(
            f"User: {context.principal.arn} is not authorized to perform: iam:{context.operation}"
            f" on resource: policy {policy.arn}"
        )


def root(principal: Principal) -> bool:
    """Whether it is the account's root who asks."""
    return principal.arn.endswith(":root")


def root_user(context: RequestContext, *, created_at: datetime = _UNKNOWN) -> UserRecord:
    """The root of the account, as the owner of credentials: a user without a name, whose id is the account's."""
    return UserRecord(
        account_id=context.account_id,
        name="",
        path="/",
        user_id=context.account_id,
        arn=f"arn:{context.partition}:iam::{context.account_id}:root",
        created_at=created_at,
    )


def user_name_of(principal: Principal, named: str | None) -> str:
    """The user that an operation is about: the one named, or whoever asks; ValidationError when that is no user."""
    if named is not None:
        return named
    if ":user/" in principal.arn:
        return principal.arn.rpartition("/")[2]
    raise ValidationError("Must specify userName when calling with non-User credentials")
