"""Bodies that are no requests: each gets a clear error of the right kind, never a 500."""

from random import Random

import msgspec
import pytest

from pileus.kernel.http.messages import Request, Response
from pileus.kernel.wire.model import load_model
from tests.wire.harness import SERVICES, Desk, authorization, botocore_model, protocols_of, request_of

GARBAGE = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"1",
    b"\xff\xfe",
    b'{"TableName":"\xff"}',
    b'{"TableName":"\\ud800"}',
    b"\xef\xbb\xbf{}",
    b'{"TableName":"abc"} x',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"\0" * 100,
    b'{"TableName":NaN}',
]


def text(response: Response) -> bytes:
    assert isinstance(response.body, bytes)
    return response.body


@pytest.mark.parametrize("body", GARBAGE, ids=[repr(body[:20]) for body in GARBAGE])
@pytest.mark.parametrize("operation", ["GetItem", "ExportTableToPointInTime"])  # the second has moments: the slow way
def test_json(body: bytes, operation: str) -> None:
    """Text that is no JSON object is a SerializationException."""
    headers = {"x-amz-target": f"DynamoDB_20120810.{operation}", "authorization": authorization("dynamodb")}
    response = Desk(["dynamodb"]).ask(Request(method="POST", target="/", headers=headers, body=body))
    assert response.status == 400
    assert msgspec.json.decode(text(response))["__type"] == "com.amazon.coral.service#SerializationException"


def test_json_nested_too_deeply_inside_an_attribute() -> None:
    """A tree that is legal by its shape, but deeper than anybody's stack."""
    body = b'{"TableName":"abc","Item":{"a":' + b'{"L":[' * 5_000 + b'{"S":"x"}' + b"]}" * 5_000 + b"}}"
    headers = {"x-amz-target": "DynamoDB_20120810.PutItem", "authorization": authorization("dynamodb")}
    response = Desk(["dynamodb"]).ask(Request(method="POST", target="/", headers=headers, body=body))
    assert response.status == 400


@pytest.mark.parametrize("body", [b"{", b"[]", b"1", b"\xff", b'{"Name": 1}', b'{"Name": {}}', b"[" * 100_000])
@pytest.mark.parametrize(
    ("service", "method", "target"),
    [
        ("lambda", "POST", "/2015-03-31/functions"),
        ("lambda", "PUT", "/2015-03-31/functions/f/code"),
        ("apigatewayv2", "POST", "/v2/apis"),
        ("apigatewayv2", "PATCH", "/v2/apis/abc"),
    ],
)
def test_rest_json(service: str, method: str, target: str, body: bytes) -> None:
    """The same for bodies of REST requests, with and without labels."""
    headers = {"authorization": authorization(service)}
    response = Desk([service]).ask(Request(method=method, target=target, headers=headers, body=body))
    assert response.status in {200, 201, 400}
    if response.status == 400:
        assert dict(response.headers)["x-amzn-ErrorType"].endswith("Exception")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/2015-03-31/functions/%ff"),
        ("GET", "/2015-03-31/functions/f?Qualifier=%ff"),
        ("GET", "/2015-03-31/functions/?MaxItems=many"),
        ("GET", "/2015-03-31/functions/?MaxItems=" + "9" * 10_000),
        ("GET", "/2015-03-31/functions/?" + "&".join(["a"] * 20_000)),
    ],
)
def test_rest_json_addresses(method: str, target: str) -> None:
    """Labels and parameters that cannot be read."""
    response = Desk(["lambda"]).ask(
        Request(method=method, target=target, headers={"authorization": authorization("lambda")})
    )
    assert response.status == 400
    assert dict(response.headers)["x-amzn-ErrorType"] == "SerializationException"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", b"InvalidAction"),
        (b"Action=", b"InvalidAction"),
        (b"Action=Nothing&Version=2011-06-15", b"InvalidAction"),
        (b"\xff\xfe=1", b"MalformedQueryString"),
        (b"Action=AssumeRole&DurationSeconds=long", b"MalformedInput"),
        (b"Action=AssumeRole&Tags.member.x.Key=a", b"MalformedInput"),
        (b"Action=AssumeRole&Tags.member.1=a", b"ValidationError"),
        (b"Action=AssumeRole&Tags=1&Tags.member.1.Key=a", b"ValidationError"),
        (b"Action=AssumeRole&" + b"a." * 5_000 + b"=1", b"MalformedQueryString"),
        (b"Action=AssumeRole&" + b"&".join([b"a=1"] * 20_000), b"MalformedQueryString"),
    ],
)
def test_query(body: bytes, code: bytes) -> None:
    """Forms that say nothing, too much or nonsense."""
    headers = {"authorization": authorization("sts"), "content-type": "application/x-www-form-urlencoded"}
    response = Desk(["sts"]).ask(Request(method="POST", target="/", headers=headers, body=body))
    assert response.status in {400, 404}
    assert b"<Code>" + code + b"</Code>" in text(response) or code in text(response)


@pytest.mark.parametrize("service", SERVICES)
def test_damaged_requests(service: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the network, or somebody wicked, does to a body or address, the client is told of its own mistake."""
    model, chosen = load_model(service), Random(service)
    desk = Desk([service])
    for protocol in protocols_of(service):
        for name in chosen.sample(sorted(model.operations), min(6, len(model.operations))):
            whole = request_of(service, name, _anything(service, name), protocol=protocol)
            assert isinstance(whole.body, bytes)
            for body in (*_damaged(whole.body, chosen), b"\0", b"<", b"{", b"\xff" * 9, b"[[[[", b"&=&=.1.1&%"):
                request = Request(method=whole.method, target=whole.target, headers=whole.headers, body=body)
                assert desk.ask(request).status in _TOLD, (name, body)
            for target in (f"{whole.target}%", f"{whole.target}%ff", f"{whole.target}?%ff=%ff", f"{whole.target}/&="):
                request = Request(method=whole.method, target=target, headers=whole.headers, body=whole.body)
                assert desk.ask(request).status in _TOLD, (name, target)
    assert "Traceback" not in caplog.text


_TOLD = {200, 201, 202, 204, 400, 404, 405, 501}
"""501: a neighbour of the same signing name has such a path."""


def _anything(service: str, operation: str) -> dict[str, object]:
    """Members of the input with a scalar each, as far as that is easy: enough to be damaged."""
    shape = botocore_model(service).operation_model(operation).input_shape
    if shape is None:
        return {}
    easy = {"string": "abc", "integer": 1, "long": 1, "boolean": True}
    return {name: easy[member.type_name] for name, member in shape.members.items() if member.type_name in easy}


def _damaged(body: bytes, chosen: Random) -> list[bytes]:
    if not body:
        return []
    pieces = []
    for _ in range(8):
        at = chosen.randrange(len(body))
        pieces += [body[:at], body[:at] + bytes([chosen.randrange(256)]) + body[at + 1 :], body[:at] + body[at:] * 2]
    return pieces
