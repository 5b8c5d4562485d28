"""Whatever arrives, a whole server answers AWS's errors or closes, stays healthy, and does not grow."""

import contextlib
import json
import random
import socket
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pileus.settings import SERVICES
from tests.conftest import Server
from tests.support.s3control import ACCOUNT, control_client

_TARGETS: Final = (
    "DynamoDB_20120810.GetItem",
    "DynamoDB_20120810.PutItem",
    "DynamoDB_20120810.UpdateItem",
    "DynamoDB_20120810.Query",
    "DynamoDB_20120810.Scan",
    "DynamoDB_20120810.CreateTable",
    "DynamoDB_20120810.NoSuchThing",
    "DynamoDB_20120810.",
    "Logs_20140328.PutLogEvents",
    "Logs_20140328.FilterLogEvents",
    "AmazonSQS.SendMessage",
    "TrentService.Encrypt",
    "TrentService.Decrypt",
    "TrentService.ListAliases",
    "TrentService.RetireGrant",
    "AmazonSQS.ReceiveMessage",
    "Nobody.Knows",
    ".",
)
_PATHS: Final = (
    "/2015-03-31/functions",
    "/2015-03-31/functions/x/invocations",
    "/2015-03-31/functions/%ff%00/invocations",
    "/2015-03-31/functions/x/policy",
    "/v2/apis",
    "/v2/apis/x/routes",
    "/v2/apis//",
    "/_aws/execute-api/x/y",
    "/_aws/execute-api/",
    "/_pileus/clock",
    "/_pileus/health?x=%",
    "/_pileus/lambda/code/AAAA",
    "/_pileus/nothing",
    "/%%%",
    "//",
    "/?Action=GetCallerIdentity&Version=2011-06-15",
    "/?Action=&Version=",
)
_FORMS: Final = (
    "Action=GetCallerIdentity&Version=2011-06-15",
    "Action=AssumeRole&Version=2011-06-15&RoleArn=x&RoleSessionName=%00",
    "Action=CreateRole&Version=2010-05-08&Tags.member.1.Key=a&Tags.member.x.Value=%ff",
    "Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=%7B",
    "Action=GetRole&Version=nonsense&RoleName=",
    "Action=%zz&&&===",
    "Tags.member.99999999999.Key=a&Action=CreateUser&Version=2010-05-08",
)
_NAMES: Final = ("TableName", "Key", "Item", "ExpressionAttributeValues", "UpdateExpression", "Limit", "logGroupName")
_STRINGS: Final = ("t", "", "a" * 300, "\x00", "é", "\ud800", "SET a = :b", "((((", "#", "S", "N", "NULL")


def _value(random_: random.Random, depth: int = 0) -> object:
    """Some JSON: often of the right shape, never quite."""
    kind = random_.randrange(10 if depth < 6 else 6)
    if kind < 3:
        return random_.choice(_STRINGS)
    if kind < 6:
        return random_.choice((0, -1, 1e308, 2**70, True, None, 1.5, 2**31))
    if kind < 8:
        return [_value(random_, depth + 1) for _ in range(random_.randrange(4))]
    return {random_.choice(_NAMES + _STRINGS): _value(random_, depth + 1) for _ in range(random_.randrange(5))}


def _json_body(random_: random.Random) -> bytes:
    kind = random_.randrange(8)
    if kind == 0:
        return random_.randbytes(random_.randrange(200))
    if kind == 1:
        return b"[" * random_.choice((10, 100_000)) + b"1"
    if kind == 2:
        return b'{"TableName":' + b"9" * random_.choice((10, 10_000)) + b"}"
    body = json.dumps(_value(random_)).encode()
    return body[: random_.randrange(len(body) + 1)] if kind == 3 else body


