"""What the account's root is told when it asks for its own (API_GetUser, API_CreateAccessKey)."""

import csv
from base64 import b64decode
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from pileus.kernel.context import Principal
from tests.unit.iam.certificates import self_signed
from tests.unit.iam.driver import ACCOUNT, Iam

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


async def test_the_root_has_neither_name_nor_path(fresh: Iam) -> None:
    """Clients learn by this call whose keys they have; the day on which the account began does not move."""
    await fresh("CreateUser", UserName="ada")
    ada = (await fresh("GetUser", UserName="ada"))["User"]
    fresh.clock.advance(timedelta(days=3))
    root = (await fresh("GetUser"))["User"]
    assert root == {"UserId": ACCOUNT, "Arn": ROOT, "CreateDate": ada["CreateDate"]}
    await fresh("DeleteUser", UserName="ada")
    assert (await fresh("GetUser"))["User"] == root


async def test_keys_of_the_root(fresh: Iam) -> None:
    """The root makes, lists, stops and deletes its own keys; two at most; nobody else's are among them."""
    await fresh("CreateUser", UserName="ada")
    await fresh("CreateAccessKey", UserName="ada")
    key = (await fresh("CreateAccessKey"))["AccessKey"]
    assert "UserName" not in key
    found = await fresh.keys.find(key["AccessKeyId"])
    assert found is not None
    assert (found.secret_access_key, found.principal) == (
        key["SecretAccessKey"],
        Principal(account_id=ACCOUNT, arn=ROOT, user_id=ACCOUNT, access_key_id=key["AccessKeyId"], minted=True),
    )
    await fresh("CreateAccessKey")
    assert (await fresh.refused("CreateAccessKey"))[0] == "LimitExceeded"
    listed = (await fresh("ListAccessKeys"))["AccessKeyMetadata"]
    assert [set(one) for one in listed] == [{"AccessKeyId", "Status", "CreateDate"}] * 2
    assert (await fresh("GetAccountSummary"))["SummaryMap"]["AccountAccessKeysPresent"] == 1
    await fresh("UpdateAccessKey", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert await fresh.keys.find(key["AccessKeyId"]) is None
    unused = {"AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}
    assert await fresh("GetAccessKeyLastUsed", AccessKeyId=key["AccessKeyId"]) == unused
    for one in listed:
        await fresh("DeleteAccessKey", AccessKeyId=one["AccessKeyId"])
    assert (await fresh("ListAccessKeys"))["AccessKeyMetadata"] == []
    assert len((await fresh("ListAccessKeys", UserName="ada"))["AccessKeyMetadata"]) == 1
    assert (await fresh("GetAccountSummary"))["SummaryMap"]["AccountAccessKeysPresent"] == 0


async def test_signing_certificates_of_the_root(fresh: Iam) -> None:
    """As its keys (API_UploadSigningCertificate)."""
    uploaded = (await fresh("UploadSigningCertificate", CertificateBody=self_signed("root").pem))["Certificate"]
    assert "UserName" not in uploaded
    (listed,) = (await fresh("ListSigningCertificates"))["Certificates"]
    assert listed == uploaded
    named = {"CertificateId": uploaded["CertificateId"]}
    await fresh("UpdateSigningCertificate", **named, Status="Inactive")
    assert (await fresh("GetAccountSummary"))["SummaryMap"]["AccountSigningCertificatesPresent"] == 1
    await fresh("DeleteSigningCertificate", **named)
    assert (await fresh("ListSigningCertificates"))["Certificates"] == []


async def test_the_roots_line_of_the_report(fresh: Iam) -> None:
    """Its keys are in the credential report, on the first line."""
    await fresh("CreateAccessKey")
    await fresh("GenerateCredentialReport")
    report = (await fresh("GetCredentialReport"))["Content"]
    root = next(csv.DictReader(StringIO(b64decode(report).decode())))
    assert (root["user"], root["arn"], root["access_key_1_active"]) == ("<root_account>", ROOT, "true")
    assert (root["access_key_2_active"], root["cert_1_active"]) == ("false", "false")


@pytest.mark.parametrize(
    ("operation", "member"),
    [("ListMFADevices", "MFADevices"), ("ListSSHPublicKeys", "SSHPublicKeys")],
)
async def test_what_the_root_has_none_of(fresh: Iam, operation: str, member: str) -> None:
    """Who signs as root and names nobody asks for the root's, and is told of none."""
    assert (await fresh(operation))[member] == []


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("CreateLoginProfile", {"Password": "Abcdefg1!"}),
        ("GetLoginProfile", {}),
        ("DeleteLoginProfile", {}),
        ("DeactivateMFADevice", {"SerialNumber": "arn:aws:iam::111111111111:mfa/x"}),
    ],
)
async def test_what_the_root_must_name_a_user_for(fresh: Iam, operation: str, parameters: dict[str, Any]) -> None:
    """Only a session of AssumeRoot may leave the name out (API_CreateLoginProfile, UserName)."""
    assert await fresh.refused(operation, **parameters) == (
        "ValidationError",
        "Must specify userName when calling with non-User credentials",
    )


async def test_the_version_of_tokens_is_in_the_summary(fresh: Iam) -> None:
    """That is where AWS tells it (API_SetSecurityTokenServicePreferences)."""

    async def version() -> int:
        found: int = (await fresh("GetAccountSummary"))["SummaryMap"]["GlobalEndpointTokenVersion"]
        return found

    assert await version() == 1
    await fresh("SetSecurityTokenServicePreferences", GlobalEndpointTokenVersion="v2Token")
    assert await version() == 2
    await fresh("SetSecurityTokenServicePreferences", GlobalEndpointTokenVersion="v1Token")
    assert await version() == 1
