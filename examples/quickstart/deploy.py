"""Deploy the notes application: a table, a role, a function and an HTTP API, with boto3 and the public AWS APIs alone.

Run it again and it finds what is there and updates the code. It works against AWS as it does against Pileus.
"""

import argparse
import base64
import hashlib
import http.client
import io
import json
import os
import sys
import time
import urllib.parse
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

NAME = "pileus-quickstart"
TABLE_NAME = f"{NAME}-notes"
FUNCTION_NAME = f"{NAME}-notes"
ROLE_NAME = f"{NAME}-notes-function"
ROUTE_KEYS = ("POST /notes", "GET /notes", "GET /notes/{id}", "DELETE /notes/{id}")
RUNTIME = "python3.12"
SOURCE = Path(__file__).parent / "function"

ROLE_READY_WITHIN_S = 60
"""On AWS a new role cannot be assumed at once."""

Clients = Callable[[str], Any]
"""Gives a boto3 client by the name of its service: `session.client`."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What there is now. url: of the API, without a slash at its end."""

    url: str
    api_id: str
    function_name: str
    function_arn: str
    table_name: str
    role_arn: str
    log_group: str


def deploy(clients: Clients, progress: Progress = lambda line: None) -> Deployed:
    """Create what is missing and update the function's code; `progress` hears of each step."""
    progress(f"table {TABLE_NAME}")
    table_arn = ensure_table(clients("dynamodb"))
    progress(f"role {ROLE_NAME}")
    role_arn = ensure_role(clients("iam"), table_arn)
    progress(f"function {FUNCTION_NAME}")
    function_arn = ensure_function(clients("lambda"), role_arn)
    progress(f"HTTP API {NAME}")
    api = ensure_api(clients("apigatewayv2"), function_arn)
    ensure_permission(clients("lambda"), function_arn, api["ApiId"])
    return Deployed(
        url=api["ApiEndpoint"].rstrip("/"),
        api_id=api["ApiId"],
        function_name=FUNCTION_NAME,
        function_arn=function_arn,
        table_name=TABLE_NAME,
        role_arn=role_arn,
        log_group=f"/aws/lambda/{FUNCTION_NAME}",
    )


