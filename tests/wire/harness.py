"""What do the tests of the wire share? A fake of every service, one request at a time, and botocore's own eyes.

The shapes of services that Pileus does not have yet are generated into a temporary folder, so that the wire is ready
before they are, and the product carries nothing for them.
"""

import importlib
import sys
import tempfile
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from hashlib import md5
from pathlib import Path
from typing import Any, Final

import msgspec
from botocore.awsrequest import AWSRequest, HeadersDict
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.http.budget import BodyBudget
from pileus.kernel.http.limits import Limits
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.http.parsing import RequestParser
from pileus.kernel.ids import SeededIds
from pileus.kernel.service import Service
from pileus.kernel.wire.dialects import dialect_of
from pileus.kernel.wire.dispatcher import Dispatcher
from pileus.kernel.wire.model import load_model
from tests.wire.sqs_forms import with_forms
from tools.generate_shapes import module_name, write_package

PACKAGES: Final = {
    "apigatewayv2": "apigatewayv2",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "dynamodbstreams": "dynamodb.streams",
    "iam": "iam",
    "kms": "kms",
    "lambda": "lambda_",
    "logs": "logs",
    "sts": "sts",
}
SERVICES: Final = (
    *("acm", "apigateway", "apigatewaymanagementapi", "apigatewayv2", "application-autoscaling", "cloudformation"),
    *("cloudfront", "cloudfront-keyvaluestore", "cloudwatch", "cognito-identity", "cognito-idp", "dax", "dynamodb"),
    *("dynamodbstreams", "ec2", "ecr", "ecs", "elbv2", "events", "firehose", "iam", "kinesis", "kms", "lambda", "logs"),
    *("rds", "rds-data", "route53", "s3", "s3control", "scheduler", "secretsmanager", "sns", "sqs", "ssm"),
    *("stepfunctions", "sts"),
)
"""Every service that Pileus will serve."""
_GENERATED: Final = "generated_shapes"
_FOLDER: Final = tempfile.TemporaryDirectory(prefix="pileus-shapes-")

ROOT: Final = Principal(account_id="111111111111", arn="arn:aws:iam::111111111111:root", user_id="111111111111")

Handle = Callable[[RequestContext, Any], Awaitable[Any]]


class Believing:
    """An authenticator that takes everybody for the root of one account."""

    async def authenticate(self, request: Request, *, body: bytes, service: str | None) -> Principal:
        return ROOT

    async def precheck(self, request: Request, *, service: str | None) -> None:
        pass


class Recording:
    """An api in which every operation exists, notes its input and answers what it was told to."""

    def __init__(self) -> None:
        self.given: Any = None
        self.context: RequestContext | None = None
        self.output: Any = None
        self.error: Exception | None = None

    def __getattr__(self, name: str) -> Handle:
        async def handle(context: RequestContext, given: Any) -> Any:
            self.context, self.given = context, given
            if self.error is not None:
                raise self.error
            return self.output

        return handle


class Desk:
    """A dispatcher over `Recording` apis."""

    def __init__(self, services: Sequence[str] = tuple(PACKAGES)) -> None:
        self.api = Recording()
        self.dispatcher = Dispatcher(
            [Service(name=name, api=lambda: self.api, shapes=shapes_module(name)) for name in services],
            authenticator=Believing(),
            clock=MovableClock(),
            ids=SeededIds(),
        )

    def ask(self, request: Request) -> Response:
        """The answer, which must come without suspending."""
        coroutine = self.dispatcher(request)
        try:
            coroutine.send(None)
        except StopIteration as stopped:
            response: Response = stopped.value
            return response
        coroutine.close()
        raise AssertionError("the dispatcher suspended")


@cache
def raw_model(service: str) -> Mapping[str, Any]:
    model: Mapping[str, Any] = Loader().load_service_model(service, "service-2")
    return model


@cache
def botocore_model(service: str, protocol: str = "") -> ServiceModel:
    """protocol: SQS in forms has a model of its own (`sqs_forms`)."""
    raw = raw_model(service)
    return ServiceModel(with_forms(raw) if (service, protocol) == ("sqs", "query") else raw, service)


def protocols_of(service: str) -> Sequence[str]:
    """Every protocol in which a service answers, its own first."""
    metadata = load_model(service).metadata
    forms = ("query",) if dialect_of(service).query_protocol else ()
    return tuple(dict.fromkeys((metadata.protocol, *metadata.protocols, *forms)))


