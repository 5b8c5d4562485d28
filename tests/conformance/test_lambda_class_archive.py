"""A published version of a Java function starts from an archive of its classes. Whoever invokes it sees no difference,
so the functions look at their own JVM: which classes came from the archive, and with which options it was started."""

import io
import json
import subprocess
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from pileus.services.lambda_.runtimes import toolchains
from tests.conftest import Server
from tests.support.functions import make_role

_JDK = toolchains.find("java17") if toolchains.supports("java17") else None
pytestmark = pytest.mark.skipif(_JDK is None or _JDK.major < 13, reason="no JDK 13 or newer is installed here")

_WAIT_S = 60.0
_SOURCE = """
package shared;
import java.io.File;
import java.util.*;
public class Looking {
    static {
        System.out.println("initialised");
        if (System.getenv("CRASH") != null && Boolean.getBoolean("pileus.archive")) Runtime.getRuntime().halt(3);
    }
    public Map<String, Object> handleRequest(Object event) throws Exception {
        Map<String, Object> told = new LinkedHashMap<>();
        String line = new String(java.nio.file.Files.readAllBytes(java.nio.file.Paths.get("/proc/self/cmdline")));
        String archive = "";
        for (String option : line.split("\\0"))
            if (option.startsWith("-XX:SharedArchiveFile=")) archive = option.substring(22);
        told.put("archive", archive);
        String maps = new String(java.nio.file.Files.readAllBytes(java.nio.file.Paths.get("/proc/self/maps")));
        told.put("mapped", !archive.isEmpty() && maps.contains(archive));
        told.put("writable", !archive.isEmpty() && (new File(archive).canWrite() || new File(archive).delete()));
        Thread.sleep(1000);
        told.put("property", System.getProperty("own", ""));
        told.put("resource", Looking.class.getResource("/note.txt").getProtocol());
        return told;
    }
}
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    place = tmp_path_factory.mktemp("shared")
    assert _JDK is not None
    source = place / "Looking.java"
    source.write_text(_SOURCE)
    subprocess.run([str(_JDK.program.with_name("javac")), "-d", str(place / "out"), str(source)], check=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in (place / "out").rglob("*.class"):
            archive.write(path, path.relative_to(place / "out"))
        archive.writestr("note.txt", "a file of the package")
    return packed.getvalue()


def _published(aws: Server, package: bytes, variables: dict[str, str] | None = None) -> str:
    lambda_ = aws.client("lambda")
    function = f"a-{uuid4().hex[:12]}"
    lambda_.create_function(
        FunctionName=function,
        Runtime="java17",
        Handler="shared.Looking",
        Role=make_role(aws, name="archive"),
        Code={"ZipFile": package},
        Timeout=20,
        MemorySize=512,
        Environment={"Variables": variables or {}},
        SnapStart={"ApplyOn": "PublishedVersions"},
    )
    lambda_.get_waiter("function_active_v2").wait(FunctionName=function)
    lambda_.publish_version(FunctionName=function)
    deadline_s = time.monotonic() + _WAIT_S
    while (state := lambda_.get_function_configuration(FunctionName=function, Qualifier="1")["State"]) == "Pending":
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    assert state == "Active"
    return function


def _told(aws: Server, function: str, version: str = "1") -> list[dict[str, Any]]:
    """What two environments say: one was initialised before the archive was made, the other is started for this."""

    def invoke(_: int) -> dict[str, Any]:
        answer = aws.client("lambda").invoke(FunctionName=function, Qualifier=version, Payload=b"{}")
        told: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, told
        return told

    with ThreadPoolExecutor(2) as threads:
        return sorted(threads.map(invoke, range(2)), key=lambda told: bool(told["archive"]))


def _archives(aws: Server) -> set[Path]:
    return set((aws.data_dir / "runtimes" / "archives").rglob("*.jsa"))


def test_a_later_environment_starts_from_the_archive(aws: Server, package: bytes) -> None:
    """Its classes are mapped from it, it cannot change it, and its package lies where it did. The run that made the
    archive is not in the log. The archive goes with the version."""
    before = _archives(aws)
    function = _published(aws, package)
    (made,) = _archives(aws) - before
    first, later = _told(aws, function)
    assert not first["archive"]
    assert later["mapped"]
    assert not later["writable"]
    assert first["resource"] == later["resource"] == "file"
    aws.client("lambda").delete_function(FunctionName=function, Qualifier="1")
    assert not made.exists()
    assert _archives(aws) == before
    aws.client("lambda").delete_function(FunctionName=function)


def test_options_of_the_function_count(aws: Server, package: bytes) -> None:
    """Its JAVA_TOOL_OPTIONS reach every environment, and one that says something about archives is obeyed."""
    lambda_ = aws.client("lambda")
    function = _published(aws, package, {"JAVA_TOOL_OPTIONS": "-Down=mine"})
    first, later = _told(aws, function)
    assert (first["property"], later["property"]) == ("mine", "mine")
    assert later["mapped"]
    lambda_.delete_function(FunctionName=function)
    before = _archives(aws)
    function = _published(aws, package, {"JAVA_TOOL_OPTIONS": "-Down=mine -Xshare:off"})
    assert _archives(aws) == before
    assert all(told["property"] == "mine" and not told["archive"] for told in _told(aws, function))
    lambda_.delete_function(FunctionName=function)


def test_a_version_of_which_no_archive_can_be_made(aws: Server, package: bytes) -> None:
    """It is published without one: here the run that makes it crashes."""
    before = _archives(aws)
    function = _published(aws, package, {"CRASH": "1"})
    assert _archives(aws) == before
    assert all(not told["archive"] for told in _told(aws, function))
    aws.client("lambda").delete_function(FunctionName=function)


def test_an_archive_that_does_not_fit(aws: Server, package: bytes) -> None:
    """A damaged one is passed over, and the function's log says nothing of it."""
    before = _archives(aws)
    function = _published(aws, package)
    (made,) = _archives(aws) - before
    made.chmod(0o644)
    made.write_bytes(b"no archive")
    _, later = _told(aws, function)
    assert later["archive"]
    assert not later["mapped"]
    events = aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    assert not [event["message"] for event in events if "archive" in event["message"] or "[cds" in event["message"]]
    aws.client("lambda").delete_function(FunctionName=function)
