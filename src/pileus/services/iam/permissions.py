"""What must somebody be allowed to do, to use IAM?

A request names users, roles and the like without their paths; `IamResources` finds the ARN that policies know. Denials
name them as IAM does: `user NAME`, `role NAME`, but by ARN what is being made.

Sources: Service Authorization Reference, "AWS Identity and Access Management"; how denials name resources was seen on
the wire.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from pileus.kernel.auth.permissions import (
    Conditions,
    KnownResource,
    Permission,
    Permissions,
    ResourceType,
    gives_tags,
    request_tags,
    tag_keys,
)
from pileus.kernel.context import RequestContext


def _arn(context: RequestContext, rest: str) -> str:
    return f"arn:{context.partition}:iam::{context.account_id}:{rest}"


def _user_name(context: RequestContext, given: Any) -> str:
    """Who is named, or whoever asks."""
    name: str | None = getattr(given, "user_name", None)
    return name if name is not None else context.principal.arn.rpartition("/")[2]


def _named(kind: str, member: str, *, called: str = "") -> ResourceType:
    """Something that is there, by its name. called: how denials call its kind."""
    return ResourceType(
        name=kind,
        arn=lambda context, given: _arn(context, f"{kind}/{getattr(given, member)}"),
        told=lambda context, given: f"{called or kind} {getattr(given, member)}",
    )


def _new(kind: str, member: str) -> ResourceType:
    """Something that is being made, by its path and name."""
    return ResourceType(
        name=kind,
        arn=lambda context, given: _arn(context, f"{kind}{given.path or '/'}{getattr(given, member)}"),
    )


def _by_arn(kind: str, member: str, *, called: str = "") -> ResourceType:
    """Something that is named by its ARN. called: how denials call its kind; empty: not at all."""

    def arn(context: RequestContext, given: Any) -> str:
        found: str = getattr(given, member)
        return found

    def told(context: RequestContext, given: Any) -> str:
        return f"{called} {arn(context, given)}"

    return ResourceType(name=kind, arn=arn, told=told if called else None)


def _below(kind: str) -> ResourceType:
    """All of a kind that a list shows. IAM asks for the path, though the Reference knows no resource."""
    return ResourceType(name="", arn=lambda context, given: _arn(context, f"{kind}{given.path_prefix or '/'}"))


_USER: Final = ResourceType(
    name="user",
    arn=lambda context, given: _arn(context, f"user/{_user_name(context, given)}"),
    told=lambda context, given: f"user {_user_name(context, given)}",
)
_GROUP: Final = _named("group", "group_name")
_ROLE: Final = _named("role", "role_name")
_POLICY: Final = _by_arn("policy", "policy_arn", called="policy")
_INSTANCE_PROFILE: Final = _named("instance-profile", "instance_profile_name", called="instance profile")
_CERTIFICATE: Final = _named("server-certificate", "server_certificate_name", called="server certificate")
_OIDC: Final = _by_arn("oidc-provider", "open_id_connect_provider_arn")
_SAML: Final = _by_arn("saml-provider", "saml_provider_arn")
_MFA: Final = _by_arn("mfa", "serial_number")
_EXAMINED: Final = _by_arn("user", "policy_source_arn")
_REPORTED: Final = _by_arn("user", "arn")
_POLICIES: Final = ResourceType(
    name="",
    arn=lambda context, given: _arn(context, f"policy{given.path_prefix or '/'}"),
    told=lambda context, given: f"policy path {given.path_prefix or '/'}",
)
_KEYS_USER: Final = ResourceType(
    name="user", arn=lambda context, given: _arn(context, f"access-key/{given.access_key_id}")
)
"""The user is found by the key."""
_NEW_OIDC: Final = ResourceType(
    name="oidc-provider",
    arn=lambda context, given: _arn(context, f"oidc-provider/{given.url.partition('://')[2]}"),
)
_NEW_SAML: Final = ResourceType(
    name="saml-provider", arn=lambda context, given: _arn(context, f"saml-provider/{given.name}")
)
_NEW_LINKED_ROLE: Final = ResourceType(
    name="role", arn=lambda context, given: _arn(context, f"role/aws-service-role/{given.aws_service_name}/*")
)
_DELETED_ROLE: Final = ResourceType(
    name="role",
    # task/aws-service-role/SERVICE/ROLE/UUID
    arn=lambda context, given: _arn(context, f"role{given.deletion_task_id[len('task') :].rpartition('/')[0]}"),
)


def _renaming(action: str, resource: ResourceType, *, name_member: str) -> tuple[Permission, Permission]:
    """To give something another name or path, one must be allowed to on both its ARNs (API_UpdateUser)."""

    def becomes(context: RequestContext, given: Any, known: KnownResource) -> str:
        place, _, name = known.arn.rpartition("/")
        kind, slash, path = place.partition("/")
        path = given.new_path or f"{slash}{path}/"
        return f"{kind}{path}{getattr(given, name_member) or name}"

    return (
        Permission(action=f"iam:{action}", resource=resource, conditions=_of_entity),
        Permission(
            action=f"iam:{action}",
            resource=ResourceType(name=resource.name, arn=resource.arn, becomes=becomes),
            conditions=_of_entity,
            asked=lambda context, given: bool(given.new_path or getattr(given, name_member)),
        ),
    )


def _of_entity(context: RequestContext, given: Any, entity: KnownResource | None) -> Conditions:
    """What every request about users and roles may be asked for."""
    found: dict[str, Any] = {
        "iam:policyarn": getattr(given, "policy_arn", None),
        "iam:permissionsboundary": getattr(given, "permissions_boundary", None)
        or (entity.details.get("permissions_boundary") if entity is not None else None),
        "iam:awsservicename": getattr(given, "aws_service_name", None),
        "iam:servicespecificcredentialservicename": getattr(given, "service_name", None),
        "iam:servicespecificcredentialagedays": _text(getattr(given, "credential_age_days", None)),
    }
    return {
        **{key: value for key, value in found.items() if value is not None},
        **request_tags({tag.key: tag.value for tag in getattr(given, "tags", None) or ()}),
    }


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _of_untagging(context: RequestContext, given: Any, entity: KnownResource | None) -> Conditions:
    return tag_keys(given.tag_keys)


def _of_passing(context: RequestContext, given: Any, role: KnownResource | None) -> Conditions:
    """A role in an instance profile is for EC2."""
    return {"iam:passedtoservice": "ec2.amazonaws.com"}


def _on(
    resource: ResourceType | None,
    *actions: str,
    conditions: Callable[[RequestContext, Any, KnownResource | None], Conditions] | None = _of_entity,
) -> dict[str, tuple[Permission, ...]]:
    return {
        action: (Permission(action=f"iam:{action}", resource=resource, conditions=conditions),) for action in actions
    }


def _making(action: str, resource: ResourceType, *, tagging: str) -> dict[str, tuple[Permission, ...]]:
    """To make something with tags is to tag it, which may be forbidden ("Tagging IAM resources")."""
    return {
        action: (
            Permission(action=f"iam:{action}", resource=resource, conditions=_of_entity),
            Permission(action=f"iam:{tagging}", resource=resource, conditions=_of_entity, asked=gives_tags),
        )
    }


_UNTAGGED: Final[Iterable[tuple[str, ResourceType]]] = (
    ("InstanceProfile", _INSTANCE_PROFILE),
    ("MFADevice", _MFA),
    ("OpenIDConnectProvider", _OIDC),
    ("Policy", _POLICY),
    ("Role", _ROLE),
    ("SAMLProvider", _SAML),
    ("ServerCertificate", _CERTIFICATE),
    ("User", _USER),
)

PERMISSIONS: Final[Permissions] = {
    **_on(
        None,
        "CreateAccountAlias",
        "DeleteAccountAlias",
        "DeleteAccountPasswordPolicy",
        "GenerateCredentialReport",
        "GetAccountAuthorizationDetails",
        "GetAccountPasswordPolicy",
        "GetAccountSummary",
        "GetContextKeysForCustomPolicy",
        "GetCredentialReport",
        "GetServiceLastAccessedDetails",
        "GetServiceLastAccessedDetailsWithEntities",
        "ListAccountAliases",
        "ListOpenIDConnectProviders",
        "ListSAMLProviders",
        "ListVirtualMFADevices",
        "SetSecurityTokenServicePreferences",
        "SimulateCustomPolicy",
        "UpdateAccountPasswordPolicy",
    ),
    **_on(
        _USER,
        "AttachUserPolicy",
        "ChangePassword",
        "CreateAccessKey",
        "CreateLoginProfile",
        "CreateServiceSpecificCredential",
        "DeactivateMFADevice",
        "DeleteAccessKey",
        "DeleteLoginProfile",
        "DeleteSSHPublicKey",
        "DeleteServiceSpecificCredential",
        "DeleteSigningCertificate",
        "DeleteUser",
        "DeleteUserPermissionsBoundary",
        "DeleteUserPolicy",
        "DetachUserPolicy",
        "EnableMFADevice",
        "GetLoginProfile",
        "GetMFADevice",
        "GetSSHPublicKey",
        "GetUser",
        "GetUserPolicy",
        "ListAccessKeys",
        "ListAttachedUserPolicies",
        "ListGroupsForUser",
        "ListMFADevices",
        "ListSSHPublicKeys",
        "ListServiceSpecificCredentials",
        "ListSigningCertificates",
        "ListUserPolicies",
        "ListUserTags",
        "PutUserPermissionsBoundary",
        "PutUserPolicy",
        "ResetServiceSpecificCredential",
        "ResyncMFADevice",
        "TagUser",
        "UpdateAccessKey",
        "UpdateLoginProfile",
        "UpdateSSHPublicKey",
        "UpdateServiceSpecificCredential",
        "UpdateSigningCertificate",
        "UploadSSHPublicKey",
        "UploadSigningCertificate",
    ),
    "UpdateUser": _renaming("UpdateUser", _USER, name_member="new_user_name"),
    "UpdateGroup": _renaming("UpdateGroup", _GROUP, name_member="new_group_name"),
    "UpdateServerCertificate": _renaming(
        "UpdateServerCertificate", _CERTIFICATE, name_member="new_server_certificate_name"
    ),
    **_on(_KEYS_USER, "GetAccessKeyLastUsed"),
    **_on(
        _GROUP,
        "AddUserToGroup",
        "AttachGroupPolicy",
        "DeleteGroup",
        "DeleteGroupPolicy",
        "DetachGroupPolicy",
        "GetGroup",
        "GetGroupPolicy",
        "ListAttachedGroupPolicies",
        "ListGroupPolicies",
        "PutGroupPolicy",
        "RemoveUserFromGroup",
    ),
    **_on(
        _ROLE,
        "AttachRolePolicy",
        "DeleteRole",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DeleteServiceLinkedRole",
        "DetachRolePolicy",
        "GetRole",
        "GetRolePolicy",
        "ListAttachedRolePolicies",
        "ListInstanceProfilesForRole",
        "ListRolePolicies",
        "ListRoleTags",
        "PutRolePermissionsBoundary",
        "PutRolePolicy",
        "TagRole",
        "UpdateAssumeRolePolicy",
        "UpdateRole",
        "UpdateRoleDescription",
    ),
    **_on(
        _POLICY,
        "CreatePolicyVersion",
        "DeletePolicy",
        "DeletePolicyVersion",
        "GetPolicy",
        "GetPolicyVersion",
        "ListEntitiesForPolicy",
        "ListPolicyTags",
        "ListPolicyVersions",
        "SetDefaultPolicyVersion",
        "TagPolicy",
    ),
    **_on(
        _INSTANCE_PROFILE,
        "DeleteInstanceProfile",
        "GetInstanceProfile",
        "ListInstanceProfileTags",
        "RemoveRoleFromInstanceProfile",
        "TagInstanceProfile",
    ),
    "AddRoleToInstanceProfile": (
        Permission(action="iam:AddRoleToInstanceProfile", resource=_INSTANCE_PROFILE, conditions=_of_entity),
        Permission(
            action="iam:PassRole",
            resource=ResourceType(name="role", arn=_ROLE.arn),
            conditions=_of_passing,
        ),
    ),
    **_on(
        _CERTIFICATE,
        "DeleteServerCertificate",
        "GetServerCertificate",
        "ListServerCertificateTags",
        "TagServerCertificate",
    ),
    **_on(
        _OIDC,
        "AddClientIDToOpenIDConnectProvider",
        "DeleteOpenIDConnectProvider",
        "GetOpenIDConnectProvider",
        "ListOpenIDConnectProviderTags",
        "RemoveClientIDFromOpenIDConnectProvider",
        "TagOpenIDConnectProvider",
        "UpdateOpenIDConnectProviderThumbprint",
    ),
    **_on(
        _SAML,
        "DeleteSAMLProvider",
        "GetSAMLProvider",
        "ListSAMLProviderTags",
        "TagSAMLProvider",
        "UpdateSAMLProvider",
    ),
    **_on(_MFA, "DeleteVirtualMFADevice", "ListMFADeviceTags", "TagMFADevice"),
    **_on(_EXAMINED, "GetContextKeysForPrincipalPolicy", "SimulatePrincipalPolicy"),
    **_on(_REPORTED, "GenerateServiceLastAccessedDetails", "ListPoliciesGrantingServiceAccess"),
    **_making("CreateUser", _new("user", "user_name"), tagging="TagUser"),
    **_on(_new("group", "group_name"), "CreateGroup"),
    **_making("CreateRole", _new("role", "role_name"), tagging="TagRole"),
    **_making("CreatePolicy", _new("policy", "policy_name"), tagging="TagPolicy"),
    **_making("CreateInstanceProfile", _new("instance-profile", "instance_profile_name"), tagging="TagInstanceProfile"),
    **_making(
        "UploadServerCertificate", _new("server-certificate", "server_certificate_name"), tagging="TagServerCertificate"
    ),
    **_making("CreateVirtualMFADevice", _new("mfa", "virtual_mfa_device_name"), tagging="TagMFADevice"),
    **_making("CreateOpenIDConnectProvider", _NEW_OIDC, tagging="TagOpenIDConnectProvider"),
    **_making("CreateSAMLProvider", _NEW_SAML, tagging="TagSAMLProvider"),
    **_on(_NEW_LINKED_ROLE, "CreateServiceLinkedRole"),
    **_on(_DELETED_ROLE, "GetServiceLinkedRoleDeletionStatus"),
    **_on(_below("user"), "ListUsers"),
    **_on(_below("group"), "ListGroups"),
    **_on(_below("role"), "ListRoles"),
    **_on(_below("instance-profile"), "ListInstanceProfiles"),
    **_on(_below("server-certificate"), "ListServerCertificates"),
    **_on(_POLICIES, "ListPolicies"),
    **{
        f"Untag{kind}": (Permission(action=f"iam:Untag{kind}", resource=resource, conditions=_of_untagging),)
        for kind, resource in _UNTAGGED
    },
}
