"""Frameworks that people put into functions, as their registries have them, unmodified: asked over HTTP.

Needs pip and PyPI, or node, npm and its registry; what cannot be installed is skipped.
"""

import http.client
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from tests.conformance.test_lambda_runtimes import create, folder, needs_node, package
from tests.conftest import Server
from tests.support.registries import node_packages, python_packages

pytestmark = pytest.mark.slow

WITHIN_S: Final = 30.0
PICTURE: Final = bytes(range(256))

_FASTAPI: Final = """
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from mangum import Mangum
from pydantic import BaseModel

app = FastAPI()

class Note(BaseModel):
    title: str
    stars: int = 0

@app.get("/hello/{whom}")
async def hello(whom: str, loud: bool = False):
    return {"hello": whom.upper() if loud else whom}

@app.post("/notes", status_code=201)
async def write(note: Note, response: Response):
    response.set_cookie("seen", note.title)
    response.set_cookie("stars", str(note.stars))
    return note

@app.get("/picture")
async def picture():
    return Response(bytes(range(256)), media_type="image/png")

@app.put("/size")
async def size(request: Request):
    return {"size": len(await request.body()), "cookies": request.cookies, "via": request.scope["aws.event"]["version"]}

@app.get("/broken")
async def broken():
    raise HTTPException(418, "short and stout")

handler = Mangum(app)
"""
_EXPRESS: Final = """
const express = require("express");
const serverless = require("serverless-http");
const app = express();
app.use(express.json());
app.get("/hello/:whom", (request, response) => response.json({ hello: request.params.whom, loud: request.query.loud }));
app.post("/notes", (request, response) => {
  response.cookie("seen", request.body.title);
  response.status(201).json(request.body);
});
app.get("/picture", (request, response) =>
  response.type("image/png").send(Buffer.from(Array.from({ length: 256 }, (_, index) => index))));
exports.handler = serverless(app, { binary: ["image/*"] });
"""


