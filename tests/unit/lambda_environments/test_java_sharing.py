"""A class archive must not change what a function finds: classes come from jars, other files from where they were."""

import zipfile
from pathlib import Path

import pytest

from pileus.services.lambda_.runtimes.java import sharing
from pileus.services.lambda_.runtimes.toolchains import Toolchain


def _package(place: Path, library: dict[str, str]) -> Path:
    package = place / "package"
    (package / "lib").mkdir(parents=True)
    (package / "own").mkdir()
    (package / "own" / "Handler.class").write_bytes(b"class")
    (package / "log.xml").write_text("own")
    with zipfile.ZipFile(package / "lib" / "some.jar", "w") as jar:
        for name, text in library.items():
            jar.writestr(name, text)
    return package


def test_only_classes_are_packed(tmp_path: Path) -> None:
    """And no folders: who searches the class path finds each class once."""
    package = _package(tmp_path, {"META-INF/MANIFEST.MF": "", "other.xml": ""})
    sharing.prepare(tmp_path / "cache" / "version" / "key", code_path=package, layers=(), classes=package)
    with zipfile.ZipFile(tmp_path / "cache" / "version" / "key" / "package.jar") as packed:
        assert packed.namelist() == ["own/Handler.class"]


def test_a_library_with_a_file_of_the_same_name(tmp_path: Path) -> None:
    """It would come before the package's own, so there is no archive."""
    package = _package(tmp_path, {"log.xml": "the library's"})
    with pytest.raises(sharing.CannotShare, match=r"log\.xml is in the package and in some\.jar"):
        sharing.prepare(tmp_path / "cache" / "version" / "key", code_path=package, layers=(), classes=package)


def test_the_package_is_the_last_of_the_class_path() -> None:
    """The JVM archives nothing that comes after a directory."""
    path = sharing.class_path("/r", ["/var/task", "/var/task/lib/some.jar"])
    assert path == "/r/pileus.jar:/r/package.jar:/var/task/lib/some.jar:/var/task"


@pytest.mark.parametrize(
    ("major", "options", "expected"),
    [
        (13, "", True),
        (17, "-Dx=y", True),
        (11, "", False),
        (17, "-Xshare:off", False),
        (17, "-javaagent:/a.jar", False),
    ],
)
def test_who_may_have_an_archive(major: int, options: str, *, expected: bool) -> None:
    """JDKs that can make one, for functions that say nothing else about it."""
    toolchain = Toolchain(program=Path("/jdk/bin/java"), major=major, version=str(major))
    assert sharing.possible(toolchain, {"JAVA_TOOL_OPTIONS": options}) is expected
