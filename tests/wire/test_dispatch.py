"""A request finds its operation by target, scope, host, path or action; what cannot be had is refused by name."""

import logging
from collections.abc import AsyncIterator
from typing import Any
from zlib import crc32

import msgspec
import pytest

from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import NoRoom, PayloadTooLarge, Request, Response
from pileus.kernel.ids import SeededIds
from pileus.kernel.service import Encoded, Service
from pileus.kernel.wire.dispatcher import Dispatcher
from pileus.kernel.wire.registered import snake_case
from pileus.services.dynamodb.shapes import GetItemInput, GetItemOutput
from pileus.services.lambda_.shapes import InvocationResponse
from tests.wire.harness import PACKAGES, ROOT, Believing, Desk, authorization, botocore_model

FORM = {"content-type": "application/x-www-form-urlencoded"}
GET_ITEM = b'{"TableName":"abc","Key":{"pk":{"S":"1"}}}'


def text(response: Response) -> bytes:
    assert isinstance(response.body, bytes)
    return response.body


def post(headers: dict[str, str], body: bytes = b"", target: str = "/") -> Request:
    return Request(method="POST", target=target, headers=headers, body=body, peer="192.0.2.7", secure=True)


def signed(service: str) -> dict[str, str]:
    return {"host": "localhost:4566", "authorization": authorization(service)}


@pytest.mark.parametrize(
    ("request_", "operation"),
    [
        (post(signed("dynamodb") | {"x-amz-target": "DynamoDB_20120810.GetItem"}, GET_ITEM), "dynamodb.GetItem"),
        (post({"x-amz-target": "DynamoDB_20120810.GetItem"}, GET_ITEM), "dynamodb.GetItem"),
        (post(signed("logs") | {"x-amz-target": "Logs_20140328.DescribeLogGroups"}, b"{}"), "logs.DescribeLogGroups"),
        (Request(method="GET", target="/v2/apis", headers=signed("apigatewayv2")), "apigatewayv2.GetApis"),
        (Request(method="GET", target="/2015-03-31/functions/", headers=signed("lambda")), "lambda.ListFunctions"),
        (Request(method="GET", target="/2015-03-31/functions", headers=signed("lambda")), "lambda.ListFunctions"),
        (post(signed("sts") | FORM, b"Action=GetCallerIdentity&Version=2011-06-15"), "sts.GetCallerIdentity"),
        (post(FORM, b"Action=GetCallerIdentity&Version=2011-06-15"), "sts.GetCallerIdentity"),
        (post(FORM | {"host": "iam.localhost"}, b"Action=ListUsers"), "iam.ListUsers"),
        (
            Request(method="GET", target="/?Action=GetCallerIdentity&Version=2011-06-15", headers={}),
            "sts.GetCallerIdentity",
        ),
        (
            Request(
                method="GET",
                target="/?Action=ListUsers&X-Amz-Credential=A%2F20260101%2Feu-west-1%2Fiam%2Faws4_request",
                headers={},
            ),
            "iam.ListUsers",
        ),
        (Request(method="GET", target="/2015-03-31/functions/f", headers={"host": "localhost"}), "lambda.GetFunction"),
        (Request(method="GET", target="/v2/apis/x", headers={"host": "localhost"}), "apigatewayv2.GetApi"),
    ],
)
def test_found(request_: Request, operation: str) -> None:
    """Each way by which clients address an operation."""
    desk = Desk()
    response = desk.ask(request_)
    assert desk.api.context is not None, response
    assert f"{desk.api.context.service}.{desk.api.context.operation}" == operation


def test_the_context_tells_the_circumstances() -> None:
    """Handlers build ARNs and URLs from these."""
    desk = Desk()
    desk.ask(post(signed("dynamodb") | {"x-amz-target": "DynamoDB_20120810.GetItem"}, GET_ITEM))
    context = desk.api.context
    assert context is not None
    assert context.account_id == ROOT.account_id
    assert context.region == "eu-central-1"
    assert context.principal == ROOT
    assert context.source_ip == "192.0.2.7"
    assert context.host == "localhost:4566"
    assert context.secure


