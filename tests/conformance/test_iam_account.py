"""IAM's account, credentials, providers and simulations, seen from outside with boto3.

Runs against Pileus, not yet against AWS. Recordings that taught it: LocalStack's snapshots of IAM, February 2026.
"""

import base64
import csv
import hmac
import io
import json
import struct
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server
from tests.unit.iam.certificates import NOT_AFTER, self_signed

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}


def fresh(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def of_account(aws: Server) -> Any:
    """A client of an account that nobody else uses."""
    return aws.client("iam", aws_access_key_id=f"{uuid.uuid4().int % 10**12:012}")


def refused(call: Any, **parameters: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def totp(seed: bytes, away: int = 0) -> str:
    """What an authenticator app shows; written here once more, so that ours is not its own judge."""
    step = int(time.time()) // 30 + away
    digest = hmac.digest(base64.b32decode(seed), struct.pack(">Q", step), "sha1")
    return f"{(struct.unpack_from('>I', digest, digest[-1] & 15)[0] & 0x7FFFFFFF) % 1_000_000:06}"


def test_a_users_password(aws: Server) -> None:
    """Given, told of, taken away; a user who has one cannot be deleted."""
    iam, name = aws.client("iam"), fresh("user")
    iam.create_user(UserName=name)
    with pytest.raises(iam.exceptions.PasswordPolicyViolationException):
        iam.create_login_profile(UserName=name, Password="weak")
    made = iam.create_login_profile(UserName=name, Password="Correct-horse-1")["LoginProfile"]
    assert set(made) == {"UserName", "CreateDate", "PasswordResetRequired"}
    assert refused(iam.create_login_profile, UserName=name, Password="Correct-horse-1") == ("EntityAlreadyExists", 409)
    iam.update_login_profile(UserName=name, PasswordResetRequired=True)
    assert iam.get_login_profile(UserName=name)["LoginProfile"]["PasswordResetRequired"] is True
    assert refused(iam.change_password, OldPassword="a", NewPassword="b") == ("InvalidUserType", 400)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    iam.put_user_policy(
        UserName=name,
        PolicyName="self",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "iam:ChangePassword", "Resource": "*"}],
            }
        ),
    )
    own = aws.client("iam", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    own.change_password(OldPassword="Correct-horse-1", NewPassword="Correct-horse-2")
    again = {"OldPassword": "Correct-horse-1", "NewPassword": "Correct-horse-3"}
    assert refused(own.change_password, **again) == ("AccessDenied", 403)
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName=name, PolicyName="self")
    assert refused(iam.delete_user, UserName=name) == ("DeleteConflict", 409)
    iam.delete_login_profile(UserName=name)
    assert refused(iam.get_login_profile, UserName=name) == ("NoSuchEntity", 404)
    iam.delete_user(UserName=name)


def test_a_virtual_mfa_device(aws: Server) -> None:
    """Enabled with the codes that any app would show for its seed."""
    iam, user, name = aws.client("iam"), fresh("user"), fresh("phone")
    iam.create_user(UserName=user)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    assert set(device) == {"SerialNumber", "Base32StringSeed", "QRCodePNG"}
    serial_number = device["SerialNumber"]
    assert serial_number == f"arn:aws:iam::111111111111:mfa/{name}"
    assert device["QRCodePNG"].startswith(b"\x89PNG")
    codes = {"AuthenticationCode1": "000000", "AuthenticationCode2": "000000"}
    enable = {"UserName": user, "SerialNumber": serial_number}
    assert refused(iam.enable_mfa_device, **enable, **codes) == ("InvalidAuthenticationCode", 403)
    seed = device["Base32StringSeed"]
    iam.enable_mfa_device(**enable, AuthenticationCode1=totp(seed, -1), AuthenticationCode2=totp(seed))
    (listed,) = iam.list_mfa_devices(UserName=user)["MFADevices"]
    assert set(listed) == {"UserName", "SerialNumber", "EnableDate"}
    pages = iam.get_paginator("list_virtual_mfa_devices").paginate(
        AssignmentStatus="Assigned", PaginationConfig={"PageSize": 1}
    )
    mine = [entry for page in pages for entry in page["VirtualMFADevices"] if entry["SerialNumber"] == serial_number]
    assert [entry["User"]["UserName"] for entry in mine] == [user]
    assert refused(iam.delete_virtual_mfa_device, SerialNumber=serial_number) == ("DeleteConflict", 409)
    iam.deactivate_mfa_device(**enable)
    iam.delete_virtual_mfa_device(SerialNumber=serial_number)
    assert refused(iam.delete_virtual_mfa_device, SerialNumber=serial_number) == ("NoSuchEntity", 404)
    iam.delete_user(UserName=user)


