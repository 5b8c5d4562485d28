"""By which public keys and certificates is a user known?"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.iam import answers, paging, pem, shapes, ssh_keys
from pileus.services.iam.account_limits import SIGNING_CERTIFICATES_PER_USER_MAX, SSH_KEYS_PER_USER_MAX
from pileus.services.iam.account_records import SigningCertificateRecord, SshKeyRecord
from pileus.services.iam.errors import DuplicateCertificate, DuplicateSSHPublicKey, InvalidInput, LimitExceeded
from pileus.services.iam.operations.base import Operations

_SSH_KEY_ID_PREFIX = "APKA"


class PublicKeyOperations(Operations):
    """SSH public keys and signing certificates. They are kept; nothing here lets anybody in with them."""

    async def delete_signing_certificate(
        self, context: RequestContext, request: shapes.DeleteSigningCertificateRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            user = await self._owner(context, account, request.user_name)
            certificate = await account.signing_certificate(user, request.certificate_id)
            account.delete_signing_certificate(user, certificate)

    async def delete_ssh_public_key(self, context: RequestContext, request: shapes.DeleteSSHPublicKeyRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(request.user_name)
            account.delete_ssh_key(user, await account.ssh_key(user, request.ssh_public_key_id))

    async def get_ssh_public_key(
        self, context: RequestContext, request: shapes.GetSSHPublicKeyRequest
    ) -> shapes.GetSSHPublicKeyResponse:
        account = self._store.read(context.account_id)
        user = await account.user(request.user_name)
        key = await account.ssh_key(user, request.ssh_public_key_id)
        body = ssh_keys.encoded(key.blob, request.encoding)
        return shapes.GetSSHPublicKeyResponse(ssh_public_key=_ssh_key_shape(user.name, key, body=body))

    async def list_signing_certificates(
        self, context: RequestContext, request: shapes.ListSigningCertificatesRequest
    ) -> shapes.ListSigningCertificatesResponse:
        account = self._store.read(context.account_id)
        user = await self._owner(context, account, request.user_name)
        found = await account.signing_certificates(user)
        page = paging.page_of_all(found, request, name=lambda certificate: certificate.certificate_id)
        return shapes.ListSigningCertificatesResponse(
            certificates=[_certificate_shape(user.name, certificate) for certificate in page.items],
            is_truncated=page.truncated,
            marker=page.marker,
        )

    async def list_ssh_public_keys(
        self, context: RequestContext, request: shapes.ListSSHPublicKeysRequest
    ) -> shapes.ListSSHPublicKeysResponse:
        account = self._store.read(context.account_id)
        user = await self._owner(context, account, request.user_name)
        page = paging.page_of_all(await account.ssh_keys(user), request, name=lambda key: key.key_id)
        return shapes.ListSSHPublicKeysResponse(
            ssh_public_keys=[
                shapes.SSHPublicKeyMetadata(
                    user_name=user.name,
                    ssh_public_key_id=key.key_id,
                    status="Active" if key.active else "Inactive",
                    upload_date=key.uploaded_at,
                )
                for key in page.items
            ],
            is_truncated=page.truncated,
            marker=page.marker,
        )

    async def update_signing_certificate(
        self, context: RequestContext, request: shapes.UpdateSigningCertificateRequest
    ) -> None:
        active = _active(request.status)
        async with self._store.transaction(context.account_id) as account:
            user = await self._owner(context, account, request.user_name)
            certificate = await account.signing_certificate(user, request.certificate_id)
            account.put_signing_certificate(user, msgspec.structs.replace(certificate, active=active))

    async def update_ssh_public_key(self, context: RequestContext, request: shapes.UpdateSSHPublicKeyRequest) -> None:
        active = _active(request.status)
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(request.user_name)
            key = await account.ssh_key(user, request.ssh_public_key_id)
            account.put_ssh_key(user, msgspec.structs.replace(key, active=active))

    async def upload_signing_certificate(
        self, context: RequestContext, request: shapes.UploadSigningCertificateRequest
    ) -> shapes.UploadSigningCertificateResponse:
        """The same again by the same user is no mistake."""
        certificate = SigningCertificateRecord(
            certificate_id=pem.certificate_id(request.certificate_body),
            uploaded_at=self._now(),
            body=request.certificate_body,
        )
        async with self._store.transaction(context.account_id) as account:
            user = await self._owner(context, account, request.user_name)
            known = {one.certificate_id: one for one in await account.signing_certificates(user)}
            if certificate.certificate_id in known:
                certificate = known[certificate.certificate_id]
            elif await account.signs_for_somebody(certificate.certificate_id):
                raise DuplicateCertificate(
                    "The same certificate is already associated with another user in this account."
                )
            elif len(known) >= SIGNING_CERTIFICATES_PER_USER_MAX:
                raise LimitExceeded(f"Cannot exceed quota for CertificatesPerUser: {SIGNING_CERTIFICATES_PER_USER_MAX}")
            account.put_signing_certificate(user, certificate)
        return shapes.UploadSigningCertificateResponse(certificate=_certificate_shape(user.name, certificate))

    async def upload_ssh_public_key(
        self, context: RequestContext, request: shapes.UploadSSHPublicKeyRequest
    ) -> shapes.UploadSSHPublicKeyResponse:
        blob = ssh_keys.key_blob(request.ssh_public_key_body)
        key = SshKeyRecord(
            key_id=self._new_id(_SSH_KEY_ID_PREFIX),
            uploaded_at=self._now(),
            body=request.ssh_public_key_body,
            blob=blob,
        )
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(request.user_name)
            known = await account.ssh_keys(user)
            if any(one.blob == blob for one in known):
                raise DuplicateSSHPublicKey("The SSH public key is already associated with the specified IAM user.")
            if len(known) >= SSH_KEYS_PER_USER_MAX:
                raise LimitExceeded(f"Cannot exceed quota for SSHPublicKeysPerUser: {SSH_KEYS_PER_USER_MAX}")
            account.put_ssh_key(user, key)
        return shapes.UploadSSHPublicKeyResponse(ssh_public_key=_ssh_key_shape(user.name, key, body=key.body))


def _active(status: shapes.StatusType) -> bool:
    if status == "Expired":
        # A state of service-specific credentials, which share the model's enumeration.
        raise InvalidInput("The status is Active or Inactive.")
    return status == "Active"


def _ssh_key_shape(user_name: str, key: SshKeyRecord, *, body: str) -> shapes.SSHPublicKey:
    return shapes.SSHPublicKey(
        user_name=user_name,
        ssh_public_key_id=key.key_id,
        fingerprint=ssh_keys.fingerprint(key.blob),
        ssh_public_key_body=body,
        status="Active" if key.active else "Inactive",
        upload_date=key.uploaded_at,
    )


def _certificate_shape(user_name: str, certificate: SigningCertificateRecord) -> shapes.SigningCertificate:
    return answers.named(
        shapes.SigningCertificate(
            user_name=user_name,
            certificate_id=certificate.certificate_id,
            certificate_body=certificate.body,
            status="Active" if certificate.active else "Inactive",
            upload_date=certificate.uploaded_at,
        )
    )
