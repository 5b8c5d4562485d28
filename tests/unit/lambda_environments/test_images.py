"""Functions of container images run in their own files, by the Runtime API, held as others are."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from pileus.kernel.sandbox.sandbox import Sandbox
from pileus.services.lambda_.environments.types import FunctionSpec, ImageSpec, ImagesUnsupported
from pileus.services.lambda_.images.fitting import fit
from tests.support.trees import copy_programs
from tests.unit.lambda_environments.conftest import SECRET, Bench

ASK: Final = r"""#!/bin/bash
host=${AWS_LAMBDA_RUNTIME_API%:*} port=${AWS_LAMBDA_RUNTIME_API#*:} extra=
ask() { # method, path, body
    exec 9<>"/dev/tcp/$host/$port"
    printf '%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n%s' \
        "$1" "$2" "$extra" "${#3}" "$3" >&9
    id= size=0 body=
    while IFS=$': \r' read -r name value <&9 && [ -n "$name" ]; do
        case ${name,,} in
            lambda-runtime-aws-request-id | lambda-extension-identifier) id=$value ;;
            content-length) size=$value ;;
        esac
    done
    [ "$size" -gt 0 ] && LC_ALL=C read -r -N "$size" body <&9
    exec 9>&-
}
"""
RUNTIME: Final = (
    ASK
    + r"""
# A runtime in Bash: what the handler, a function of the shell, writes is the answer.
api=/2018-06-01/runtime/invocation
. "$1"
while ask GET $api/next ""; do
    request=$id
    ask POST "$api/$request/response" "$(handler "$body")"
done
"""
)
EXTENSION: Final = (
    ASK
    + r"""
api=/2020-01-01/extension extra=$'Lambda-Extension-Name: noter\r\n'
ask POST $api/register '{"events": ["INVOKE"]}'
extra=$'Lambda-Extension-Identifier: '$id$'\r\n'
while ask GET $api/event/next ""; do echo noted; done
"""
)


class Maker:
    """Makes functions of images in which Bash runs a handler."""

    def __init__(self, bench: Bench, place: Path) -> None:
        self.bench = bench
        self.root = place / "image"
        copy_programs(self.root, "bash", "cat", "id", "ls", "sleep", "grep")
        (self.root / "runtime").write_text(RUNTIME)
        (self.root / "runtime").chmod(0o755)
        (self.root / "app").mkdir()
        fit(str(self.root))

    def function(self, handler: str, *, image: dict[str, Any] | None = None, **changes: Any) -> FunctionSpec:
        """handler: the body of a Bash function whose argument is the event."""
        (self.root / "app" / "handler").write_text(f"handler() {{\n{handler}\n}}\n")
        made = ImageSpec(
            root=self.root,
            entry_point=("/runtime",),
            command=("/app/handler",),
            working_directory="/app",
            environment={"PATH": "/bin", "OF_IMAGE": "1", "REPLACED": "image"},
        )
        spec = self.bench.function("", name="image", **{"memory_mb": 256, **changes})
        image_spec = msgspec.structs.replace(made, **(image or {}))
        return msgspec.structs.replace(spec, runtime="", handler="", code_path=self.root, image=image_spec)


@pytest.fixture
async def maker(bench: Bench, tmp_path: Path) -> Maker:
    reason = await bench.pool.why_no_images()
    if reason:
        pytest.skip(f"images need namespaces: {reason}")
    return Maker(bench, tmp_path)


async def test_events_and_answers(bench: Bench, maker: Maker) -> None:
    """By the Runtime API, one environment for events in a row."""
    spec = maker.function('count=$((count + 1)); echo "[$1, 1]"; echo "heard $1" >&2')
    for number in range(3):
        assert await bench.answer(spec, number) == [number, 1]
    assert len(bench.logs.events) == 1
    lines = bench.logs.all
    assert [line for line in lines if line.startswith("heard")] == ["heard 0\n", "heard 1\n", "heard 2\n"]
    assert not any(line.startswith("INIT_START") for line in lines), "an image has no runtime version"
    assert sum(line.startswith("REPORT") for line in lines) == 3


async def test_what_it_sees(bench: Bench, maker: Maker) -> None:
    """The image's files, its own working directory and /tmp, and nothing of Pileus or of the machine."""
    spec = maker.function(
        'echo kept > /tmp/x; names=(/*); printf -v all "%s," "${names[@]}"; '
        'echo "[\\"$PWD\\", \\"$all\\", \\"$(id -u)\\", \\"$(cat /tmp/x)\\", \\"$(cat ${1//\\"/} 2>&1)\\"]"'
    )
    secret = bench.data_dir / "secret"
    directory, names, user, kept, told = await bench.answer(spec, str(secret))
    assert (directory, user, kept) == ("/app", "993", "kept")
    assert set(names.strip(",").split(",")) == {f"/{entry.name}" for entry in maker.root.iterdir()}
    assert SECRET not in told
    assert "No such file" in told


