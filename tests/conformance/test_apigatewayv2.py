"""HTTP APIs as boto3 and HTTP clients see them."""

import http.client
import io
import json
import time
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server

_FUNCTION = """
import json

def handler(event, context):
    query = event.get("queryStringParameters") or {}
    if "raise" in query:
        raise RuntimeError("on request")
    if "plain" in query:
        return "plain text"
    if "echo" in query:
        return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
    return {"statusCode": 201, "headers": {"x-one": "1"}, "cookies": ["a=1", "b=2"], "body": "made"}
"""

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def _name() -> str:
    return f"apigw-{uuid.uuid4().hex[:12]}"


def _code(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


class _Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.getheaders()
        self.body = response.read()

    def header(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known.lower() == name]


def _ask(aws: Server, endpoint: str, target: str, *, method: str = "GET", body: bytes = b"", **headers: str) -> _Answer:
    """Ask the API at its endpoint: its host is one of this machine's, which not every resolver knows."""
    parts = urlsplit(aws.url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    sent = {"Host": urlsplit(endpoint).netloc} | {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, target, body=body or None, headers=sent)
        return _Answer(connection.getresponse())
    finally:
        connection.close()


@pytest.fixture
def gateway(aws: Server) -> Any:
    return aws.client("apigatewayv2")


@pytest.fixture
def api(gateway: Any) -> Iterator[dict[str, Any]]:
    made = gateway.create_api(Name=_name(), ProtocolType="HTTP")
    yield made
    with suppress(gateway.exceptions.NotFoundException):
        gateway.delete_api(ApiId=made["ApiId"])


@pytest.fixture(scope="module")
def function_arn(aws: Server) -> str:
    """A function that any HTTP API may invoke."""
    name = _name()
    iam, lambda_ = aws.client("iam"), aws.client("lambda")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", _FUNCTION)
    made = lambda_.create_function(
        FunctionName=name, Runtime="python3.12", Handler="app.handler", Role=role, Code={"ZipFile": archive.getvalue()}
    )
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    lambda_.add_permission(
        FunctionName=name, StatementId="any", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    return str(made["FunctionArn"])


def test_life_of_an_api(gateway: Any) -> None:
    """Created, described, listed, deleted; statuses and members as AWS answers."""
    name = _name()
    made = gateway.create_api(Name=name, ProtocolType="HTTP", Description="d", Tags={"k": "v"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert {key: made[key] for key in ("Name", "ProtocolType", "Description", "Tags")} == {
        "Name": name, "ProtocolType": "HTTP", "Description": "d", "Tags": {"k": "v"}
    }  # fmt: skip
    assert made["RouteSelectionExpression"] == "$request.method $request.path"
    assert made["ApiKeySelectionExpression"] == "$request.header.x-api-key"
    assert made["DisableExecuteApiEndpoint"] is False
    assert f"{made['ApiId']}.execute-api." in made["ApiEndpoint"]
    found = gateway.get_api(ApiId=made["ApiId"])
    assert {**found, "ResponseMetadata": None} == {**made, "ResponseMetadata": None}
    pages = gateway.get_paginator("get_apis").paginate(PaginationConfig={"PageSize": 2})
    assert made["ApiId"] in [item["ApiId"] for page in pages for item in page["Items"]]
    assert gateway.delete_api(ApiId=made["ApiId"])["ResponseMetadata"]["HTTPStatusCode"] == 204
    with pytest.raises(gateway.exceptions.NotFoundException) as caught:
        gateway.get_api(ApiId=made["ApiId"])
    assert _code(caught) == ("NotFoundException", 404)
    assert caught.value.response["Error"]["Message"].startswith("Invalid API identifier specified ")


def test_routes_integrations_stages(gateway: Any, api: dict[str, Any], function_arn: str) -> None:
    """Members and defaults of what belongs to an API, and its errors."""
    api_id = api["ApiId"]
    integration = gateway.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=function_arn, PayloadFormatVersion="2.0"
    )
    assert integration["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert {key: value for key, value in integration.items() if key != "ResponseMetadata"} == {
        "ConnectionType": "INTERNET",
        "IntegrationId": integration["IntegrationId"],
        "IntegrationMethod": "POST",
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": function_arn,
        "PayloadFormatVersion": "2.0",
        "TimeoutInMillis": 30000,
    }
    target = f"integrations/{integration['IntegrationId']}"
    route = gateway.create_route(ApiId=api_id, RouteKey="GET /a/{id}", Target=target)
    assert {key: value for key, value in route.items() if key != "ResponseMetadata"} == {
        "ApiKeyRequired": False,
        "AuthorizationType": "NONE",
        "RouteId": route["RouteId"],
        "RouteKey": "GET /a/{id}",
        "Target": target,
    }
    with pytest.raises(gateway.exceptions.ConflictException) as conflict:
        gateway.create_route(ApiId=api_id, RouteKey="GET /a/{id}", Target=target)
    assert _code(conflict) == ("ConflictException", 409)
    with pytest.raises(gateway.exceptions.BadRequestException) as bad:
        gateway.create_route(ApiId=api_id, RouteKey="FETCH /a", Target=target)
    assert _code(bad) == ("BadRequestException", 400)
    with pytest.raises(gateway.exceptions.ConflictException):
        gateway.delete_integration(ApiId=api_id, IntegrationId=integration["IntegrationId"])
    stage = gateway.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    assert (stage["AutoDeploy"], stage["StageName"], stage["StageVariables"]) == (True, "$default", {})
    found = gateway.get_stage(ApiId=api_id, StageName="$default")
    assert found["DeploymentId"] == stage["DeploymentId"]
    assert [item["RouteId"] for item in gateway.get_routes(ApiId=api_id)["Items"]] == [route["RouteId"]]
    gateway.delete_route(ApiId=api_id, RouteId=route["RouteId"])
    gateway.delete_integration(ApiId=api_id, IntegrationId=integration["IntegrationId"])
    gateway.delete_stage(ApiId=api_id, StageName="$default")
    with pytest.raises(gateway.exceptions.NotFoundException):
        gateway.get_stage(ApiId=api_id, StageName="$default")


def test_an_unknown_api_or_route_is_not_found(aws: Server, api: dict[str, Any]) -> None:
    """AWS's body, whichever way the request comes."""
    for answer in (
        _ask(aws, api["ApiEndpoint"], "/nothing"),
        _ask(aws, aws.url, f"/_aws/execute-api/{api['ApiId']}/nothing"),
        _ask(aws, aws.url, "/_aws/execute-api/none/nothing"),
    ):
        assert (answer.status, json.loads(answer.body)) == (404, {"message": "Not Found"})
        assert answer.header("apigw-requestid")


def test_quick_create_serves(aws: Server, gateway: Any, function_arn: str) -> None:
    """One call makes an API that invokes the function: what it says is what the client gets."""
    made = gateway.create_api(Name=_name(), ProtocolType="HTTP", Target=function_arn)
    answer = _ask(aws, made["ApiEndpoint"], "/any/path", method="POST", body=b"x")
    assert (answer.status, answer.body) == (201, b"made")
    assert (answer.header("x-one"), answer.header("set-cookie")) == (["1"], ["a=1", "b=2"])
    assert answer.header("content-type") == ["text/plain;charset=UTF-8"]
    assert _ask(aws, made["ApiEndpoint"], "/?plain").body == b"plain text"
    failed = _ask(aws, made["ApiEndpoint"], "/?raise")
    assert (failed.status, json.loads(failed.body)) == (500, {"message": "Internal Server Error"})
    gateway.delete_api(ApiId=made["ApiId"])


def test_event(aws: Server, gateway: Any, api: dict[str, Any], function_arn: str) -> None:
    """The function learns of the request what AWS's page on payload format 2.0 promises."""
    integration = gateway.create_integration(
        ApiId=api["ApiId"], IntegrationType="AWS_PROXY", IntegrationUri=function_arn, PayloadFormatVersion="2.0"
    )
    gateway.create_route(
        ApiId=api["ApiId"], RouteKey="PUT /notes/{id}", Target=f"integrations/{integration['IntegrationId']}"
    )
    gateway.create_stage(ApiId=api["ApiId"], StageName="dev", AutoDeploy=True, StageVariables={"v": "1"})
    answer = _ask(
        aws, api["ApiEndpoint"], "/dev/notes/7?echo&x=1&x=2", method="PUT", body=b'{"a": 1}',
        content_type="application/json", cookie="c=1",
    )  # fmt: skip
    event = json.loads(answer.body)
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "PUT /notes/{id}", "/dev/notes/7")
    assert (event["rawQueryString"], event["queryStringParameters"]) == ("echo&x=1&x=2", {"echo": "", "x": "1,2"})
    assert (event["pathParameters"], event["stageVariables"], event["cookies"]) == ({"id": "7"}, {"v": "1"}, ["c=1"])
    assert (event["body"], event["isBase64Encoded"]) == ('{"a": 1}', False)
    said = event["requestContext"]
    assert (said["apiId"], said["stage"], said["http"]["method"]) == (api["ApiId"], "dev", "PUT")
    assert said["accountId"] == "111111111111"
    assert abs(said["timeEpoch"] / 1000 - time.time()) < 60
    assert answer.header("apigw-requestid") == [said["requestId"]]


def test_the_function_decides_who_may_invoke_it(aws: Server, gateway: Any, function_arn: str) -> None:
    """Without a permission in the function's policy the API answers 500, as on AWS; with one it works at once."""
    lambda_ = aws.client("lambda")
    name = function_arn.rpartition(":")[2]
    lambda_.remove_permission(FunctionName=name, StatementId="any")
    made = gateway.create_api(Name=_name(), ProtocolType="HTTP", Target=function_arn)
    try:
        refused = _ask(aws, made["ApiEndpoint"], "/")
        assert (refused.status, json.loads(refused.body)) == (500, {"message": "Internal Server Error"})
    finally:
        lambda_.add_permission(
            FunctionName=name, StatementId="any", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
        )
    assert _ask(aws, made["ApiEndpoint"], "/").status == 201
    gateway.delete_api(ApiId=made["ApiId"])


def test_what_is_not_built_says_so(gateway: Any) -> None:
    """No answer pretends: 501 and the name of what is missing."""
    with pytest.raises(ClientError, match="WEBSOCKET") as caught:
        gateway.create_api(Name=_name(), ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
    assert _code(caught) == ("NotImplemented", 501)
    with pytest.raises(ClientError, match="GetDomainNames") as absent:
        gateway.get_domain_names()
    assert _code(absent) == ("NotImplemented", 501)
