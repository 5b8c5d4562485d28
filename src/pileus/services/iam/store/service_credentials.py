"""Where are users' service-specific credentials kept? Below their users' unique ids."""

from pileus.services.iam.account_records import ServiceCredentialRecord
from pileus.services.iam.errors import NoSuchEntity
from pileus.services.iam.records import UserRecord
from pileus.services.iam.store.base import Reader, Writer


class ServiceCredentialReader(Reader):
    async def service_credentials(self, user: UserRecord) -> list[ServiceCredentialRecord]:
        """In order of their ids."""
        return await self._all(ServiceCredentialRecord, "service-credential", user.user_id)

    async def service_credential(self, user: UserRecord, credential_id: str) -> ServiceCredentialRecord:
        """NoSuchEntity: also when it is another user's."""
        found = await self._find(ServiceCredentialRecord, "service-credential", user.user_id, credential_id)
        if found is None:
            raise NoSuchEntity(f"No such credential {credential_id} exists")
        return found


class ServiceCredentialWriter(ServiceCredentialReader, Writer):
    def put_service_credential(self, user: UserRecord, credential: ServiceCredentialRecord) -> None:
        self._set(credential, "service-credential", user.user_id, credential.credential_id)

    def delete_service_credential(self, user: UserRecord, credential: ServiceCredentialRecord) -> None:
        self._clear("service-credential", user.user_id, credential.credential_id)
