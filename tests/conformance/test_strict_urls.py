"""Function URLs of a strict server: a signature counts for one host, region, service, request and time."""

import http.client
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import botocore.auth
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.conformance.test_strict import root
from tests.conftest import Server
from tests.support.functions import archive

_CODE = """
def handler(event, context):
    return event["requestContext"]["authorizer"]["iam"]["userArn"]
"""


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("strict") / "data", "--auth", "strict").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def urls(strict: Server) -> list[str]:
    """Two URLs, of two functions."""
    keys = root(strict)
    key = {"aws_access_key_id": keys.access_key, "aws_secret_access_key": keys.secret_key}
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    )
    role = strict.client("iam", **key).create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    lambda_ = strict.client("lambda", **key)
    found = []
    for name in ("one", "two"):
        lambda_.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="index.handler",
            Role=role,
            Code={"ZipFile": archive(_CODE)},
        )
        lambda_.get_waiter("function_active_v2").wait(FunctionName=name)
        found.append(lambda_.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")["FunctionUrl"])
    return found


def _signed(
    credentials: Credentials,
    url: str,
    *,
    service: str = "lambda",
    region: str = "us-east-1",
    age: timedelta = timedelta(0),
    presigned_s: int = 0,
) -> AWSRequest:
    request = AWSRequest(method="POST", url=f"{url}path?a=1", data=b"" if presigned_s else b'{"a":1}')
    now = datetime.now(UTC) - age
    with patch.object(botocore.auth, "get_current_datetime", lambda **_: now.replace(tzinfo=None)):
        if presigned_s:
            SigV4QueryAuth(credentials, service, region, expires=presigned_s).add_auth(request)
        else:
            SigV4Auth(credentials, service, region).add_auth(request)
    return request


def _send(server: Server, request: AWSRequest, *, url: str | None = None, body: bytes | None = None) -> tuple[int, str]:
    """To the server, under the host that the request (or `url`) names."""
    prepared = request.prepare()
    parts, meant = urlsplit(server.url), urlsplit(prepared.url)
    assert parts.hostname is not None
    host = meant.netloc if url is None else urlsplit(url).netloc
    headers = {name: str(value) for name, value in prepared.headers.items() if name.lower() != "host"}
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    try:
        target = f"{meant.path}?{meant.query}"
        sent = request.data if body is None else body
        connection.request("POST", target, body=sent, headers=headers | {"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_what_is_right_is_answered(strict: Server, urls: list[str]) -> None:
    """Or the refusals below would prove nothing: by header and by address, nearly too late."""
    keys = root(strict)
    for request in (
        _signed(keys, urls[0]),
        _signed(keys, urls[1], age=timedelta(minutes=14)),
        _signed(keys, urls[0], presigned_s=60),
        _signed(keys, urls[0], presigned_s=3600, age=timedelta(minutes=50)),
    ):
        status, answer = _send(strict, request)
        assert status == 200, answer
        assert answer.endswith(":root")


@pytest.mark.parametrize(
    "options",
    [
        {"service": "execute-api"},
        {"service": "s3"},
        {"region": "eu-west-1"},
        {"age": timedelta(minutes=16)},
        {"age": timedelta(minutes=-16)},
        {"presigned_s": 60, "age": timedelta(minutes=2)},
        {"presigned_s": 60, "service": "execute-api"},
        {"presigned_s": 60, "region": "eu-west-1"},
    ],
    ids=str,
)
def test_other_scopes_and_times(strict: Server, urls: list[str], options: dict[str, Any]) -> None:
    """A signature for another service, another region, of an hour ago or of tomorrow runs nothing."""
    status, answer = _send(strict, _signed(root(strict), urls[0], **options))
    assert status == 403, answer
    assert "Message" in json.loads(answer)


def _unsigned(request: AWSRequest) -> None:
    del request.headers["Authorization"]


def _other_path(request: AWSRequest) -> None:
    request.url = request.url.replace("path", "other")


def _other_query(request: AWSRequest) -> None:
    request.url = request.url.replace("a=1", "a=2")


@pytest.mark.parametrize("change", [_unsigned, _other_path, _other_query])
def test_what_was_changed(strict: Server, urls: list[str], change: Callable[[AWSRequest], None]) -> None:
    """Path, query and body are what was signed; without a signature nobody gets in."""
    request = _signed(root(strict), urls[0])
    change(request)
    assert _send(strict, request)[0] == 403
    assert _send(strict, _signed(root(strict), urls[0]), body=b'{"a":2}')[0] == 403


@pytest.mark.parametrize("presigned_s", [0, 60])
def test_another_host(strict: Server, urls: list[str], presigned_s: int) -> None:
    """What was signed for one function's URL does not open another's."""
    request = _signed(root(strict), urls[0], presigned_s=presigned_s)
    assert _send(strict, request, url=urls[1])[0] == 403


def test_other_keys(strict: Server, urls: list[str]) -> None:
    """An account id is no key here, and a key without its secret is none."""
    assert _send(strict, _signed(Credentials("111111111111", "test"), urls[0]))[0] == 403
    assert _send(strict, _signed(Credentials(root(strict).access_key, "x" * 40), urls[0]))[0] == 403
