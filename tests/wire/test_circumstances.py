"""What differs by operation: signatures, tokens, limits, and the words of its refusals."""

from typing import Any

import msgspec
import pytest

from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal
from pileus.kernel.errors import AnyServiceError
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.ids import SeededIds
from pileus.kernel.service import Service
from pileus.kernel.wire.dialects import dialect_of
from pileus.kernel.wire.dispatcher import UNSIGNED, Dispatcher
from pileus.kernel.wire.model import load_model
from tests.wire.harness import SERVICES, Desk, Recording, authorization, read_by_botocore, request_of, shapes_module

ROLE = "arn:aws:iam::111111111111:role/r"


class Nobody:
    """An authenticator that believes no request."""

    async def authenticate(self, request: Request, *, body: bytes, service: str | None) -> Principal:
        raise AnyServiceError("MissingAuthenticationToken", "Request is missing Authentication Token", status=403)

    async def precheck(self, request: Request, *, service: str | None) -> None:
        await self.authenticate(request, body=b"", service=service)


async def ask_unsigned(service: str, request: Request) -> tuple[Recording, Response]:
    api = Recording()
    services = [Service(name=service, api=lambda: api, shapes=shapes_module(service))]
    dispatcher = Dispatcher(services, authenticator=Nobody(), clock=MovableClock(), ids=SeededIds())
    request.headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    return api, await dispatcher(request)


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("cognito-idp", "InitiateAuth", {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "abc"}),
        ("cognito-identity", "GetId", {"IdentityPoolId": "us-east-1:1"}),
        (
            "sts",
            "AssumeRoleWithWebIdentity",
            {"RoleArn": ROLE, "RoleSessionName": "session", "WebIdentityToken": "token"},
        ),
    ],
)
async def test_what_nobody_signs(service: str, operation: str, parameters: dict[str, Any]) -> None:
    """Whoever calls these has no keys yet: they are not asked for any, and are nobody."""
    api, response = await ask_unsigned(service, request_of(service, operation, parameters))
    assert response.status == 200
    assert api.context is not None
    assert api.context.principal is UNSIGNED


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("cognito-idp.eu-west-1.amazonaws.com", "eu-west-1"),
        ("cognito-idp.us-gov-west-1.localhost:4566", "us-gov-west-1"),
        ("localhost:4566", "us-east-1"),
        ("", "us-east-1"),
        ("..", "us-east-1"),
    ],
)
async def test_an_unsigned_request_is_for_the_region_of_its_host(host: str, region: str) -> None:
    """Where no signature says the region, the name that was asked for does."""
    request = request_of("cognito-identity", "GetId", {"IdentityPoolId": "us-east-1:1"})
    request.headers = dict(request.headers) | {"host": host}
    api, _ = await ask_unsigned("cognito-identity", request)
    assert api.context is not None
    assert api.context.region == region


async def test_everything_else_is_signed() -> None:
    """An unsigned request to a neighbour of theirs is refused before it is read."""
    api, response = await ask_unsigned("sts", request_of("sts", "AssumeRole", {"RoleArn": ROLE}))
    assert response.status == 403
    assert api.context is None


def test_operations_that_nobody_signs_are_few() -> None:
    """A model that says so of something else should be looked at before it is believed."""
    unsigned = {
        (service, name)
        for service in SERVICES
        for name, operation in load_model(service).operations.items()
        if operation.unsigned
    }
    assert {service for service, _ in unsigned} == {"cognito-identity", "cognito-idp", "sts"}
    assert ("cognito-idp", "AdminCreateUser") not in unsigned


def test_a_token_is_filled_in() -> None:
    """SDKs make one when the user does not; a plain HTTP client gets the same."""
    desk = Desk(["dynamodb"])
    items = {"TransactItems": [{"Delete": {"TableName": "abc", "Key": {}}}]}
    tokens = set()
    for _ in range(2):
        desk.ask(request_of("dynamodb", "TransactWriteItems", items))
        tokens.add(desk.api.given.client_request_token)
    assert len(tokens) == 2
    assert all(len(token) == 36 for token in tokens)
    desk.ask(request_of("dynamodb", "TransactWriteItems", items | {"ClientRequestToken": "mine"}))
    assert desk.api.given.client_request_token == "mine"