async def test_variables(bench: Bench, maker: Maker) -> None:
    """The image's, the function's over them, Lambda's own over all; nothing of a packaged runtime's."""
    spec = maker.function(
        'while IFS= read -r -d "" pair; do echo "$pair" >> /tmp/env; done < /proc/self/environ; '
        'n=; printf "["; while IFS= read -r pair; do printf \'%s"%s"\' "$n" "$pair"; n=,; done < /tmp/env; echo "]"',
        environment={"REPLACED": "function", "AWS_REGION": "evil"},
    )
    found = dict(pair.split("=", 1) for pair in await bench.answer(spec))
    assert (found["OF_IMAGE"], found["REPLACED"], found["PATH"], found["TZ"]) == ("1", "function", "/bin", ":UTC")
    assert (found["AWS_REGION"], found["AWS_LAMBDA_FUNCTION_NAME"]) == ("us-east-1", "image")
    assert found["AWS_SESSION_TOKEN"] == "token of arn:aws:iam::000000000000:role/runner"
    assert found["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    for name in ("_HANDLER", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "AWS_EXECUTION_ENV", "PYTHONPATH"):
        assert name not in found


@pytest.mark.parametrize(
    ("image", "kind", "message"),
    [
        ({"entry_point": ("/absent",)}, "Runtime.InvalidEntrypoint", "fork/exec /absent: no such file or directory"),
        (
            {"entry_point": ("absent",)},
            "Runtime.InvalidEntrypoint",
            'exec: "absent": executable file not found in $PATH',
        ),
        ({"entry_point": ("/app/handler",)}, "Runtime.InvalidEntrypoint", "fork/exec /app/handler: permission denied"),
        ({"working_directory": "/none"}, "Runtime.InvalidWorkingDir", "chdir /none: no such file or directory"),
        ({"working_directory": "/runtime"}, "Runtime.InvalidWorkingDir", "chdir /runtime: not a directory"),
        (
            {"working_directory": ""},
            "Runtime.InvalidWorkingDir",
            "the working directory '' is invalid, it needs to be an absolute path",
        ),
        ({"entry_point": (), "command": ()}, "Runtime.InvalidEntrypoint", "Couldn't find valid bootstrap(s): []"),
        (
            {"entry_point": ("/bin/bash", "-c", "exit 3")},
            "Runtime.ExitError",
            "Runtime exited with error: exit status 3",
        ),
        ({"entry_point": ("bash", "-c", "exit 0")}, "Runtime.ExitError", "Runtime exited without providing a reason"),
    ],
)
async def test_what_does_not_start(bench: Bench, maker: Maker, image: dict[str, Any], kind: str, message: str) -> None:
    """As AWS tells it, each time again."""
    spec = maker.function("echo 1", image=image)
    for _ in range(2):
        document = await bench.failure(spec)
        assert document["errorType"] == kind
        assert document["errorMessage"].endswith(f"Error: {message}")


async def test_a_launch_error_is_logged(bench: Bench, maker: Maker) -> None:
    """With what was to be run, as AWS does."""
    spec = maker.function("echo 1", image={"entry_point": ("/absent", "a"), "command": ("b",)})
    await bench.failure(spec)
    line = "IMAGE\tLaunch error: fork/exec /absent: no such file or directory\t"
    line += "Entrypoint: [/absent,a]\tCmd: [b]\tWorkingDir: [/app]\n"
    assert line in bench.logs.all


async def test_limits_hold(bench: Bench, maker: Maker) -> None:
    """Time, and a process that ends in the midst of an event."""
    slow = maker.function("sleep 30", timeout=timedelta(seconds=0.5))
    document = await bench.failure(slow)
    assert document["errorType"] == "Sandbox.Timedout"
    dying = maker.function("kill -9 $PPID $$", revision="2")
    assert (await bench.failure(dying))["errorType"] == "Runtime.ExitError"


async def test_two_at_once_are_apart(bench: Bench, maker: Maker) -> None:
    """Each has its own /tmp and processes."""
    spec = maker.function('n=$(ls -A /tmp); echo x > /tmp/mine; sleep 0.2; echo "\\"$n\\""')
    assert await asyncio.gather(*(bench.answer(spec) for _ in range(3))) == ["", "", ""]
    assert await bench.answer(spec) == "mine"


async def test_extensions_of_the_image(bench: Bench, maker: Maker) -> None:
    """Those in /opt/extensions are started, and awaited; links that lead out of the image are not looked into."""
    extensions = maker.root / "opt" / "extensions"
    extensions.mkdir(parents=True)
    (extensions / "noter").write_text(EXTENSION)
    (extensions / "noter").chmod(0o755)
    (extensions / "link").symlink_to("/etc/passwd")
    spec = maker.function("echo 1")
    assert await bench.answer(spec) == 1
    assert "noted\n" in bench.logs.all
    assert any(line.startswith("EXTENSION\tName: noter") for line in bench.logs.all)


async def test_json_logs(bench: Bench, maker: Maker) -> None:
    """The platform's events, without a runtime version."""
    spec = maker.function("echo 1", log_format="JSON", system_log_level="DEBUG")
    await bench.answer(spec)
    events = [json.loads(line) for line in bench.logs.all]
    start = next(event for event in events if event["type"] == "platform.initStart")
    assert "runtimeVersion" not in start["record"]


async def test_without_namespaces(bench: Bench, tmp_path: Path) -> None:
    """The host cannot hold an image's program: it says so, instead of running it among its own files."""
    pool = bench.new_pool(sandbox=Sandbox(contain=False))
    assert await pool.why_no_images() == "containment is switched off"
    maker = Maker(bench, tmp_path)
    with pytest.raises(ImagesUnsupported, match="namespaces"):
        await pool.invoke(maker.function("echo 1"), bench.invocation(1))
    await pool.close()
