"""What the Lambda API and the environments tell each other."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import msgspec

from pileus.services.lambda_.environments.streams import ResponseStream


class ImageSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A container image, and how it is run.

    root: its files. entry_point, command: together the program and its arguments. environment: the image's own.
    """

    root: Path
    entry_point: tuple[str, ...]
    command: tuple[str, ...]
    working_directory: str
    environment: dict[str, str]

    @property
    def execute(self) -> tuple[str, ...]:
        return (*self.entry_point, *self.command)


class FunctionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an environment must know about the function that it runs.

    function_arn: without qualifier for `$LATEST`, otherwise with the version; environments of one ARN form one fleet.
    code_path: the unpacked package, mounted read-only as `/var/task`; readable by others, as Lambda asks of packages.
    ephemeral_storage_mb: size of `/tmp`.
    layers: the unpacked layers, mounted merged as `/opt`; of files of the same name that of the later one counts.
    log_format: `Text` or `JSON`; the levels, of the function's own and of the platform's lines, count for JSON only.
    snap_start: whether environments are restored from one that was initialised when the version was published.
    image: what the function is made of instead of a package, a runtime and layers; `code_path` is its root then.
    revision: changes whenever anything here changes; a new one retires the environments of the old one.
    environment: the function's own variables; they cannot replace Lambda's reserved ones.
    """

    function_arn: str
    function_name: str
    version: str
    runtime: str
    handler: str
    code_path: Path
    code_sha256: str
    memory_mb: int
    timeout: timedelta
    environment: dict[str, str]
    role_arn: str
    log_group: str
    region: str
    account_id: str
    revision: str
    ephemeral_storage_mb: int = 512
    layers: tuple[Path, ...] = ()
    log_format: str = "Text"
    log_level: str = ""
    system_log_level: str = ""
    snap_start: bool = False
    image: ImageSpec | None = None


class Invocation(msgspec.Struct, frozen=True, kw_only=True):
    """One event for a function.

    payload: the event as JSON bytes. client_context: decoded JSON text of X-Amz-Client-Context.
    trace_id: the whole X-Amzn-Trace-Id value; may be empty.
    deadline: when the caller gives up; None means the function's timeout, counted from the moment the handler starts.
    cognito_identity: JSON text, where the caller has one.
    stream: who wants an answer that comes in pieces as it comes; without, it is gathered.
    """

    request_id: str
    payload: bytes
    invoked_function_arn: str
    client_context: str | None = None
    trace_id: str = ""
    deadline: datetime | None = None
    cognito_identity: str | None = None
    stream: ResponseStream | None = None


class InvocationResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an invocation.

    payload: the answer, or the error document when `function_error` is set (always `Unhandled`). Of an answer that went
    to the invocation's stream nothing is left here; but what follows an error is not in the stream.
    init_duration: how long the environment took to start, when this invocation had to wait for that, and is billed
        for it; otherwise None.
    log: the last 4 KiB of this invocation's log with START, END and REPORT, as `LogType: Tail` shows it.
    """

    payload: bytes
    function_error: str | None
    duration: timedelta
    init_duration: timedelta | None
    max_memory_bytes: int
    log: bytes
    log_stream: str


class LogSink(Protocol):
    """Where the lines of functions go: their CloudWatch log group."""

    def append(self, spec: FunctionSpec, log_stream: str, lines: Sequence[tuple[float, str]]) -> None:
        """Keep `lines`, each with its moment in seconds since 1970; must not block and must not fail."""
        ...

    def congested(self, spec: FunctionSpec) -> bool:
        """Whether this function's lines come faster than they can be written, so that it had better be heard less."""
        ...


class UnsupportedRuntime(Exception):
    """This host has nothing that runs `spec.runtime`."""


class ImagesUnsupported(UnsupportedRuntime):
    """This host cannot run container images; says why."""


class EnvironmentsClosed(Exception):
    """Pileus stopped the environment, for reasons of its own: nothing is known of what the function would have done."""


class InitFailed(Exception):
    """The runtime did not come up. document: what the invoker gets; None when it must be made for the invocation."""

    def __init__(self, kind: str, message: str, document: bytes | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.document = document


class RestoreFailed(Exception):
    """An environment could not be restored from a snapshot: its hooks failed, or took too long; its log says more."""

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__(f"{timed_out=}")
        self.timed_out = timed_out


class ConcurrencyExceeded(Exception):
    """There may be no more environments now; Lambda answers TooManyRequestsException. reason: AWS's word for why."""

    def __init__(self, reason: str = "ConcurrentInvocationLimitExceeded") -> None:
        super().__init__(reason)
        self.reason = reason
