"""How functions are released and shared: versions behind an alias, code in layers, answers that come in pieces."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from tests.conformance.test_lambda_runtimes import create, needs_node, package
from tests.conftest import Server
from tests.support.functions import archive

WITHIN_S: Final = 30.0


def _numbered(number: int) -> bytes:
    return archive(f"def handler(event, context):\n    return [{number}, context.function_version]\n")


def _answered(functions: Any, name: str, **options: Any) -> tuple[Any, str]:
    """What it gave, and the version that ran."""
    answer = functions.invoke(FunctionName=name, **options)
    payload = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, payload
    return payload, answer["ExecutedVersion"]


def test_a_release_is_shifted_to_a_new_version(aws: Server) -> None:
    """As CodeDeploy does it: half of the traffic, then all of it, then back again; $LATEST goes its own way."""
    functions = aws.client("lambda")
    name = create(aws, "python3.12", "index.handler", _numbered(1), Publish=True)
    alias = {"FunctionName": name, "Name": "live"}
    functions.create_alias(**alias, FunctionVersion="1")
    updated = functions.update_function_code(FunctionName=name, ZipFile=_numbered(2), Publish=True)
    assert updated["Version"] == "2"
    functions.update_function_code(FunctionName=name, ZipFile=_numbered(3))

    def by_alias(times: int) -> Counter[str]:
        found: Counter[str] = Counter()
        for _ in range(times):
            (number, version), executed = _answered(functions, name, Qualifier="live")
            assert (str(number), version) == (executed, executed)
            found[executed] += 1
        return found

    assert by_alias(5) == {"1": 5}
    functions.update_alias(**alias, RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    both = by_alias(100)
    assert set(both) == {"1", "2"}
    assert 15 < both["2"] < 85  # it fails by chance once in 10^12 times
    functions.update_alias(**alias, FunctionVersion="2", RoutingConfig={"AdditionalVersionWeights": {}})
    assert by_alias(5) == {"2": 5}
    assert "RoutingConfig" not in functions.get_alias(**alias)
    functions.update_alias(**alias, FunctionVersion="1")
    assert by_alias(5) == {"1": 5}
    assert _answered(functions, name) == ([3, "$LATEST"], "$LATEST")


def test_a_library_is_shared_by_functions(aws: Server) -> None:
    """Two layers, merged in order; a new version of one counts for the functions that ask for it."""
    functions = aws.client("lambda")

    def publish(layer: str, **files: str) -> str:
        content = package({place.replace("__", "/") + ".py": text for place, text in files.items()})
        made = functions.publish_layer_version(LayerName=layer, Content={"ZipFile": content})
        return str(made["LayerVersionArn"])

    site = "python__lib__python3.12__site-packages__"
    first = publish("shop-base", python__shop="VERSION = 1\n", **{f"{site}prices": "LIST = 'base'\n"})
    extra = publish("shop-extra", **{f"{site}prices": "LIST = 'extra'\n"}, python__discounts="import shop\n")
    code = archive(
        "import discounts, prices, shop\n"
        "def handler(event, context):\n"
        "    return [shop.VERSION, prices.LIST, shop.__file__, discounts.shop is shop]\n"
    )
    one, two = (create(aws, "python3.12", "index.handler", code, Layers=[first, extra]) for _ in range(2))
    place = "/opt/python/shop.py"
    for name in (one, two):
        assert _answered(functions, name)[0] == [1, "extra", place, True]
    second = publish("shop-base", python__shop="VERSION = 2\n", **{f"{site}prices": "LIST = 'base'\n"})
    assert second.endswith(":shop-base:2")
    functions.update_function_configuration(FunctionName=two, Layers=[extra, second])
    assert _answered(functions, two)[0] == [2, "base", place, True]
    functions.delete_layer_version(LayerName="shop-base", VersionNumber=1)
    assert _answered(functions, one)[0] == [1, "extra", place, True]


@needs_node
def test_a_library_is_shared_by_node_functions(aws: Server) -> None:
    """A package in `nodejs/node_modules` of a layer, for CommonJS and for ES modules."""
    functions = aws.client("lambda")
    content = package(
        {
            "nodejs/node_modules/shop/package.json": '{"name": "shop", "main": "main.js"}',
            "nodejs/node_modules/shop/main.js": "exports.version = 1;",
        }
    )
    layer = functions.publish_layer_version(LayerName="shop-node", Content={"ZipFile": content})["LayerVersionArn"]
    for file, text in (
        ("index.js", 'const shop = require("shop"); exports.handler = async () => shop.version;'),
        ("index.mjs", 'import shop from "shop"; export const handler = async () => shop.version;'),
    ):
        name = create(aws, "nodejs20.x", "index.handler", archive(text, name=file), Layers=[layer])
        assert _answered(functions, name)[0] == 1


_STORY: Final = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  const { continueAt } = event.body ? JSON.parse(event.body) : event;
  if (event.requestContext) {
    stream = awslambda.HttpResponseStream.from(stream, { statusCode: 203, headers: { "content-type": "text/plain" } });
  }
  stream.write("Once upon a time");
  await fetch(continueAt);
  stream.end(", the end.");
});
"""


@pytest.fixture
def listener() -> Iterator[tuple[str, threading.Event]]:
    """An address that answers when the event is set: a function that asks there waits for the test."""
    heard = threading.Event()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert heard.wait(WITHIN_S)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", heard
    heard.set()
    server.shutdown()
    thread.join()
    server.server_close()


@needs_node
def test_a_streamed_story_is_heard_while_it_is_told(aws: Server, listener: tuple[str, threading.Event]) -> None:
    """By boto3's event stream: the function goes on only when its first piece has arrived."""
    address, heard = listener
    name = create(aws, "nodejs20.x", "index.handler", archive(_STORY, name="index.js"))
    payload = json.dumps({"continueAt": address}).encode()
    answer = aws.client("lambda").invoke_with_response_stream(FunctionName=name, Payload=payload)
    pieces = []
    for event in answer["EventStream"]:
        if "PayloadChunk" in event:
            pieces.append(event["PayloadChunk"]["Payload"])
            heard.set()
        else:
            assert event == {"InvokeComplete": {}}
    assert b"".join(pieces) == b"Once upon a time, the end."
    assert pieces[0] == b"Once upon a time"


@needs_node
def test_a_url_streams_while_the_function_runs(aws: Server, listener: tuple[str, threading.Event]) -> None:
    """By a function URL: its status and first piece are there before the function has ended."""
    address, heard = listener
    name = create(aws, "nodejs20.x", "index.handler", archive(_STORY, name="index.js"))
    functions = aws.client("lambda")
    made = functions.create_function_url_config(FunctionName=name, AuthType="NONE", InvokeMode="RESPONSE_STREAM")
    functions.add_permission(
        FunctionName=name,
        StatementId="everybody",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    connection = http.client.HTTPConnection(urlsplit(aws.url).netloc, timeout=WITHIN_S)
    headers = {"Host": urlsplit(made["FunctionUrl"]).netloc, "Content-Type": "application/json"}
    connection.request("POST", "/", body=json.dumps({"continueAt": address}), headers=headers)
    answer = connection.getresponse()
    assert (answer.status, answer.headers["content-type"]) == (203, "text/plain")
    first = answer.read(16)
    assert first == b"Once upon a time"
    heard.set()
    assert answer.read() == b", the end."
    connection.close()
