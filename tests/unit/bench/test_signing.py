"""Are the requests of the benchmark what a client would really send?"""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from bench.requests_file import read_requests, write_requests
from bench.signing import Credentials, Signer, dynamodb, get_caller_identity, invoke

_CREDENTIALS = Credentials(access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="secret/+=")
_AT = datetime(2024, 2, 29, 12, 0, 0, tzinfo=UTC)


def _signer(service: str) -> Signer:
    return Signer(_CREDENTIALS, region="eu-west-1", service=service, host="127.0.0.1:4566", at=_AT)


@pytest.mark.parametrize(
    ("service", "request_"),
    [
        ("dynamodb", dynamodb(_signer("dynamodb"), "GetItem", {"Key": {"id": {"S": "é"}}})),
        ("lambda", invoke(_signer("lambda"), "f-1", {"n": 1})),
        ("lambda", invoke(_signer("lambda"), "f-1", {"n": 1}, event=True)),
        ("sts", get_caller_identity(_signer("sts"))),
    ],
)
def test_signature_is_botocores(service: str, request_: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our fast signer signs exactly as botocore does; otherwise strict mode would measure refusals."""
    head, _, body = request_.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    method, path, _ = line.split(" ")
    headers = dict(field.split(": ", 1) for field in fields)
    authorization = headers.pop("authorization")
    assert headers.pop("content-length") == str(len(body))
    del headers["x-amz-date"]
    asked = AWSRequest(method=method, url=f"http://{headers.pop('host')}{path}", data=body, headers=headers)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: _AT.replace(tzinfo=None), raising=False)
    monkeypatch.setattr("botocore.compat.get_current_datetime", lambda: _AT.replace(tzinfo=None), raising=False)
    signing = SigV4Auth(BotocoreCredentials("AKIAIOSFODNN7EXAMPLE", "secret/+="), service, "eu-west-1")
    signing.add_auth(asked)
    assert asked.headers["Authorization"] == authorization


def test_requests_survive_the_file(tmp_path: Path) -> None:
    """What a generator reads is what was written, empty and large requests included."""
    requests = [b"", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 300]
    write_requests(tmp_path / "requests", requests)
    assert read_requests(tmp_path / "requests") == requests
