"""Where is everything kept that IAM knows? A module for each kind of thing; here they come together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pileus.kernel.storage.seam import Store
from pileus.services.iam.store.access_keys import AccessKeyReader, AccessKeyWriter
from pileus.services.iam.store.account import AccountSettingsReader, AccountSettingsWriter
from pileus.services.iam.store.attachments import AttachmentWriter
from pileus.services.iam.store.certificates import CertificateReader, CertificateWriter
from pileus.services.iam.store.credentials import CredentialReader, CredentialWriter
from pileus.services.iam.store.directories import SECRETS_PURPOSE, IamKeyDirectory, IamRoleDirectory
from pileus.services.iam.store.groups import GroupWriter
from pileus.services.iam.store.inline_policies import InlinePolicyReader, InlinePolicyWriter
from pileus.services.iam.store.instance_profiles import InstanceProfileReader, InstanceProfileWriter
from pileus.services.iam.store.managed_policies import ManagedPolicyReader, ManagedPolicyWriter
from pileus.services.iam.store.providers import ProviderReader, ProviderWriter
from pileus.services.iam.store.public_keys import PublicKeyReader, PublicKeyWriter
from pileus.services.iam.store.roles import RoleWriter
from pileus.services.iam.store.service_credentials import ServiceCredentialReader, ServiceCredentialWriter
from pileus.services.iam.store.service_uses import ServiceUseReader, ServiceUseWriter
from pileus.services.iam.store.trusted import TrustReader
from pileus.services.iam.store.users import UserWriter

__all__ = ["SECRETS_PURPOSE", "AccountReader", "AccountWriter", "IamKeyDirectory", "IamRoleDirectory", "IamStore"]


class AccountReader(
    AccessKeyReader,
    AccountSettingsReader,
    CertificateReader,
    CredentialReader,
    InlinePolicyReader,
    InstanceProfileReader,
    ManagedPolicyReader,
    ProviderReader,
    PublicKeyReader,
    ServiceCredentialReader,
    ServiceUseReader,
    TrustReader,  # with attachments, users, groups and roles
):
    """What one account has."""


class AccountWriter(
    AccessKeyWriter,
    AccountSettingsWriter,
    AttachmentWriter,
    CertificateWriter,
    CredentialWriter,
    GroupWriter,
    InlinePolicyWriter,
    InstanceProfileWriter,
    ManagedPolicyWriter,
    ProviderWriter,
    PublicKeyWriter,
    RoleWriter,
    ServiceCredentialWriter,
    ServiceUseWriter,
    UserWriter,
    AccountReader,
):
    """What one account has, and will have."""


class IamStore:
    """Everything that IAM keeps."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, account_id: str) -> AccountReader:
        return AccountReader(account_id, self._store.snapshot())

    @asynccontextmanager
    async def transaction(self, account_id: str) -> AsyncIterator[AccountWriter]:
        """Commits at the end, or not at all."""
        async with self._store.transaction() as tx:
            account = AccountWriter(account_id, tx)
            yield account
            await account.note_change()
