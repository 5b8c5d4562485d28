"""How does the command line ask an AWS operation of the server that runs here?

Signed like any client's request: by an account's name in open mode, by the root's key in strict mode, and dated by the
machine's clock: a server compares with that, wherever somebody moved its own.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from hmac import digest
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

from pileus.kernel.auth.sigv4 import signing_key
from pileus.running import Declined, Unreachable, ask

_ANSWER_WITHIN_S: Final = 910.0
"""Longer than any function may run."""


class Caller(NamedTuple):
    """Who asks, and where."""

    url: str
    access_key_id: str
    secret_access_key: str
    region: str


class Answer(NamedTuple):
    """headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Refused(Exception):
    """The operation answered an error. code: AWS's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code


def server_now(url: str) -> datetime:
    """What the server's clock says; Unreachable."""
    try:
        said = ask(url, "/_pileus/clock").get("now")
    except Declined as error:
        raise Unreachable(f"it tells no time: {error}") from error
    if not isinstance(said, str):
        raise Unreachable("it tells no time")
    return datetime.fromisoformat(said).astimezone(UTC)


def call(
    caller: Caller,
    service: str,
    *,
    path: str = "/",
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
    body: bytes = b"",
) -> Answer:
    """One request. path: not encoded yet. Refused, Unreachable."""
    import http.client

    at = urlsplit(caller.url)
    target = quote(path)
    asked = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted((query or {}).items()))
    sent = {"host": at.netloc, **(headers or {})}
    sent["x-amz-date"] = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    sent["authorization"] = _authorization(caller, service, method, quote(target), asked, sent, body)
    connection = http.client.HTTPConnection(at.hostname or "", at.port or 80, timeout=_ANSWER_WITHIN_S)
    try:
        connection.request(method, f"{target}?{asked}" if asked else target, body=body, headers=sent)
        response = connection.getresponse()
        answer = Answer(
            response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        )
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(str(error)) from error
    finally:
        connection.close()
    if answer.status >= 300:
        raise _refused(answer)
    return answer


def call_json(caller: Caller, service: str, target: str, request: Mapping[str, object]) -> dict[str, object]:
    """An operation of a service that speaks AWS's JSON protocol. target: such as `Logs_20140328.FilterLogEvents`."""
    answer = call(
        caller,
        service,
        headers={"x-amz-target": target, "content-type": "application/x-amz-json-1.1"},
        body=json.dumps(request).encode(),
    )
    content: dict[str, object] = json.loads(answer.body or b"{}")
    return content


def _authorization(
    caller: Caller, service: str, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> str:
    names = sorted(headers)
    signed = ";".join(names)
    block = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    request = f"{method}\n{path}\n{query}\n{block}\n{signed}\n{sha256(body).hexdigest()}"
    moment = headers["x-amz-date"]
    scope = f"{moment[:8]}/{caller.region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    key = signing_key(caller.secret_access_key, moment[:8], caller.region, service)
    signature = digest(key, text.encode(), "sha256").hex()
    credential = f"{caller.access_key_id}/{scope}"
    return f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, Signature={signature}"


def _refused(answer: Answer) -> Refused:
    try:
        content = json.loads(answer.body)
    except ValueError:
        content = {}
    if not isinstance(content, dict):
        content = {}
    code = str(content.get("__type") or answer.headers.get("x-amzn-errortype") or answer.status)
    message = str(content.get("message") or content.get("Message") or "")
    return Refused(code.rpartition("#")[2].partition(":")[0], message)
