"""What does each service say to what it does not know, does not have, or cannot accept? In each of its protocols."""

import re
from collections.abc import Iterator
from typing import Final

import pytest

from pileus.kernel.clock import MovableClock
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.ids import SeededIds
from pileus.kernel.service import Service
from pileus.kernel.wire.dialects import dialect_of
from pileus.kernel.wire.dispatcher import Dispatcher
from tests.wire.harness import (
    SERVICES,
    Believing,
    Desk,
    addressed,
    botocore_model,
    of_body,
    protocols_of,
    read_by_botocore,
    request_of,
    shapes_module,
)

_ISSUE: Final = (
    "dynamodb streams dax lambda apigateway apigatewayv2 apigatewaymanagementapi cognito-idp cognito-identity s3 "
    "s3control sqs sns firehose kinesis rds rds-data ecs ecr elbv2 ec2 cloudfront cloudfront-keyvaluestore iam sts "
    "logs cloudwatch events scheduler acm cloudformation secretsmanager ssm kms application-autoscaling route53 states"
)
_OTHERWISE: Final = {"streams": "dynamodbstreams", "states": "stepfunctions"}
"""Two that botocore calls something else than AWS's addresses do."""


def test_all_that_pileus_will_serve_are_tested() -> None:
    """The list that these tests go through is the one that was promised."""
    assert set(SERVICES) == {_OTHERWISE.get(name, name) for name in _ISSUE.split()}


EACH: Final = [pytest.param(name, of, id=f"{name}-{of}") for name in SERVICES for of in protocols_of(name)]


class Bare:
    """An api without operations."""


def _ask_bare(service: str, request: Request) -> Response:
    dispatcher = Dispatcher(
        [Service(name=service, api=Bare, shapes=shapes_module(service))],
        authenticator=Believing(),
        clock=MovableClock(),
        ids=SeededIds(),
    )
    coroutine = dispatcher(request)
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)
    response: Response = stopped.value.value
    return response


def _plain_operation(service: str) -> str:
    """An operation whose address needs no query, and whose answer has a body."""
    first: str = botocore_model(service).operation_names[0]
    return {"s3": "ListBuckets", "s3control": "CreateJob"}.get(service, first)


@pytest.mark.parametrize(("service", "protocol"), EACH)
def test_what_is_not_built_says_so(service: str, protocol: str) -> None:
    """Never a 200 of a stub, never a 500: a client's own parser reads the code."""
    operation = _plain_operation(service)
    request = request_of(service, operation, addressed(service, operation), protocol=protocol)
    response = _ask_bare(service, request)
    assert response.status == 501
    error = read_by_botocore(service, operation, response, protocol=protocol)["Error"]
    assert error["Code"] == "NotImplemented"
    assert error["Message"] == f"Pileus does not implement {service} {operation} yet"


_UNKNOWN: Final = {
    "json": ("UnknownOperationException", 400),
    "smithy-rpc-v2-cbor": ("UnknownOperationException", 404),
    "query": ("InvalidAction", 400),
    "ec2": ("InvalidAction", 400),
    "rest-json": ("UnknownOperationException", 404),
    "rest-xml": ("UnknownOperationException", 404),
}


@pytest.mark.parametrize(("service", "protocol"), EACH)
def test_what_nobody_knows(service: str, protocol: str) -> None:
    """The protocol's own error: an SDK that is newer than Pileus must be told."""
    operation = _plain_operation(service)
    request = request_of(service, operation, addressed(service, operation), protocol=protocol)
    if protocol.startswith("rest"):
        request = Request(method="PATCH", target="/no/such/path/anywhere", headers=request.headers)
    else:
        assert isinstance(request.body, bytes)
        target = request.target.replace(f"/operation/{operation}", "/operation/Unheard")
        headers = dict(request.headers)
        if "x-amz-target" in headers:
            headers["x-amz-target"] = headers["x-amz-target"].replace(operation, "Unheard")
        body = request.body.replace(b"Action=" + operation.encode(), b"Action=Unheard")
        request = Request(method=request.method, target=target, headers=headers, body=body)
    response = _ask_bare(service, request)
    error = read_by_botocore(service, operation, response, protocol=protocol)["Error"]
    told, status = dialect_of(service).unknown or (None, 0)
    expected = (told.code, status) if told is not None else _UNKNOWN[protocol]
    assert (error["Code"], response.status) == expected


_COUNTED: Final = re.compile(r"([0-9]+) validation errors? detected: ")


def _incomplete(service: str, protocol: str) -> Iterator[tuple[str, Response]]:
    """The answer of every operation that must be told more than where it is."""
    model, desk = botocore_model(service), Desk([service])
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        if shape is None or "payload" in shape.serialization:
            continue
        given = addressed(service, name)
        places = {"querystring", "header"}  # which may decide what operation is meant
        must = [
            member
            for member in shape.required_members
            if member not in given and shape.members[member].serialization.get("location") not in places
        ]
        if must:
            yield name, desk.ask(request_of(service, name, given, protocol=protocol))
            assert desk.api.given is None, name


