"""How is a request to an API answered?"""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pileus.kernel.errors import AnyServiceError
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.tasks import start_eagerly
from pileus.services.apigatewayv2 import shapes
from pileus.services.apigatewayv2.limits import PAYLOAD_BYTES_MAX
from tests.unit.apigatewayv2.conftest import ARN, Gateway, context


def _said(response: Response) -> tuple[int, Any]:
    assert isinstance(response.body, bytes)
    return response.status, json.loads(response.body)


async def test_event_2_0(gateway: Gateway) -> None:
    """The whole event, member by member, as AWS's page shows it."""
    api_id = await gateway.create(stages=())
    await gateway.api.create_stage(
        context(),
        shapes.CreateStageRequest(
            api_id=api_id, stage_name="$default", auto_deploy=True, stage_variables={"table": "notes"}
        ),
    )
    await gateway.route(api_id, "POST /notes/{id}")
    gateway.clock.freeze()
    await gateway.request(
        api_id,
        "/notes/a%20b?x=1&x=2&y=%C3%A9&z=",
        method="POST",
        body=b'{"a":1}',
        content_type="application/json; charset=utf-8",
        cookie="c1=1; c2=2",
        user_agent="test",
        connection="keep-alive",
        x_forwarded_for="198.51.100.7",
    )
    [event] = gateway.function.events
    request_id = event["requestContext"]["requestId"]
    assert len(request_id) == 16
    trace = event["headers"].pop("x-amzn-trace-id")
    assert trace.startswith("Root=1-")
    at = gateway.clock.now()
    assert event == {
        "version": "2.0",
        "routeKey": "POST /notes/{id}",
        "rawPath": "/notes/a b",
        "rawQueryString": "x=1&x=2&y=%C3%A9&z=",
        "cookies": ["c1=1", "c2=2"],
        "headers": {
            "content-length": "7",
            "content-type": "application/json; charset=utf-8",
            "host": f"{api_id}.execute-api.localhost",
            "user-agent": "test",
            "x-forwarded-for": "198.51.100.7, 192.0.2.1",
            "x-forwarded-port": "4566",
            "x-forwarded-proto": "http",
        },
        "queryStringParameters": {"x": "1,2", "y": "é", "z": ""},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": api_id,
            "domainName": f"{api_id}.execute-api.localhost",
            "domainPrefix": api_id,
            "http": {
                "method": "POST",
                "path": "/notes/a b",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "test",
            },
            "requestId": request_id,
            "routeKey": "POST /notes/{id}",
            "stage": "$default",
            "time": at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(at.timestamp() * 1000),
        },
        "pathParameters": {"id": "a b"},
        "stageVariables": {"table": "notes"},
        "body": '{"a":1}',
        "isBase64Encoded": False,
    }
    assert gateway.function.calls == [
        {
            "function": ARN,
            "principal": "apigateway.amazonaws.com",
            "source": f"arn:aws:execute-api:eu-west-1:000000000000:{api_id}/$default/POST/notes/{{id}}",
        }
    ]


async def test_event_2_0_of_little(gateway: Gateway) -> None:
    """What a request does not have, the event does not have either."""
    api_id = await gateway.create()
    await gateway.route(api_id, "$default")
    await gateway.request(api_id, "/")
    [event] = gateway.function.events
    assert set(event) == {
        "version", "routeKey", "rawPath", "rawQueryString", "headers", "requestContext", "isBase64Encoded"
    }  # fmt: skip
    assert (event["rawQueryString"], event["routeKey"]) == ("", "$default")
    assert gateway.function.calls[0]["source"].endswith(f":{api_id}/$default/$default")


async def test_event_1_0(gateway: Gateway) -> None:
    """Format 1.0 has several values per name, and null where there is nothing."""
    api_id = await gateway.create(stages=("prod",))
    await gateway.route(api_id, "ANY /notes/{id+}", payload_format_version="1.0")
    gateway.clock.freeze()
    await gateway.request(api_id, "/prod/notes/a/b?x=1&x=2", method="DELETE", user_agent="test")
    [event] = gateway.function.events
    assert event["version"] == "1.0"
    assert (event["resource"], event["path"], event["httpMethod"]) == (
        "/notes/{id+}", "/prod/notes/a/b", "DELETE"
    )  # fmt: skip
    assert event["queryStringParameters"] == {"x": "2"}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert event["pathParameters"] == {"id": "a/b"}
    assert (event["stageVariables"], event["body"], event["isBase64Encoded"]) == (None, None, False)
    assert event["headers"]["User-Agent"] == "test"
    assert event["multiValueHeaders"]["User-Agent"] == ["test"]
    said = event["requestContext"]
    assert said["identity"]["sourceIp"] == "192.0.2.1"
    assert (said["stage"], said["path"], said["resourcePath"]) == ("prod", "/prod/notes/a/b", "/notes/{id+}")
    assert said["requestTimeEpoch"] == int(gateway.clock.timestamp() * 1000)
    assert said["requestId"] == said["extendedRequestId"]


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain", "é".encode(), True),
        ("application/json", b"{}", True),
        ("Application/XML; charset=utf-8", b"<a/>", True),
        ("application/x-www-form-urlencoded", b"a=b", False),
        ("application/octet-stream", b"a", False),
        ("application/problem+json", b"{}", False),
        ("text/plain", b"\xff", False),
        (None, b"a", False),
    ],
)
async def test_bodies(gateway: Gateway, content_type: str | None, body: bytes, text: bool) -> None:
    """Only these types are text; forms and bodies without a type are base64, as measured on AWS."""
    api_id = await gateway.create()
    await gateway.route(api_id, "$default")
    headers: dict[str, Any] = {} if content_type is None else {"content_type": content_type}
    await gateway.request(api_id, "/", method="POST", body=body, **headers)
    assert gateway.function.events[0]["isBase64Encoded"] is not text
    if text:
        assert gateway.function.events[0]["body"].encode() == body