@pytest.mark.parametrize(
    ("credential", "region"),
    [
        ("A/20260101/ap-southeast-2/dynamodb/aws4_request", "ap-southeast-2"),
        ("A/20260101/dynamodb/aws4_request", "us-east-1"),
        ("A/20260101/../dynamodb/aws4_request", "us-east-1"),
        ("A/20260101/EU*CENTRAL/dynamodb/aws4_request", "us-east-1"),
        ("", "us-east-1"),
        ("////", "us-east-1"),
    ],
)
def test_the_region_is_that_of_the_signature(credential: str, region: str) -> None:
    """State is kept by region, so a strange one must not make keys or ARNs of itself."""
    desk = Desk()
    headers = {
        "x-amz-target": "DynamoDB_20120810.GetItem",
        "authorization": f"AWS4-HMAC-SHA256 Credential={credential}, S",
    }
    desk.ask(post(headers, GET_ITEM))
    assert desk.api.context is not None
    assert desk.api.context.region == region


@pytest.mark.parametrize(
    ("request_", "status", "code", "told"),
    [
        (post({"x-amz-target": "Kinesis_20131202.ListStreams"}), 501, "NotImplemented", "kinesis"),
        (post({"x-amz-target": "Nothing_1.Nothing"}), 400, "UnknownOperationException", ""),
        (post({"x-amz-target": ""}), 400, "UnknownOperationException", ""),
        (post({"x-amz-target": "GetItem"}), 400, "UnknownOperationException", ""),
        (post({"x-amz-target": "DynamoDB_20120810.Nothing"}), 400, "UnknownOperationException", ""),
        (post({"x-amz-target": "DynamoDB_20120810."}), 400, "UnknownOperationException", ""),
        (Request(method="GET", target="/", headers={}), 404, "UnknownOperationException", ""),
        (
            Request(method="GET", target="/v2/nothing", headers=signed("apigatewayv2")),
            404,
            "UnknownOperationException",
            "",
        ),
        (
            Request(method="GET", target="/restapis", headers=signed("apigatewayv2")),
            501,
            "NotImplemented",
            "GetRestApis",
        ),
        (Request(method="GET", target="/bucket?acl", headers=signed("s3")), 501, "NotImplemented", "s3 GetBucketAcl"),
        (post(FORM, b"Action=Nothing"), 400, "InvalidAction", "Nothing"),
        (post(FORM | {"host": "sns.us-east-1.amazonaws.com"}, b"Action=ListTopics"), 501, "NotImplemented", "sns"),
    ],
)
def test_refused(request_: Request, status: int, code: str, told: str) -> None:
    """An unknown name, and a service that AWS has and Pileus lacks, are told apart."""
    response = Desk().ask(request_)
    assert response.status == status
    assert code.encode() in text(response) + dict(response.headers).get("x-amzn-ErrorType", "").encode()
    assert told.encode() in text(response)


@pytest.mark.parametrize("service", ["sqs", "s3", "ec2", "events", "arc-region-switch", "kinesis", "eks"])
def test_services_that_pileus_lacks_are_named(service: str) -> None:
    """Whatever protocol the absent service speaks, its own client can read the refusal."""
    model = botocore_model(service)
    headers = signed(service)
    response = Desk().ask(Request(method="GET", target="/some/path", headers=headers))
    assert response.status == 501
    assert b"NotImplemented" in text(response) + str(response.headers).encode()
    assert model.service_name.encode() in text(response)


@pytest.mark.parametrize(
    ("service", "path", "content_type"),
    [
        ("ses", "/v2/email/identities", "application/json"),  # the first of those that sign so speaks CBOR
        ("servicecatalog", "/applications", "application/json"),
        ("cloudsearch", "/2013-01-01/search", "application/json"),  # the first speaks forms
        ("arc-region-switch", "/some/path", "application/x-amz-json-1.1"),
    ],
)
def test_a_refusal_speaks_what_was_asked(service: str, path: str, content_type: str) -> None:
    """Who has sent no header of CBOR's reads none; a path is asked for in REST. Seen with the AWS CLI's `sesv2`."""
    response = Desk().ask(Request(method="GET", target=path, headers=signed(service)))
    assert dict(response.headers)["Content-Type"].partition(";")[0] == content_type
    assert b"NotImplemented" in text(response) + str(response.headers).encode()


