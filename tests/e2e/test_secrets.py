"""Is anything that lets somebody in to be read where it must not: in the log, in errors, in the data directory?"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_enforcement import allow, document
from tests.conftest import Server
from tests.support.functions import archive
from tests.unit.iam.certificates import self_signed

PASSWORD = "Corr3ct-horse-battery"
ECHO = """
import os
def handler(event, context):
    return {name: os.environ[name] for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}
"""


class Watched:
    """A strict server whose log goes into a file."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        self.server = Server(folder / "data", "--auth", "strict")
        self.server.prefix = ("sh", "-c", f'exec "$@" 2>{self.log}', "sh")
        self.server.start()
        self.told: list[str] = []
        """What clients were told in errors."""

    def client(self, service: str, key: str, secret: str, token: str | None = None) -> Any:
        return self.server.client(service, aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token)

    def refused(self, call: Any, **arguments: Any) -> None:
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        self.told.append(json.dumps(caught.value.response, default=str))


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    found = Watched(tmp_path)
    yield found
    if found.server.process is not None and found.server.process.poll() is None:
        found.server.stop()


def test_secrets_are_nowhere_in_the_clear(watched: Watched) -> None:
    """Whoever reads a log or a backup without the file `secret` gets no key, no session and no password."""
    ready = watched.server.ready
    root = (ready["root_access_key_id"], ready["root_secret_access_key"])
    iam, sts, lambda_ = (watched.client(service, *root) for service in ("iam", "sts", "lambda"))
    iam.create_user(UserName="ada")
    iam.put_user_policy(UserName="ada", PolicyName="all", PolicyDocument=document(allow("*")))
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    ada = (key["AccessKeyId"], key["SecretAccessKey"])
    iam.create_login_profile(UserName="ada", Password=PASSWORD)
    seed = iam.create_virtual_mfa_device(VirtualMFADeviceName="ada")["VirtualMFADevice"]["Base32StringSeed"]
    special = iam.create_service_specific_credential(UserName="ada", ServiceName="codecommit.amazonaws.com")
    certificate = self_signed("example.com")
    iam.upload_server_certificate(
        ServerCertificateName="c", CertificateBody=certificate.pem, PrivateKey=certificate.key_pem
    )
    trusted = {"AWS": sts.get_caller_identity()["Account"], "Service": "lambda.amazonaws.com"}
    trust = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="r", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    as_ada = watched.client("sts", *ada)
    sessions = [
        as_ada.assume_role(RoleArn=role, RoleSessionName="session")["Credentials"],
        as_ada.get_session_token()["Credentials"],
        as_ada.get_federation_token(Name="fred")["Credentials"],
    ]
    lambda_.create_function(
        FunctionName="f", Runtime="python3.12", Handler="index.handler", Role=role, Code={"ZipFile": archive(ECHO)}
    )
    lambda_.get_waiter("function_active_v2").wait(FunctionName="f")
    given = json.load(lambda_.invoke(FunctionName="f")["Payload"])

    # What goes wrong is what gets written down.
    session = sessions[0]
    watched.refused(watched.client("iam", ada[0], root[1]).list_users)
    watched.refused(watched.client("sts", session["AccessKeyId"], ada[1], session["SessionToken"]).get_caller_identity)
    cut = session["SessionToken"][:-8]
    watched.refused(watched.client("sts", session["AccessKeyId"], session["SecretAccessKey"], cut).get_caller_identity)
    watched.refused(
        watched.client("iam", session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]).list_users
    )
    watched.refused(iam.create_login_profile, UserName="ada", Password=PASSWORD)
    watched.refused(watched.client("iam", *ada).change_password, OldPassword=PASSWORD + "!", NewPassword=PASSWORD + "?")
    other = self_signed("other.example.com")
    watched.refused(
        iam.upload_server_certificate,
        ServerCertificateName="d",
        CertificateBody=other.pem,
        PrivateKey=certificate.key_pem,
    )

    assert watched.server.stop() == 0
    secrets = {
        "the root's key": root[1],
        "a user's key": ada[1],
        "a password": PASSWORD,
        "a device's seed": seed.decode(),
        "a service-specific password": special["ServiceSpecificCredential"]["ServicePassword"],
        "a certificate's key": certificate.key_pem.splitlines()[1],
        "a function's key": given["AWS_SECRET_ACCESS_KEY"],
        "a function's token": given["AWS_SESSION_TOKEN"],
        **{f"key {number}": each["SecretAccessKey"] for number, each in enumerate(sessions)},
        **{f"token {number}": each["SessionToken"] for number, each in enumerate(sessions)},
    }
    places = {str(path): path.read_bytes() for path in watched.server.data_dir.rglob("*") if path.is_file()}
    places["the log"] = watched.log.read_bytes()
    places["errors"] = "\n".join(watched.told).encode()
    assert ada[0].encode() in b"".join(places.values()), "the test looks in the wrong place"
    found = [(what, where) for what, text in secrets.items() for where, data in places.items() if text.encode() in data]
    assert found == []
