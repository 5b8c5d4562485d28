"""What is written down of passwords, MFA devices, providers, certificates and the account itself?"""

from datetime import datetime
from typing import Literal

import msgspec

Tags = tuple[tuple[str, str], ...]


class LoginProfileRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="iam-login-profile.v1"):
    """A user's password, hashed (scrypt).

    salt: one for all passwords of this profile, so that a new one is compared with every former at the price of one.
    former: hashes of earlier passwords, the latest first.
    """

    created_at: datetime
    changed_at: datetime
    salt: bytes
    hashed: bytes
    former: tuple[bytes, ...] = ()
    reset_required: bool = False
    used_at: datetime | None = None


class MfaDeviceRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="iam-mfa-device.v1"):
    """A virtual MFA device.

    sealed_seed: the TOTP secret, sealed for this serial number; never in the clear.
    user_id: whose it is, since enabled_at; None while it is nobody's.
    drift: how many steps the device's clock is ahead of ours.
    last_step: the step of the last code that was accepted, on the device's clock; a code is accepted once.
    """

    serial_number: str
    created_at: datetime
    sealed_seed: bytes
    user_id: str | None = None
    enabled_at: datetime | None = None
    drift: int = 0
    last_step: int = 0
    tags: Tags = ()


class KeyUseRecord(msgspec.Struct, frozen=True, kw_only=True, tag="iam-key-use.v1"):
    """When and where an access key was last used, to the minute."""

    at: datetime
    service: str
    region: str


class ServiceUseRecord(msgspec.Struct, frozen=True, kw_only=True, tag="iam-service-use.v1"):
    """When and where a user or a role last asked a service for something, to the minute. namespace: of its actions."""

    namespace: str
    at: datetime
    region: str


class AccessingEntity(msgspec.Struct, frozen=True, kw_only=True):
    """A user or role that could use what is reported of."""

    unique_id: str
    kind: Literal["user", "role"]
    arn: str
    name: str
    path: str


class AccessReportRecord(msgspec.Struct, frozen=True, kw_only=True, tag="iam-access-report.v1"):
    """Which services somebody could use, and who did. namespaces: in order. uses: by the entities' unique ids."""

    job_id: str
    created_at: datetime
    namespaces: tuple[str, ...]
    entities: tuple[AccessingEntity, ...]
    uses: tuple[tuple[str, ServiceUseRecord], ...]


class OidcProviderRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="iam-oidc-provider.v1"):
    """An OpenID Connect provider. url: without its scheme, as the ARN has it."""

    arn: str
    scheme: str
    url: str
    created_at: datetime
    client_ids: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()
    tags: Tags = ()


class SamlKeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A private key that opens encrypted assertions. sealed: the PEM, sealed for this id."""

    key_id: str
    added_at: datetime
    sealed: bytes


class SamlProviderRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="iam-saml-provider.v1"):
    arn: str
    name: str
    uuid: str
    metadata: str
    created_at: datetime
    valid_until: datetime
    encryption_required: bool = False
    keys: tuple[SamlKeyRecord, ...] = ()
    tags: Tags = ()


class ServerCertificateRecord(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="iam-server-certificate.v1"
):
    """A certificate for TLS. sealed_key: the private key in PEM, sealed for this certificate's id."""

    name: str
    path: str
    certificate_id: str
    arn: str
    uploaded_at: datetime
    expires_at: datetime
    body: str
    sealed_key: bytes
    chain: str | None = None
    tags: Tags = ()


class AccountRecord(msgspec.Struct, frozen=True, kw_only=True, tag="iam-account.v1"):
    """The account itself, as far as anybody has asked for it."""

    created_at: datetime


class TokenPreferencesRecord(msgspec.Struct, frozen=True, kw_only=True, tag="iam-token-preferences.v1"):
    """Of which version the tokens of STS's global endpoint are."""

    global_endpoint_version: Literal[1, 2]


class AccountAliasRecord(msgspec.Struct, frozen=True, kw_only=True, tag="iam-account-alias.v1"):
    """The one other name of an account, unique among all accounts."""

    alias: str
    account_id: str


class PasswordPolicyRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="iam-password-policy.v1"):
    """What UpdateAccountPasswordPolicy said; its defaults are the operation's."""

    length_min: int = 6
    symbols: bool = False
    numbers: bool = False
    uppercase: bool = False
    lowercase: bool = False
    users_may_change: bool = False
    age_days_max: int | None = None
    reuse_prevention: int | None = None
    hard_expiry: bool | None = None


class CredentialReportRecord(msgspec.Struct, frozen=True, kw_only=True, tag="iam-credential-report.v1"):
    """A CSV; good for four hours."""

    generated_at: datetime
    content: bytes


class RoleDeletionRecord(msgspec.Struct, frozen=True, kw_only=True, tag="iam-role-deletion.v1"):
    """That a service-linked role was deleted, for whoever asks how that went."""

    task_id: str
    finished_at: datetime


class SshKeyRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="iam-ssh-key.v1"):
    """A user's public key. body: as it was sent. blob: the key itself, as in RFC 4253."""

    key_id: str
    uploaded_at: datetime
    body: str
    blob: bytes
    active: bool = True


class ServiceCredentialRecord(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="iam-service-credential.v1"
):
    """A user's credential for one service. known_as: its user name or alias there, which a user's new name leaves.

    secret_sha256: enough for what is random and long.
    """

    credential_id: str
    service_name: str
    known_as: str
    created_at: datetime
    secret_sha256: bytes
    expires_at: datetime | None = None
    active: bool = True


class SigningCertificateRecord(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="iam-signing-certificate.v1"
):
    """A user's certificate, with which it signs SOAP requests. body: as it was sent."""

    certificate_id: str
    uploaded_at: datetime
    body: str
    active: bool = True
