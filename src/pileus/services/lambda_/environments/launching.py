"""How is the runtime of a function started in a blank cell?

Python's is called in the cell, which has been forked from an interpreter that has it loaded. The others are programs:
Node.js, Java and Ruby with a bundled runtime that speaks frames on the channel, custom ones with the Runtime API.
"""

import asyncio
import functools
import logging
import os
import sys
from pathlib import Path
from typing import Final

import msgspec

import pileus
from pileus.services.lambda_.environments.types import FunctionSpec, ImagesUnsupported, UnsupportedRuntime
from pileus.services.lambda_.environments.variables import RUNTIME_DIR
from pileus.services.lambda_.runtimes import java, node, ruby, toolchains
from pileus.services.lambda_.runtimes.java import sharing
from pileus.services.lambda_.runtimes.toolchains import Toolchain

_log: Final = logging.getLogger(__name__)
CHANNEL: Final = 3
"""The descriptor at which programs find the channel."""
LANGUAGE_ROOT: Final = "/var/lang"
"""Where AWS has the interpreter, and we where it lies outside the system's directories."""
BUNDLED_ROOT: Final = f"{RUNTIME_DIR}/native"
WRAPPER: Final = "AWS_LAMBDA_EXEC_WRAPPER"
ARCHIVE: Final = "archive"
"""Of a snapshot that is no environment: a run of Java that makes a class archive, which no one invokes."""
_NODE_PACKAGES: Final = f"{RUNTIME_DIR}/node_modules"
PYTHON: Final = "pileus.services.lambda_.runtimes.python.bootstrap"
_SHOWN: Final = ("/usr/", "/bin/", "/lib/", "/lib64/", "/nix/", "/gnu/")
"""What every cell sees of this machine; see `kernel.sandbox.template`."""


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """What to order of a cell.

    mounts: as of `Order`, besides the package; where nothing can be mounted, their sources can be read.
    variables: defaults that the function's own may replace.
    root: as of `Order`. directory: where the program begins, '' for the package.
    http: whether the runtime speaks the Runtime API rather than frames. channel_at: see `Order`.
    archive: where to keep the class archive that it sends. warning: what to write into the function's log first.
    """

    mounts: tuple[tuple[str, str], ...] = ()
    readable: tuple[str, ...] = ()
    call: str = ""
    argument: object = None
    execute: tuple[str, ...] = ()
    variables: dict[str, str] = {}
    http: bool = False
    root: str = ""
    directory: str = ""
    channel_at: int = -1
    archive: str = ""
    warning: str = ""


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where a cell sees the package and the merged layers. contained: whether it sees only what it was shown."""

    contained: bool
    task_root: str
    layers_root: str


def runs_here(spec: FunctionSpec) -> bool:
    """Whether anything here may run it, as far as one can say without looking further."""
    return spec.image is not None or toolchains.supports(spec.runtime)


def unstartable(spec: FunctionSpec) -> tuple[str, str] | None:
    """Why its environment need not even be tried: the kind of the error, and AWS's words.

    Of images as people report them: jsreport, issue 785; ob_bulkstash, issue 20.
    """
    if spec.image is not None:
        if not spec.image.execute:
            return "Runtime.InvalidEntrypoint", "Couldn't find valid bootstrap(s): []"
        directory = spec.image.working_directory
        if not directory.startswith("/"):
            return (
                "Runtime.InvalidWorkingDir",
                f"the working directory '{directory}' is invalid, it needs to be an absolute path",
            )
    elif spec.runtime.startswith("provided") and bootstrap(spec) is None:
        return (
            "Runtime.InvalidEntrypoint",
            "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
        )
    return None


def bootstrap(spec: FunctionSpec) -> Path | None:
    """The folder that holds a custom runtime's program, as Lambda looks for it: the package, then the layers."""
    return next((folder for folder in (spec.code_path, *spec.layers) if (folder / "bootstrap").exists()), None)


