"""What must somebody be allowed to do, to use IAM?

Source: Service Authorization Reference, "AWS Identity and Access Management".
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
from pileus.services.iam.named_resources import (
    CERTIFICATE,
    DELETED_ROLE,
    EXAMINED,
    GROUP,
    INSTANCE_PROFILE,
    KEYS_USER,
    MFA,
    NEW_LINKED_ROLE,
    NEW_OIDC,
    NEW_SAML,
    OIDC,
    POLICIES,
    POLICY,
    REPORTED,
    ROLE,
    SAML,
    USER,
    all_below,
    new_resource,
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
    ("InstanceProfile", INSTANCE_PROFILE),
    ("MFADevice", MFA),
    ("OpenIDConnectProvider", OIDC),
    ("Policy", POLICY),
    ("Role", ROLE),
    ("SAMLProvider", SAML),
    ("ServerCertificate", CERTIFICATE),
    ("User", USER),
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
        USER,
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
    "UpdateUser": _renaming("UpdateUser", USER, name_member="new_user_name"),
    "UpdateGroup": _renaming("UpdateGroup", GROUP, name_member="new_group_name"),
    "UpdateServerCertificate": _renaming(
        "UpdateServerCertificate", CERTIFICATE, name_member="new_server_certificate_name"
    ),
    **_on(KEYS_USER, "GetAccessKeyLastUsed"),
    **_on(
        GROUP,
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
        ROLE,
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
        POLICY,
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
        INSTANCE_PROFILE,
        "DeleteInstanceProfile",
        "GetInstanceProfile",
        "ListInstanceProfileTags",
        "RemoveRoleFromInstanceProfile",
        "TagInstanceProfile",
    ),
    "AddRoleToInstanceProfile": (
        Permission(action="iam:AddRoleToInstanceProfile", resource=INSTANCE_PROFILE, conditions=_of_entity),
        Permission(
            action="iam:PassRole",
            resource=ResourceType(name="role", arn=ROLE.arn),
            conditions=_of_passing,
        ),
    ),
    **_on(
        CERTIFICATE,
        "DeleteServerCertificate",
        "GetServerCertificate",
        "ListServerCertificateTags",
        "TagServerCertificate",
    ),
    **_on(
        OIDC,
        "AddClientIDToOpenIDConnectProvider",
        "DeleteOpenIDConnectProvider",
        "GetOpenIDConnectProvider",
        "ListOpenIDConnectProviderTags",
        "RemoveClientIDFromOpenIDConnectProvider",
        "TagOpenIDConnectProvider",
        "UpdateOpenIDConnectProviderThumbprint",
    ),
    **_on(
        SAML,
        "DeleteSAMLProvider",
        "GetSAMLProvider",
        "ListSAMLProviderTags",
        "TagSAMLProvider",
        "UpdateSAMLProvider",
    ),
    **_on(MFA, "DeleteVirtualMFADevice", "ListMFADeviceTags", "TagMFADevice"),
    **_on(EXAMINED, "GetContextKeysForPrincipalPolicy", "SimulatePrincipalPolicy"),
    **_on(REPORTED, "GenerateServiceLastAccessedDetails", "ListPoliciesGrantingServiceAccess"),
    **_making("CreateUser", new_resource("user", "user_name"), tagging="TagUser"),
    **_on(new_resource("group", "group_name"), "CreateGroup"),
    **_making("CreateRole", new_resource("role", "role_name"), tagging="TagRole"),
    **_making("CreatePolicy", new_resource("policy", "policy_name"), tagging="TagPolicy"),
    **_making(
        "CreateInstanceProfile", new_resource("instance-profile", "instance_profile_name"), tagging="TagInstanceProfile"
    ),
    **_making(
        "UploadServerCertificate",
        new_resource("server-certificate", "server_certificate_name"),
        tagging="TagServerCertificate",
    ),
    **_making("CreateVirtualMFADevice", new_resource("mfa", "virtual_mfa_device_name"), tagging="TagMFADevice"),
    **_making("CreateOpenIDConnectProvider", NEW_OIDC, tagging="TagOpenIDConnectProvider"),
    **_making("CreateSAMLProvider", NEW_SAML, tagging="TagSAMLProvider"),
    **_on(NEW_LINKED_ROLE, "CreateServiceLinkedRole"),
    **_on(DELETED_ROLE, "GetServiceLinkedRoleDeletionStatus"),
    **_on(all_below("user"), "ListUsers"),
    **_on(all_below("group"), "ListGroups"),
    **_on(all_below("role"), "ListRoles"),
    **_on(all_below("instance-profile"), "ListInstanceProfiles"),
    **_on(all_below("server-certificate"), "ListServerCertificates"),
    **_on(POLICIES, "ListPolicies"),
    **{
        f"Untag{kind}": (Permission(action=f"iam:Untag{kind}", resource=resource, conditions=_of_untagging),)
        for kind, resource in _UNTAGGED
    },
}
