"""STS with identities of others, seen from outside with boto3: devices, OpenID Connect issuers, SAML providers.

Runs against Pileus, not yet against AWS, which could not reach an issuer on loopback.
"""

import base64
import hmac
import json
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import Server
from tests.unit.sts.issuers import Issuer
from tests.unit.sts.test_saml import ATTRIBUTES, ENTITY, Idp, Says

ACCOUNT = "111111111111"


def name(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:12]}"


def trust(principal: dict[str, str], action: str, condition: dict[str, Any] | None = None) -> str:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": principal, "Action": action}
    if condition is not None:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def refused(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    code: str = caught.value.response["Error"]["Code"]
    return code


def unsigned(server: Server) -> Any:
    """Whoever comes with a token of somebody else has no credentials yet."""
    return server.client("sts", config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}))


def session(server: Server, credentials: dict[str, Any], service: str = "sts") -> Any:
    return server.client(
        service,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An issuer on loopback that can be discovered."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            documents = {
                "/.well-known/openid-configuration": json.dumps({"jwks_uri": f"{issuing.url}/keys"}).encode(),
                "/keys": issuing.jwks,
            }
            found = documents.get(self.path)
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuing = Issuer(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield issuing
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_web_identity(aws: Server, issuer: Issuer) -> None:
    """As a build in somebody's pipeline deploys: registered issuer, trusted subject, credentials that work."""
    iam, role_name = aws.client("iam"), name("deployer")
    provider = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["app"], ThumbprintList=["0" * 40])
    arn = provider["OpenIDConnectProviderArn"]
    key = issuer.url.removeprefix("http://")
    condition = {"StringEquals": {f"{key}:aud": "app"}, "StringLike": {f"{key}:sub": "repo:me/*"}}
    document = trust({"Federated": arn}, "sts:AssumeRoleWithWebIdentity", condition)
    role = iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=document)["Role"]
    now_s = int(time.time())
    claims = {"iss": issuer.url, "sub": "repo:me/app", "aud": "app", "iat": now_s, "exp": now_s + 300}
    assume = unsigned(aws).assume_role_with_web_identity
    wanted = {"RoleArn": role["Arn"], "RoleSessionName": "build"}
    answer = assume(**wanted, WebIdentityToken=issuer.token(claims))
    assert set(answer) == {
        "Credentials",
        "SubjectFromWebIdentityToken",
        "AssumedRoleUser",
        "Provider",
        "Audience",
        "ResponseMetadata",
    }
    assert (answer["Provider"], answer["Audience"]) == (arn, "app")
    assert answer["SubjectFromWebIdentityToken"] == "repo:me/app"
    identity = session(aws, answer["Credentials"]).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_name}/build"
    for changes, code in (
        ({"sub": "repo:you/app"}, "AccessDenied"),
        ({"aud": "other"}, "InvalidIdentityToken"),
        ({"exp": now_s - 1}, "ExpiredTokenException"),
        ({"iss": issuer.url + "/other"}, "InvalidIdentityToken"),
    ):
        assert refused(assume, **wanted, WebIdentityToken=issuer.token({**claims, **changes})) == code
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert refused(assume, **wanted, WebIdentityToken=issuer.token(claims)) == "InvalidIdentityToken"
    iam.delete_role(RoleName=role_name)


def test_a_web_identity_of_a_strict_server(tmp_path: Path, issuer: Issuer) -> None:
    """Who comes with a token has no key yet; strict mode asks for signatures everywhere else."""
    server = Server(tmp_path / "data", "--auth", "strict").start()
    try:
        wanted = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/none", "RoleSessionName": "build"}
        token = issuer.token({"iss": issuer.url})
        sts = unsigned(server)
        assert refused(sts.assume_role_with_web_identity, **wanted, WebIdentityToken=token) == "InvalidIdentityToken"
        assert refused(sts.get_caller_identity) == "MissingAuthenticationToken"
    finally:
        server.stop()