async def launch(
    spec: FunctionSpec, places: Places, *, cache: Path, strict: bool = False, snapshot: str = ""
) -> Launch:
    """How to start `spec`'s runtime; UnsupportedRuntime.

    cache: where to keep what is compiled for this host. strict: refuse other versions than the one asked for.
    snapshot: what becomes of it when it is initialised, as Python's `run` knows it.
    """
    if spec.image is not None:
        if not places.contained:
            raise ImagesUnsupported("Container images need namespaces, which this host does not grant")
        return Launch(
            root=str(spec.image.root), execute=spec.image.execute, directory=spec.image.working_directory, http=True
        )
    if spec.runtime.startswith("provided"):
        root = places.task_root if bootstrap(spec) == spec.code_path else places.layers_root
        return Launch(execute=(f"{root}/bootstrap",), http=True)
    if spec.runtime.startswith("python3."):
        toolchain: Toolchain | None = toolchains.python()
    else:
        toolchain = await asyncio.get_running_loop().run_in_executor(None, toolchains.find, spec.runtime)
    if toolchain is None or (strict and not toolchains.exact(spec.runtime, toolchain)):
        raise UnsupportedRuntime(spec.runtime)
    warning = "" if toolchains.exact(spec.runtime, toolchain) else _warning(spec, toolchain)
    match toolchains.wanted(spec.runtime).language:
        case "python":
            if WRAPPER in spec.environment:
                return _python_program(spec, toolchain, places, warning=warning)
            argument = {
                "handler": spec.handler,
                "task_root": places.task_root,
                "layers_root": places.layers_root,
                "snapshot": snapshot,
            }
            return Launch(call=f"{PYTHON}:run", argument=argument, warning=warning)
        case "node":
            return _node(spec, toolchain, places, warning=warning)
        case "java":
            try:
                run = asyncio.get_running_loop().run_in_executor
                classes = await run(None, java.compiled, toolchain, cache)
            except java.CannotCompile as failure:
                _log.warning("the Java runtime cannot be compiled: %s", failure)
                raise UnsupportedRuntime(spec.runtime) from failure
            build = functools.partial(
                _java, spec, toolchain, places, classes, cache=cache, snapshot=snapshot, warning=warning
            )
            return await run(None, build) if snapshot == ARCHIVE else build()
        case "ruby":
            return _ruby(spec, toolchain, places, warning=warning)
    raise UnsupportedRuntime(spec.runtime)


def _warning(spec: FunctionSpec, toolchain: Toolchain) -> str:
    language = toolchains.wanted(spec.runtime).language
    name = {"python": "Python", "node": "Node.js", "java": "Java", "ruby": "Ruby"}[language]
    return f"[WARN]\tPileus: {spec.runtime} is not installed here; this function runs on {name} {toolchain.version}\n"


def _wrapper(spec: FunctionSpec) -> tuple[str, ...]:
    """A script that starts the runtime, which it finds as its arguments.

    Source: Lambda Developer Guide, "Modifying the runtime environment", wrapper scripts.
    """
    wrapper = spec.environment.get(WRAPPER)
    return (wrapper,) if wrapper else ()


def _python_program(spec: FunctionSpec, toolchain: Toolchain, places: Places, *, warning: str) -> Launch:
    """Python as a program of its own, for a wrapper to start: it has nothing loaded, and is as slow as that."""
    own = Path(pileus.__file__).parent
    root = f"{BUNDLED_ROOT}/pileus" if places.contained else str(own)
    path = f"import sys; sys.path.insert(0, {os.path.dirname(root)!r})"
    code = f"{path}; from {PYTHON} import main; main({places.layers_root!r})"
    return Launch(
        mounts=((str(own), root),) if places.contained else (),
        readable=_readable(toolchain, own.parent, contained=places.contained),
        execute=(*_wrapper(spec), sys.executable, "-c", code),
        channel_at=CHANNEL,
        warning=warning,
    )


def _node(spec: FunctionSpec, toolchain: Toolchain, places: Places, *, warning: str) -> Launch:
    mounts, program = _program(toolchain, contained=places.contained)
    bundled, packages = Path(node.__file__).parent, node.shared_packages()
    mounts.append((str(bundled), BUNDLED_ROOT))
    if packages is not None:
        mounts.append((str(packages), _NODE_PACKAGES))
    root, shared = str(bundled), str(packages or _NODE_PACKAGES)
    if places.contained:
        root, shared = BUNDLED_ROOT, _NODE_PACKAGES
    layers = f"{places.layers_root}/nodejs"
    own = f"{layers}/node{toolchains.wanted(spec.runtime).major}/node_modules"
    return Launch(
        mounts=tuple(mounts),
        readable=_readable(toolchain, bundled, packages, contained=places.contained),
        execute=(*_wrapper(spec), program, *node.options(spec.memory_mb), f"{root}/bootstrap.cjs"),
        variables={"NODE_PATH": ":".join((own, f"{layers}/node_modules", shared, RUNTIME_DIR, places.task_root))},
        channel_at=CHANNEL,
        warning=warning,
    )


