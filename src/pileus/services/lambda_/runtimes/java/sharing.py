"""What do environments of one version of a Java function share of its loaded classes?

A class archive of the JVM (AppCDS, dynamic, from JDK 13 on). One run of the function's initialisation, which ends
normally, writes it; later ones map the classes from it instead of parsing and verifying them. Each version has a
folder:

    pileus.jar    our runtime        package.jar    the classes of the package        classes.jsa    the archive

The JVM archives classes of jars only, and all of them must come before the first directory of the class path. So the
package's classes are packed, in front of the libraries, and the package itself is the last of the class path: there its
other files are found as before, unless a library has one of that name, which would then come first. Such a function
has no archive. Where the archive does not fit (another JDK, files that were unpacked anew) the JVM ignores it.
"""

import hashlib
import os
import re
import shutil
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from pileus.services.lambda_.runtimes.toolchains import Toolchain

JDK_MIN: Final = 13
ARCHIVE: Final = "classes.jsa"
SENT: Final = 0x41
"""Frame of the run that makes an archive: what follows, to the end, is the archive."""
_RUNTIME: Final = "pileus.jar"
_PACKAGE: Final = "package.jar"
_OWN_BUSINESS: Final = re.compile(r"Xshare|SharedArchive|ArchiveClasses|javaagent|agentlib|agentpath")
_IN_EACH_JAR: Final = re.compile(r"META-INF/(MANIFEST\.MF|LICENSE.*|NOTICE.*|DEPENDENCIES|INDEX\.LIST|maven/.*)")
_QUIET: Final = ("-Xlog:cds=off", "-Xlog:cds+dynamic=off", "-Xlog:class+path=off")
"""That an archive does not fit is nothing for the function's log."""
_SCRIPT: Final = (
    '"$@" && test -s "$0" && printf "\\000\\000\\000\\001A" >&0 && cat "$0" >&0; ended=$?; rm -f "$0"; exit $ended'
)
"""The JVM writes the archive when it ends, to `$0`: only then can it be sent."""


class CannotShare(Exception):
    """No archive can be made of this function; says why."""


class AlreadyShared(Exception):
    """The archive is there."""


def possible(toolchain: Toolchain, variables: Mapping[str, str]) -> bool:
    """Whether the JDK does it, and the function has not said something else about archives, or changes classes."""
    own = " ".join(variables.get(name, "") for name in ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"))
    return toolchain.major >= JDK_MIN and not _OWN_BUSINESS.search(own)


def home(cache: Path, function_arn: str) -> Path:
    """Where a version's folder is; it goes when the version does."""
    return cache / "archives" / hashlib.sha256(function_arn.encode()).hexdigest()[:32]


def folder(
    cache: Path, *, function_arn: str, code_sha256: str, code_path: Path, layers: Iterable[Path], classes: Path
) -> Path:
    """That of a version, its code as it lies here (the JVM looks at the ages of its files), a JDK and our runtime."""
    known = [code_sha256, str(code_path), _age(code_path), classes.name]
    for place in (code_path / "lib", *(layer / "java" / "lib" for layer in layers)):
        known += [f"{jar} {_age(jar)}" for jar in _jars(place)]
    digest = hashlib.sha256("\n".join(known).encode()).hexdigest()[:32]
    return home(cache, function_arn) / digest


def prepare(place: Path, *, code_path: Path, layers: Sequence[Path], classes: Path) -> None:
    """Make the folder, without its archive; CannotShare, OSError."""
    jars = [jar for path in (code_path / "lib", *(layer / "java" / "lib" for layer in layers)) for jar in _jars(path)]
    if (code_path / "lib").is_dir() or jars:
        _look_for_conflicts(code_path, jars)
    shutil.rmtree(place.parent, ignore_errors=True)
    place.mkdir(parents=True)
    _pack(place / _RUNTIME, classes)
    _pack(place / _PACKAGE, code_path)
    for path in (place.parent.parent, place.parent, place):
        path.chmod(0o755)


def class_path(root: str, wanted: Sequence[str]) -> str:
    """That of a start with an archive, or for one. root: where the folder is seen. wanted: see `java.class_path`."""
    package, *libraries = wanted
    return ":".join((f"{root}/{_RUNTIME}", f"{root}/{_PACKAGE}", *libraries, package))


def options(root: str) -> list[str]:
    return [f"-XX:SharedArchiveFile={root}/{ARCHIVE}", "-Xshare:auto", *_QUIET]


def making(program: Sequence[str], arguments: Sequence[str], *, name: str) -> tuple[str, ...]:
    """The command that makes and sends an archive. program: Java's, and what wraps it. name: a file's, its own."""
    file = f"/tmp/pileus-{name}.jsa"  # noqa: S108 - where functions may write
    ours = (f"-XX:ArchiveClassesAtExit={file}", "-Xshare:auto", *_QUIET, "-Dpileus.archive=true")
    return ("/bin/sh", "-c", _SCRIPT, file, *program, *ours, *arguments)


def _look_for_conflicts(code_path: Path, jars: Iterable[Path]) -> None:
    own = {str(path.relative_to(code_path)) for path in code_path.rglob("*") if path.is_file()}
    own = {name for name in own if not name.endswith(".class") and not _IN_EACH_JAR.fullmatch(name)}
    for jar in jars:
        try:
            with zipfile.ZipFile(jar) as opened:
                both = own.intersection(opened.namelist())
        except (OSError, zipfile.BadZipFile) as failure:
            raise CannotShare(f"{jar.name}: {failure}") from failure
        if both:
            raise CannotShare(f"{min(both)} is in the package and in {jar.name}")


def _pack(target: Path, source: Path) -> None:
    """Classes only, and no entries for folders: who searches the class path for classes finds each once."""
    with zipfile.ZipFile(target, "w") as packed:
        for path in sorted(source.rglob("*.class")):
            name = str(path.relative_to(source))
            if path.is_file() and not name.startswith("META-INF/"):
                packed.writestr(zipfile.ZipInfo(name), path.read_bytes())
    target.chmod(0o644)


def _jars(place: Path) -> list[Path]:
    try:
        return [place / name for name in sorted(os.listdir(place)) if name.endswith(".jar")]
    except OSError:
        return []


def _age(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns} {found.st_size}"