async def test_stages(gateway: Gateway) -> None:
    """A stage is the first segment; `$default` takes what is no stage; both by host and by path."""
    api_id = await gateway.create(stages=("$default", "dev"))
    await gateway.route(api_id, "GET /a")
    for target, stage in (("/a", "$default"), ("/dev/a", "dev")):
        for by_path in (False, True):
            assert (await gateway.request(api_id, target, by_path=by_path)).status == 200
            event = gateway.function.events[-1]
            assert (event["rawPath"], event["requestContext"]["stage"]) == (target, stage)
    assert (await gateway.request(api_id, "/$default/a", by_path=True)).status == 200
    assert _said(await gateway.request(api_id, "/prod/a")) == (404, {"message": "Not Found"})
    assert _said(await gateway.request(api_id, "/dev")) == (404, {"message": "Not Found"})


async def test_not_found(gateway: Gateway) -> None:
    """No API, no stage, no route, an API deleted or switched off: AWS's words, and a request id."""
    assert _said(await gateway.request("none", "/")) == (404, {"message": "Not Found"})
    api_id = await gateway.create(stages=())
    await gateway.route(api_id, "GET /a")
    assert (await gateway.request(api_id, "/a")).status == 404
    api_id = await gateway.create()
    await gateway.route(api_id, "GET /a")
    response = await gateway.request(api_id, "/b")
    assert response.status == 404
    assert dict(response.headers)["content-type"] == "application/json"
    assert len(dict(response.headers)["apigw-requestid"]) == 16
    assert (await gateway.request(api_id, "/a")).status == 200
    await gateway.api.update_api(context(), shapes.UpdateApiRequest(api_id=api_id, disable_execute_api_endpoint=True))
    assert (await gateway.request(api_id, "/a")).status == 404
    await gateway.api.delete_api(context(), shapes.DeleteApiRequest(api_id=api_id))
    assert (await gateway.request(api_id, "/a")).status == 404


async def test_changes_are_served_at_once(gateway: Gateway) -> None:
    """What was compiled is compiled anew after each change of a route or an integration."""
    api_id = await gateway.create()
    route_id = await gateway.route(api_id, "GET /a")
    assert (await gateway.request(api_id, "/a")).status == 200
    await gateway.api.update_route(
        context(), shapes.UpdateRouteRequest(api_id=api_id, route_id=route_id, route_key="GET /b")
    )
    assert (await gateway.request(api_id, "/a")).status == 404
    assert (await gateway.request(api_id, "/b")).status == 200
    await gateway.api.delete_route(context(), shapes.DeleteRouteRequest(api_id=api_id, route_id=route_id))
    assert (await gateway.request(api_id, "/b")).status == 404


async def test_without_automatic_deployment(gateway: Gateway) -> None:
    """A stage serves what was deployed to it, and nothing before or beside."""
    api_id = await gateway.create(stages=())
    await gateway.api.create_stage(context(), shapes.CreateStageRequest(api_id=api_id, stage_name="$default"))
    await gateway.route(api_id, "GET /a")
    assert (await gateway.request(api_id, "/a")).status == 404
    await gateway.api.create_deployment(context(), shapes.CreateDeploymentRequest(api_id=api_id, stage_name="$default"))
    assert (await gateway.request(api_id, "/a")).status == 200
    await gateway.route(api_id, "GET /b")
    assert (await gateway.request(api_id, "/b")).status == 404


async def test_stage_variables_choose_the_function(gateway: Gateway) -> None:
    """One integration, a function per stage; a stage without the variable has none."""
    api_id = await gateway.create(stages=())
    for stage, variables in (("dev", {"name": "notes-dev"}), ("bare", {})):
        await gateway.api.create_stage(
            context(),
            shapes.CreateStageRequest(api_id=api_id, stage_name=stage, auto_deploy=True, stage_variables=variables),
        )
    await gateway.route(api_id, "GET /", uri=ARN.replace("notes", "${stageVariables.name}"))
    assert (await gateway.request(api_id, "/dev")).status == 200
    assert gateway.function.calls[0]["function"].endswith(":notes-dev")
    assert _said(await gateway.request(api_id, "/bare")) == (500, {"message": "Internal Server Error"})


