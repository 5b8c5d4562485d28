"""Which credentials do the users of an account have?

A line for the root and one for each user; dates in UTC with a Z, lines end with LF except the last, and the column
`additional_credentials_info` that the guide describes is not there: so AWS's reports are in fact.

Source: IAM User Guide, "Generate credential reports for your AWS account".
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import StringIO
from typing import Final, Literal

import msgspec

from pileus.services.iam import passwords
from pileus.services.iam.account_records import (
    KeyUseRecord,
    LoginProfileRecord,
    PasswordPolicyRecord,
    SigningCertificateRecord,
)
from pileus.services.iam.records import AccessKeyRecord, UserRecord

REPORT_FORMAT: Final[Literal["text/csv"]] = "text/csv"
_KEY_COLUMNS: Final = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
COLUMNS: Final = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(f"access_key_1_{column}" for column in _KEY_COLUMNS),
    *(f"access_key_2_{column}" for column in _KEY_COLUMNS),
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
)
_NONE: Final = "N/A"
_NO_KEY: Final = ("false", _NONE, _NONE, _NONE, _NONE)
_NO_CERTIFICATE: Final = ("false", _NONE)


class UserCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """Two access keys and two certificates at most; the keys in order of their ids, each with its last use."""

    user: UserRecord
    login_profile: LoginProfileRecord | None
    mfa_active: bool
    access_keys: Sequence[tuple[AccessKeyRecord, KeyUseRecord | None]]
    certificates: Sequence[SigningCertificateRecord] = ()


def report_csv(
    users: Iterable[UserCredentials], policy: PasswordPolicyRecord | None, *, root: UserCredentials
) -> bytes:
    """The report; `users` in order of their names."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerow(
        (
            "<root_account>",
            root.user.arn,
            _date(root.user.created_at),
            *("false", _NONE, _NONE, "not_supported"),
            _truth(root.mfa_active),
            *_key_cells(root.access_keys),
            *_certificate_cells(root.certificates),
        )
    )
    for credentials in users:
        writer.writerow(
            (
                credentials.user.name,
                credentials.user.arn,
                _date(credentials.user.created_at),
                *_password_cells(credentials.login_profile, policy),
                _truth(credentials.mfa_active),
                *_key_cells(credentials.access_keys),
                *_certificate_cells(credentials.certificates),
            )
        )
    return text.getvalue().removesuffix("\n").encode()


def _password_cells(profile: LoginProfileRecord | None, policy: PasswordPolicyRecord | None) -> tuple[str, ...]:
    if profile is None:
        return ("false", _NONE, _NONE, _NONE)
    used = "no_information" if profile.used_at is None else _date(profile.used_at)
    next_rotation = passwords.expires_at(profile, policy)
    return ("true", used, _date(profile.changed_at), _NONE if next_rotation is None else _date(next_rotation))


def _key_cells(keys: Sequence[tuple[AccessKeyRecord, KeyUseRecord | None]]) -> list[str]:
    assert len(keys) <= 2
    cells: list[str] = []
    for key, use in keys:
        cells += [_truth(key.active), _date(key.created_at)]
        cells += [_NONE] * 3 if use is None else [_date(use.at), use.region, use.service]
    return cells + list(_NO_KEY) * (2 - len(keys))


def _certificate_cells(certificates: Sequence[SigningCertificateRecord]) -> list[str]:
    """Inactive ones first, as AWS has them."""
    assert len(certificates) <= 2
    cells: list[str] = []
    for certificate in sorted(certificates, key=lambda one: (one.active, one.uploaded_at, one.certificate_id)):
        cells += [_truth(certificate.active), _date(certificate.uploaded_at)]
    return cells + list(_NO_CERTIFICATE) * (2 - len(certificates))


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _date(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
