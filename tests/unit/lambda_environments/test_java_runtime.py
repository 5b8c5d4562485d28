"""Java functions of every form that AWS knows, compiled here from source."""

import asyncio
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pileus.services.lambda_.environments.types import FunctionSpec
from pileus.services.lambda_.runtimes import toolchains
from tests.unit.lambda_environments.conftest import Bench

pytestmark = pytest.mark.skipif(not toolchains.supports("java17"), reason="no JDK is installed here")

_CORE = "package com.amazonaws.services.lambda.runtime;\n"
_INTERFACES = {
    "Context": """public interface Context {
        String getAwsRequestId(); String getFunctionName(); String getInvokedFunctionArn(); int getMemoryLimitInMB();
        int getRemainingTimeInMillis(); LambdaLogger getLogger(); ClientContext getClientContext();
    }""",
    "LambdaLogger": "public interface LambdaLogger { void log(String message); void log(byte[] message); }",
    "ClientContext": "public interface ClientContext { java.util.Map<String, String> getCustom(); }",
    "RequestHandler": "public interface RequestHandler<I, O> { O handleRequest(I input, Context context); }",
    "RequestStreamHandler": """public interface RequestStreamHandler {
        void handleRequest(java.io.InputStream input, java.io.OutputStream output, Context context)
            throws java.io.IOException;
    }""",
}
"""The names that aws-lambda-java-core has; the package of a function brings them."""

_FUNCTIONS = Path(__file__).parent / "java" / "Orders.java"


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled functions, with the interfaces in an archive below `lib`."""
    place = tmp_path_factory.mktemp("java")
    toolchain = toolchains.find("java17")
    assert toolchain is not None
    javac, jar = (str(toolchain.program.with_name(name)) for name in ("javac", "jar"))
    core = place / "core" / "com/amazonaws/services/lambda/runtime"
    core.mkdir(parents=True)
    for name, text in _INTERFACES.items():
        (core / f"{name}.java").write_text(_CORE + text)
    (place / "package" / "lib").mkdir(parents=True)
    subprocess.run([javac, "-d", place / "interfaces", *core.glob("*.java")], check=True)
    subprocess.run([jar, "cf", place / "package/lib/core.jar", "-C", place / "interfaces", "."], check=True)
    where = ["-cp", str(place / "interfaces"), "-d", str(place / "package")]
    subprocess.run([javac, *where, _FUNCTIONS], check=True)
    for path in (place, *place.rglob("*")):
        path.chmod(0o755)
    return place / "package"


def _function(bench: Bench, classes: Path, handler: str, **changes: Any) -> FunctionSpec:
    name = "java" + str(abs(hash(handler)))
    options: dict[str, Any] = {"runtime": "java17", "memory_mb": 512, "timeout": timedelta(seconds=20), **changes}
    return bench.function("", name=name, file="unused", handler=handler, code_path=classes, **options)


async def test_a_request_handler(bench: Bench, classes: Path) -> None:
    """`RequestHandler<Order, Receipt>`: beans with lists, maps and enums both ways, context, logger, printed lines."""
    spec = _function(bench, classes, "shop.Orders")
    order = {"id": "o1", "items": [{"name": "a", "count": 2, "kind": "GIFT"}, {"count": 3}], "notes": {"n": 1 << 40}}
    result = await bench.invoke(spec, {**order, "weight": 1.5, "unknown": 1}, client_context='{"custom": {"a": "b"}}')
    receipt = msgspec.json.decode(result.payload)
    items = [{"name": "a", "count": 2, "kind": "GIFT"}, {"count": 3}]
    assert receipt["order"] == {"id": "o1", "items": items, "notes": {"n": 1 << 40}, "weight": 1.5}
    assert (receipt["total"], receipt["paid"], receipt["custom"], receipt["memory"]) == (5, True, "b", 512)
    assert "nothing" not in receipt
    assert "two\nlines\n" in bench.logs.all
    assert "printed\n" in bench.logs.all
    assert result.max_memory_bytes > 20 << 20
    document = await bench.failure(spec, ["not", "an", "order"])
    assert document["errorMessage"] == "An error occurred during JSON parsing"


async def test_methods_and_streams(bench: Bench, classes: Path) -> None:
    """`Class::method` on maps, texts, numbers and lists, with a context or without; streams."""
    answers = await asyncio.gather(
        bench.answer(_function(bench, classes, "shop.Orders::maps"), {"ü": [1, 2.5, None, "\n"]}),
        bench.answer(_function(bench, classes, "shop.Orders::text"), 'a"b'),
        bench.answer(_function(bench, classes, "shop.Orders::number"), 41),
        bench.answer(_function(bench, classes, "shop.Orders::list"), [1, 2]),
        bench.answer(_function(bench, classes, "shop.Orders::nothing"), {}),
        bench.answer(_function(bench, classes, "shop.Orders$Streams"), {"a": "ü"}),
    )
    assert answers[0]["ü"] == [1, 2.5, None, "\n"]
    assert answers[0]["remaining"] is True
    assert list(answers[1:]) == ['a"b!', 42, ["n1", "n2"], None, {"read": {"a": "ü"}}]


async def test_failures(bench: Bench, classes: Path) -> None:
    """Exceptions with their causes, an exit, and a heap that is full; the next invocation finds a runtime."""
    spec = _function(bench, classes, "shop.Orders::fails")
    document = await bench.failure(spec, {})
    assert (document["errorMessage"], document["errorType"]) == ("on purpose", "java.lang.IllegalStateException")
    assert document["stackTrace"] == ["shop.Orders.fails(Orders.java:" + document["stackTrace"][0].split(":")[1]]
    assert document["cause"]["errorType"] == "java.io.IOException"
    assert any(
        line.startswith("on purpose: java.lang.IllegalStateException\njava.lang.Ille") for line in bench.logs.all
    )
    document = await bench.failure(_function(bench, classes, "shop.Orders::exits"), {})
    assert document["errorMessage"].endswith("Runtime exited with error: exit status 3")
    document = await bench.failure(_function(bench, classes, "shop.Orders::hogs", memory_mb=256), {})
    assert document["errorType"] in ("java.lang.OutOfMemoryError", "Runtime.OutOfMemory")


async def test_an_answer_that_is_too_large(bench: Bench, classes: Path) -> None:
    """Whatever its size, it is refused as by AWS, and the runtime goes on."""
    spec = _function(bench, classes, "shop.Orders::text")
    document = await bench.failure(spec, "x" * 9_000_000)
    assert document["errorType"] == "Function.ResponseSizeTooLarge"
    assert await bench.answer(spec, "a") == "a!"
    assert "Init Duration" not in bench.logs.all[-1], "the environment stays"


@pytest.mark.parametrize(
    ("handler", "kind", "message"),
    [
        ("shop.Absent", "java.lang.ClassNotFoundException", "Class not found: shop.Absent"),
        ("shop.Orders::absent", "java.lang.NoSuchMethodException", "No public method named absent with appropriate"),
        ("shop.Orders$Broken", "java.lang.IllegalArgumentException", "while making"),
    ],
)
async def test_functions_that_cannot_be_loaded(
    bench: Bench, classes: Path, handler: str, kind: str, message: str
) -> None:
    """The error documents of an initialisation that failed."""
    document = await bench.failure(_function(bench, classes, handler))
    assert document["errorType"] == kind
    assert document["errorMessage"].startswith(message)
