"""IAM: who exists in an account, by what they are known and what they may do."""

from collections.abc import Mapping
from typing import Final

from pileus.services.iam.operations.access_keys import AccessKeyOperations
from pileus.services.iam.operations.account import AccountOperations
from pileus.services.iam.operations.attachments import AttachmentOperations
from pileus.services.iam.operations.authorization_details import AuthorizationDetailOperations
from pileus.services.iam.operations.boundaries import BoundaryOperations
from pileus.services.iam.operations.certificates import CertificateOperations
from pileus.services.iam.operations.context_keys import ContextKeyOperations
from pileus.services.iam.operations.credentials import CredentialOperations
from pileus.services.iam.operations.groups import GroupOperations
from pileus.services.iam.operations.inline_policies import InlinePolicyOperations
from pileus.services.iam.operations.instance_profiles import InstanceProfileOperations
from pileus.services.iam.operations.managed_policies import ManagedPolicyOperations
from pileus.services.iam.operations.providers import ProviderOperations
from pileus.services.iam.operations.public_keys import PublicKeyOperations
from pileus.services.iam.operations.roles import RoleOperations
from pileus.services.iam.operations.service_access import ServiceAccessOperations
from pileus.services.iam.operations.service_credentials import ServiceCredentialOperations
from pileus.services.iam.operations.service_linked import ServiceLinkedRoleOperations
from pileus.services.iam.operations.service_use import ServiceUseOperations
from pileus.services.iam.operations.simulation import SimulationOperations
from pileus.services.iam.operations.tags import TagOperations
from pileus.services.iam.operations.users import UserOperations


class IamApi(
    AccessKeyOperations,
    AccountOperations,
    AttachmentOperations,
    AuthorizationDetailOperations,
    BoundaryOperations,
    CertificateOperations,
    ContextKeyOperations,
    CredentialOperations,
    GroupOperations,
    InlinePolicyOperations,
    InstanceProfileOperations,
    ManagedPolicyOperations,
    ProviderOperations,
    PublicKeyOperations,
    RoleOperations,
    ServiceAccessOperations,
    ServiceCredentialOperations,
    ServiceLinkedRoleOperations,
    ServiceUseOperations,
    SimulationOperations,
    TagOperations,
    UserOperations,
):
    """Every operation, each in the module of what it is about."""


PARTIAL: Final[Mapping[str, str]] = {
    "SetSecurityTokenServicePreferences": "tokens are good in every Region, whatever is preferred",
    "GenerateServiceLastAccessedDetails": "of services, not of their actions",
    "SimulateCustomPolicy": "without `ResourceHandlingOption`",
    "SimulatePrincipalPolicy": "without `ResourceHandlingOption`",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""
