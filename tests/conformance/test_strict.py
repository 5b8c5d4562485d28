"""A strict server believes a signature and nothing else; each way of not having a right one is refused by its code."""

import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.conftest import Server

TARGET = "DynamoDB_20120810.ListTables"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("strict") / "data", "--auth", "strict").start()
    yield server
    server.stop()


def root(server: Server) -> Credentials:
    """The root's key, as it was shown at the first start."""
    return Credentials(server.ready["root_access_key_id"], server.ready["root_secret_access_key"])


def signed(
    server: Server, credentials: Credentials, *, service: str = "dynamodb", age: timedelta = timedelta(0)
) -> AWSRequest:
    """A request for the list of tables, signed `age` ago."""
    request = AWSRequest(
        method="POST",
        url=f"{server.url}/",
        data=b'{"Limit":1}',
        headers={"content-type": "application/x-amz-json-1.0", "x-amz-target": TARGET},
    )
    now = datetime.now(UTC) - age
    with patch.object(botocore.auth, "get_current_datetime", lambda **_: now.replace(tzinfo=None)):
        SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    return request


def send(request: AWSRequest) -> tuple[int, str]:
    """Status, and the error's code."""
    prepared = request.prepare()
    sent = urllib.request.Request(prepared.url, data=prepared.body, headers=dict(prepared.headers), method="POST")
    try:
        with urllib.request.urlopen(sent, timeout=10) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        with error:
            code: str = json.load(error)["__type"].partition("#")[2]
            return error.code, code


def altered_body(request: AWSRequest) -> None:
    request.data = b'{"Limit":2}'


def altered_body_with_its_hash(request: AWSRequest) -> None:
    request.data = b'{"Limit":2}'
    request.headers["x-amz-content-sha256"] = hashlib.sha256(request.data).hexdigest()


def altered_header(request: AWSRequest) -> None:
    del request.headers["x-amz-target"]
    request.headers["x-amz-target"] = "DynamoDB_20120810.DescribeEndpoints"


def altered_signature(request: AWSRequest) -> None:
    kept = request.headers["Authorization"]
    del request.headers["Authorization"]
    request.headers["Authorization"] = kept[:-1] + ("0" if kept[-1] != "0" else "1")


def unsigned(request: AWSRequest) -> None:
    del request.headers["Authorization"]


def test_what_is_right_is_answered(strict: Server) -> None:
    """Or the refusals below would prove nothing."""
    assert send(signed(strict, root(strict))) == (200, "")
    assert send(signed(strict, root(strict), age=timedelta(minutes=14))) == (200, "")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (unsigned, "MissingAuthenticationTokenException"),
        (altered_body, "InvalidSignatureException"),
        (altered_body_with_its_hash, "InvalidSignatureException"),
        (altered_header, "InvalidSignatureException"),
        (altered_signature, "InvalidSignatureException"),
    ],
)
def test_what_was_changed_is_refused(strict: Server, change: Callable[[AWSRequest], None], code: str) -> None:
    """A signature covers method, path, signed headers and body."""
    request = signed(strict, root(strict))
    change(request)
    assert send(request) == (400, code)


def test_other_keys_scopes_and_times_are_refused(strict: Server) -> None:
    """An account id is no key here; nor is a signature of another service, an old one, or one of tomorrow."""
    assert send(signed(strict, Credentials("111111111111", "test"))) == (400, "UnrecognizedClientException")
    wrong = Credentials(root(strict).access_key, "x" * 40)
    assert send(signed(strict, wrong)) == (400, "InvalidSignatureException")
    assert send(signed(strict, root(strict), service="sqs")) == (400, "InvalidSignatureException")
    for age in (timedelta(minutes=16), timedelta(minutes=-16), timedelta(days=1)):
        assert send(signed(strict, root(strict), age=age)) == (400, "InvalidSignatureException")


def test_users_of_a_strict_server_are_enforced(strict: Server) -> None:
    """Strict and open differ in whom they believe; policies are the same in both."""
    key = {"aws_access_key_id": root(strict).access_key, "aws_secret_access_key": root(strict).secret_key}
    iam = strict.client("iam", **key)
    iam.create_user(UserName="eve")
    made = iam.create_access_key(UserName="eve")["AccessKey"]
    hers: dict[str, Any] = {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
    }
    with pytest.raises(ClientError) as caught:
        strict.client("dynamodb", **hers).list_tables()
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    iam.update_access_key(UserName="eve", AccessKeyId=made["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError) as caught:
        strict.client("dynamodb", **hers).list_tables()
    assert caught.value.response["Error"]["Code"] == "UnrecognizedClientException"


def test_a_session_ends(tmp_path_factory: pytest.TempPathFactory) -> None:
    """By the server's clock, which may be moved."""
    server = Server(tmp_path_factory.mktemp("ending") / "data", "--auth", "strict").start()
    try:
        key = {"aws_access_key_id": root(server).access_key, "aws_secret_access_key": root(server).secret_key}
        session = server.client("sts", **key).get_session_token(DurationSeconds=900)["Credentials"]
        temporary = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
        assert send(signed(server, temporary)) == (200, "")
        assert send(signed(server, Credentials(temporary.access_key, temporary.secret_key))) == (
            400,
            "UnrecognizedClientException",
        )
        move = urllib.request.Request(f"{server.url}/_pileus/clock", data=b'{"advance_s": 901}')
        move.add_header("Authorization", f"Bearer {_admin_token(server)}")
        urllib.request.urlopen(move).close()
        assert send(signed(server, temporary)) == (400, "ExpiredTokenException")
    finally:
        server.stop()


def _admin_token(server: Server) -> str:
    from pileus.admin import admin_token

    return admin_token((server.data_dir / "secret").read_bytes())