def _signed(method: str, url: str, headers: dict[str, str], body: bytes) -> bytes:
    """A request as a client signs it, as bytes."""
    request = AWSRequest(method=method, url=url, headers=headers, data=body)
    service = "dynamodb" if "X-Amz-Target" in headers else "lambda"
    SigV4Auth(Credentials("111111111111", "test"), service, "us-east-1").add_auth(request)
    host, _, path = url.removeprefix("http://").partition("/")
    lines = [f"{method} /{path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _with_target(random_: random.Random, url: str) -> bytes:
    headers = {"X-Amz-Target": random_.choice(_TARGETS), "Content-Type": "application/x-amz-json-1.0"}
    return _signed("POST", url + "/", headers, _json_body(random_))


def _to_path(random_: random.Random, url: str) -> bytes:
    method = random_.choice(("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"))
    return _signed(method, url + random_.choice(_PATHS), {"Content-Type": "application/json"}, _json_body(random_))


def _form(random_: random.Random, url: str) -> bytes:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return _signed("POST", url + "/", headers, random_.choice(_FORMS).encode())


def _mutated(random_: random.Random, url: str) -> bytes:
    """A right request with some bytes changed, cut out or doubled."""
    raw = bytearray(random_.choice((_with_target, _to_path, _form))(random_, url))
    for _ in range(random_.randrange(1, 8)):
        at = random_.randrange(len(raw))
        match random_.randrange(3):
            case 0:
                raw[at] = random_.randrange(256)
            case 1:
                del raw[at : at + random_.randrange(1, 20)]
            case _:
                raw[at:at] = raw[at : at + random_.randrange(1, 20)]
        if not raw:
            break
    return bytes(raw)


_DATES: Final = (
    "Mon, 01 Jan 2024 00:00:00 GMT",
    "Mon, 01 Jan 2024 00:00:00 +9999999999999999999",
    "Mon, 01 Jan 20240000000000000000 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "99999999T999999Z",
    "20240101T000000Z",
    "00000000T000000Z",
    "\xb2\xb3",
    "",
)
_SCOPES: Final = (
    "AKIAIOSFODNN7EXAMPLE/20240101/us-east-1/dynamodb/aws4_request",
    "111111111111/20240101/us-east-1/sts/aws4_request",
    "ASIA/99999999/us-east-1/s3/aws4_request",
    "a/b/c/d/aws4_request/e/f",
    "////",
    "111111111111/20240101//\xff/aws4_request",
    "%2F%2F%2F%2F",
    "",
)
_SIGNED_HEADERS: Final = ("host", "host;x-amz-date", "", ";;;", "host;" * 500, "nothing", "host;\xe9")
_SIGNATURES: Final = ("", "0" * 64, "zz", "\xff" * 64, "0" * 5_000, "a,b")


def _strange(random_: random.Random) -> str:
    return random_.choice(
        ("", "\xff\xfe", "9" * random_.choice((5, 5_000)), "%", ",", ";=;", "a" * 9_000, "\x7f", "=?utf-8?q?=80?=")
    )


def _authorization(random_: random.Random) -> str:
    pick = random_.choice
    algorithm = pick(("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", "AWS", "AWS4-", "Bearer x", "Basic YTpi"))
    parts = [
        f"Credential={pick(_SCOPES)}",
        f"SignedHeaders={pick(_SIGNED_HEADERS)}",
        f"Signature={pick(_SIGNATURES)}",
        _strange(random_),
    ]
    return f"{algorithm} {pick((', ', ',', ';')).join(random_.sample(parts, random_.randrange(5)))}"


_HEADERS: Final[dict[str, Callable[[random.Random], str]]] = {
    "Date": lambda random_: random_.choice(_DATES),
    "X-Amz-Date": lambda random_: random_.choice(_DATES),
    "Authorization": _authorization,
    "X-Amz-Security-Token": _strange,
    "Content-Type": lambda random_: random_.choice(
        ("application/x-amz-json-1.1", "application/x-www-form-urlencoded; charset=\xff", "multipart/form-data",
         "text/xml", "application/cbor", "application/x-www-form-urlencoded", _strange(random_))
    ),
    "Host": lambda random_: random_.choice(
        ("x.execute-api.y", ".execute-api.", "dynamodb.us-east-1.amazonaws.com", "sts", "[::1]:1", "b.s3.x:99999", ":",
         "\xe9.execute-api.\xe9", "a" * 300, "1.s3-control.x", "@", "..", _strange(random_))
    ),
    "Expect": lambda random_: random_.choice(("100-continue", "200-ok", "")),
    "Transfer-Encoding": lambda random_: random_.choice(("chunked", "gzip", "chunked, chunked", "identity")),
    "X-Amz-Content-Sha256": lambda random_: random_.choice(
        ("UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "0" * 64, _strange(random_))
    ),
    "Smithy-Protocol": lambda random_: random_.choice(("rpc-v2-cbor", "rpc-v9")),
    "Origin": _strange,
    "X-Amzn-Trace-Id": _strange,
}  # fmt: skip


def _presigned(random_: random.Random) -> str:
    given = {
        "X-Amz-Algorithm": random_.choice(("AWS4-HMAC-SHA256", "AWS4-", "")),
        "X-Amz-Credential": random_.choice(_SCOPES).replace("/", random_.choice(("/", "%2F"))),
        "X-Amz-Date": random_.choice(_DATES).replace(" ", "%20"),
        "X-Amz-SignedHeaders": random_.choice(_SIGNED_HEADERS),
        "X-Amz-Signature": random_.choice(_SIGNATURES),
        "X-Amz-Expires": random_.choice(("60", "-1", "9" * 400, "1e3", "%D9%A3", "")),
        "X-Amz-Security-Token": random_.choice(("", "%ff", "x" * 3_000)),
        "Action": random_.choice(("GetCallerIdentity", "", "%00")),
        "AWSAccessKeyId": "x",
    }
    names = random_.sample(sorted(given), random_.randrange(len(given) + 1))
    return "&".join(f"{name}={given[name]}" for name in names).encode("ascii", "ignore").decode()


def _odd_headers(random_: random.Random, url: str) -> bytes:
    """An ordinary request with headers, or a presigned query, that nobody would write."""
    method = random_.choice(("GET", "POST", "PUT"))
    path = random_.choice(("/", *_PATHS))
    if random_.random() < 0.4:
        path += ("&" if "?" in path else "?") + _presigned(random_)
    body = random_.choice((b"{}", b"", b"Action=GetCallerIdentity&Version=2011-06-15", b"5\r\nhello\r\n0\r\n\r\n"))
    headers = {"Host": url.removeprefix("http://"), "Connection": "close"}
    if random_.random() < 0.5:
        headers["X-Amz-Target"] = random_.choice(_TARGETS)
    for name in random_.sample(sorted(_HEADERS), random_.randrange(1, 6)):
        headers[name] = _HEADERS[name](random_)
    if "Transfer-Encoding" not in headers:
        headers["Content-Length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _noise(random_: random.Random, url: str) -> bytes:
    return random_.randbytes(random_.randrange(1, 2_000))


_KINDS: Final[tuple[Callable[[random.Random, str], bytes], ...]] = (
    _with_target,
    _to_path,
    _form,
    _mutated,
    _noise,
    _odd_headers,
)


def _answer(server: Server, raw: bytes) -> bytes:
    """What comes back until the server closes; nothing more is sent, so it must not wait for ever."""
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            parts = []
            while part := connection.recv(65_536):
                parts.append(part)
        except (ConnectionError, BrokenPipeError):
            return b""
    return b"".join(parts)


def _resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


Kinds = tuple[Callable[[random.Random, str], bytes], ...]


def _bombard(server: Server, *, count: int, seed: int, kinds: Kinds = _KINDS) -> Counter[int]:
    random_ = random.Random(seed)
    seen: Counter[int] = Counter()
    for number in range(count):
        raw = random_.choice(kinds)(random_, server.url)
        answer = _answer(server, raw)
        assert b"Traceback" not in answer
        assert b'File "' not in answer
        answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        if answer:
            status = int(answer.split(b" ", 2)[1])
            # 501: a known operation that is not built; 505: bytes that happened to change the version.
            assert status < 500 or status in {501, 505}, (number, raw[:2_000], answer[:2_000])
            seen[status] += 1
    return seen


_LISTS: Final = {
    "apigatewayv2": "get_apis",
    "cloudwatch": "list_dashboards",
    "dynamodb": "list_tables",
    "dynamodbstreams": "list_streams",
    "events": "list_event_buses",
    "iam": "list_roles",
    "kms": "list_keys",
    "lambda": "list_functions",
    "logs": "describe_log_groups",
    "s3": "list_buckets",
    "s3control": "list_access_points",
    "sns": "list_topics",
    "sqs": "list_queues",
    "sts": "get_caller_identity",
}


def _load_services(server: Server) -> None:
    """A service is loaded with the first request for it, which is no growth."""
    assert _LISTS.keys() == set(SERVICES)
    for service, operation in _LISTS.items():
        if service == "s3control":
            getattr(control_client(server), operation)(AccountId=ACCOUNT)
        else:
            getattr(server.client(service), operation)()


def _survives(server: Server, *, warm_up: int, count: int, seed: int) -> None:
    server.start()
    _load_services(server)
    _bombard(server, count=warm_up, seed=seed)
    before_kb = _resident_kb(server.pid)
    seen = _bombard(server, count=count, seed=seed + 1)
    after_kb = _resident_kb(server.pid)
    assert seen[200]
    assert seen[400]
    with urllib.request.urlopen(f"{server.url}/_pileus/health", timeout=10) as health:
        assert json.load(health)["status"] == "running"
    assert server.client("sts").get_caller_identity()["Account"] == "111111111111"
    assert after_kb < before_kb * 1.1, f"grew from {before_kb} to {after_kb} kB"


def test_a_thousand_strange_requests(own_server: Server) -> None:
    """In every run: no internal error, no growth, still healthy."""
    _survives(own_server, warm_up=500, count=1_000, seed=1)


@pytest.mark.slow
def test_ten_thousand_strange_requests(own_server: Server) -> None:
    """The same at length."""
    _survives(own_server, warm_up=1_000, count=10_000, seed=7)


@pytest.mark.parametrize("mode", ["open", "strict"])
def test_a_thousand_strange_headers(tmp_path: Path, mode: str) -> None:
    """What stands in headers and presigned URLs is judged before anybody is believed, so strangers reach it."""
    server = Server(tmp_path / "data", "--auth", mode).start()
    try:
        seen = _bombard(server, count=1_000, seed=3, kinds=(_odd_headers,))
    finally:
        server.stop()
    assert seen[400]
    assert seen[403]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["open", "strict"])
def test_ten_thousand_strange_headers(tmp_path: Path, mode: str) -> None:
    """The same at length."""
    server = Server(tmp_path / "data", "--auth", mode).start()
    try:
        _bombard(server, count=10_000, seed=4, kinds=(_odd_headers,))
    finally:
        server.stop()


_UPLOADS: Final = 15
_UPLOAD_BYTES: Final = 60_000_000


@pytest.mark.parametrize(
    "head",
    [
        f"Content-Length: {_UPLOAD_BYTES}\r\nX-Amz-Target: DynamoDB_20120810.PutItem",
        f"Content-Length: {_UPLOAD_BYTES}\r\nContent-Type: application/x-www-form-urlencoded",
        f"Content-Length: {_UPLOAD_BYTES}",
        "Transfer-Encoding: chunked",
    ],
)
def test_strangers_cannot_fill_the_memory(tmp_path: Path, head: str) -> None:
    """In strict mode, unsigned uploads that never end are refused by their headers; nothing of them is kept."""
    server = Server(tmp_path / "data", "--auth", "strict").start()
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    sent = b"x" * 4_000_000
    if "chunked" in head:
        sent = b"%x\r\n%s\r\n" % (len(sent), sent)
    connections = []
    try:
        before_kb = _resident_kb(server.pid)
        for _ in range(_UPLOADS):
            connection = socket.create_connection((host, int(port)), timeout=20)
            connections.append(connection)
            path = "/2015-03-31/functions" if "X-Amz" not in head else "/"
            with contextlib.suppress(ConnectionError):  # once it has answered, it hears us out for a while only
                connection.sendall(f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{head}\r\n\r\n".encode() + sent)
                for _ in range(13):
                    connection.sendall(sent)
        for connection in connections:
            with contextlib.suppress(ConnectionError):
                assert connection.recv(12) in {b"HTTP/1.1 403", b"HTTP/1.1 400", b"HTTP/1.1 413"}
        grown_kb = _resident_kb(server.pid) - before_kb
    finally:
        for connection in connections:
            connection.close()
        server.stop()
    assert grown_kb < 40_000