@cache
def shapes_module(service: str) -> str:
    """The module with a service's shapes; one is made where the product has none."""
    if service in PACKAGES:
        return f"pileus.services.{PACKAGES[service]}.shapes"
    write_package([service], Path(_FOLDER.name) / _GENERATED)
    if _FOLDER.name not in sys.path:
        sys.path.insert(0, _FOLDER.name)
    importlib.invalidate_caches()
    return f"{_GENERATED}.{module_name(service)}"


def shapes_of(service: str) -> Mapping[str, tuple[type[msgspec.Struct], type[msgspec.Struct] | None]]:
    operations: Mapping[str, tuple[type[msgspec.Struct], type[msgspec.Struct] | None]]
    operations = importlib.import_module(shapes_module(service)).OPERATIONS
    return operations


def authorization(service: str, region: str = "eu-central-1") -> str:
    return _authorization(botocore_model(service).signing_name, region)


def _authorization(signing_name: str, region: str = "eu-central-1") -> str:
    scope = f"20260101/{region}/{signing_name}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential=111111111111/{scope}, SignedHeaders=host, Signature=0"


def of_body(target: str, body: bytes) -> dict[str, str]:
    """The headers by which S3 knows a body: its length and, where it is not an object, the checksum that it wants."""
    headers = {"content-length": str(len(body))}
    return headers | ({"content-md5": b64encode(md5(body).digest()).decode()} if "?" in target else {})


def addressed(service: str, operation: str) -> dict[str, Any]:
    """The members that an address is made of, without which botocore cannot write one."""
    shape = botocore_model(service).operation_model(operation).input_shape
    members = shape.members if shape is not None else {}
    return {
        name: "1" if member.type_name in {"integer", "long"} or "hostLabel" in member.serialization else "abc"
        for name, member in members.items()
        if member.serialization.get("location") == "uri" or "hostLabel" in member.serialization
    }


@cache
def _serializer(protocol: str) -> Any:
    return create_serializer(protocol, include_validation=False)


def request_of(service: str, operation: str, parameters: Mapping[str, Any], *, protocol: str = "") -> Request:
    """The request that botocore makes of these parameters. protocol: the service's first unless given."""
    model = botocore_model(service, protocol)
    operation_model: OperationModel = model.operation_model(operation)
    made = _serializer(protocol or model.protocol).serialize_to_request(dict(parameters), operation_model)
    express = (service, operation) == ("s3", "ListDirectoryBuckets")  # botocore's rules of endpoints say so
    return sent(made, _authorization("s3express") if express else authorization(service))


def sent(made: Mapping[str, Any], signed: str) -> Request:
    """botocore's request as it leaves the machine."""
    prepared = AWSRequest(
        method=made["method"],
        url=f"http://127.0.0.1:4566{made['url_path']}",
        params=made["query_string"],
        headers=dict(made["headers"]),
        data=made["body"],
    ).prepare()
    body = prepared.body or b""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    headers = {name.lower(): _latin(value) for name, value in prepared.headers.items()}
    headers |= {"host": f"{made.get('host_prefix') or ''}127.0.0.1:4566", "authorization": signed}
    target = prepared.url.removeprefix("http://127.0.0.1:4566")
    return Request(method=prepared.method, target=target, headers=headers, body=bytes(body))


def bytewise(request: Request) -> Request:
    """The same request as the front door's parser makes it of bytes that come one at a time."""
    assert isinstance(request.body, bytes)
    headers = dict(request.headers)
    if request.body:
        headers["content-length"] = str(len(request.body))
    told = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
    data = f"{request.method} {request.target} HTTP/1.1\r\n{told}\r\n".encode("latin-1") + request.body
    limits = Limits()
    parser = RequestParser(limits, budget=BodyBudget(limits), peer="127.0.0.1", secure=False, wanted=lambda: None)
    for at in range(len(data)):
        assert not parser.received, "a request comes with its last byte"
        parser.feed(data[at : at + 1])
    (exchange,) = parser.received
    assert exchange.request is not None
    return exchange.request


def _latin(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value.encode().decode("latin-1")


def read_by_botocore(service: str, operation: str, response: Response, *, protocol: str = "") -> dict[str, Any]:
    """What botocore's parser makes of an answer."""
    model = botocore_model(service, protocol)
    operation_model = model.operation_model(operation)
    assert isinstance(response.body, bytes)
    parser = create_parser(protocol or model.protocol)
    headers = HeadersDict(dict(response.headers))
    raw = {"headers": headers, "status_code": response.status, "body": response.body}
    parsed: dict[str, Any] = parser.parse(raw, operation_model.output_shape)
    if response.status >= 300 and "Error" in parsed:
        code = parsed["Error"]["Code"]
        shape = model.shape_for_error_code(code)
        if shape is not None:
            parsed.update(parser.parse(raw, shape))
    return parsed
