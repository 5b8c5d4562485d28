"""Does the quickstart deploy with nothing but public AWS APIs? Asked of moto, which is neither AWS nor us."""

import base64
import importlib.util
import json
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

_QUICKSTART = Path(__file__).parents[3] / "examples" / "quickstart"


def _load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.Session()


@pytest.fixture
def deploying() -> ModuleType:
    return _load("quickstart_deploy", _QUICKSTART / "deploy.py")


def test_deploy_twice(session: Any, deploying: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The second run finds everything, makes nothing twice, and updates the code if it changed."""
    steps: list[str] = []
    first = deploying.deploy(session.client, steps.append)
    assert len(steps) == 4
    lambda_ = session.client("lambda")
    before = lambda_.get_function(FunctionName=first.function_name)["Configuration"]["CodeSha256"]
    assert deploying.deploy(session.client) == first
    assert lambda_.get_function(FunctionName=first.function_name)["Configuration"]["CodeSha256"] == before

    (tmp_path / "app.py").write_text("changed = True\n")
    changed = deploying.package(tmp_path)
    monkeypatch.setattr(deploying, "package", lambda: changed)
    assert deploying.deploy(session.client) == first
    assert lambda_.get_function(FunctionName=first.function_name)["Configuration"]["CodeSha256"] != before

    gateway = session.client("apigatewayv2")
    routes = gateway.get_routes(ApiId=first.api_id)["Items"]
    assert sorted(route["RouteKey"] for route in routes) == sorted(deploying.ROUTE_KEYS)
    assert len(gateway.get_apis()["Items"]) == 1
    assert len(gateway.get_integrations(ApiId=first.api_id)["Items"]) == 1
    assert first.url == gateway.get_api(ApiId=first.api_id)["ApiEndpoint"]
    policy = json.loads(lambda_.get_policy(FunctionName=first.function_name)["Policy"])
    # moto takes the same statement id again, which AWS answers with ResourceConflictException.
    assert {statement["Sid"] for statement in policy["Statement"]} == {f"http-api-{first.api_id}"}


def test_least_privilege(deploying: ModuleType) -> None:
    """The role names the one table and the one log group, and no wildcard action."""
    text = json.dumps(deploying.permissions("arn:aws:dynamodb:eu-west-1:000000000000:table/t"))
    for statement in json.loads(text)["Statement"]:
        assert statement["Resource"].split(":", 5)[5] != "*"
        assert "*" not in str(statement["Action"])
    assert "arn:aws:dynamodb:eu-west-1:000000000000:table/t" in text


def test_package_repeats_itself(deploying: ModuleType) -> None:
    """The same code has the same hash, so an unchanged function is not updated."""
    assert deploying.package() == deploying.package()
    assert zipfile.ZipFile(BytesIO(deploying.package())).namelist() == ["app.py"]


def test_the_function(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notes are made, found, listed in order and removed; bad input is a 400 that says what to send."""
    monkeypatch.setenv("TABLE_NAME", "notes")
    session.client("dynamodb").create_table(
        TableName="notes",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    app = _load("quickstart_app", _QUICKSTART / "function" / "app.py")

    def ask(key: str, *, body: str | None = None, note: str = "", encoded: bool = False) -> tuple[int, Any]:
        event: dict[str, Any] = {"routeKey": key, "pathParameters": {"id": note}, "isBase64Encoded": encoded}
        if body is not None:
            event["body"] = base64.b64encode(body.encode()).decode() if encoded else body
        answer = app.handler(event, None)
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None

    status, first = ask("POST /notes", body='{"text": "one"}')
    assert (status, first["text"]) == (201, "one")
    _, second = ask("POST /notes", body='{"text": "two"}', encoded=True)
    assert ask("GET /notes") == (200, {"notes": [first, second]})
    assert ask("GET /notes/{id}", note=first["id"]) == (200, first)
    assert ask("DELETE /notes/{id}", note=first["id"]) == (204, None)
    assert ask("GET /notes/{id}", note=first["id"])[0] == 404
    for body in (None, "", "{", "[]", '{"text": ""}', '{"text": 1}', json.dumps({"text": "x" * 10_001})):
        assert ask("POST /notes", body=body)[0] == 400
