"""A Java function's hooks as whoever publishes and invokes it sees them. It packs a stand-in for the library org-crac,
which is found by the same names on AWS."""

import io
import json
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from pileus.services.lambda_.runtimes import toolchains
from tests.conftest import Server
from tests.support.functions import make_role

pytestmark = pytest.mark.skipif(not toolchains.supports("java17"), reason="no JDK is installed here")

_SOURCES = Path(__file__).parents[1] / "unit/lambda_environments/java"
_WAIT_S = 30.0


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    place = tmp_path_factory.mktemp("hooks")
    toolchain = toolchains.find("java17")
    assert toolchain is not None
    sources = [*(_SOURCES / "crac").rglob("*.java"), _SOURCES / "hooks" / "Hooked.java"]
    subprocess.run([str(toolchain.program.with_name("javac")), "-d", str(place), *sources], check=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in place.rglob("*.class"):
            archive.write(path, path.relative_to(place))
    return packed.getvalue()


def _published(aws: Server, package: bytes, name: str) -> tuple[str, dict[str, Any]]:
    """The function of that handler, and its version 1 once it is no longer pending."""
    lambda_ = aws.client("lambda")
    function = f"s-{uuid4().hex[:12]}"
    lambda_.create_function(
        FunctionName=function,
        Runtime="java17",
        Handler=f"hooks.Hooked${name}",
        Role=make_role(aws, name="snapstart"),
        Code={"ZipFile": package},
        Timeout=20,
        MemorySize=512,
        SnapStart={"ApplyOn": "PublishedVersions"},
    )
    lambda_.get_waiter("function_active_v2").wait(FunctionName=function)
    lambda_.publish_version(FunctionName=function)
    deadline_s = time.monotonic() + _WAIT_S
    while True:
        seen: dict[str, Any] = lambda_.get_function_configuration(FunctionName=function, Qualifier="1")
        if seen["State"] != "Pending":
            return function, seen
        assert time.monotonic() < deadline_s, seen
        time.sleep(0.05)


def test_hooks_of_a_published_version(aws: Server, package: bytes) -> None:
    """Before the snapshot in reverse order of registration, after the restore in that order."""
    lambda_ = aws.client("lambda")
    function, version = _published(aws, package, "Ordered")
    assert version["State"] == "Active"
    answer = lambda_.invoke(FunctionName=function, Qualifier="1", Payload=b"{}")
    assert json.loads(answer["Payload"].read())["called"] == ["before 2", "before 1", "after 1", "after 2"]
    lambda_.delete_function(FunctionName=function)


def test_a_version_that_is_not_ready_for_its_snapshot(aws: Server, package: bytes) -> None:
    """It fails, and its state says what was thrown first (in our words: nobody has recorded AWS's)."""
    function, version = _published(aws, package, "FailsBefore")
    assert (version["State"], version["StateReasonCode"]) == ("Failed", "FunctionError")
    assert "file is open" in version["StateReason"]
    aws.client("lambda").delete_function(FunctionName=function)


def test_a_version_that_does_not_get_over_a_restore(aws: Server, package: bytes) -> None:
    """It is active, and nobody gets into it."""
    lambda_ = aws.client("lambda")
    function, version = _published(aws, package, "FailsAfter")
    assert version["State"] == "Active"
    with pytest.raises(lambda_.exceptions.SnapStartException) as refused:
        lambda_.invoke(FunctionName=function, Qualifier="1", Payload=b"{}")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    lambda_.delete_function(FunctionName=function)