def test_the_root_asks_for_its_own(aws: Server) -> None:
    """Who signs as root and names nobody asks for the root, who has neither name nor path; its keys are verified."""
    iam = of_account(aws)
    root = iam.get_user()["User"]
    assert root.keys() == {"UserId", "Arn", "CreateDate"}
    assert root["Arn"] == f"arn:aws:iam::{root['UserId']}:root"
    assert iam.list_mfa_devices()["MFADevices"] == []
    assert iam.list_signing_certificates()["Certificates"] == []
    key = iam.create_access_key()["AccessKey"]
    pair = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    assert aws.client("sts", **pair).get_caller_identity()["Arn"] == root["Arn"]
    assert aws.client("iam", **pair).get_user()["User"] == root
    iam.delete_access_key(AccessKeyId=key["AccessKeyId"])
    assert refused(aws.client("iam", **pair).get_user)[1] == 403


def test_an_ssh_key_and_a_signing_certificate(aws: Server) -> None:
    """Uploaded and told of; a user who has one cannot be deleted."""
    iam, user, issued = of_account(aws), "ada", self_signed("ada")
    iam.create_user(UserName=user)
    certificate = iam.upload_signing_certificate(UserName=user, CertificateBody=issued.pem)["Certificate"]
    assert certificate["CertificateBody"] == issued.pem
    assert [entry["Status"] for entry in iam.list_signing_certificates(UserName=user)["Certificates"]] == ["Active"]
    assert refused(iam.delete_user, UserName=user) == ("DeleteConflict", 409)
    iam.delete_signing_certificate(UserName=user, CertificateId=certificate["CertificateId"])
    bad = {"UserName": user, "SSHPublicKeyBody": "no key"}
    assert refused(iam.upload_ssh_public_key, **bad) == ("UnrecognizedPublicKeyEncoding", 400)
    assert iam.list_ssh_public_keys(UserName=user)["SSHPublicKeys"] == []
    iam.delete_user(UserName=user)


def test_an_openid_connect_provider(aws: Server) -> None:
    """As GitHub's actions are let in."""
    iam, url = aws.client("iam"), f"{fresh('oidc')}.example.com/id"
    arn = iam.create_open_id_connect_provider(Url=f"https://{url}", ClientIDList=["sts.amazonaws.com"])[
        "OpenIDConnectProviderArn"
    ]
    assert arn == f"arn:aws:iam::111111111111:oidc-provider/{url}"
    assert refused(iam.create_open_id_connect_provider, Url=f"https://{url}") == ("EntityAlreadyExists", 409)
    assert refused(iam.create_open_id_connect_provider, Url=f"http://{url}") == ("ValidationError", 400)
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="app")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="sts.amazonaws.com")
    iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["a" * 40])
    iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=[{"Key": "team", "Value": "blue"}])
    got = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    got.pop("ResponseMetadata")
    assert abs(got.pop("CreateDate") - datetime.now(UTC)) < timedelta(minutes=1)
    assert got == {
        "Url": url,
        "ClientIDList": ["app"],
        "ThumbprintList": ["a" * 40],
        "Tags": [{"Key": "team", "Value": "blue"}],
    }
    assert {"Arn": arn} in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert refused(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn) == ("NoSuchEntity", 404)