_COUNTING: Final = [param for param in EACH if dialect_of(param.values[0]).missing is None and param.values[0] != "s3"]
_ALONE: Final = {"apigatewaymanagementapi"}
"""No operation of theirs has two members that must be there."""


@pytest.mark.parametrize(("service", "protocol"), _COUNTING)
def test_everything_that_is_missing_is_counted(service: str, protocol: str) -> None:
    """One message for all violations, with their number, whatever the protocol."""
    most = 0
    for name, response in _incomplete(service, protocol):
        assert response.status == 400, (name, response)
        message = read_by_botocore(service, name, response, protocol=protocol)["Error"]["Message"]
        if any(constraint == "required" for _, constraint in dialect_of(service, name).broken):
            assert message.endswith(" is required but was not present in the request"), (name, message)
            continue
        counted = _COUNTED.match(message)
        assert counted is not None, (name, message)
        told = message.count("failed to satisfy constraint: ")
        assert int(counted[1]) == told >= 1, (name, message)
        most = max(most, told)
    assert most > 1 or service in _ALONE


@pytest.mark.parametrize(
    ("service", "protocol"), [param for param in EACH if dialect_of(param.values[0]).missing is not None]
)
def test_the_first_that_is_missing_is_told(service: str, protocol: str) -> None:
    """These services have a code of their own for it, and name one parameter (`dialects`)."""
    for name, response in _incomplete(service, protocol):
        assert response.status == 400, (name, response)
        error = read_by_botocore(service, name, response, protocol=protocol)["Error"]
        if (service, error["Code"]) == ("sqs", "InvalidParameterValue"):
            assert error["Message"] == "Value for parameter QueueName is invalid. Reason: Must specify a queue name."
            continue
        assert error["Code"] in {"MissingParameter", "MissingRequiredParameterException"}
        assert error["Message"].startswith("The request must contain the parameter "), (name, error)


_CHOSEN: Final = {"cloudfront-keyvaluestore": "UpdateKeys", "s3": "DeleteObjects", "s3control": "PutBucketTagging"}
"""Where every operation with a body also has members elsewhere."""
_UNREADABLE: Final = {
    "json": (b'{"a":', {"SerializationException"}),
    "smithy-rpc-v2-cbor": (b"\xbf\x61", {"SerializationException"}),
    "query": (b"Action=%s&Version=\xff", {"MalformedQueryString"}),
    "ec2": (b"Action=%s&Version=\xff", {"MalformedQueryString"}),
    "rest-json": (b'{"a":', {"SerializationException"}),
    "rest-xml": (b"<a><b></a>", {"MalformedXML"}),
}


def _with_body(service: str, protocol: str) -> str | None:
    """An operation that reads its body, in a form of the protocol."""
    model = botocore_model(service)
    if not protocol.startswith("rest"):
        return _plain_operation(service)
    if service in _CHOSEN:
        return _CHOSEN[service]
    names: list[str] = model.operation_names
    for name in names:
        shape = model.operation_model(name).input_shape
        if shape is None or any(member.serialization.get("location") == "header" for member in shape.members.values()):
            continue
        payload = shape.serialization.get("payload")
        inside = [shape.members[payload]] if payload else list(shape.members.values())
        in_body = [member for member in inside if "location" not in member.serialization]
        if any(member.type_name != "blob" for member in in_body) and not any(
            member.serialization.get("location") == "querystring" for member in shape.members.values()
        ):
            return name
    return None


@pytest.mark.parametrize(("service", "protocol"), EACH)
def test_a_body_that_cannot_be_read(service: str, protocol: str) -> None:
    """Every service has the protocol's code for it, in a form which the client can read."""
    operation = _with_body(service, protocol)
    if operation is None:
        assert service == "apigatewaymanagementapi", "its only body is whatever is posted to a connection"
        return
    body, codes = _UNREADABLE[protocol]
    given = addressed(service, operation) | ({"IfMatch": "e"} if operation == "UpdateKeys" else {})
    request = request_of(service, operation, given, protocol=protocol)
    body = body.replace(b"%s", operation.encode())
    headers = {**request.headers, **(of_body(request.target, body) if protocol == "rest-xml" else {})}
    desk = Desk([service])
    response = desk.ask(Request(method=request.method, target=request.target, headers=headers, body=body))
    assert desk.api.given is None
    assert response.status == (404 if codes == {"MalformedQueryString"} else 400)  # "Common errors" of each of these
    assert read_by_botocore(service, operation, response, protocol=protocol)["Error"]["Code"] in codes