class _Site:
    """What answers at an address of this server, which not every resolver knows."""

    def __init__(self, aws: Server, address: str) -> None:
        self._at = urlsplit(aws.url).netloc
        self._host = urlsplit(address).netloc

    def __call__(
        self, method: str, target: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection(self._at, timeout=60)
        sent = {"Host": self._host} | {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, target, body=body, headers=sent)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


def _sites(aws: Server, function: str) -> tuple[_Site, _Site]:
    """The function behind a URL of its own, and behind an HTTP API."""
    functions = aws.client("lambda")
    url = functions.create_function_url_config(FunctionName=function, AuthType="NONE")["FunctionUrl"]
    functions.add_permission(
        FunctionName=function,
        StatementId="everybody",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    functions.add_permission(
        FunctionName=function, StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    arn = functions.get_function_configuration(FunctionName=function)["FunctionArn"]
    api = aws.client("apigatewayv2").create_api(Name=function, ProtocolType="HTTP", Target=arn)
    return _Site(aws, url), _Site(aws, api["ApiEndpoint"])


def _until(find: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + WITHIN_S
    while not (found := find()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)
    return found


def _logged(aws: Server, function: str, pattern: str, *, count: int) -> list[Any]:
    """So many lines of the function's log, which are JSON and match the pattern."""
    logs = aws.client("logs")

    def find() -> list[Any]:
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}", filterPattern=pattern)["events"]
        except logs.exceptions.ResourceNotFoundException:  # nothing has arrived yet
            return []
        return [json.loads(event["message"]) for event in events]

    found: list[Any] = _until(lambda: len(lines := find()) >= count and lines)
    assert len(found) == count
    return found


def test_fastapi_through_mangum(aws: Server, tmp_path: Path) -> None:
    """Paths, queries, bodies, validation, cookies, binary answers and errors, by both ways in."""
    files = folder(python_packages(tmp_path / "packages", "fastapi", "mangum"))
    name = create(aws, "python3.11", "app.handler", package(files | {"app.py": _FASTAPI}), MemorySize=512)
    for ask in _sites(aws, name):
        status, headers, body = ask("GET", "/hello/you%20there?loud=1")
        assert (status, headers["content-type"], json.loads(body)) == (200, "application/json", {"hello": "YOU THERE"})
        status, headers, body = ask("POST", "/notes", b'{"title": "milk", "stars": 3}', content_type="application/json")
        assert (status, json.loads(body)) == (201, {"title": "milk", "stars": 3})
        assert [line.partition(";")[0] for line in headers.get_all("set-cookie", [])] == ["seen=milk", "stars=3"]
        status, _, body = ask("POST", "/notes", b'{"stars": "many"}', content_type="application/json")
        assert (status, json.loads(body)["detail"][0]["loc"]) == (422, ["body", "title"])
        status, headers, body = ask("GET", "/picture")
        assert (status, headers["content-type"], body) == (200, "image/png", PICTURE)
        status, _, body = ask("PUT", "/size", PICTURE, content_type="image/png", cookie="a=1; b=2")
        assert (status, json.loads(body)) == (200, {"size": 256, "cookies": {"a": "1", "b": "2"}, "via": "2.0"})
        status, _, body = ask("GET", "/broken")
        assert (status, json.loads(body)) == (418, {"detail": "short and stout"})
        assert ask("GET", "/nowhere")[0] == 404
        assert json.loads(ask("GET", "/openapi.json")[2])["paths"].keys() >= {"/notes", "/picture"}


@needs_node
def test_express_through_serverless_http(aws: Server, tmp_path: Path) -> None:
    """Paths, queries, bodies, cookies and binary answers, by both ways in."""
    files = folder(node_packages(tmp_path / "packages", "express", "serverless-http"))
    name = create(aws, "nodejs20.x", "app.handler", package(files | {"app.js": _EXPRESS}), MemorySize=512)
    for ask in _sites(aws, name):
        status, headers, body = ask("GET", "/hello/you?loud=1")
        assert (status, json.loads(body)) == (200, {"hello": "you", "loud": "1"})
        assert (headers["x-powered-by"], headers["content-type"]) == ("Express", "application/json; charset=utf-8")
        status, headers, body = ask("POST", "/notes", b'{"title": "milk"}', content_type="application/json")
        assert (status, headers["set-cookie"], json.loads(body)) == (201, "seen=milk; Path=/", {"title": "milk"})
        status, headers, body = ask("GET", "/picture")
        assert (status, headers["content-type"], body) == (200, "image/png", PICTURE)
        assert ask("GET", "/nowhere")[0] == 404


_POWERTOOLS: Final = """
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.metrics import MetricUnit

logger, metrics = Logger(service="shop", level="INFO"), Metrics(namespace="Shop", service="shop")
tracer, app = Tracer(service="shop", disabled=True), APIGatewayHttpResolver()

@app.get("/items/<name>")
@tracer.capture_method
def item(name: str):
    if name == "none":
        raise NotFoundError("no such item")
    logger.info("sold", extra={"item": name})
    logger.debug("nobody asked for this")
    metrics.add_metric(name="Sold", unit=MetricUnit.Count, value=int(app.current_event.query_string_parameters["n"]))
    return {"item": name}

@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event, context):
    return app.resolve(event, context)
"""


def test_powertools_for_python(aws: Server, tmp_path: Path) -> None:
    """Its event handler answers; its logger's lines are found by their members; its metrics are CloudWatch's."""
    files = folder(python_packages(tmp_path / "packages", "aws-lambda-powertools"))
    name = create(aws, "python3.11", "app.handler", package(files | {"app.py": _POWERTOOLS}), MemorySize=512)
    ask = _sites(aws, name)[1]
    for count in (2, 3):
        assert ask("GET", f"/items/lamp?n={count}")[::2] == (200, b'{"item":"lamp"}')
    status, _, body = ask("GET", "/items/none")
    assert (status, json.loads(body)) == (404, {"statusCode": 404, "message": "no such item"})

    lines = _logged(aws, name, '{ $.message = "sold" && $.level = "INFO" }', count=2)
    assert [(line["item"], line["service"], line["cold_start"]) for line in lines] == [
        ("lamp", "shop", True),
        ("lamp", "shop", False),
    ]
    assert lines[0]["function_name"] == name
    assert lines[0]["function_arn"].endswith(f":function:{name}")
    logs = aws.client("logs")
    assert not logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="nobody")["events"]

    metrics = aws.client("cloudwatch")
    now = datetime.now(UTC)

    def sum_of(metric: str, **dimensions: str) -> float:
        answer = metrics.get_metric_statistics(
            Namespace="Shop",
            MetricName=metric,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=7200,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in answer["Datapoints"]))

    _until(lambda: sum_of("Sold", service="shop") == 5)
    assert sum_of("ColdStart", function_name=name, service="shop") == 1


_POWERTOOLS_TYPESCRIPT: Final = """
import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
const logger = new Logger({ serviceName: "shop" });
const metrics = new Metrics({ namespace: "ShopOfNode", serviceName: "shop" });
export const handler = async (event, context) => {
  logger.addContext(context);
  logger.info("greeting", { whom: event });
  metrics.addMetric("Greetings", MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
  return event;
};
"""


@needs_node
def test_powertools_for_typescript(aws: Server, tmp_path: Path) -> None:
    """They write by a console of their own, past the one that the runtime has patched."""
    packages = ["@aws-lambda-powertools/logger", "@aws-lambda-powertools/metrics"]
    files = folder(node_packages(tmp_path / "packages", *packages))
    archive = package(files | {"app.mjs": _POWERTOOLS_TYPESCRIPT})
    name = create(aws, "nodejs20.x", "app.handler", archive, MemorySize=512)
    answer = aws.client("lambda").invoke(FunctionName=name, Payload=b'"you"')
    assert answer["Payload"].read() == b'"you"'
    (line,) = _logged(aws, name, '{ $.message = "greeting" && $.whom = "you" }', count=1)
    assert line["function_name"] == name
    listed = aws.client("cloudwatch").list_metrics
    _until(lambda: listed(Namespace="ShopOfNode", MetricName="Greetings")["Metrics"])