class Thin:
    """An api of one operation."""

    async def get_item(self, context: RequestContext, request: GetItemInput) -> Encoded:
        return Encoded(b'{"Item":{}}')


def thin(api: object | None = None) -> Dispatcher:
    return Dispatcher(
        [Service(name="dynamodb", api=lambda: api or Thin(), shapes="pileus.services.dynamodb.shapes")],
        authenticator=Believing(),
        clock=MovableClock(),
        ids=SeededIds(),
    )


async def test_an_operation_without_a_method_is_not_implemented() -> None:
    """Never a stub: the answer names service and operation."""
    response = await thin()(post({"x-amz-target": "DynamoDB_20120810.ListBackups"}, b"{}"))
    assert response.status == 501
    assert msgspec.json.decode(text(response)) == {
        "__type": "com.amazon.coral.service#NotImplemented",
        "Message": "Pileus does not implement dynamodb ListBackups yet",
    }


async def test_encoded_answers_pass_as_they_are() -> None:
    """The hot path's way: bytes from the store to the socket, with the checksum that DynamoDB's clients verify."""
    response = await thin()(post({"x-amz-target": "DynamoDB_20120810.GetItem"}, GET_ITEM))
    assert response.body == b'{"Item":{}}'
    headers = dict(response.headers)
    assert headers["x-amz-crc32"] == str(crc32(b'{"Item":{}}'))
    assert headers["Content-Type"] == "application/x-amz-json-1.0"
    assert len(headers["x-amzn-RequestId"]) == 36


async def test_our_own_failure_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The trace goes to the log with the request id; the client gets the service's internal error."""

    class Broken:
        async def get_item(self, context: RequestContext, request: GetItemInput) -> GetItemOutput:
            raise RuntimeError("s3cret detail")

    with caplog.at_level(logging.ERROR):
        response = await thin(Broken())(post({"x-amz-target": "DynamoDB_20120810.GetItem"}, GET_ITEM))
    assert response.status == 500
    assert msgspec.json.decode(text(response)) == {
        "__type": "com.amazonaws.dynamodb.v20120810#InternalServerError",
        "message": "Internal server error",
    }
    assert "s3cret detail" in caplog.text
    assert dict(response.headers)["x-amzn-RequestId"] in caplog.text


async def test_an_unbelieved_request_is_told_in_its_protocol() -> None:
    """Authentication comes before reading, and its error has the protocol's form."""

    class Strict:
        async def authenticate(self, request: Request, *, body: bytes, service: str | None) -> Principal:
            assert service == "dynamodb"
            raise AnyServiceError("UnrecognizedClientException", "The security token is invalid.", status=400)

        async def precheck(self, request: Request, *, service: str | None) -> None:
            raise AssertionError("this body is short")

    dispatcher = Dispatcher(
        [Service(name="dynamodb", api=Thin, shapes="pileus.services.dynamodb.shapes")],
        authenticator=Strict(),
        clock=MovableClock(),
        ids=SeededIds(),
    )
    response = await dispatcher(post({"x-amz-target": "DynamoDB_20120810.GetItem"}, b"not even JSON"))
    assert response.status == 400
    assert msgspec.json.decode(text(response)) == {
        "__type": "com.amazon.coral.service#UnrecognizedClientException",
        "Message": "The security token is invalid.",
    }


class Endless:
    """A body that never ends."""

    size_bytes: int | None = None

    def __init__(self, *, full: bool = False) -> None:
        self.full = full

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b" " * 1024 * 1024

    async def make_room(self, size_bytes: int) -> None:
        """There is always room, until there is none."""
        if self.full:
            raise NoRoom


async def test_a_body_without_end_is_refused() -> None:
    """Only so much is read, whatever the client announces."""
    request = Request(method="POST", target="/", headers={"x-amz-target": "DynamoDB_20120810.GetItem"}, body=Endless())
    response = await thin()(request)
    assert response.status == 413
    form = Request(method="POST", target="/", headers=FORM, body=Endless())
    crowded = Request(
        method="POST", target="/", headers={"x-amz-target": "DynamoDB_20120810.GetItem"}, body=Endless(full=True)
    )
    assert (await thin()(crowded)).status == 503
    with pytest.raises(PayloadTooLarge):  # whose service nobody knows yet; the front door answers it
        await thin()(form)


