"""How much does an account have of everything, and how much may it have?

Source: API_GetAccountSummary; the quotas' values: recordings of get_account_summary, 2026-02-17.
"""

from typing import Final

import msgspec

from pileus.services.iam import shapes

USERS_MAX: Final = 5_000


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    users: int
    groups: int
    roles: int
    policies: int
    policy_versions: int
    instance_profiles: int
    server_certificates: int
    providers: int
    mfa_devices: int
    mfa_devices_in_use: int
    global_endpoint_token_version: int
    root_access_keys: int
    root_signing_certificates: int


_QUOTAS: Final[dict[shapes.SummaryKeyType, int]] = {
    "AccessKeysPerUserQuota": 2,
    "AssumeRolePolicySizeQuota": 2_048,
    "AttachedPoliciesPerGroupQuota": 10,
    "AttachedPoliciesPerRoleQuota": 10,
    "AttachedPoliciesPerUserQuota": 10,
    "GroupPolicySizeQuota": 5_120,
    "GroupsPerUserQuota": 10,
    "GroupsQuota": 300,
    "InstanceProfilesQuota": 1_000,
    "PoliciesQuota": 1_500,
    "PolicySizeQuota": 6_144,
    "PolicyVersionsInUseQuota": 10_000,
    "RolePolicySizeQuota": 10_240,
    "RolesQuota": 1_000,
    "ServerCertificatesQuota": 20,
    "SigningCertificatesPerUserQuota": 2,
    "UserPolicySizeQuota": 2_048,
    "UsersQuota": USERS_MAX,
    "VersionsPerPolicyQuota": 5,
}
_ROOT: Final[dict[shapes.SummaryKeyType, int]] = {
    "AccountMFAEnabled": 0,
    "AccountPasswordPresent": 0,
}
"""The root of an account has neither password nor MFA here."""


def summary_map(counts: Counts) -> dict[shapes.SummaryKeyType, int]:
    return {
        **_QUOTAS,
        **_ROOT,
        "AccountAccessKeysPresent": int(counts.root_access_keys > 0),
        "AccountSigningCertificatesPresent": int(counts.root_signing_certificates > 0),
        "GlobalEndpointTokenVersion": counts.global_endpoint_token_version,
        "Groups": counts.groups,
        "InstanceProfiles": counts.instance_profiles,
        "MFADevices": counts.mfa_devices,
        "MFADevicesInUse": counts.mfa_devices_in_use,
        "Policies": counts.policies,
        "PolicyVersionsInUse": counts.policy_versions,
        "Providers": counts.providers,
        "Roles": counts.roles,
        "ServerCertificates": counts.server_certificates,
        "Users": counts.users,
    }
