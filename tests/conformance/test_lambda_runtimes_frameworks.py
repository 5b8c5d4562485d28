"""Frameworks that people put into functions, as their registries have them, unmodified."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.test_lambda_runtimes import create, folder, needs_node, package
from tests.conftest import Server

pytestmark = pytest.mark.slow

_HTTP_EVENT = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/hello/you",
    "rawQueryString": "loud=1",
    "headers": {"host": "example.com", "accept": "*/*"},
    "queryStringParameters": {"loud": "1"},
    "requestContext": {
        "http": {
            "method": "GET",
            "path": "/hello/you",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "x",
        },
        "domainName": "example.com",
        "stage": "$default",
        "requestId": "r",
        "apiId": "a",
        "accountId": "1",
        "domainPrefix": "example",
        "routeKey": "$default",
        "time": "12/Mar/2020:19:03:58 +0000",
        "timeEpoch": 1583348638390,
    },
    "isBase64Encoded": False,
}


def _installed(place: Path, command: list[str]) -> dict[str, str | bytes]:
    place.mkdir(parents=True)
    try:
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=180, check=False)
    except (OSError, subprocess.TimeoutExpired) as failure:
        pytest.skip(f"the packages cannot be installed here: {failure}")
    if done.returncode != 0:
        pytest.skip(f"the packages cannot be installed here: {done.stderr.strip().splitlines()[-1:]}")
    return folder(place)


def _python(place: Path, *names: str) -> dict[str, str | bytes]:
    options = ["--quiet", "--only-binary", ":all:", "--target", str(place)]
    return _installed(place, [sys.executable, "-m", "pip", "install", *options, *names])


def _invoke(aws: Server, name: str, event: object) -> Any:
    answer = aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode(), LogType="Tail")
    payload = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, payload
    return payload


def test_fastapi_through_mangum(aws: Server, tmp_path: Path) -> None:
    """An ASGI application answers an HTTP API's event."""
    files = _python(tmp_path / "packages", "fastapi", "mangum")
    files["app.py"] = """
from fastapi import FastAPI
from mangum import Mangum
app = FastAPI()
@app.get("/hello/{whom}")
async def hello(whom: str, loud: bool = False):
    return {"hello": whom.upper() if loud else whom}
handler = Mangum(app)
"""
    name = create(aws, "python3.11", "app.handler", package(files), MemorySize=512)
    for _ in range(2):
        answer = _invoke(aws, name, _HTTP_EVENT)
        assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"hello": "YOU"})


def test_powertools_for_python(aws: Server, tmp_path: Path) -> None:
    """Its logger, metrics and event handler."""
    files = _python(tmp_path / "packages", "aws-lambda-powertools")
    files["app.py"] = """
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.metrics import MetricUnit
logger, metrics, app = Logger(service="shop"), Metrics(namespace="Shop", service="shop"), APIGatewayHttpResolver()
@app.get("/hello/<whom>")
def hello(whom):
    logger.info("greeting", extra={"whom": whom})
    metrics.add_metric(name="Greetings", unit=MetricUnit.Count, value=1)
    return {"hello": whom}
@logger.inject_lambda_context
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event, context):
    return app.resolve(event, context)
"""
    name = create(aws, "python3.11", "app.handler", package(files), MemorySize=512)
    answer = _invoke(aws, name, _HTTP_EVENT)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"hello": "you"})


@needs_node
def test_express_through_serverless_http(aws: Server, tmp_path: Path) -> None:
    """An Express application answers an HTTP API's event."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed here")
    files = _installed(
        tmp_path / "packages",
        [npm, "install", "--no-audit", "--no-fund", "--prefix", ".", "express", "serverless-http"],
    )
    files["app.js"] = """
const express = require("express");
const serverless = require("serverless-http");
const app = express();
app.get("/hello/:whom", (request, response) => response.json({ hello: request.params.whom, loud: request.query.loud }));
exports.handler = serverless(app);
"""
    name = create(aws, "nodejs20.x", "app.handler", package(files), MemorySize=512)
    for _ in range(2):
        answer = _invoke(aws, name, _HTTP_EVENT)
        assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"hello": "you", "loud": "1"})


@needs_node
def test_powertools_for_typescript(aws: Server, tmp_path: Path) -> None:
    """Its logger writes JSON by a console of its own."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed here")
    files = _installed(
        tmp_path / "packages",
        [npm, "install", "--no-audit", "--no-fund", "--prefix", ".", "@aws-lambda-powertools/logger"],
    )
    files["app.mjs"] = """
import { Logger } from "@aws-lambda-powertools/logger";
const logger = new Logger({ serviceName: "shop" });
export const handler = async (event, context) => {
  logger.addContext(context);
  logger.info("greeting", { whom: event });
  return event;
};
"""
    name = create(aws, "nodejs20.x", "app.handler", package(files), MemorySize=512)
    assert _invoke(aws, name, "you") == "you"