@pytest.mark.parametrize("options", [(), ("--allow-private-issuers",)])
def test_issuers_inside_of_a_strict_servers_network(tmp_path: Path, issuer: Issuer, options: tuple[str, ...]) -> None:
    """They are not asked unless whoever started it says so: else every account could look around in there."""
    server = Server(tmp_path / "data", "--auth", "strict", *options).start()
    try:
        iam = server.client(
            "iam",
            aws_access_key_id=server.ready["root_access_key_id"],
            aws_secret_access_key=server.ready["root_secret_access_key"],
        )
        provider = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["app"], ThumbprintList=["0" * 40])
        arn = provider["OpenIDConnectProviderArn"]
        condition = {"StringEquals": {f"{issuer.url.removeprefix('http://')}:aud": "app"}}
        document = trust({"Federated": arn}, "sts:AssumeRoleWithWebIdentity", condition)
        role = iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=document)["Role"]
        now_s = int(time.time())
        token = issuer.token({"iss": issuer.url, "sub": "me", "aud": "app", "iat": now_s, "exp": now_s + 300})
        wanted = {"RoleArn": role["Arn"], "RoleSessionName": "build", "WebIdentityToken": token}
        assume = unsigned(server).assume_role_with_web_identity
        if options:
            assert assume(**wanted)["SubjectFromWebIdentityToken"] == "me"
        else:
            assert refused(assume, **wanted) == "IDPCommunicationError"
    finally:
        server.stop()


def test_a_saml_identity(aws: Server) -> None:
    """From metadata that was uploaded to credentials that work."""
    iam, role_name, provider_name, idp = aws.client("iam"), name("corp"), name("Corp"), Idp()
    certificate = base64.b64encode(idp.der).decode()
    metadata = (
        f'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ENTITY}">'
        '<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        '<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>'
        f"<X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
        '<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" '
        f'Location="{ENTITY}"/></IDPSSODescriptor></EntityDescriptor>'
    )
    arn = iam.create_saml_provider(SAMLMetadataDocument=metadata.ljust(1_000), Name=provider_name)["SAMLProviderArn"]
    condition = {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}
    document = trust({"Federated": arn}, "sts:AssumeRoleWithSAML", condition)
    role = iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=document)["Role"]
    says = Says(now=datetime.now(UTC))
    says.attributes[f"{ATTRIBUTES}Role"] = [f"{role['Arn']},{arn}"]
    assertion = base64.b64encode(says.encoded(idp)).decode()
    wanted = {"RoleArn": role["Arn"], "PrincipalArn": arn}
    answer = unsigned(aws).assume_role_with_saml(**wanted, SAMLAssertion=assertion)
    assert answer["Issuer"] == ENTITY
    identity = session(aws, answer["Credentials"]).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_name}/ada"
    forged = base64.b64encode(says.encoded(Idp())).decode()
    assert refused(unsigned(aws).assume_role_with_saml, **wanted, SAMLAssertion=forged) == "InvalidIdentityToken"
    iam.delete_saml_provider(SAMLProviderArn=arn)
    iam.delete_role(RoleName=role_name)


def test_a_device(aws: Server) -> None:
    """A user shows its device: once for a session, once for a role; a code is good for one time."""
    iam, user_name, role_name = aws.client("iam"), name("user"), name("guarded")
    iam.create_user(UserName=user_name)
    key = iam.create_access_key(UserName=user_name)["AccessKey"]
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=user_name)["VirtualMFADevice"]
    seed, step = base64.b32decode(device["Base32StringSeed"]), int(time.time() // 30)
    iam.enable_mfa_device(
        UserName=user_name,
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=code(seed, step - 2),
        AuthenticationCode2=code(seed, step - 1),
    )
    sts = aws.client("sts", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    shown = {"SerialNumber": device["SerialNumber"], "TokenCode": code(seed, step)}
    credentials = sts.get_session_token(**shown)["Credentials"]
    assert refused(sts.get_session_token, **shown) == "AccessDenied"
    document = trust({"AWS": ACCOUNT}, "sts:AssumeRole", {"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    role = iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=document)["Role"]
    iam.put_user_policy(
        UserName=user_name,
        PolicyName="assume",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}}
        ),
    )
    wanted = {"RoleArn": role["Arn"], "RoleSessionName": "me"}
    assert refused(sts.assume_role, **wanted) == "AccessDenied"
    session(aws, credentials).assume_role(**wanted)
    iam.deactivate_mfa_device(UserName=user_name, SerialNumber=device["SerialNumber"])
    iam.delete_virtual_mfa_device(SerialNumber=device["SerialNumber"])
    iam.delete_user_policy(UserName=user_name, PolicyName="assume")
    iam.delete_access_key(UserName=user_name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=user_name)
    iam.delete_role(RoleName=role_name)


def code(seed: bytes, step: int) -> str:
    """RFC 6238, six digits."""
    digest = hmac.digest(seed, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"
