"""A function finds its layers where AWS puts them, with and without namespaces."""

from pathlib import Path

import msgspec
import pytest

from pileus.kernel.sandbox.sandbox import Sandbox
from pileus.services.lambda_.environments.types import FunctionSpec
from tests.unit.lambda_environments.conftest import Bench


@pytest.fixture(params=["contained", "plain"])
async def either(request: pytest.FixtureRequest, bench: Bench) -> Bench:
    """A bench with namespaces, and one as on a host that forbids them."""
    if request.param == "plain":
        await bench.pool.close()
        preload = ("pileus.services.lambda_.runtimes.python.bootstrap",)
        bench.pool = bench.new_pool(sandbox=Sandbox(preload=preload, hidden=[bench.data_dir], contain=False))
    return bench


def layered(bench: Bench, spec: FunctionSpec, *contents: dict[str, str]) -> FunctionSpec:
    """The function with these layers, each by the texts of its files."""
    folders = []
    for number, content in enumerate(contents):
        folder = bench.directory / f"{spec.function_name}-layer-{number}"
        for name, text in content.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)
        folders.append(folder)
    return msgspec.structs.replace(spec, layers=tuple(folders))


async def test_modules_and_programs_come_from_layers(either: Bench) -> None:
    """`/opt/python` is on Python's path, `/opt/bin` on the shell's; the function's own module wins over a layer's."""
    spec = either.function("""
        import first, own, second, subprocess
        def handler(event, context):
            return [first.NAME, second.NAME, own.NAME, subprocess.run("tool", capture_output=True, text=True).stdout]
    """)
    (spec.code_path / "own.py").write_text("NAME = 'mine'")
    spec = layered(
        either,
        spec,
        {"python/first.py": "NAME = 'replaced'", "python/own.py": "NAME = 'theirs'", "bin/tool": "#!/bin/sh\necho a"},
        {"python/lib/python3.11/site-packages/second.py": "NAME = 'versioned'", "python/first.py": "NAME = 'later'"},
        {"bin/tool": "#!/bin/sh\necho b"},
    )
    version = f"python{Path(msgspec.__file__).parents[2].name.removeprefix('python')}"
    if version != "python3.11":
        pytest.skip("the layer is for another version")
    assert await either.answer(spec) == ["later", "versioned", "mine", "b\n"]


async def test_a_layer_is_for_the_runtime_that_the_function_names(either: Bench) -> None:
    """On AWS only that version runs it, so that its layers use that name; here another one may."""
    text = "import named\ndef handler(event, context):\n    return named.NAME\n"
    spec = either.function(text, runtime="python3.13")
    spec = layered(either, spec, {"python/lib/python3.13/site-packages/named.py": "NAME = 'found'"})
    assert await either.answer(spec) == "found"


RUNTIME = """#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
    id=$(curl -sD - "$api/next" -o /tmp/event | grep -i aws-request-id | tr -d '\\r' | cut -d' ' -f2)
    curl -s -d "\\"$WHO\\"" "$api/$id/response" > /tmp/answered
done
"""


async def test_a_custom_runtime_may_be_a_layer(either: Bench) -> None:
    """It is looked for in the package first, then in `/opt`."""
    spec = either.function("", file="something.txt", runtime="provided.al2023")
    spec = layered(either, spec, {"bootstrap": RUNTIME.replace("$WHO", "the layer")})
    assert await either.answer(spec) == "the layer"
    (spec.code_path / "bootstrap").write_text(RUNTIME.replace("$WHO", "the package"))
    (spec.code_path / "bootstrap").chmod(0o755)
    assert await either.answer(msgspec.structs.replace(spec, revision="2")) == "the package"