def test_a_saml_provider(aws: Server) -> None:
    """Its metadata comes back byte for byte."""
    iam, name = aws.client("iam"), fresh("corp")
    certificate = base64.encodebytes(self_signed("idp.example.com").der).decode()
    document = f"""<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com/{name}">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
      <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp/sso"/>
  </md:IDPSSODescriptor>
  <!-- {"padding " * 60} -->
</md:EntityDescriptor>"""
    arn = iam.create_saml_provider(Name=name, SAMLMetadataDocument=document)["SAMLProviderArn"]
    assert arn == f"arn:aws:iam::111111111111:saml-provider/{name}"
    got = iam.get_saml_provider(SAMLProviderArn=arn)
    assert got["SAMLMetadataDocument"] == document
    assert (got["AssertionEncryptionMode"], got["PrivateKeyList"], got["Tags"]) == ("Allowed", [], [])
    with pytest.raises(iam.exceptions.InvalidInputException):
        iam.create_saml_provider(Name=fresh("corp"), SAMLMetadataDocument="<!DOCTYPE x>" + document)
    (entry,) = [one for one in iam.list_saml_providers()["SAMLProviderList"] if one["Arn"] == arn]
    assert set(entry) == {"Arn", "ValidUntil", "CreateDate"}
    iam.delete_saml_provider(SAMLProviderArn=arn)
    assert refused(iam.get_saml_provider, SAMLProviderArn=arn) == ("NoSuchEntity", 404)


def test_a_server_certificate(aws: Server) -> None:
    """recorded: iam test_server_certificate; the key never comes back."""
    iam, name, issued = aws.client("iam"), fresh("site"), self_signed("site.example.com")
    about = iam.upload_server_certificate(
        ServerCertificateName=name, CertificateBody=issued.pem, PrivateKey=issued.key_pem, CertificateChain=issued.pem
    )["ServerCertificateMetadata"]
    assert set(about) == {"Arn", "Expiration", "Path", "ServerCertificateId", "ServerCertificateName", "UploadDate"}
    assert about["Expiration"] == NOT_AFTER
    got = iam.get_server_certificate(ServerCertificateName=name)["ServerCertificate"]
    assert got == {
        "ServerCertificateMetadata": about,
        "CertificateBody": issued.pem.strip(),
        "CertificateChain": issued.pem.strip(),
        "Tags": [],
    }
    other = self_signed("other.example.com")
    upload = {"ServerCertificateName": fresh("site"), "CertificateBody": issued.pem, "PrivateKey": other.key_pem}
    assert refused(iam.upload_server_certificate, **upload) == ("KeyPairMismatch", 400)
    upload["CertificateBody"] = "no certificate"
    assert refused(iam.upload_server_certificate, **upload) == ("MalformedCertificate", 400)
    iam.delete_server_certificate(ServerCertificateName=name)
    assert refused(iam.get_server_certificate, ServerCertificateName=name) == ("NoSuchEntity", 404)


def test_the_account_itself(aws: Server) -> None:
    """Alias, password policy, summary."""
    iam, alias = of_account(aws), fresh("alias")
    assert iam.list_account_aliases()["AccountAliases"] == []
    iam.create_account_alias(AccountAlias=alias)
    assert refused(of_account(aws).create_account_alias, AccountAlias=alias) == ("EntityAlreadyExists", 409)
    assert iam.list_account_aliases()["AccountAliases"] == [alias]
    iam.delete_account_alias(AccountAlias=alias)
    assert refused(iam.get_account_password_policy) == ("NoSuchEntity", 404)
    iam.update_account_password_policy(MaxPasswordAge=60)
    assert iam.get_account_password_policy()["PasswordPolicy"] == {
        "AllowUsersToChangePassword": False,
        "ExpirePasswords": True,
        "MaxPasswordAge": 60,
        "MinimumPasswordLength": 6,
        "RequireLowercaseCharacters": False,
        "RequireNumbers": False,
        "RequireSymbols": False,
        "RequireUppercaseCharacters": False,
    }
    too_much = {"MinimumPasswordLength": 129, "PasswordReusePrevention": 25, "MaxPasswordAge": 1096}
    assert refused(iam.update_account_password_policy, **too_much) == ("ValidationError", 400)
    iam.delete_account_password_policy()
    iam.create_user(UserName="ada")
    summary = iam.get_account_summary()["SummaryMap"]
    assert (summary["Users"], summary["UsersQuota"], summary["Groups"]) == (1, 5000, 0)


