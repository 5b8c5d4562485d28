"""How does a Python function run inside its cell?

`run` is called in a blank cell that has just become an environment: it loads the handler from the task root, says that
it is ready, and answers one event after the other. Everything here works without Pileus being importable afterwards.
"""

import decimal
import importlib
import json
import os
import resource
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

from pileus.kernel.sandbox import wire
from pileus.services.lambda_.runtimes import frames
from pileus.services.lambda_.runtimes.python import faults, output, snapshots
from pileus.services.lambda_.runtimes.python.context import LambdaContext
from pileus.services.lambda_.runtimes.python.faults import Fault

Handler = Callable[[Any, LambdaContext], Any]

SHARED_PACKAGES: Final = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")
"""The AWS SDK and what it needs. They may be loaded already; a function that brings its own gets its own."""
KEPT: Final = frozenset(sys.builtin_module_names) | frozenset(
    "abc codecs encodings importlib io os posixpath site stat sys zipimport "  # noqa: SIM905 - words
    "decimal json logging traceback".split()
)
"""What Python has loaded before any program begins, and what AWS's runtime has loaded before the function: a package
cannot replace these. Anything else that is loaded is forgotten where a function brings a module of that name, as if it
had been started afresh with `/var/task` first on its path."""


_SNAP_START: Final = "snap-start"
_CHANNEL: Final = 3
"""Where a program finds the channel."""


class _Encoder(json.JSONEncoder):
    def default(self, value: Any) -> Any:
        return float(value) if isinstance(value, decimal.Decimal) else super().default(value)


_ENCODER_ASCII: Final = _Encoder()
_ENCODER: Final = _Encoder(ensure_ascii=False)


def run(channel: socket.socket, argument: dict[str, Any]) -> None:
    """Be the runtime until Pileus closes the channel.

    argument: `handler` as configured, `task_root` where the package lies, `layers_root` where the layers do;
    `snapshot`: what becomes of it once it is initialised, '' where nothing is to be restored from it.
    """
    task_root: str = argument["task_root"]
    outlet = output.Outlet(channel)
    output.install(outlet)
    snapshots.offer()
    _set_path(task_root, argument["layers_root"])
    try:
        handler = _load(argument["handler"])
        if mode := argument.get("snapshot"):
            channel = snapshots.pass_through(channel, outlet, mode=mode)
    except Exception as failure:  # noqa: BLE001 - whatever a user's module raises is reported, as AWS does
        described = faults.document(failure, request_id="", task_root=task_root)
        outlet.line(_logged(described))
        outlet.send(frames.INIT_ERROR, json.dumps(described).encode())
        sys.exit(1)
    outlet.send(frames.READY, b"")
    encode = _encoder().encode
    while (received := wire.receive(channel)) is not None:
        _answer(received[1], handler, encode, outlet, task_root)


def main(layers_root: str) -> None:
    """Be the runtime as a program of its own; as in a forked cell, nothing of Pileus can be imported afterwards."""
    del sys.path[0]
    channel = socket.socket(fileno=_CHANNEL)
    channel.set_inheritable(False)
    for name in [name for name in sys.modules if name == "pileus" or name.startswith("pileus.")]:
        del sys.modules[name]
    environment = os.environ
    run(
        channel,
        {
            "handler": environment["_HANDLER"],
            "task_root": environment["LAMBDA_TASK_ROOT"],
            "layers_root": layers_root,
            "snapshot": snapshots.AHEAD if environment["AWS_LAMBDA_INITIALIZATION_TYPE"] == _SNAP_START else "",
        },
    )


def _logged(described: dict[str, object]) -> str:
    return faults.json_event(described) if output.logs_json() else faults.log_event(described)


def _encoder() -> _Encoder:
    """From python3.12 on AWS leaves non-ASCII characters as they are."""
    name = os.environ.get("AWS_EXECUTION_ENV", "").removeprefix("AWS_Lambda_python3.")
    return _ENCODER if name.isdigit() and int(name) >= 12 else _ENCODER_ASCII


def _set_path(task_root: str, layers_root: str) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    named = os.environ.get("AWS_EXECUTION_ENV", "").removeprefix("AWS_Lambda_")  # this one may stand in for it
    own = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    layers = [f"{layers_root}/python/lib/{each}/site-packages" for each in dict.fromkeys((named or version, version))]
    places = [task_root, *layers, f"{layers_root}/python"]
    sys.path[:0] = [*places, *own]
    brought = _known_modules_in(places) - KEPT
    if not brought.isdisjoint(SHARED_PACKAGES):
        brought.update(SHARED_PACKAGES)
    if brought:
        for name in [name for name in sys.modules if name.partition(".")[0] in brought]:
            del sys.modules[name]


def _known_modules_in(places: list[str]) -> set[str]:
    """The names of the modules and packages in these directories that may be loaded already."""
    found: set[str] = set()
    for place in places:
        try:
            entries = list(os.scandir(place))
        except OSError:
            continue
        for entry in entries:
            name, dot, suffix = entry.name.partition(".")
            known = name in sys.modules or name in SHARED_PACKAGES
            if known and (suffix.endswith(("py", "pyc", "so")) if dot else _is_package(entry.path)):
                found.add(name)
    return found


def _is_package(path: str) -> bool:
    """A directory without `__init__` hides no module of the same name, wherever that lies."""
    try:
        return any(name.startswith("__init__.") for name in os.listdir(path))
    except OSError:
        return False


def _load(name: str) -> Handler:
    """The function that `module.function` or `directory/module.function` names."""
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as malformed:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': {malformed}") from None
    importable = module_name.replace("/", ".")
    if importable.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = importlib.import_module(importable)
    except ImportError as missing:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {missing}") from None
    except SyntaxError as wrong:
        place = f'  File "{wrong.filename}" Line {wrong.lineno}\n    {wrong.text}'
        raise Fault(
            "Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {wrong}", [place]
        ) from None
    handler: Handler | None = getattr(module, function_name, None)
    if handler is None:
        raise Fault("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
    return handler


def _answer(body: bytes, handler: Handler, encode: Callable[[Any], str], outlet: output.Outlet, task_root: str) -> None:
    start = frames.META_SIZE.size
    (meta_bytes,) = frames.META_SIZE.unpack_from(body)
    meta = body[start : start + meta_bytes].decode()
    request_id, deadline_ms, arn, trace_id, client_context = meta.split("\0", 4)
    outlet.request_id = request_id
    if trace_id:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    try:
        event = _decode(body[start + meta_bytes :])
        context = LambdaContext(
            request_id=request_id, deadline_ms=int(deadline_ms), arn=arn, client_context=client_context
        )
        result = handler(event, context)
        payload = result if isinstance(result, bytes) else _encode(result, encode)
    except Exception as failure:  # noqa: BLE001 - whatever a handler raises is reported, as AWS does
        described = faults.document(failure, request_id=request_id, task_root=task_root)
        outlet.line(_logged(described))
        outlet.send(frames.ERROR, _peak() + json.dumps(described).encode())
    else:
        if len(payload) > frames.RESPONSE_BYTES_MAX:
            outlet.send(frames.ERROR, _peak() + frames.RESPONSE_TOO_LARGE)
        else:
            outlet.send(frames.ANSWER, _peak() + payload)


def _decode(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError as wrong:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {wrong}") from None


def _encode(result: Any, encode: Callable[[Any], str]) -> bytes:
    try:
        return encode(result).encode()
    except Exception as wrong:  # noqa: BLE001 - as AWS: user objects may raise anything while they are encoded
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {wrong}") from None


def _peak() -> bytes:
    return frames.PEAK_SIZE.pack(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