def refused(service: str, operation: str, parameters: dict[str, Any]) -> tuple[str, str]:
    response = Desk([service]).ask(request_of(service, operation, parameters))
    assert response.status == 400
    error = read_by_botocore(service, operation, response)["Error"]
    return error["Code"], error["Message"]


FUNCTION = {"FunctionName": "f", "Role": ROLE, "Code": {"ZipFile": b"x"}}


@pytest.mark.parametrize("runtime", ["non-existent-runtime", "PYTHON3.9"])
def test_a_runtime_that_lambda_lacks(runtime: str) -> None:
    """Recording lambda/lambda_api, test_create_lambda_exceptions: Lambda's own text, and code."""
    code, message = refused("lambda", "CreateFunction", FUNCTION | {"Runtime": runtime})
    assert code == "InvalidParameterValueException"
    assert message.startswith(
        f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs20.x, "
    )
    assert message.endswith(", java8.al2] or be a valid ARN")
    code, message = refused("lambda", "UpdateFunctionConfiguration", {"FunctionName": "f", "Runtime": runtime})
    assert code == "InvalidParameterValueException"


def test_the_framework_speaks_before_lambda() -> None:
    """With something else wrong too, only that is told: the service never saw the request."""
    code, message = refused("lambda", "CreateFunction", FUNCTION | {"Runtime": "x", "Role": "r1"})
    assert code == "ValidationException"
    assert message.startswith("1 validation error detected: Value 'r1' at 'role' failed")


@pytest.mark.parametrize(("operation", "told"), [("CreateFunction", True), ("ListFunctions", False)])
def test_a_request_that_lambda_will_not_take(operation: str, told: bool) -> None:
    """Recording lambda/lambda_api, test_oversized_request_create_lambda."""
    body = b"{" + b" " * 70_167_211 + b"}"
    target, method = ("/2015-03-31/functions", "POST") if told else ("/2015-03-31/functions/", "GET")
    request = Request(method=method, target=target, headers={"authorization": authorization("lambda")}, body=body)
    response = Desk(["lambda"]).ask(request)
    if not told:
        assert response.status == 200
        return
    assert response.status == 413
    assert isinstance(response.body, bytes)
    assert dict(response.headers)["x-amzn-ErrorType"] == "RequestEntityTooLargeException"
    assert msgspec.json.decode(response.body)["message"] == (
        "Request must be smaller than 70167211 bytes for the CreateFunction operation"
    )


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("CreateLogGroup", {"logGroupName": "a" * 513}),
        ("DeleteMetricFilter", {"logGroupName": "a" * 513, "filterName": "f"}),
        ("CreateLogStream", {"logGroupName": "a", "logStreamName": "a" * 513}),
    ],
)
def test_names_of_logs_that_are_too_long(operation: str, parameters: dict[str, str]) -> None:
    """Recordings logs/logs_groups, test_create_log_group_invalid_name_length, and logs/logs_metric_filters."""
    assert refused("logs", operation, parameters) == (
        "InvalidParameterException",
        "Invalid LogGroup or LogStream, both must have length less than or equal to 512.",
    )


def test_deliveries_of_logs_have_newer_codes() -> None:
    """Recording logs/logs_delivery, test_put_delivery_destination_invalid_format."""
    parameters = {"name": "n", "outputFormat": "foobar"}
    assert refused("logs", "PutDeliveryDestination", parameters) == (
        "ValidationException",
        "1 validation error detected: Value 'foobar' at 'outputFormat' failed to satisfy constraint: "
        "Member must satisfy enum value set: [json, plain, w3c, raw, parquet]",
    )


def test_dialects_name_what_exists() -> None:
    """A misspelt operation, member or error in the data would change nothing, silently."""
    for service in SERVICES:
        model, dialect = load_model(service), dialect_of(service)
        members = {name.lower() for shape in model.shapes.values() for name in shape.members}
        assert {path.lower() for path, _ in dialect.broken} <= members
        assert dialect.xml_roots.keys() | dialect.unwrapped <= model.operations.keys()
        unmodelled = {"AccessDeniedException", "InvalidParameterValueException", "MissingRequiredParameterException"}
        assert (dialect.query_codes.keys() | dialect.query_messages.keys()) - unmodelled <= model.error_names.keys()
