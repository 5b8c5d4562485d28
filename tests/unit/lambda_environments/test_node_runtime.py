"""Node.js functions see what AWS's runtime shows them, and say what AWS's says."""

import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pileus.kernel.sandbox.sandbox import Sandbox
from pileus.services.lambda_.environments.types import FunctionSpec, UnsupportedRuntime
from pileus.services.lambda_.runtimes import toolchains
from tests.unit.lambda_environments.conftest import Bench

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed here")


def _function(bench: Bench, source: str, *, file: str = "index.js", **changes: Any) -> FunctionSpec:
    return bench.function(source, file=file, **{"runtime": "nodejs20.x", "handler": "index.handler", **changes})


async def test_handlers_of_every_form(bench: Bench) -> None:
    """Promises, plain returns, callbacks, `context.succeed`: each answers, and the environment goes on."""
    spec = _function(
        bench,
        """
        const later = (ms) => new Promise((done) => setTimeout(done, ms));
        exports.handler = (event, context, callback) => {
          switch (event) {
            case "promise": return later(1).then(() => ({ ok: "promise" }));
            case "callback": setTimeout(() => callback(null, { ok: "callback" }), 1); break;
            case "sync callback": callback(null, "at once"); break;
            case "succeed": context.succeed({ ok: "succeed" }); break;
            case "done": context.done(null, [1]); break;
            case "fail": context.fail(new TypeError("no")); break;
            case "callback error": callback(new RangeError("too far")); break;
            case "text error": callback("just words"); break;
            case "throw": throw new Error("thrown");
            case "nothing": break;
            case "undefined": return Promise.resolve();
            case "unicode": return Promise.resolve("ü€\\u{1F600}");
          }
        };
        """,
    )
    assert await bench.answer(spec, "promise") == {"ok": "promise"}
    assert await bench.answer(spec, "callback") == {"ok": "callback"}
    assert await bench.answer(spec, "sync callback") == "at once"
    assert await bench.answer(spec, "succeed") == {"ok": "succeed"}
    assert await bench.answer(spec, "done") == [1]
    assert await bench.answer(spec, "nothing") is None
    assert await bench.answer(spec, "undefined") is None
    assert await bench.answer(spec, "unicode") == "ü€\U0001f600"
    for event, kind, message in (
        ("fail", "TypeError", "no"),
        ("callback error", "RangeError", "too far"),
        ("text error", "string", "just words"),
        ("throw", "Error", "thrown"),
    ):
        document = await bench.failure(spec, event)
        assert (document["errorType"], document["errorMessage"]) == (kind, message)
        assert isinstance(document["trace"], list)
    assert len(bench.logs.events) == 1, "one environment has done all that"


async def test_an_empty_event_loop(bench: Bench) -> None:
    """A callback waits for it, unless told not to; what goes on then goes on in the next invocation."""
    spec = _function(
        bench,
        """
        let ticks = 0;
        exports.handler = (event, context, callback) => {
          if (event === "ticks") return Promise.resolve(ticks);
          context.callbackWaitsForEmptyEventLoop = event === "wait";
          setTimeout(() => { ticks += 1; }, 30);
          callback(null, ticks);
        };
        """,
    )
    await bench.invoke(spec, "wait")
    assert await bench.answer(spec, "ticks") == 1
    assert await bench.answer(spec, "do not wait") == 1
    assert await bench.answer(spec, "ticks") == 1


async def test_the_context(bench: Bench) -> None:
    """Names and kinds as the manual's, "Using the Lambda context object to retrieve Node.js function information"."""
    spec = _function(
        bench,
        """
        export const handler = async (event, context) => ({
          ...context,
          remaining: context.getRemainingTimeInMillis(),
          env: { ...process.env }, cwd: process.cwd(), executed: process.argv.length,
          trace: process.env._X_AMZN_TRACE_ID,
        });
        """,
        file="index.mjs",
        timeout=timedelta(seconds=7),
        environment={"MINE": "yes"},
    )
    result = await bench.invoke(spec, None, trace_id="Root=1-2-3", client_context='{"custom": {"a": 1}}')
    seen = msgspec.json.decode(result.payload)
    assert result.init_duration is not None
    assert result.max_memory_bytes > 20 << 20
    assert seen["awsRequestId"].startswith("00000000-0000-4000-8000-")
    assert seen["invokedFunctionArn"].endswith(":function:fn:live")
    assert (seen["functionName"], seen["functionVersion"], seen["memoryLimitInMB"]) == ("fn", "$LATEST", "128")
    assert (seen["logGroupName"], seen["callbackWaitsForEmptyEventLoop"]) == ("/aws/lambda/fn", True)
    assert seen["clientContext"] == {"custom": {"a": 1}}
    assert 0 < seen["remaining"] <= 7000
    assert seen["trace"] == "Root=1-2-3"
    assert seen["cwd"] == "/var/task"
    assert seen["env"]["AWS_EXECUTION_ENV"] == "AWS_Lambda_nodejs20.x"
    assert seen["env"]["_HANDLER"] == "index.handler"
    assert seen["env"]["MINE"] == "yes"
    assert seen["env"]["NODE_PATH"].startswith("/opt/nodejs/node20/node_modules:/opt/nodejs/node_modules:")
    assert not [name for name in seen["env"] if name.startswith("PILEUS")]


