"""What roles, users and keys are, and what is true of them."""

import base64
import binascii
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol, TypeVar
from urllib.parse import quote

from pileus.kernel.context import Principal
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.iam import shapes
from pileus.services.iam.documents import counted_chars
from pileus.services.iam.errors import InvalidInput, LimitExceeded, ValidationError
from pileus.services.iam.limits import (
    PAGE_ITEMS_DEFAULT,
    ROLE_INLINE_POLICIES_CHARS_MAX,
    TRUST_POLICY_CHARS_MAX,
)
from pileus.services.iam.records import AccessKeyRecord, RolePolicyRecord, RoleRecord, UserRecord

UNIQUE_ID_CHARS = 17
"""After the prefix (IAM User Guide, "Unique identifiers")."""
ROLE_ID_PREFIX = "AROA"
USER_ID_PREFIX = "AIDA"


def arn(partition: str, account_id: str, kind: str, *, path: str, name: str) -> str:
    """`kind` is `role` or `user`; `path` begins and ends with a slash."""
    return f"arn:{partition}:iam::{account_id}:{kind}{path}{name}"


def whole_second(moment: datetime) -> datetime:
    """IAM's dates have no fraction."""
    return moment.astimezone(UTC).replace(microsecond=0)


def check_trust_policy_size(document: str) -> None:
    """LimitExceeded."""
    if counted_chars(document) > TRUST_POLICY_CHARS_MAX:
        raise LimitExceeded(f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY_CHARS_MAX}")


def check_inline_policies_size(role: RoleRecord, policies: Iterable[RolePolicyRecord]) -> None:
    """LimitExceeded when these policies are too long together."""
    if sum(counted_chars(policy.document) for policy in policies) > ROLE_INLINE_POLICIES_CHARS_MAX:
        raise LimitExceeded(
            f"Maximum policy size of {ROLE_INLINE_POLICIES_CHARS_MAX} bytes exceeded for role {role.name}"
        )


def kept_tags(tags: Sequence[shapes.Tag] | None) -> tuple[tuple[str, str], ...]:
    """InvalidInput when two keys differ in case only."""
    if not tags:
        return ()
    if len({tag.key.casefold() for tag in tags}) != len(tags):
        raise InvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    return tuple((tag.key, tag.value) for tag in tags)


def user_name_of(principal: Principal, named: str | None) -> str:
    """The user that an operation is about: the one named, or whoever asks."""
    if named is not None:
        return named
    if ":user/" in principal.arn:
        return principal.arn.rpartition("/")[2]
    if principal.arn.endswith(":root"):
        raise NotImplementedByPileus("IAM for the account's root (a request without UserName) is not implemented")
    raise ValidationError("Must specify userName when calling with non-User credentials")


def encoded_document(document: str) -> str:
    """Policies travel percent-encoded (API_GetRole: RFC 3986)."""
    return quote(document, safe="")


def role_shape(role: RoleRecord) -> shapes.Role:
    """As GetRole tells it."""
    return shapes.Role(
        path=role.path,
        role_name=role.name,
        role_id=role.role_id,
        arn=role.arn,
        create_date=role.created_at,
        assume_role_policy_document=encoded_document(role.trust_policy),
        description=role.description,
        max_session_duration=role.session_duration_max_s,
        tags=_tag_shapes(role.tags),
        # Empty for a role that was not used in the last 400 days; use is not recorded.
        role_last_used=shapes.RoleLastUsed(),
    )


def created_role_shape(role: RoleRecord) -> shapes.Role:
    """As CreateRole tells it: with less (recordings: TestSTSIntegrations::test_assume_role)."""
    return shapes.Role(
        path=role.path,
        role_name=role.name,
        role_id=role.role_id,
        arn=role.arn,
        create_date=role.created_at,
        assume_role_policy_document=encoded_document(role.trust_policy),
        tags=_tag_shapes(role.tags),
    )


def listed_role_shape(role: RoleRecord) -> shapes.Role:
    """As ListRoles tells it: without tags and last use (API_ListRoles)."""
    return shapes.Role(
        path=role.path,
        role_name=role.name,
        role_id=role.role_id,
        arn=role.arn,
        create_date=role.created_at,
        assume_role_policy_document=encoded_document(role.trust_policy),
        description=role.description,
        max_session_duration=role.session_duration_max_s,
    )


def user_shape(user: UserRecord, *, with_tags: bool = True) -> shapes.User:
    return shapes.User(
        path=user.path,
        user_name=user.name,
        user_id=user.user_id,
        arn=user.arn,
        create_date=user.created_at,
        tags=_tag_shapes(user.tags) if with_tags else None,
    )


def access_key_shape(key: AccessKeyRecord) -> shapes.AccessKeyMetadata:
    return shapes.AccessKeyMetadata(
        user_name=key.user_name,
        access_key_id=key.access_key_id,
        status="Active" if key.active else "Inactive",
        create_date=key.created_at,
    )


def _tag_shapes(tags: tuple[tuple[str, str], ...]) -> list[shapes.Tag] | None:
    return [shapes.Tag(key=key, value=value) for key, value in tags] or None


class Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


def page_items(max_items: int | None) -> int:
    return PAGE_ITEMS_DEFAULT if max_items is None else max_items


def marker_after(name: str) -> str:
    """An opaque marker from which the next page goes on."""
    return base64.urlsafe_b64encode(name.encode()).decode()


def name_of_marker(marker: str | None) -> str | None:
    """ValidationError when we did not write it."""
    if marker is None:
        return None
    try:
        return base64.b64decode(marker, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise ValidationError("Invalid Marker.") from None


def page(found: list[N], *, items_max: int) -> tuple[list[N], str | None]:
    """The page's entries, and the marker of the next when one more was found than fits."""
    if len(found) <= items_max:
        return found, None
    return found[:items_max], marker_after(found[items_max - 1].name)
