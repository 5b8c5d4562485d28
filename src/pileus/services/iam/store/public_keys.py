"""Where are users' SSH keys and signing certificates kept?

Below their users' unique ids; a signing certificate also leads to its user, since it is one user's only.
"""

from pileus.services.iam.account_records import SigningCertificateRecord, SshKeyRecord
from pileus.services.iam.errors import NoSuchEntity
from pileus.services.iam.records import UserRecord
from pileus.services.iam.store.base import Reader, Writer


class PublicKeyReader(Reader):
    async def ssh_keys(self, user: UserRecord) -> list[SshKeyRecord]:
        """In order of their ids."""
        return await self._all(SshKeyRecord, "ssh-key", user.user_id)

    async def ssh_key(self, user: UserRecord, key_id: str) -> SshKeyRecord:
        """NoSuchEntity."""
        key = await self._find(SshKeyRecord, "ssh-key", user.user_id, key_id)
        if key is None:
            raise NoSuchEntity(f"The Public Key with id {key_id} cannot be found.")
        return key

    async def signing_certificates(self, user: UserRecord) -> list[SigningCertificateRecord]:
        """In order of their ids."""
        return await self._all(SigningCertificateRecord, "signing-certificate", user.user_id)

    async def signing_certificate(self, user: UserRecord, certificate_id: str) -> SigningCertificateRecord:
        """NoSuchEntity."""
        certificate = await self._find(SigningCertificateRecord, "signing-certificate", user.user_id, certificate_id)
        if certificate is None:
            raise NoSuchEntity(f"The Certificate with id {certificate_id} cannot be found.")
        return certificate

    async def signs_for_somebody(self, certificate_id: str) -> bool:
        return bool(await self._last_parts("signing-certificate-owner", certificate_id))


class PublicKeyWriter(PublicKeyReader, Writer):
    def put_ssh_key(self, user: UserRecord, key: SshKeyRecord) -> None:
        self._set(key, "ssh-key", user.user_id, key.key_id)

    def delete_ssh_key(self, user: UserRecord, key: SshKeyRecord) -> None:
        self._clear("ssh-key", user.user_id, key.key_id)

    def put_signing_certificate(self, user: UserRecord, certificate: SigningCertificateRecord) -> None:
        self._set(certificate, "signing-certificate", user.user_id, certificate.certificate_id)
        self._mark("signing-certificate-owner", certificate.certificate_id, user.user_id)

    def delete_signing_certificate(self, user: UserRecord, certificate: SigningCertificateRecord) -> None:
        self._clear("signing-certificate", user.user_id, certificate.certificate_id)
        self._clear("signing-certificate-owner", certificate.certificate_id, user.user_id)