async def test_the_console(bench: Bench) -> None:
    """One event for each call, with time, request id and level; standard output is cut at newlines."""
    spec = _function(
        bench,
        """
        console.log("loading");
        exports.handler = async () => {
          console.log("two\\nlines %d", 7, { a: 1 });
          console.info("info"); console.warn("warn"); console.error("error"); console.debug("debug");
          process.stdout.write("raw 1\\nraw 2\\n");
          require("fs").writeSync(2, "by descriptor\\n");
        };
        """,
    )
    await bench.answer(spec)
    lines = bench.logs.all[1:]
    moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    request = "00000000-0000-4000-8000-000000000001"
    assert re.fullmatch(rf"{moment}\tundefined\tINFO\tloading\n", lines[0])
    found = [line for line in lines if "two\nlines" in line]
    assert len(found) == 1
    assert re.fullmatch(rf"{moment}\t{request}\tINFO\ttwo\nlines 7 \{{ a: 1 \}}\n", found[0])
    levels = [line.split("\t")[2] for line in lines if line.count("\t") == 3 and request in line.split("\t")[1]]
    assert levels == ["INFO", "INFO", "WARN", "ERROR", "DEBUG"]
    assert "raw 1\n" in lines
    assert "raw 2\n" in lines
    assert "by descriptor\n" in lines


async def test_a_json_log(bench: Bench) -> None:
    """LogFormat JSON: objects stay objects, errors are taken apart, and levels below the wanted one are silent."""
    spec = _function(
        bench,
        """
        exports.handler = async () => {
          console.debug("unheard"); console.info({ a: 1 }); console.warn("x", new TypeError("bad"));
          throw new Error("e");
        };
        """,
        log_format="JSON",
        log_level="INFO",
    )
    await bench.failure(spec)
    events = [msgspec.json.decode(line) for line in bench.logs.all if line.startswith('{"timestamp"')]
    assert [event["level"] for event in events] == ["INFO", "WARN", "ERROR"]
    assert events[0]["message"] == {"a": 1}
    assert (events[1]["errorType"], events[1]["errorMessage"]) == ("TypeError", "bad")
    assert events[2]["message"]["errorMessage"] == "e"
    assert events[2]["requestId"] == "00000000-0000-4000-8000-000000000001"


async def test_errors_that_nobody_caught(bench: Bench) -> None:
    """They end the invocation and the environment, in AWS's words; the next invocation has a new one."""
    spec = _function(
        bench,
        """
        exports.handler = (event) => {
          const never = new Promise(() => setTimeout(() => {}, 9e3));
          if (event === "reject") { Promise.reject(new Error("boom")); return never; }
          if (event === "later") { setTimeout(() => { throw new Error("later"); }, 1); return never; }
          if (event === "exit") process.exit(3);
          return Promise.resolve("fine");
        };
        """,
    )
    document = await bench.failure(spec, "reject")
    assert (document["errorType"], document["errorMessage"]) == ("Runtime.UnhandledPromiseRejection", "Error: boom")
    assert document["trace"][0] == "Runtime.UnhandledPromiseRejection: Error: boom"
    assert any("ERROR\tUnhandled Promise Rejection \t" in line for line in bench.logs.all)
    document = await bench.failure(spec, "later")
    assert (document["errorType"], document["errorMessage"]) == ("Error", "later")
    document = await bench.failure(spec, "exit")
    assert document["errorType"] == "Runtime.ExitError"
    assert document["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    assert await bench.answer(spec, "") == "fine"


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        ("exports.handler = 1;", "index.handler", "Runtime.HandlerNotFound", "index.handler is not a function"),
        ("", "index.missing", "Runtime.HandlerNotFound", "index.missing is undefined or not exported"),
        ("", "index", "Runtime.MalformedHandlerName", "Bad handler"),
        ("", "../index.handler", "Runtime.MalformedHandlerName", "'../index.handler' is not a valid handler name."),
        ("", "other.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'other'\nRequire stack:\n- /var"),
        ("require('absent')", "index.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'absent'"),
        ("this is no JavaScript", "index.handler", "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected identifier"),
        ("throw new RangeError('while loading')", "index.handler", "RangeError", "while loading"),
    ],
)
async def test_functions_that_cannot_be_loaded(
    bench: Bench, source: str, handler: str, kind: str, message: str
) -> None:
    """The error documents of an initialisation that failed."""
    document = await bench.failure(_function(bench, source, handler=handler))
    assert document["errorType"] == kind
    assert document["errorMessage"].startswith(message)
    assert any("\tundefined\tERROR\tUncaught Exception \t" in line for line in bench.logs.all)


