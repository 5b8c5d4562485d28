"""What does our Java runtime need from this host?

It is shipped as source, and compiled once for each JDK, beside Pileus's data: a release holds nothing that somebody
would have to trust a compiler for, and no JDK is too new for it. So a JRE alone runs no functions.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pileus.services.lambda_.runtimes.toolchains import Toolchain

MAIN_CLASS: Final = "pileus.Launcher"
CHANNEL: Final = 0
"""Standard input: what else is inherited no public API opens, and `--add-opens` makes every start 30 ms slower."""
HOOKS: Final = "com.amazonaws.services.lambda.crac"
"""Where org-crac finds the hooks of SnapStart, as in AWS's runtime."""
_SOURCE: Final = Path(__file__).parent / "source"
_COMPILE_S_MAX: Final = 60.0
_lock: Final = threading.Lock()


class CannotCompile(Exception):
    """The JDK does not compile our runtime; says why."""


def compiled(toolchain: Toolchain, cache: Path) -> Path:
    """The directory of the runtime's classes, made when it is not there yet (a second or two); CannotCompile."""
    sources = sorted(_SOURCE.rglob("*.java"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    place = cache / f"java-{toolchain.version}-{digest}"
    with _lock:
        if not place.is_dir():
            cache.mkdir(parents=True, exist_ok=True)
            _compile(toolchain, sources, place)
    return place


def _compile(toolchain: Toolchain, sources: Iterable[Path], place: Path) -> None:
    making = Path(tempfile.mkdtemp(dir=place.parent, prefix="java-making-"))
    try:
        command = [str(toolchain.program.with_name("javac")), "-nowarn", "-encoding", "UTF-8", "-d", str(making)]
        done = subprocess.run(
            [*command, *map(str, sources)], capture_output=True, text=True, timeout=_COMPILE_S_MAX, check=False
        )
        if done.returncode != 0:
            raise CannotCompile(done.stderr)
        for folder in (making, *(path for path in making.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        for file in making.rglob("*.class"):
            file.chmod(0o644)
        os.rename(making, place)
    except (OSError, subprocess.SubprocessError) as failure:
        raise CannotCompile(str(failure)) from failure
    finally:
        shutil.rmtree(making, ignore_errors=True)


def options(memory_mb: int) -> list[str]:
    """As AWS starts it: one compiler tier and a collector for one processor, within the function's memory size."""
    return [
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-XX:-UsePerfData",
        f"-Xmx{memory_mb * 17 // 20}m",
        f"-Dorg.crac.Core.Compat={HOOKS}",
    ]


def class_path(*, code_path: Path, task_root: str, layers: Iterable[Path], layers_root: str) -> list[str]:
    """Where classes of the function are, as on AWS: the package, the archives in its `lib`, those of layers."""
    own = [f"{task_root}/lib/{name}" for name in _archives(code_path / "lib")]
    shared = [f"{layers_root}/java/lib/{name}" for layer in layers for name in _archives(layer / "java" / "lib")]
    return [task_root, *own, *dict.fromkeys(shared)]


def _archives(folder: Path) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(".jar"))
    except OSError:
        return []