async def test_failures_of_the_function(gateway: Gateway) -> None:
    """What goes wrong behind the gateway has AWS's three answers, and says nothing of the function."""
    api_id = await gateway.create()
    await gateway.route(api_id, "$default")
    gateway.function.function_error = "Unhandled"
    assert _said(await gateway.request(api_id, "/")) == (500, {"message": "Internal Server Error"})
    gateway.function.function_error = None
    gateway.function.result = lambda event: {"statusCode": "nonsense"}
    assert _said(await gateway.request(api_id, "/")) == (500, {"message": "Internal Server Error"})
    for code, status, text in (
        ("AccessDeniedException", 500, "Internal Server Error"),
        ("ResourceNotFoundException", 500, "Internal Server Error"),
        ("TooManyRequestsException", 503, "Service Unavailable"),
        ("RequestTooLargeException", 413, "Request Entity Too Large"),
    ):

        def refuse(event: object, code: str = code) -> object:
            raise AnyServiceError(code)

        gateway.function.result = refuse
        assert _said(await gateway.request(api_id, "/")) == (status, {"message": text})


async def test_time_is_up(gateway: Gateway) -> None:
    """The client gets 503 when the integration's time is up; the function goes on."""
    api_id = await gateway.create()
    await gateway.route(api_id, "$default", timeout_in_millis=50)
    gateway.function.held = asyncio.Event()
    finished = asyncio.Event()

    def result(event: object) -> object:
        finished.set()
        return {}

    gateway.function.result = result
    assert _said(await gateway.request(api_id, "/")) == (503, {"message": "Service Unavailable"})
    assert not finished.is_set()
    gateway.function.held.set()
    async with asyncio.timeout(5):
        await finished.wait()


async def test_first_step_needs_no_task(gateway: Gateway) -> None:
    """The front door steps handlers before it makes a task: a miss is answered at once, an invocation goes on."""
    api_id = await gateway.create()
    await gateway.route(api_id, "GET /a")
    headers = {"host": f"{api_id}.execute-api.localhost"}
    missed = start_eagerly(gateway.serve(Request(method="GET", target="/b", headers=headers)))
    assert isinstance(missed, Response)
    found = start_eagerly(gateway.serve(Request(method="GET", target="/a", headers=headers)))
    assert isinstance(found, asyncio.Task)
    assert (await found).status == 200


class _Upload:
    """A body that is longer than the gateway takes."""

    size_bytes: int | None = None

    def __init__(self) -> None:
        self.sent_bytes = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.sent_bytes += 1024 * 1024
            yield bytes(1024 * 1024)

    async def make_room(self, size_bytes: int) -> None:
        pass


async def test_payload_limit(gateway: Gateway) -> None:
    """10 MiB at most; the rest is not even read."""
    api_id = await gateway.create()
    await gateway.route(api_id, "$default")
    upload = _Upload()
    headers = {"host": f"{api_id}.execute-api.localhost"}
    response = await gateway.serve(Request(method="POST", target="/", headers=headers, body=upload))
    assert _said(response) == (413, {"message": "Request Entity Too Large"})
    assert upload.sent_bytes <= PAYLOAD_BYTES_MAX + 1024 * 1024
    assert gateway.function.events == []


async def test_cors(gateway: Gateway) -> None:
    """With CORS configured, preflight needs no route, and the function's own CORS headers are replaced."""
    api_id = await gateway.create(
        cors_configuration=shapes.Cors(
            allow_origins=["https://a.example"], allow_methods=["GET", "POST"], allow_credentials=True, max_age=300
        )
    )
    await gateway.route(api_id, "GET /a")
    gateway.function.result = lambda event: {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}}
    preflight = await gateway.request(
        api_id, "/a", method="OPTIONS", origin="https://a.example", access_control_request_method="GET"
    )
    assert preflight.status == 204
    assert (
        dict(preflight.headers).items()
        >= {
            "access-control-allow-origin": "https://a.example",
            "access-control-allow-methods": "GET,POST",
            "access-control-max-age": "300",
            "access-control-allow-credentials": "true",
        }.items()
    )
    response = await gateway.request(api_id, "/a", origin="https://a.example")
    assert [value for name, value in response.headers if name == "access-control-allow-origin"] == ["https://a.example"]
    other = await gateway.request(api_id, "/a", origin="https://b.example")
    assert "access-control-allow-origin" not in dict(other.headers)
    await gateway.api.delete_cors_configuration(context(), shapes.DeleteCorsConfigurationRequest(api_id=api_id))
    assert (
        await gateway.request(
            api_id, "/a", method="OPTIONS", origin="https://a.example", access_control_request_method="GET"
        )
    ).status == 404


def test_common_log_time() -> None:
    """English months whatever the locale, two digits for days."""
    from pileus.kernel.http.function_events import common_log_time

    at = datetime(2020, 3, 4, 19, 3, 58, tzinfo=UTC)
    assert common_log_time(int(at.timestamp())) == "04/Mar/2020:19:03:58 +0000"