def ensure_table(dynamodb: Any) -> str:
    """The table of notes; its ARN."""
    with suppress(dynamodb.exceptions.ResourceInUseException):
        dynamodb.create_table(
            TableName=TABLE_NAME,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    dynamodb.get_waiter("table_exists").wait(TableName=TABLE_NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    return str(dynamodb.describe_table(TableName=TABLE_NAME)["Table"]["TableArn"])


def ensure_role(iam: Any, table_arn: str) -> str:
    """The role the function runs under, allowed just what it does; its ARN."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=ROLE_NAME, AssumeRolePolicyDocument=json.dumps(trust))
    role_arn = str(iam.get_role(RoleName=ROLE_NAME)["Role"]["Arn"])
    iam.put_role_policy(RoleName=ROLE_NAME, PolicyName="notes", PolicyDocument=json.dumps(permissions(table_arn)))
    return role_arn


def permissions(table_arn: str) -> dict[str, Any]:
    """What the function may do: its four operations on its table, and write its log."""
    _, partition, _, region, account, _ = table_arn.split(":", 5)
    log_group = f"arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/{FUNCTION_NAME}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:DeleteItem", "dynamodb:Scan"],
                "Resource": table_arn,
            },
            {"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": log_group},
            {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{log_group}:*"},
        ],
    }


def package(source: Path = SOURCE) -> bytes:
    """The function's code as a zip; the same code gives the same bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(source.rglob("*.py")):
            entry = zipfile.ZipInfo(path.relative_to(source).as_posix(), (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            file.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def ensure_function(lambda_: Any, role_arn: str) -> str:
    """The function with today's code; its ARN."""
    code = package()
    try:
        found = lambda_.get_function(FunctionName=FUNCTION_NAME)["Configuration"]
    except lambda_.exceptions.ResourceNotFoundException:
        _create_function(lambda_, role_arn, code)
    else:
        lambda_.get_waiter("function_active_v2").wait(FunctionName=FUNCTION_NAME)
        if found["CodeSha256"] != base64.b64encode(hashlib.sha256(code).digest()).decode():
            lambda_.update_function_code(FunctionName=FUNCTION_NAME, ZipFile=code)
    every_second = {"Delay": 1, "MaxAttempts": 120}
    lambda_.get_waiter("function_active_v2").wait(FunctionName=FUNCTION_NAME, WaiterConfig=every_second)
    lambda_.get_waiter("function_updated_v2").wait(FunctionName=FUNCTION_NAME, WaiterConfig=every_second)
    return str(lambda_.get_function(FunctionName=FUNCTION_NAME)["Configuration"]["FunctionArn"])


def _create_function(lambda_: Any, role_arn: str, code: bytes) -> None:
    give_up_at = time.monotonic() + ROLE_READY_WITHIN_S
    while True:
        try:
            lambda_.create_function(
                FunctionName=FUNCTION_NAME,
                Runtime=RUNTIME,
                Handler="app.handler",
                Role=role_arn,
                Code={"ZipFile": code},
                Timeout=10,
                MemorySize=256,
                Environment={"Variables": {"TABLE_NAME": TABLE_NAME}},
            )
        except lambda_.exceptions.InvalidParameterValueException as error:
            if "cannot be assumed" not in str(error) or time.monotonic() > give_up_at:
                raise
            time.sleep(2)
        else:
            return


def ensure_api(apigateway: Any, function_arn: str) -> dict[str, Any]:
    """The HTTP API with an integration, its routes and the `$default` stage; as GetApi describes it."""
    api_id = _api_id(apigateway) or apigateway.create_api(Name=NAME, ProtocolType="HTTP")["ApiId"]
    target = f"integrations/{_integration_id(apigateway, api_id, function_arn)}"
    routes = {route["RouteKey"]: route for route in _all(apigateway, "get_routes", ApiId=api_id)}
    for key in ROUTE_KEYS:
        if key not in routes:
            apigateway.create_route(ApiId=api_id, RouteKey=key, Target=target)
        elif routes[key].get("Target") != target:
            apigateway.update_route(ApiId=api_id, RouteId=routes[key]["RouteId"], Target=target)
    if not any(stage["StageName"] == "$default" for stage in _all(apigateway, "get_stages", ApiId=api_id)):
        apigateway.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    api: dict[str, Any] = apigateway.get_api(ApiId=api_id)
    return api


def _api_id(apigateway: Any) -> str | None:
    return next((str(api["ApiId"]) for api in _all(apigateway, "get_apis") if api["Name"] == NAME), None)


def _integration_id(apigateway: Any, api_id: str, function_arn: str) -> str:
    for integration in _all(apigateway, "get_integrations", ApiId=api_id):
        if integration.get("IntegrationUri") == function_arn:
            return str(integration["IntegrationId"])
    made = apigateway.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=function_arn, PayloadFormatVersion="2.0"
    )
    return str(made["IntegrationId"])


def _all(client: Any, operation: str, **arguments: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator(operation).paginate(**arguments)
    return [item for page in pages for item in page["Items"]]


def ensure_permission(lambda_: Any, function_arn: str, api_id: str) -> None:
    """Let this API, and no other, invoke the function."""
    _, partition, _, region, account, _ = function_arn.split(":", 5)
    with suppress(lambda_.exceptions.ResourceConflictException):
        lambda_.add_permission(
            FunctionName=FUNCTION_NAME,
            StatementId=f"http-api-{api_id}",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:{partition}:execute-api:{region}:{account}:{api_id}/*",
        )


def call(url: str, *, method: str = "GET", content: object = None) -> tuple[int, Any]:
    """One request to the deployed API: status, and the JSON answered.

    Names below `localhost` are this machine (RFC 6761, section 6.3), which not every resolver knows.
    """
    parts = urllib.parse.urlsplit(url)
    assert parts.hostname is not None
    host = "localhost" if parts.hostname.endswith(".localhost") else parts.hostname
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, parts.port, timeout=40)
    try:
        headers = {"Host": parts.netloc, "Content-Type": "application/json"}
        body = None if content is None else json.dumps(content)
        connection.request(method, parts.path or "/", body=body, headers=headers)
        response = connection.getresponse()
        answer = response.read()
        return response.status, json.loads(answer) if answer else None
    finally:
        connection.close()


def main() -> int:
    """Deploy, try it out, and say what to do next."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--aws", action="store_true", help="deploy to AWS itself when AWS_ENDPOINT_URL is not set")
    parser.add_argument("--endpoint-url", help="where Pileus serves; default: AWS_ENDPOINT_URL", metavar="URL")
    parser.add_argument("--logs", action="store_true", help="deploy nothing; print what the function has logged")
    options = parser.parse_args()
    endpoint = options.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint and not options.aws:
        _stop("AWS_ENDPOINT_URL is not set, so this would deploy to AWS. Say --aws if you mean it.")
    session = _session(endpoint)
    if options.logs:
        return show_logs(session.client("logs"))
    print(f"Deploying the quickstart to {endpoint or 'AWS'}")
    started = time.monotonic()
    try:
        deployed = deploy(session.client, lambda step: print(f"  {step}"))
    except (ClientError, BotoCoreError, WaiterError) as error:
        _stop(f"Deploying failed: {error}")
    print(f"  done in {time.monotonic() - started:.1f} s")
    return try_out(deployed, endpoint)


def _session(endpoint: str | None) -> boto3.Session:
    """The user's own session; where there is none, one that Pileus welcomes."""
    if endpoint:
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        if boto3.Session().get_credentials() is None:
            os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"] = "000000000000", "pileus"
    session = boto3.Session()
    return session if session.region_name else boto3.Session(region_name="us-east-1")


def show_logs(logs: Any) -> int:
    """Print the function's log, oldest first."""
    try:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{FUNCTION_NAME}"):
            for event in page["events"]:
                print(event["message"].rstrip("\n"))
    except BrokenPipeError:
        os._exit(0)  # whoever read has seen enough
    except logs.exceptions.ResourceNotFoundException:
        _stop("The function has not logged anything yet.")
    except (ClientError, BotoCoreError) as error:
        _stop(f"No log: {error}")
    return 0


def try_out(deployed: Deployed, endpoint: str | None) -> int:
    """Call the API once, and print the commands to go on with; an exit status."""
    notes_url = f"{deployed.url}/notes"
    try:
        status, answer = call(notes_url)
        if status == 200 and not answer["notes"]:
            status, answer = call(notes_url, method="POST", content={"text": "Hello from Pileus"})
            status, answer = call(notes_url)
    except (OSError, http.client.HTTPException, ValueError) as error:
        _stop(f"{notes_url} does not answer: {error}")
    here = f" --endpoint-url {endpoint}" if endpoint else " --aws"
    program = f"{os.path.relpath(sys.executable)} {os.path.relpath(__file__)}{here}"
    if status != 200:
        _stop(f"{notes_url} answered {status}: {answer}\nThe function's log says why: {program} --logs")
    count = len(answer["notes"])
    print(f"  {notes_url} answers: {count} note{'' if count == 1 else 's'}")
    print(
        f"\nOpen {notes_url}\nTry\n"
        f"  curl {notes_url}\n"
        f'  curl {notes_url} -d \'{{"text": "remember this"}}\'\n'
        f"  {program} --logs"
    )
    return 0


def _stop(why: str) -> NoReturn:
    print(why, file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    raise SystemExit(main())