def test_the_credential_report(aws: Server) -> None:
    """Generated, then read as a CSV."""
    iam = of_account(aws)
    assert refused(iam.get_credential_report) == ("ReportNotPresent", 410)
    iam.create_user(UserName="ada")
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    report = iam.get_credential_report()
    assert report["ReportFormat"] == "text/csv"
    lines = list(csv.DictReader(io.StringIO(report["Content"].decode())))
    assert [line["user"] for line in lines] == ["<root_account>", "ada"]
    assert lines[1]["password_enabled"] == "false"


def test_authorization_details(aws: Server) -> None:
    """boto3 reads the documents back, page by page."""
    iam = of_account(aws)
    iam.create_user(UserName="ada")
    iam.put_user_policy(UserName="ada", PolicyName="in", PolicyDocument=json.dumps(POLICY))
    iam.create_group(GroupName="devs")
    pages = iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 1})
    found = list(pages)
    assert len(found) == 2
    (user,) = found[0]["UserDetailList"]
    assert user["UserPolicyList"] == [{"PolicyName": "in", "PolicyDocument": POLICY}]
    assert [group["GroupName"] for group in found[1]["GroupDetailList"]] == ["devs"]
    only = iam.get_account_authorization_details(Filter=["Group"])
    assert (only["UserDetailList"], only["RoleDetailList"], only["Policies"]) == ([], [], [])


def test_simulations(aws: Server) -> None:
    """What a user may, and what a policy alone would say."""
    iam = of_account(aws)
    arn = iam.create_user(UserName="ada")["User"]["Arn"]
    iam.put_user_policy(UserName="ada", PolicyName="in", PolicyDocument=json.dumps(POLICY))
    answer = iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=["s3:GetObject", "s3:PutObject"], ResourceArns=["arn:aws:s3:::box/a"]
    )
    get, put = answer["EvaluationResults"]
    assert (get["EvalDecision"], put["EvalDecision"]) == ("allowed", "implicitDeny")
    (statement,) = get["MatchedStatements"]
    assert (statement["SourcePolicyId"], statement["SourcePolicyType"]) == ("user_ada_in", "IAM Policy")
    assert statement["StartPosition"]["Line"] == 1
    custom = iam.simulate_custom_policy(PolicyInputList=[json.dumps(POLICY)], ActionNames=["s3:GetObject"])
    assert custom["EvaluationResults"][0]["EvalDecision"] == "allowed"
    assert refused(iam.simulate_principal_policy, PolicySourceArn=f"{arn}-missing", ActionNames=["s3:GetObject"]) == (
        "NoSuchEntity",
        404,
    )


def test_a_service_linked_role(aws: Server) -> None:
    """Made for its service, and only taken away by itself."""
    iam = of_account(aws)
    role = iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")["Role"]
    assert (role["RoleName"], role["Path"]) == ("AWSServiceRoleForECS", "/aws-service-role/ecs.amazonaws.com/")
    assert refused(iam.create_service_linked_role, AWSServiceName="ecs.amazonaws.com") == ("InvalidInput", 400)
    assert refused(iam.delete_role, RoleName="AWSServiceRoleForECS") == ("UnmodifiableEntity", 400)
    task = iam.delete_service_linked_role(RoleName="AWSServiceRoleForECS")["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    assert refused(iam.get_role, RoleName="AWSServiceRoleForECS") == ("NoSuchEntity", 404)


def test_a_restart_forgets_nothing(own_server: Server) -> None:
    """Everything is in the store: a kill, and it is there."""
    iam = own_server.start().client("iam")
    iam.create_user(UserName="ada")
    iam.create_login_profile(UserName="ada", Password="Correct-horse-1")
    seed = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    iam.create_account_alias(AccountAlias="my-company")
    iam.generate_credential_report()
    own_server.kill()
    iam = own_server.start().client("iam")
    assert iam.get_login_profile(UserName="ada")["LoginProfile"]["UserName"] == "ada"
    code = seed["Base32StringSeed"]
    iam.enable_mfa_device(
        UserName="ada",
        SerialNumber=seed["SerialNumber"],
        AuthenticationCode1=totp(code, -1),
        AuthenticationCode2=totp(code),
    )
    assert iam.list_account_aliases()["AccountAliases"] == ["my-company"]
    assert b"ada" in iam.get_credential_report()["Content"]