def _java(
    spec: FunctionSpec,
    toolchain: Toolchain,
    places: Places,
    classes: Path,
    *,
    cache: Path,
    snapshot: str,
    warning: str,
) -> Launch:
    mounts, program = _program(toolchain, contained=places.contained)
    class_path = java.class_path(
        code_path=spec.code_path, task_root=places.task_root, layers=spec.layers, layers_root=places.layers_root
    )
    shown = classes.resolve()
    if spec.snap_start and sharing.possible(toolchain, spec.environment):
        shared = sharing.folder(
            cache,
            function_arn=spec.function_arn,
            code_sha256=spec.code_sha256,
            code_path=spec.code_path,
            layers=spec.layers,
            classes=classes,
        )
        made = (shared / sharing.ARCHIVE).is_file()
        if snapshot == ARCHIVE:
            if made:
                raise sharing.AlreadyShared
            sharing.prepare(shared, code_path=spec.code_path, layers=spec.layers, classes=classes)
            shown = shared.resolve()
        elif made:
            shown = shared.resolve()
    elif snapshot == ARCHIVE:
        raise sharing.CannotShare("the JDK is too old, or the function has options of its own for that")
    root = BUNDLED_ROOT if places.contained else str(shown)
    starting = (*_wrapper(spec), program)
    arguments = (*java.options(spec.memory_mb), "-cp")
    if shown == classes.resolve():
        execute = (*starting, *arguments, ":".join((root, *class_path)), java.MAIN_CLASS)
    else:
        arguments = (*arguments, sharing.class_path(root, class_path), java.MAIN_CLASS)
        if snapshot == ARCHIVE:
            execute = sharing.making(starting, arguments, name=shown.name)
        else:
            execute = (*starting, *sharing.options(root), *arguments)
    return Launch(
        mounts=(*mounts, (str(shown), BUNDLED_ROOT)),
        readable=_readable(toolchain, shown, contained=places.contained),
        execute=execute,
        channel_at=java.CHANNEL,
        archive=str(shown / sharing.ARCHIVE) if snapshot == ARCHIVE else "",
        warning=warning,
    )


def _ruby(spec: FunctionSpec, toolchain: Toolchain, places: Places, *, warning: str) -> Launch:
    bundled, program = Path(ruby.__file__).parent, str(toolchain.program)
    root = BUNDLED_ROOT if places.contained else str(bundled)
    versions = [
        f"{number // 10}.{number % 10}.0" for number in (toolchains.wanted(spec.runtime).major, toolchain.major)
    ]
    gems = ruby.gem_paths(task_root=places.task_root, layers_root=places.layers_root, versions=versions)
    return Launch(
        mounts=((str(bundled), BUNDLED_ROOT),),
        readable=_readable(toolchain, bundled, contained=places.contained),
        execute=(*_wrapper(spec), program, *ruby.OPTIONS, f"{root}/bootstrap.rb"),
        variables={
            "GEM_HOME": gems.partition(":")[0],
            "GEM_PATH": gems,
            "RUBYLIB": f"{places.task_root}:{RUNTIME_DIR}/lib:{places.layers_root}/ruby/lib",
        },
        channel_at=CHANNEL,
        warning=warning,
    )


def _readable(toolchain: Toolchain, *folders: Path | None, contained: bool) -> tuple[str, ...]:
    """What the runtime reads of this machine, beyond what every cell may; mounts say it where there are any."""
    return () if contained else tuple(str(folder) for folder in (toolchain.home, *folders) if folder is not None)


def _program(toolchain: Toolchain, *, contained: bool) -> tuple[list[tuple[str, str]], str]:
    """What a cell must be shown for the interpreter, and where it finds that."""
    program = str(toolchain.program)
    if program.startswith(_SHOWN):
        return [], program
    seen = f"{LANGUAGE_ROOT}/{os.path.relpath(program, toolchain.home)}" if contained else program
    return [(str(toolchain.home), LANGUAGE_ROOT)], seen