def test_errors_of_lambda_and_of_forms_have_their_shape() -> None:
    """Lambda says whose fault it is; a form's error names sender or receiver."""

    class Gone(ServiceError):
        code = "ResourceNotFoundException"

    class NoSuchEntity(ServiceError):
        code = "NoSuchEntity"

    desk = Desk()
    desk.api.error = Gone("Function not found: f")
    response = desk.ask(Request(method="GET", target="/2015-03-31/functions/f", headers=signed("lambda")))
    assert response.status == 404
    assert msgspec.json.decode(text(response)) == {"Type": "User", "Message": "Function not found: f"}
    assert dict(response.headers)["x-amzn-ErrorType"] == "ResourceNotFoundException"
    desk.api.error = NoSuchEntity("The role with name <r> cannot be found.")
    response = desk.ask(post(signed("iam") | FORM, b"Action=GetRole&Version=2010-05-08&RoleName=r"))
    assert response.status == 404
    assert text(response).startswith(
        b'<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>'
        b"<Code>NoSuchEntity</Code><Message>The role with name &lt;r&gt; cannot be found.</Message></Error><RequestId>"
    )


def test_an_invocation_passes_bytes_and_headers() -> None:
    """A payload is not touched, and a function's error is a header of a 200."""
    desk = Desk()
    desk.api.output = InvocationResponse(
        status_code=200, function_error="Unhandled", executed_version="$LATEST", payload=b'{"errorMessage":"\xc3\xbc"}'
    )
    target = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A111111111111%3Afunction%3Af/invocations"
    request = post(signed("lambda") | {"x-amz-invocation-type": "RequestResponse"}, b"\x00payload", target)
    response = desk.ask(request)
    given: Any = desk.api.given
    assert given.function_name == "arn:aws:lambda:us-east-1:111111111111:function:f"
    assert given.invocation_type == "RequestResponse"
    assert given.payload == b"\x00payload"
    assert response.status == 200
    assert response.body == b'{"errorMessage":"\xc3\xbc"}'
    headers = dict(response.headers)
    assert headers["X-Amz-Function-Error"] == "Unhandled"
    assert headers["X-Amz-Executed-Version"] == "$LATEST"
    assert headers["Content-Type"] == "application/json"


def test_a_header_cannot_be_split() -> None:
    """What a function names its error must not become a header of its own."""
    desk = Desk()
    desk.api.output = InvocationResponse(status_code=200, function_error="a\r\nSet-Cookie: b\0é")
    response = desk.ask(post(signed("lambda"), b"", "/2015-03-31/functions/f/invocations"))
    value = dict(response.headers)["X-Amz-Function-Error"]
    assert not {"\r", "\n", "\0"} & set(value)


def test_a_body_cannot_speak_for_the_path() -> None:
    """A permission was checked for the name in the path: the body must not bring another."""
    desk = Desk()
    desk.ask(
        Request(
            method="PUT",
            target="/2015-03-31/functions/f/code",
            headers=signed("lambda"),
            body=b'{"FunctionName":"g","S3Bucket":"abc"}',
        )
    )
    assert desk.api.given.function_name == "f"
    assert desk.api.given.s3_bucket == "abc"


def test_xml_never_becomes_unreadable() -> None:
    """One control character in a description must not hide a whole list."""
    desk = Desk()

    class Odd(ServiceError):
        code = "InvalidInput"

    desk.api.error = Odd("a\x00b\x0b<c>\ud800")
    response = desk.ask(post(signed("iam") | FORM, b"Action=ListRoles&Version=2010-05-08"))
    assert b"a\xef\xbf\xbdb\xef\xbf\xbd&lt;c&gt;\xef\xbf\xbd" in text(response)


@pytest.mark.parametrize("service", [*PACKAGES, "sqs", "s3", "storagegateway", "cognito-idp", "mturk", "iot"])
def test_snake_case_is_botocores(service: str) -> None:
    """Handlers are found by the names that everybody knows from boto3."""
    from botocore import xform_name

    for name in botocore_model(service).operation_names:
        assert snake_case(name) == xform_name(name)
