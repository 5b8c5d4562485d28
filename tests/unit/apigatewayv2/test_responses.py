"""What does the client get for what a function returned?"""

import json

import pytest

from pileus.kernel.http.messages import Response
from pileus.services.apigatewayv2.responses import Malformed, response_1_0, response_2_0


def _v2(result: object) -> Response:
    return response_2_0(json.dumps(result).encode(), request_id="r")


def _v1(result: object) -> Response:
    return response_1_0(json.dumps(result).encode(), request_id="r")


@pytest.mark.parametrize(
    ("result", "body"),
    [
        ("hello", b"hello"),
        ({"hello": "world"}, b'{"hello":"world"}'),
        (["hello", 3, True], b'["hello",3,true]'),
        (3.1, b"3.1"),
        (None, b"null"),
        ({"body": {"no": "status"}}, b'{"body":{"no":"status"}}'),
    ],
)
def test_inferred(result: object, body: bytes) -> None:
    """Without a status the result is the body; texts and lengths as recorded: `test_lambda_url_invocation`."""
    response = _v2(result)
    assert (response.status, response.body) == (200, body)
    assert dict(response.headers) == {"content-type": "application/json", "apigw-requestid": "r"}


def test_said() -> None:
    """Status, headers, cookies and base64 as the function says them."""
    response = _v2(
        {
            "statusCode": "201",
            "headers": {
                "X-Count": 3,
                "X-Flag": True,
                "X-None": None,
                "Content-Length": "9",
                "Content-Type": "image/png",
            },
            "body": "/w==",
            "isBase64Encoded": True,
            "cookies": ["a=1", "b=2; Secure"],
        }
    )
    assert response == Response(
        201,
        [
            ("apigw-requestid", "r"),
            ("x-count", "3"),
            ("x-flag", "true"),
            ("content-type", "image/png"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2; Secure"),
        ],
        b"\xff",
    )


def test_plain_text_unless_said() -> None:
    """A result with a status but no content type is text."""
    response = _v2({"statusCode": 200, "body": "é"})
    assert dict(response.headers)["content-type"] == "text/plain;charset=UTF-8"
    assert response.body == "é".encode()


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "abc"},
        {"statusCode": 99},
        {"statusCode": 600},
        {"statusCode": 200.5},
        {"statusCode": None},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "headers": {"a": ["b"]}},
        {"statusCode": 200, "headers": {"a b": "c"}},
        {"statusCode": 200, "headers": {"a": "b\r\nset-cookie: c"}},
        {"statusCode": 200, "cookies": ["a=1\n"]},
        {"statusCode": 200, "body": "YQ", "isBase64Encoded": True},
    ],
)
def test_malformed(result: object) -> None:
    """What cannot be sent is the function's mistake, in both formats; nothing of it leaks into our headers."""
    for interpret in (_v2, _v1):
        if "cookies" in str(result) and interpret is _v1:
            continue  # format 1.0 knows no cookies
        with pytest.raises(Malformed):
            interpret(result)


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff"])
def test_no_json(payload: bytes) -> None:
    """A custom runtime may answer anything."""
    for interpret in (response_1_0, response_2_0):
        with pytest.raises(Malformed):
            interpret(payload, request_id="r")


@pytest.mark.parametrize("result", ["hello", {"hello": "world"}, None, ["a"]])
def test_format_1_0_infers_nothing(result: object) -> None:
    """Only 2.0 makes a response of any result."""
    with pytest.raises(Malformed):
        _v1(result)


def test_multi_value_headers() -> None:
    """Several values go before one; names compare without case."""
    response = _v1(
        {
            "statusCode": 200,
            "headers": {"Set-Cookie": "single", "X-One": "1"},
            "multiValueHeaders": {"set-cookie": ["a", "b"], "content-type": ["text/html"]},
            "body": "<p>",
        }
    )
    assert response.headers == [
        ("apigw-requestid", "r"),
        ("x-one", "1"),
        ("set-cookie", "a"),
        ("set-cookie", "b"),
        ("content-type", "text/html"),
    ]


def test_no_body_with_204() -> None:
    """A 204 has neither body nor type."""
    assert _v2({"statusCode": 204, "body": "x"}) == Response(204, [("apigw-requestid", "r")])
