"""Requests signed by botocore, AWS's own signer: the oracle of these tests."""

import calendar
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pileus.kernel.auth.credentials import SigningKey
from pileus.kernel.context import Principal
from pileus.kernel.http.messages import Request

HOST = "127.0.0.1:4566"


def _received(signed: AWSRequest, body: bytes) -> Request:
    """What the front door would make of it: lower-case names, the target as sent."""
    prepared = signed.prepare()
    parts = urlsplit(prepared.url)
    headers = {str(name).lower(): _text(value) for name, value in prepared.headers.items()}
    headers.setdefault("host", HOST)
    target = parts.path or "/"
    return Request(
        method=str(prepared.method),
        target=f"{target}?{parts.query}" if parts.query else target,
        headers=headers,
        body=body,
    )


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def signed_request(
    *,
    access_key_id: str,
    secret_access_key: str,
    session_token: str | None = None,
    method: str = "POST",
    target: str = "/",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    service: str = "dynamodb",
    region: str = "us-east-1",
) -> Request:
    """A request signed in its `Authorization` header."""
    request = AWSRequest(method, f"http://{HOST}{target}", data=body, headers={"Host": HOST, **(headers or {})})
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Credentials(access_key_id, secret_access_key, session_token), service, region).add_auth(request)
    return _received(request, body)


def presigned_request(
    *,
    access_key_id: str,
    secret_access_key: str,
    session_token: str | None = None,
    method: str = "GET",
    target: str = "/",
    service: str = "sts",
    region: str = "us-east-1",
    expires_s: int = 60,
) -> Request:
    """A request signed in its query."""
    request = AWSRequest(method, f"http://{HOST}{target}", headers={"Host": HOST})
    signer = S3SigV4QueryAuth if service == "s3" else SigV4QueryAuth
    credentials = Credentials(access_key_id, secret_access_key, session_token)
    signer(credentials, service, region, expires=expires_s).add_auth(request)
    return _received(request, b"")


def with_changes(
    request: Request,
    *,
    method: str | None = None,
    target: str | None = None,
    headers: Mapping[str, str | None] | None = None,
    body: bytes | None = None,
) -> Request:
    """The same request after somebody on the way has changed it; a header of None is removed."""
    changed = {**request.headers, **(headers or {})}
    assert isinstance(request.body, bytes)
    return Request(
        method=method or request.method,
        target=target or request.target,
        headers={name: value for name, value in changed.items() if value is not None},
        body=request.body if body is None else body,
    )


def seconds(amz_date: str) -> float:
    return calendar.timegm(time.strptime(amz_date, "%Y%m%dT%H%M%SZ"))


class KnownKeys:
    """A `KeyDirectory` in a dictionary, which counts how often it is asked."""

    def __init__(self, **secrets: str) -> None:
        self._secrets = secrets
        self.asked = 0

    def add(self, access_key_id: str, secret_access_key: str) -> None:
        self._secrets[access_key_id] = secret_access_key

    async def find(self, access_key_id: str) -> SigningKey | None:
        self.asked += 1
        secret = self._secrets.get(access_key_id)
        return None if secret is None else SigningKey(secret_access_key=secret, principal=user(access_key_id))


def user(access_key_id: str) -> Principal:
    return Principal(
        account_id="111111111111",
        arn="arn:aws:iam::111111111111:user/ada",
        user_id="AIDAEXAMPLE",
        access_key_id=access_key_id,
        minted=True,
    )
