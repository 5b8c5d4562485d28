"""What on this host runs functions of a runtime, and how near is it to what was asked for?

Python functions run in Pileus's own interpreter, custom runtimes by themselves. Node.js, Java and Ruby are looked for
on the PATH and where their installers put them; of several the nearest is taken: the version itself, or the next newer
one, or the newest.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

_VERSION_S_MAX: Final = 10.0
_RUNTIME: Final = re.compile(r"(python3\.|nodejs|java)(\d+)")
_RUBY_NAMES: Final = ("ruby", "ruby3.1", "ruby3.2", "ruby3.3", "ruby3.4")
_RUBY: Final = re.compile(r"ruby(\d+)\.(\d)")
_JVM_DIRECTORIES: Final = ("/usr/lib/jvm", "/usr/java", "~/.sdkman/candidates/java")
_RUBY_PLACES: Final = ("/usr/", "/nix/", "/gnu/")
"""A Ruby knows where it was installed, so it can run only where a function sees it at that place."""


class Toolchain(msgspec.Struct, frozen=True, kw_only=True):
    """An installed interpreter. program: the real path. major: its version as runtimes count it (Python 3.11 is
    11, Ruby 3.4 is 34)."""

    program: Path
    major: int
    version: str

    @property
    def home(self) -> Path:
        """The directory that holds its `bin`."""
        return self.program.parent.parent


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a runtime's name asks for.

    language: `python`, `node`, `java`, `ruby`, `custom`, or '' when it is none of ours.
    """

    language: str
    major: int


def wanted(runtime: str) -> Wanted:
    """`nodejs20.x` is Node.js 20, `java8.al2` Java 8, `python3.11` Python 11, `ruby3.4` Ruby 34."""
    if runtime.startswith("provided"):
        return Wanted(language="custom", major=0)
    if ruby := _RUBY.fullmatch(runtime):
        return Wanted(language="ruby", major=int(ruby[1] + ruby[2]))
    found = _RUNTIME.match(runtime)
    if found is None:
        return Wanted(language="", major=0)
    languages = {"python3.": "python", "nodejs": "node", "java": "java"}
    return Wanted(language=languages[found[1]], major=int(found[2]))


def supports(runtime: str) -> bool:
    """Whether anything here runs functions of this runtime; looks for programs and starts none."""
    match wanted(runtime).language:
        case "python" | "custom":
            return True
        case "node":
            return bool(_node_programs())
        case "java":
            return bool(_java_programs())
        case "ruby":
            return bool(_ruby_programs())
    return False


def find(runtime: str) -> Toolchain | None:
    """What runs it here. Asks programs for their version the first time, which takes a while: not on the loop."""
    asked = wanted(runtime)
    match asked.language:
        case "python":
            return python()
        case "node":
            return nearest(_nodes(), asked.major)
        case "java":
            return nearest(_javas(), asked.major)
        case "ruby":
            return nearest(_rubies(), asked.major)
    return None


def installed(language: str) -> Sequence[Toolchain]:
    """All of `node`, `java` or `ruby`; asks them for their versions."""
    match language:
        case "node":
            return _nodes()
        case "java":
            return _javas()
        case "ruby":
            return _rubies()
    raise AssertionError(language)


def exact(runtime: str, toolchain: Toolchain) -> bool:
    """Whether it is the version that was asked for."""
    return wanted(runtime).major == toolchain.major


def nearest(present: Sequence[Toolchain], major: int) -> Toolchain | None:
    """The version itself, else the next newer one (old code runs on those, most of the time), else the newest."""
    newer = [toolchain for toolchain in present if toolchain.major >= major]
    if newer:
        return min(newer, key=lambda toolchain: toolchain.major)
    return max(present, key=lambda toolchain: toolchain.major, default=None)


@functools.cache
def python() -> Toolchain:
    """The interpreter that Pileus itself runs in."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Toolchain(program=Path(sys.executable), major=sys.version_info.minor, version=version)


@functools.cache
def _nodes() -> tuple[Toolchain, ...]:
    return tuple(_examined(_node_programs(), ["--version"]))


@functools.cache
def _javas() -> tuple[Toolchain, ...]:
    return tuple(_examined(_java_programs(), ["-version"]))


@functools.cache
def _rubies() -> tuple[Toolchain, ...]:
    return tuple(_examined(_ruby_programs(), ["--version"]))


@functools.cache
def _node_programs() -> tuple[Path, ...]:
    managed = Path(os.environ.get("NVM_DIR", "~/.nvm")).expanduser() / "versions" / "node"
    return _distinct([*_on_path("node", "nodejs"), *sorted(managed.glob("*/bin/node"))])


@functools.cache
def _java_programs() -> tuple[Path, ...]:
    home = os.environ.get("JAVA_HOME")
    found = [Path(home) / "bin" / "java"] if home else []
    found += _on_path("java")
    for directory in _JVM_DIRECTORIES:
        found += sorted(Path(directory).expanduser().glob("*/bin/java"))
    # Our runtime is compiled on this host, so a JRE is not enough.
    return tuple(program for program in _distinct(found) if os.access(program.with_name("javac"), os.X_OK))


@functools.cache
def _ruby_programs() -> tuple[Path, ...]:
    return tuple(found for found in _distinct(_on_path(*_RUBY_NAMES)) if str(found).startswith(_RUBY_PLACES))


def _on_path(*names: str) -> list[Path]:
    return [Path(found) for name in names if (found := shutil.which(name)) is not None]


def _distinct(programs: Iterable[Path]) -> tuple[Path, ...]:
    real = dict.fromkeys(program.resolve() for program in programs)
    return tuple(program for program in real if os.access(program, os.X_OK))


def _examined(programs: Iterable[Path], question: list[str]) -> Iterable[Toolchain]:
    """Those that tell a version."""
    for program in programs:
        try:
            asked = subprocess.run(
                [program, *question], capture_output=True, text=True, timeout=_VERSION_S_MAX, check=True
            )
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
            continue
        told = asked.stdout + asked.stderr
        if ruby := re.match(r"ruby (\d+)\.(\d)([\w.+-]*)", told):  # `ruby 3.1.7p261 (2025-03-26 ...) [x86_64-linux]`
            version = f"{ruby[1]}.{ruby[2]}{ruby[3]}"
            yield Toolchain(program=program, major=int(ruby[1] + ruby[2]), version=version)
            continue
        # `v20.1.0`; `openjdk version "17.0.15"`; Java 8 calls itself 1.8.
        found = re.search(r'(?:^v|version ")(?:1\.(?=8))?(\d+)([\w.+-]*)', told)
        if found is not None:
            yield Toolchain(program=program, major=int(found[1]), version=found[1] + found[2])
