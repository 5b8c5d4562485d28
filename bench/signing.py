"""How is a whole HTTP request signed (SigV4) and written down, so that a load generator only has to send it?

botocore signs in some 150 us; a put with a key of its own needs a signature of its own, so this takes 10 us.
Source: IAM User Guide, "Create a signed AWS API request".
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    access_key_id: str
    secret_access_key: str


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


class Signer:
    """Signs requests of one service and region at one instant."""

    def __init__(self, credentials: Credentials, *, region: str, service: str, host: str, at: datetime) -> None:
        """host: the Host header, port included. at: aware, in UTC; AWS takes it for 15 minutes."""
        self._host = host
        self._time = at.strftime("%Y%m%dT%H%M%SZ")
        date = self._time[:8]
        self._scope = f"{date}/{region}/{service}/aws4_request"
        self._credential = f"{credentials.access_key_id}/{self._scope}"
        key = _hmac(f"AWS4{credentials.secret_access_key}".encode(), date)
        for part in (region, service, "aws4_request"):
            key = _hmac(key, part)
        self._key = key

    def request(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes, query: str = "") -> bytes:
        """The request as bytes. path, query: already encoded, the query's parameters in the order of their names.

        headers: lower-case names; all are signed.
        """
        signed = {**headers, "host": self._host, "x-amz-date": self._time}
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        canonical = f"{method}\n{quote(path)}\n{query}\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        signature = _hmac(self._key, f"AWS4-HMAC-SHA256\n{self._time}\n{self._scope}\n{digest}").hex()
        sent = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
        return (
            f"{method} {path}{'?' if query else ''}{query} HTTP/1.1\r\n{sent}content-length: {len(body)}\r\n"
            f"authorization: AWS4-HMAC-SHA256 Credential={self._credential}, "
            f"SignedHeaders={names}, Signature={signature}\r\n\r\n"
        ).encode() + body

    def s3(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        body: bytes = b"",
        query: str = "",
    ) -> bytes:
        """S3 wants to see the hash of the body. path: of characters that need no encoding."""
        hashed = {"x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
        return self.request(method, path, headers={**headers, **hashed}, body=body, query=query)


def dynamodb(signer: Signer, operation: str, content: object) -> bytes:
    headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"DynamoDB_20120810.{operation}"}
    return signer.request("POST", "/", headers=headers, body=json.dumps(content).encode())


def sqs(signer: Signer, operation: str, content: object) -> bytes:
    headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"AmazonSQS.{operation}"}
    return signer.request("POST", "/", headers=headers, body=json.dumps(content).encode())


def sns(signer: Signer, operation: str, members: Mapping[str, str]) -> bytes:
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    form = urlencode({"Action": operation, "Version": "2010-03-31", **members})
    return signer.request("POST", "/", headers=headers, body=form.encode())


def invoke(signer: Signer, function_name: str, payload: object, *, event: bool = False) -> bytes:
    """event: asynchronously."""
    path = f"/2015-03-31/functions/{function_name}/invocations"
    headers = {"content-type": "application/json"} | ({"x-amz-invocation-type": "Event"} if event else {})
    return signer.request("POST", path, headers=headers, body=json.dumps(payload).encode())


def get_caller_identity(signer: Signer) -> bytes:
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return signer.request("POST", "/", headers=headers, body=b"Action=GetCallerIdentity&Version=2011-06-15")
