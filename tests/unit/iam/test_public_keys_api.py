"""Are users' SSH keys and signing certificates kept as on AWS?"""

import csv
import hashlib
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from pileus.kernel.errors import ServiceError
from pileus.services.iam import shapes
from pileus.services.iam.ssh_keys import key_blob
from tests.unit.iam.certificates import self_signed
from tests.unit.iam.running import RunningIam, context, refused, running_iam


@pytest_asyncio.fixture
async def iam(tmp_path: Path) -> AsyncIterator[RunningIam]:
    async with running_iam(tmp_path) as running:
        await running.create_user()
        await running.create_user("eve")
        yield running


def ssh_and_pem(bits: int = 2_048) -> tuple[str, str]:
    """One key in both of its forms."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    ssh = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return ssh.decode(), pem.decode()


class TestSshKeys:
    async def upload(self, iam: RunningIam, body: str, user_name: str = "ada") -> shapes.SSHPublicKey:
        request = shapes.UploadSSHPublicKeyRequest(user_name=user_name, ssh_public_key_body=body)
        key = (await iam.api.upload_ssh_public_key(context(), request)).ssh_public_key
        assert key is not None
        return key

    async def test_a_life(self, iam: RunningIam) -> None:
        """Uploaded, told of in either form, made inactive, deleted (recorded: TestSSHPublicKeys)."""
        ssh, pem = ssh_and_pem()
        key = await self.upload(iam, f"{ssh} ada@laptop")
        assert key.ssh_public_key_body == f"{ssh} ada@laptop"
        assert key.ssh_public_key_id.startswith("APKA")
        assert key.fingerprint.replace(":", "") == hashlib.md5(key_blob(ssh)).hexdigest()
        assert len(key.fingerprint) == 47
        await iam.api.update_ssh_public_key(
            context(),
            shapes.UpdateSSHPublicKeyRequest(
                user_name="ada", ssh_public_key_id=key.ssh_public_key_id, status="Inactive"
            ),
        )
        for encoding, body in (("SSH", ssh), ("PEM", pem)):
            get = shapes.GetSSHPublicKeyRequest(
                user_name="ada",
                ssh_public_key_id=key.ssh_public_key_id,
                encoding=encoding,  # type: ignore[arg-type]  # one of the two
            )
            got = (await iam.api.get_ssh_public_key(context(), get)).ssh_public_key
            assert got is not None
            assert (got.ssh_public_key_body, got.status) == (body, "Inactive")
        listed = await iam.api.list_ssh_public_keys(context(), shapes.ListSSHPublicKeysRequest(user_name="ada"))
        assert [entry.ssh_public_key_id for entry in listed.ssh_public_keys or []] == [key.ssh_public_key_id]
        with pytest.raises(ServiceError) as caught:
            await iam.api.delete_user(context(), shapes.DeleteUserRequest(user_name="ada"))
        assert caught.value.error_code == "DeleteConflict"
        delete = shapes.DeleteSSHPublicKeyRequest(user_name="ada", ssh_public_key_id=key.ssh_public_key_id)
        await iam.api.delete_ssh_public_key(context(), delete)
        with pytest.raises(ServiceError) as caught:
            await iam.api.delete_ssh_public_key(context(), delete)
        text = f"The Public Key with id {key.ssh_public_key_id} cannot be found."
        assert refused(caught) == ("NoSuchEntity", text)

    async def test_what_is_no_key(self, iam: RunningIam) -> None:
        """RSA of 2048 bits and more only."""
        ssh, pem = ssh_and_pem()
        short, _ = ssh_and_pem(1_024)
        other = ed25519.Ed25519PrivateKey.generate().public_key()
        edwards = other.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
        for body, code in (
            ("key", "UnrecognizedPublicKeyEncoding"),
            (edwards, "UnrecognizedPublicKeyEncoding"),
            (short, "InvalidPublicKey"),
            ("ssh-rsa AAAA", "InvalidPublicKey"),
            (ssh[:-20], "InvalidPublicKey"),
            (pem[:80], "InvalidPublicKey"),
            (self_signed("x").pem, "InvalidPublicKey"),
        ):
            with pytest.raises(ServiceError) as caught:
                await self.upload(iam, body)
            assert caught.value.error_code == code

    async def test_once_each_and_five_at_most(self, iam: RunningIam) -> None:
        """The same key in the other form is the same key; another user may have it too."""
        keys = [ssh_and_pem() for _ in range(6)]
        for ssh, _ in keys[:5]:
            await self.upload(iam, ssh)
        with pytest.raises(ServiceError) as caught:
            await self.upload(iam, keys[0][1])
        assert caught.value.error_code == "DuplicateSSHPublicKey"
        with pytest.raises(ServiceError) as caught:
            await self.upload(iam, keys[5][0])
        assert refused(caught) == ("LimitExceeded", "Cannot exceed quota for SSHPublicKeysPerUser: 5")
        await self.upload(iam, keys[0][0], "eve")


class TestSigningCertificates:
    async def upload(self, iam: RunningIam, body: str, user_name: str = "ada") -> shapes.SigningCertificate:
        request = shapes.UploadSigningCertificateRequest(user_name=user_name, certificate_body=body)
        return (await iam.api.upload_signing_certificate(context(), request)).certificate

    async def test_a_life(self, iam: RunningIam) -> None:
        """recorded: test_signing_certificate_lifecycle; what was uploaded is told again in the credential report."""
        body = self_signed("ada").pem
        certificate = await self.upload(iam, body)
        assert (certificate.certificate_body, certificate.status, certificate.user_name) == (body, "Active", "ada")
        assert (await self.upload(iam, body)).certificate_id == certificate.certificate_id
        with pytest.raises(ServiceError) as caught:
            await self.upload(iam, body, "eve")
        assert caught.value.error_code == "DuplicateCertificate"
        await iam.api.update_signing_certificate(
            context(),
            shapes.UpdateSigningCertificateRequest(
                user_name="ada", certificate_id=certificate.certificate_id, status="Inactive"
            ),
        )
        request = shapes.ListSigningCertificatesRequest(user_name="ada")
        listed = await iam.api.list_signing_certificates(context(), request)
        assert [entry.status for entry in listed.certificates] == ["Inactive"]
        await self.upload(iam, self_signed("ada").pem)
        await iam.api.generate_credential_report(context(), shapes.GenerateCredentialReportRequest())
        report = await iam.api.get_credential_report(context(), shapes.GetCredentialReportRequest())
        assert report.content is not None
        line = list(csv.DictReader(StringIO(report.content.decode())))[1]
        now = f"{iam.clock.now():%Y-%m-%dT%H:%M:%SZ}"
        assert (line["cert_1_active"], line["cert_2_active"]) == ("false", "true")
        assert (line["cert_1_last_rotated"], line["cert_2_last_rotated"]) == (now, now)
        with pytest.raises(ServiceError) as caught:
            await iam.api.delete_user(context(), shapes.DeleteUserRequest(user_name="ada"))
        assert caught.value.error_code == "DeleteConflict"
        delete = shapes.DeleteSigningCertificateRequest(user_name="ada", certificate_id=certificate.certificate_id)
        await iam.api.delete_signing_certificate(context(), delete)
        await self.upload(iam, body, "eve")

    async def test_errors(self, iam: RunningIam) -> None:
        """recorded: test_signing_certificate_errors."""
        with pytest.raises(ServiceError) as caught:
            await self.upload(iam, "invalid-certificate-body")
        text = "Certificate invalid-certificate-body is malformed."
        assert refused(caught) == ("MalformedCertificate", text)
        for _ in range(2):
            await self.upload(iam, self_signed("ada").pem)
        with pytest.raises(ServiceError) as caught:
            await self.upload(iam, self_signed("ada").pem)
        assert refused(caught) == ("LimitExceeded", "Cannot exceed quota for CertificatesPerUser: 2")
        missing = "NONEXISTENTCERTID12345678901"
        with pytest.raises(ServiceError) as caught:
            await iam.api.delete_signing_certificate(
                context(), shapes.DeleteSigningCertificateRequest(user_name="ada", certificate_id=missing)
            )
        assert refused(caught) == ("NoSuchEntity", f"The Certificate with id {missing} cannot be found.")
        with pytest.raises(ServiceError) as caught:
            await iam.api.update_signing_certificate(
                context(),
                shapes.UpdateSigningCertificateRequest(user_name="ada", certificate_id=missing, status="Expired"),
            )
        assert caught.value.error_code == "InvalidInput"
