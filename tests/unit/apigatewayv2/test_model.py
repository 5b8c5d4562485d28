"""What is true of ARNs, hosts and CORS?"""

import pytest

from pileus.kernel.http.cross_origin import preflight
from pileus.services.apigatewayv2.dataplane import Address, addressed
from pileus.services.apigatewayv2.errors import BadRequestException
from pileus.services.apigatewayv2.model import (
    Cors,
    api_endpoint,
    check_cors,
    function_arn,
    names_function,
    with_stage_variables,
)

_ARN = "arn:aws:lambda:eu-west-1:000000000000:function:notes"


@pytest.mark.parametrize(
    ("uri", "arn"),
    [
        (_ARN, _ARN),
        (f"{_ARN}:live", f"{_ARN}:live"),
        (f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{_ARN}/invocations", _ARN),
        ("https://example.com", None),
        ("arn:aws:sqs:eu-west-1:000000000000:queue", None),
        ("", None),
    ],
)
def test_function_arn(uri: str, arn: str | None) -> None:
    """Both spellings of a Lambda integration lead to the function, and nothing else does."""
    assert function_arn(uri) == arn
    assert names_function(uri) is (arn is not None)


def test_stage_variables_in_uris() -> None:
    """One integration serves several functions, by stage; an unknown variable names none."""
    uri = "arn:aws:lambda:eu-west-1:000000000000:function:${stageVariables.name}"
    assert names_function(uri)
    assert function_arn(with_stage_variables(uri, {"name": "notes"})) == _ARN
    assert function_arn(with_stage_variables(uri, {})) is None


@pytest.mark.parametrize(
    ("host", "secure", "endpoint"),
    [
        ("localhost:4566", False, "http://abc.execute-api.localhost:4566"),
        ("127.0.0.1:4566", False, "http://abc.execute-api.localhost:4566"),
        ("[::1]:4566", True, "https://abc.execute-api.localhost:4566"),
        ("pileus.example.com", True, "https://abc.execute-api.pileus.example.com"),
        ("10.1.2.3:4566", False, "http://10.1.2.3:4566/_aws/execute-api/abc"),
        ("[fd00::1]:80", False, "http://[fd00::1]:80/_aws/execute-api/abc"),
        ("apigateway.eu-west-1.amazonaws.com", True, "https://abc.execute-api.eu-west-1.amazonaws.com"),
        ("", False, "http://abc.execute-api.localhost"),
    ],
)
def test_api_endpoint(host: str, secure: bool, endpoint: str) -> None:
    """The URL works for the client that asked, whichever way it came."""
    assert api_endpoint("abc", host=host, secure=secure) == endpoint


@pytest.mark.parametrize(
    ("host", "path", "address"),
    [
        ("abc.execute-api.localhost:4566", "/a/b", Address("abc", "/a/b", by_host=True)),
        ("ABC.execute-api.eu-west-1.amazonaws.com", "/", Address("abc", "/", by_host=True)),
        ("localhost", "/_aws/execute-api/abc", Address("abc", "/", by_host=False)),
        ("localhost", "/_aws/execute-api/abc/", Address("abc", "/", by_host=False)),
        ("localhost", "/_aws/execute-api/abc/prod/a", Address("abc", "/prod/a", by_host=False)),
        ("localhost", "/_aws/execute-api/abc/$default/a", Address("abc", "/a", by_host=False)),
        ("localhost", "/notes", None),
        ("a.b.execute-api.localhost", "/", None),
    ],
)
def test_addressed(host: str, path: str, address: Address | None) -> None:
    """Host and path form find the same API, and other requests are not taken."""
    assert addressed(host=host, path=path) == address


def test_cors_with_credentials_needs_named_origins() -> None:
    """Browsers refuse the combination, and so does AWS."""
    with pytest.raises(BadRequestException):
        check_cors(Cors(allow_credentials=True, allow_origins=("*",)))


def test_preflight_of_another_origin_gets_no_permission() -> None:
    """The answer is 204 for all, but only an allowed origin finds itself in it."""
    cors = Cors(allow_origins=("https://a.example", "http://*"), allow_methods=("GET",), max_age_s=60)
    headers = {"access-control-request-method": "GET"}

    def allowed(origin: str) -> str | None:
        answer = preflight(cors, method="OPTIONS", headers={**headers, "origin": origin}, said=())
        assert answer is not None
        assert answer.status == 204
        return dict(answer.headers).get("access-control-allow-origin")

    assert allowed("https://a.example") == "https://a.example"
    assert allowed("http://b.example") == "http://b.example"
    assert allowed("https://b.example") is None
    assert preflight(cors, method="OPTIONS", headers={"origin": "https://a.example"}, said=()) is None
