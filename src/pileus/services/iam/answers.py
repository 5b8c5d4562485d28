"""How does IAM tell of what it keeps?

The same thing has more or fewer fields by the operation that tells of it.

Source: the API reference, and recorded answers (TestRoleLifecycle, TestPolicies, TestInstanceProfileLifecycle).
"""

from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import quote

import msgspec

from pileus.services.iam import shapes, tagging
from pileus.services.iam.account_records import ServiceUseRecord
from pileus.services.iam.records import (
    AccessKeyRecord,
    GroupRecord,
    InstanceProfileRecord,
    PolicyRecord,
    PolicyVersionRecord,
    RoleRecord,
    UserRecord,
)

Nameable = TypeVar("Nameable", shapes.AccessKey, shapes.SigningCertificate)


def encoded_document(document: str) -> str:
    """Policies travel percent-encoded (API_GetRole: RFC 3986)."""
    return quote(document, safe="")


def boundary_shape(arn: str | None) -> shapes.AttachedPermissionsBoundary | None:
    if arn is None:
        return None
    # `Policy` on the wire, though the model's enumeration says `PermissionsBoundaryPolicy`
    # (recorded: test_role_permissions_boundary_lifecycle).
    return shapes.AttachedPermissionsBoundary(
        permissions_boundary_type="Policy",  # type: ignore[arg-type]  # see above
        permissions_boundary_arn=arn,
    )


def last_used_shape(use: ServiceUseRecord | None) -> shapes.RoleLastUsed:
    """Empty for a role that nobody used."""
    return shapes.RoleLastUsed() if use is None else shapes.RoleLastUsed(last_used_date=use.at, region=use.region)


def role_shape(role: RoleRecord, use: ServiceUseRecord | None) -> shapes.Role:
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
        permissions_boundary=boundary_shape(role.permissions_boundary),
        tags=tagging.sorted_shapes(role.tags) or None,
        role_last_used=last_used_shape(use),
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
        permissions_boundary=boundary_shape(role.permissions_boundary),
        tags=tagging.given_shapes(role.tags),
    )


def described_role_shape(role: RoleRecord) -> shapes.Role:
    """As UpdateRoleDescription tells it (recorded: test_update_role)."""
    return shapes.Role(
        path=role.path,
        role_name=role.name,
        role_id=role.role_id,
        arn=role.arn,
        create_date=role.created_at,
        assume_role_policy_document=encoded_document(role.trust_policy),
        description=role.description,
    )


def listed_role_shape(role: RoleRecord) -> shapes.Role:
    """As ListRoles tells it: without tags, boundary and last use (API_ListRoles)."""
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


def profile_role_shape(role: RoleRecord) -> shapes.Role:
    """As an instance profile tells of its role."""
    return shapes.Role(
        path=role.path,
        role_name=role.name,
        role_id=role.role_id,
        arn=role.arn,
        create_date=role.created_at,
        assume_role_policy_document=encoded_document(role.trust_policy),
    )


def named(shape: Nameable) -> Nameable:
    """The same, without the name where there is none: the root's credentials have no user."""
    return shape if shape.user_name else msgspec.structs.replace(shape, user_name=msgspec.UNSET)


def root_shape(root: UserRecord) -> shapes.User:
    """As GetUser tells it of the root, who has neither name nor path."""
    return msgspec.structs.replace(user_shape(root), user_name=msgspec.UNSET, path=msgspec.UNSET)


def user_shape(user: UserRecord) -> shapes.User:
    """As GetUser and CreateUser tell it."""
    return shapes.User(
        path=user.path,
        user_name=user.name,
        user_id=user.user_id,
        arn=user.arn,
        create_date=user.created_at,
        permissions_boundary=boundary_shape(user.permissions_boundary),
        tags=tagging.sorted_shapes(user.tags) or None,
    )


def listed_user_shape(user: UserRecord) -> shapes.User:
    """As ListUsers and GetGroup tell it: without tags and boundary (API_ListUsers)."""
    return shapes.User(
        path=user.path, user_name=user.name, user_id=user.user_id, arn=user.arn, create_date=user.created_at
    )


def group_shape(group: GroupRecord) -> shapes.Group:
    return shapes.Group(
        path=group.path, group_name=group.name, group_id=group.group_id, arn=group.arn, create_date=group.created_at
    )


def instance_profile_shape(
    profile: InstanceProfileRecord, roles: Sequence[RoleRecord], *, tags: list[shapes.Tag] | None
) -> shapes.InstanceProfile:
    return shapes.InstanceProfile(
        path=profile.path,
        instance_profile_name=profile.name,
        instance_profile_id=profile.instance_profile_id,
        arn=profile.arn,
        create_date=profile.created_at,
        roles=[profile_role_shape(role) for role in roles],
        tags=tags,
    )


def policy_shape(
    policy: PolicyRecord,
    *,
    attachment_count: int,
    boundary_usage_count: int,
    description: str | None = None,
    tags: list[shapes.Tag] | None = None,
) -> shapes.Policy:
    """Of GetPolicy with description and tags, an empty list too; of CreatePolicy with tags; of ListPolicies neither."""
    return shapes.Policy(
        policy_name=policy.name,
        policy_id=policy.policy_id,
        arn=policy.arn,
        path=policy.path,
        default_version_id=f"v{policy.default_version}",
        attachment_count=attachment_count,
        permissions_boundary_usage_count=boundary_usage_count,
        is_attachable=True,
        description=description,
        create_date=policy.created_at,
        update_date=policy.updated_at,
        tags=tags,
    )


def policy_version_shape(
    version: PolicyVersionRecord, *, default: bool, with_document: bool = False
) -> shapes.PolicyVersion:
    return shapes.PolicyVersion(
        document=encoded_document(version.document) if with_document else None,
        version_id=version.version_id,
        is_default_version=default,
        create_date=version.created_at,
    )


def access_key_shape(key: AccessKeyRecord) -> shapes.AccessKeyMetadata:
    return shapes.AccessKeyMetadata(
        user_name=key.user_name or None,
        access_key_id=key.access_key_id,
        status="Active" if key.active else "Inactive",
        create_date=key.created_at,
    )