async def test_modules_and_layers(bench: Bench) -> None:
    """Handlers in directories, ES modules by package.json, and packages of layers for both kinds of modules."""
    layer = bench.directory / "layer"
    package = layer / "nodejs" / "node_modules" / "greeting"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name": "greeting", "main": "main.js"}')
    (package / "main.js").write_text("module.exports = { hello: (whom) => `hello ${whom}` };")
    for path in (layer, *layer.rglob("*")):
        path.chmod(0o755)
    common = _function(
        bench,
        "const { hello } = require('greeting'); exports.inner = { run: async (event) => hello(event) };",
        file="src/app.js",
        handler="src/app.inner.run",
        layers=(layer,),
    )
    assert await bench.answer(common, "CommonJS") == "hello CommonJS"
    module = _function(
        bench,
        "import greeting from 'greeting'; export const handler = async (event) => greeting.hello(event);",
        name="module",
        layers=(layer,),
    )
    (module.code_path / "package.json").write_text('{"type": "module"}')
    assert await bench.answer(module, "ESM") == "hello ESM"


async def test_large_payloads(bench: Bench) -> None:
    """Events and answers of six megabytes pass; a larger answer is refused as by AWS."""
    spec = _function(bench, "exports.handler = async (event) => event.length ?? 'x'.repeat(event.repeat);")
    assert await bench.answer(spec, "y" * 6_000_000) == 6_000_000
    assert len(await bench.answer(spec, {"repeat": 6_200_000})) == 6_200_000
    for too_many in (6_300_000, 7_000_000, 30_000_000):
        document = await bench.failure(spec, {"repeat": too_many})
        assert document["errorType"] == "Function.ResponseSizeTooLarge"
    assert await bench.answer(spec, "again") == 5
    assert "Init Duration" not in bench.logs.all[-1], "the environment stays"


async def test_a_log_event_of_many_megabytes(bench: Bench) -> None:
    """What is too long to keep is cut, and ends nothing."""
    spec = _function(bench, "exports.handler = async () => { console.log('x'.repeat(8_000_000)); return 1; };")
    assert await bench.answer(spec) == 1
    assert await bench.answer(spec) == 1
    assert "Init Duration" not in bench.logs.all[-1], "the environment stays"


async def test_a_talkative_function(bench: Bench) -> None:
    """Everything that was logged before a crash arrives."""
    spec = _function(
        bench,
        """
        exports.handler = async () => {
          for (let n = 0; n < 20000; n += 1) console.log(`line ${n}`);
          process.exit(1);
        };
        """,
        timeout=timedelta(seconds=30),
    )
    await bench.failure(spec)
    assert bench.logs.count >= 20_000
    assert any("line 19999" in line for line in bench.logs.all)


async def test_another_version_than_asked_for(bench: Bench) -> None:
    """Runs, with a line about it in the log; where runtimes are strict it is refused."""
    node = toolchains.find("nodejs20.x")
    assert node is not None
    other = "nodejs18.x" if node.major != 18 else "nodejs22.x"
    spec = _function(bench, "exports.handler = async () => process.version;", runtime=other)
    assert (await bench.answer(spec)).startswith(f"v{node.major}.")
    assert bench.logs.all[0].startswith(f"[WARN]\tPileus: {other} is not installed here; this function runs on Node.js")
    strict = bench.new_pool(strict_runtimes=True)
    with pytest.raises(UnsupportedRuntime):
        await strict.invoke(spec, bench.invocation())
    await strict.close()


async def test_without_namespaces(bench: Bench) -> None:
    """Where nothing can be mounted, the runtime, layers and extensions' API are found where they lie."""
    layer = bench.directory / "layer"
    package = layer / "nodejs" / "node_modules" / "greeting"
    package.mkdir(parents=True)
    (package / "index.js").write_text("module.exports = 'hello';")
    for path in (layer, *layer.rglob("*")):
        path.chmod(0o755)
    spec = _function(bench, "exports.handler = async () => [require('greeting'), __dirname];", layers=(layer,))
    pool = bench.new_pool(sandbox=Sandbox(contain=False))
    result = await pool.invoke(spec, bench.invocation())
    await pool.close()
    assert msgspec.json.decode(result.payload) == ["hello", str(spec.code_path)]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("index.js", "const sdk = require('@aws-sdk/client-x'); exports.handler = async () => sdk.name;"),
        ("index.mjs", "import sdk from '@aws-sdk/client-x'; export const handler = async () => sdk.name;"),
    ],
)
async def test_packages_for_every_function(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, source: str
) -> None:
    """PILEUS_NODE_MODULES: what AWS's runtime has in `/var/runtime/node_modules`, both kinds of modules find."""
    package = tmp_path / "shared" / "node_modules" / "@aws-sdk" / "client-x"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name": "@aws-sdk/client-x", "main": "index.js"}')
    (package / "index.js").write_text("exports.name = 'shared';")
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(0o755)
    monkeypatch.setenv("PILEUS_NODE_MODULES", str(tmp_path / "shared" / "node_modules"))
    assert await bench.answer(_function(bench, source, file=file)) == "shared"
