"""Function URLs as HTTP clients see them. Recordings `lambda`, TestLambdaURL, as each test names them."""

import http.client
import json
import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.conformance.test_enforcement import ACCOUNT, OTHER, User, allow
from tests.conftest import Server
from tests.support.functions import archive, make_role

_CODE = """
import json
import shutil

def handler(event, context):
    query = event.get("queryStringParameters") or {}
    if "raise" in query:
        raise RuntimeError("on request")
    if "answer" in query:
        return json.loads(query["answer"])
    return {
        "statusCode": 201,
        "headers": {"Content-Type": "application/json", "x-one": "1", "access-control-allow-origin": "own"},
        "cookies": ["a=1", "b=2"],
        "body": json.dumps({"event": event, "request": context.aws_request_id, "arn": context.invoked_function_arn}),
    }
"""
_FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


class _Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.getheaders()
        self.body = response.read()

    def header(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known.lower() == name]


def _ask(
    aws: Server,
    url: str,
    target: str = "/",
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> _Answer:
    """Ask a function URL: its host is one of this machine's, which not every resolver knows."""
    parts = urlsplit(aws.url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    try:
        connection.request(method, target, body=body, headers={"Host": urlsplit(url).netloc} | (headers or {}))
        return _Answer(connection.getresponse())
    finally:
        connection.close()


def _signed(url: str, target: str, user: Credentials, *, method: str = "GET", body: bytes = b"") -> dict[str, str]:
    request = AWSRequest(method=method, url=url.rstrip("/") + target, data=body)
    SigV4Auth(user, "lambda", "us-east-1").add_auth(request)
    return dict(request.headers.items())


@pytest.fixture(scope="module")
def lambda_(aws: Server) -> Any:
    return aws.client("lambda")


@pytest.fixture
def function(aws: Server, lambda_: Any) -> Iterator[str]:
    name = f"url-{uuid4().hex[:12]}"
    lambda_.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="index.handler",
        Role=make_role(aws, name="urls"),
        Code={"ZipFile": archive(_CODE)},
        Timeout=20,
    )
    yield name
    lambda_.delete_function(FunctionName=name)


def _let_everybody(lambda_: Any, function: str, **more: str) -> None:
    lambda_.add_permission(
        FunctionName=function,
        StatementId="urlPermission",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
        **more,
    )


@pytest.fixture
def url(lambda_: Any, function: str) -> str:
    """Of everybody."""
    made: str = lambda_.create_function_url_config(FunctionName=function, AuthType="NONE")["FunctionUrl"]
    _let_everybody(lambda_, function)
    return made


def test_what_the_function_hears(aws: Server, url: str, function: str) -> None:
    """test_lambda_url_echo_http_fixture_default: payload format 2.0, and who asked."""
    answer = _ask(
        aws,
        url,
        "/pa%20th/1?multiQuery=foo&multiQuery=bar&q=query",
        method="POST",
        body=b'{"foo": "bar"}',
        headers={"Content-Type": "application/json", "User-Agent": "test/echo", "Cookie": "x=1; y=2", "ExTra": "WeiRd"},
    )
    assert answer.status == 201
    assert answer.header("x-one") == ["1"]
    assert answer.header("set-cookie") == ["a=1", "b=2"]
    heard = json.loads(answer.body)
    event = heard["event"]
    url_id = urlsplit(url).netloc.partition(".")[0]
    domain = urlsplit(url).netloc.partition(":")[0]
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/pa th/1")
    assert event["rawQueryString"] == "multiQuery=foo&multiQuery=bar&q=query"
    assert event["queryStringParameters"] == {"multiQuery": "foo,bar", "q": "query"}
    assert event["cookies"] == ["x=1", "y=2"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"foo": "bar"}', False)
    headers = event["headers"]
    assert (headers["host"], headers["content-length"], headers["extra"]) == (domain, "14", "WeiRd")
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-amzn-trace-id"].startswith("Root=1-")
    context = event["requestContext"]
    assert (context["accountId"], context["apiId"], context["domainPrefix"]) == ("anonymous", url_id, url_id)
    assert (context["domainName"], context["stage"], context["routeKey"]) == (domain, "$default", "$default")
    assert context["http"] == {
        "method": "POST",
        "path": "/pa th/1",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "test/echo",
    }
    assert "authorizer" not in context
    # test_request_id_invoke_url
    assert answer.header("x-amzn-requestid") == [context["requestId"]] == [heard["request"]]
    assert heard["arn"].endswith(f":function:{function}")


@pytest.mark.parametrize(
    ("answer", "status", "body", "content_type"),
    [
        ({"hello": "world"}, 200, b'{"hello":"world"}', "application/json"),
        ("hello", 200, b"hello", "application/json"),
        (3, 200, b"3", "application/json"),
        (["hello", 3, True], 200, b'["hello",3,true]', "application/json"),
        ({"statusCode": 200, "body": "body123"}, 200, b"body123", "text/plain;charset=UTF-8"),
        ({"statusCode": 418, "body": "Ym9keQ==", "isBase64Encoded": True}, 418, b"body", "text/plain;charset=UTF-8"),
        ({"statusCode": "no"}, 502, b"Internal Server Error", "application/json"),
    ],
)
def test_what_the_client_gets(aws: Server, url: str, answer: Any, status: int, body: bytes, content_type: str) -> None:
    """test_lambda_url_invocation: results that say all, and results that are the body."""
    found = _ask(aws, url, f"/?answer={quote(json.dumps(answer))}")
    assert (found.status, found.body) == (status, body)
    assert found.header("content-type") == [content_type]


def test_functions_that_fail(aws: Server, url: str) -> None:
    """test_lambda_url_invocation_exception."""
    answer = _ask(aws, url, "/?raise=1")
    assert (answer.status, answer.body) == (502, b"Internal Server Error")


def test_functions_without_room(aws: Server, lambda_: Any, function: str, url: str) -> None:
    """Clients read the reason out of the body: `{"Reason":"...LimitExceeded","Type":"User","message":"..."}`."""
    lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    try:
        answer = _ask(aws, url)
    finally:
        lambda_.delete_function_concurrency(FunctionName=function)
    assert (answer.status, answer.header("x-amzn-errortype")) == (429, ["TooManyRequestsException"])
    assert json.loads(answer.body) == {
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "Type": "User",
        "message": "Rate Exceeded.",
    }


def test_the_path_form(aws: Server, url: str) -> None:
    """For clients that cannot resolve the host; the function hears the same path."""
    url_id = urlsplit(url).netloc.partition(".")[0]
    answer = _ask(aws, aws.url, f"/_aws/lambda-url/{url_id}/a/b?q=1")
    event = json.loads(answer.body)["event"]
    assert (event["rawPath"], event["requestContext"]["domainPrefix"]) == ("/a/b", url_id)


def test_nobody_is_let_in_without_a_policy(aws: Server, lambda_: Any, function: str) -> None:
    """test_lambda_permission_url_invocation; a policy for the other kind of authentication does not help."""
    url = lambda_.create_function_url_config(FunctionName=function, AuthType="NONE")["FunctionUrl"]
    lambda_.add_permission(
        FunctionName=function,
        StatementId="iam",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="AWS_IAM",
    )
    answer = _ask(aws, url)
    assert (answer.status, json.loads(answer.body)) == (403, {"Message": _FORBIDDEN})
    assert answer.header("x-amzn-errortype") == ["AccessDeniedException"]
    _let_everybody(lambda_, function)
    assert _ask(aws, url).status == 201


def test_urls_that_are_not_there(aws: Server) -> None:
    """An id that nobody has, by host and by path."""
    answer = _ask(aws, f"http://{'a' * 32}.lambda-url.us-east-1.localhost/")
    assert (answer.status, json.loads(answer.body)) == (403, {"Message": None})
    assert _ask(aws, aws.url, "/_aws/lambda-url/none/").status == 403


def test_urls_of_aliases(aws: Server, lambda_: Any, function: str) -> None:
    """test_lambda_url_persists_after_alias_delete: the alias's own policy counts, and without alias there is nobody."""
    lambda_.publish_version(FunctionName=function)
    lambda_.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    url = lambda_.create_function_url_config(FunctionName=function, Qualifier="live", AuthType="NONE")["FunctionUrl"]
    _let_everybody(lambda_, function)
    assert _ask(aws, url).status == 403
    _let_everybody(lambda_, function, Qualifier="live")
    answer = _ask(aws, url)
    assert answer.status == 201
    assert json.loads(answer.body)["arn"].endswith(f":{function}:live")
    lambda_.delete_alias(FunctionName=function, Name="live")
    answer = _ask(aws, url)
    assert (answer.status, json.loads(answer.body)) == (403, {"Message": _FORBIDDEN})
    listed = lambda_.list_function_url_configs(FunctionName=function)["FunctionUrlConfigs"]
    assert [config["FunctionUrl"] for config in listed] == [url]


def test_signed_requests(aws: Server, lambda_: Any, function: str) -> None:
    """AWS_IAM: a signature in every mode, and of users of this server only by those whom policies let."""
    url = lambda_.create_function_url_config(FunctionName=function, AuthType="AWS_IAM")["FunctionUrl"]
    arn = lambda_.get_function_configuration(FunctionName=function)["FunctionArn"]
    assert _ask(aws, url).status == 403
    root = Credentials(ACCOUNT, "test")
    answer = _ask(aws, url, "/x?a=1", headers=_signed(url, "/x?a=1", root))
    assert answer.status == 201
    caller = json.loads(answer.body)["event"]["requestContext"]
    assert caller["accountId"] == ACCOUNT
    assert caller["authorizer"]["iam"]["userArn"] == f"arn:aws:iam::{ACCOUNT}:root"

    user = User(aws)
    mine = Credentials(user.keys["aws_access_key_id"], user.keys["aws_secret_access_key"])
    assert _ask(aws, url, headers=_signed(url, "/", mine)).status == 403
    user.may(allow("lambda:InvokeFunctionUrl", arn, StringEquals={"lambda:FunctionUrlAuthType": "AWS_IAM"}))
    answer = _ask(aws, url, method="POST", body=b"x", headers=_signed(url, "/", mine, method="POST", body=b"x"))
    assert answer.status == 201
    assert json.loads(answer.body)["event"]["requestContext"]["authorizer"]["iam"]["accessKey"] == mine.access_key
    wrong = Credentials(mine.access_key, "x" * 40)
    answer = _ask(aws, url, headers=_signed(url, "/", wrong))
    assert answer.status == 403
    assert "signature" in json.loads(answer.body)["Message"]

    theirs = Credentials(OTHER, "test")
    assert _ask(aws, url, headers=_signed(url, "/", theirs)).status == 403
    lambda_.add_permission(
        FunctionName=function,
        StatementId="other",
        Action="lambda:InvokeFunctionUrl",
        Principal=OTHER,
        FunctionUrlAuthType="AWS_IAM",
    )
    assert _ask(aws, url, headers=_signed(url, "/", theirs)).status == 201


def test_cors(aws: Server, lambda_: Any, function: str, url: str) -> None:
    """Preflight requests never reach the function; what it says about origins is replaced."""
    lambda_.update_function_url_config(
        FunctionName=function,
        Cors={
            "AllowOrigins": ["https://a.example"],
            "AllowMethods": ["GET"],
            "AllowHeaders": ["x-one"],
            "ExposeHeaders": ["x-one"],
            "MaxAge": 60,
        },
    )
    preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    answer = _ask(aws, url, method="OPTIONS", headers=preflight)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("access-control-allow-origin") == ["https://a.example"]
    assert answer.header("access-control-allow-methods") == ["GET"]
    assert answer.header("access-control-max-age") == ["60"]
    answer = _ask(aws, url, headers={"Origin": "https://a.example"})
    assert answer.status == 201
    assert answer.header("access-control-allow-origin") == ["https://a.example"]
    assert answer.header("access-control-expose-headers") == ["x-one"]
    answer = _ask(aws, url, headers={"Origin": "https://b.example"})
    assert answer.header("access-control-allow-origin") == []
    lambda_.update_function_url_config(FunctionName=function, Cors={})


def test_payloads_have_an_end(aws: Server, url: str) -> None:
    """6 MB of request; what does not fit any more is refused before the function hears of it."""
    answer = _ask(aws, url, method="POST", body=b"x" * (6 * 1024 * 1024 + 1), headers={"Content-Type": "text/plain"})
    assert answer.status == 413


_STREAMING = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  const mode = event.rawPath.slice(1);
  if (mode === "raise") throw new RangeError("on request");
  if (mode === "head") {
    stream = awslambda.HttpResponseStream.from(stream, {
      statusCode: 202, headers: { "x-one": "1", "content-type": "text/event-stream" }, cookies: ["a=1"],
    });
  } else {
    stream.setContentType("text/html");
  }
  for (const piece of ["a", "b", "c"]) stream.write(piece);
  stream.end("d");
});
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed here")
def test_streamed_answers(aws: Server, lambda_: Any) -> None:
    """test_function_url_with_response_streaming: as it comes, with the head that the function gives it."""
    name = f"url-{uuid4().hex[:12]}"
    lambda_.create_function(
        FunctionName=name,
        Runtime="nodejs20.x",
        Handler="index.handler",
        Role=make_role(aws, name="urls"),
        Code={"ZipFile": archive(_STREAMING, name="index.js")},
        Timeout=20,
    )
    made = lambda_.create_function_url_config(FunctionName=name, AuthType="NONE", InvokeMode="RESPONSE_STREAM")
    url = made["FunctionUrl"]
    _let_everybody(lambda_, name)
    answer = _ask(aws, url, "/plain")
    assert (answer.status, answer.body) == (200, b"abcd")
    assert answer.header("content-type") == ["text/html"]
    assert answer.header("transfer-encoding") == ["chunked"]
    answer = _ask(aws, url, "/head")
    assert (answer.status, answer.body) == (202, b"abcd")
    assert (answer.header("x-one"), answer.header("set-cookie")) == (["1"], ["a=1"])
    assert answer.header("content-type") == ["text/event-stream"]
    answer = _ask(aws, url, "/raise")
    assert (answer.status, answer.body) == (502, b"Internal Server Error")
    lambda_.delete_function(FunctionName=name)


def test_functions_that_do_not_stream(aws: Server, lambda_: Any, function: str) -> None:
    """test_lambda_url_echo_invoke[RESPONSE_STREAM]: their answers are understood all the same."""
    url = lambda_.create_function_url_config(FunctionName=function, AuthType="NONE", InvokeMode="RESPONSE_STREAM")
    _let_everybody(lambda_, function)
    answer = _ask(aws, url["FunctionUrl"])
    assert (answer.status, answer.header("x-one")) == (201, ["1"])
    assert _ask(aws, url["FunctionUrl"], "/?raise=1").status == 502
