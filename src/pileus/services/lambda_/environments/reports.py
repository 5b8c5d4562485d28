"""How does Lambda word what became of an invocation?

Sources: recorded answers of AWS (`test_lambda_invoke_with_timeout`, `test_lambda_runtime_exit`, the log events of
`test_invocation_with_logs`); Lambda Developer Guide, "Troubleshoot invocation issues in Lambda".
"""

import math
import os
import signal
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from pileus.services.lambda_.environments.types import ImageSpec

_GO_SIGNALS: Final = {
    signal.SIGHUP: "hangup",
    signal.SIGINT: "interrupt",
    signal.SIGQUIT: "quit",
    signal.SIGILL: "illegal instruction",
    signal.SIGTRAP: "trace/breakpoint trap",
    signal.SIGABRT: "aborted",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "floating point exception",
    signal.SIGKILL: "killed",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGPIPE: "broken pipe",
    signal.SIGALRM: "alarm clock",
    signal.SIGTERM: "terminated",
}
"""Lambda's supervisor is a Go program, and words signals as Go does."""
_MIB: Final = 1024 * 1024


class ErrorDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A failure that Lambda itself reports, in the order in which it writes the members."""

    error_type: str = msgspec.field(name="errorType")
    error_message: str = msgspec.field(name="errorMessage")


def error_document(kind: str, *, request_id: str, message: str) -> bytes:
    """`{"errorType": kind, "errorMessage": "RequestId: ... Error: message"}`."""
    return msgspec.json.encode(
        ErrorDocument(error_type=kind, error_message=f"RequestId: {request_id} Error: {message}")
    )


def timed_out(timeout: timedelta) -> str:
    return f"Task timed out after {timeout.total_seconds():.2f} seconds"


def timed_out_line(timeout: timedelta, *, request_id: str, now: datetime) -> str:
    moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"
    return f"{moment} {request_id} {timed_out(timeout)}\n"


def exited(wait_status: int | None) -> str:
    """How a runtime ended; None means that we killed it, or that its supervisor was killed with it."""
    if wait_status is None:
        return "Runtime exited with error: signal: killed"
    if os.WIFSIGNALED(wait_status):
        number = os.WTERMSIG(wait_status)
        return f"Runtime exited with error: signal: {_GO_SIGNALS.get(signal.Signals(number), f'signal {number}')}"
    code = os.WEXITSTATUS(wait_status)
    return f"Runtime exited with error: exit status {code}" if code else "Runtime exited without providing a reason"


def launch_error_line(why: str, image: ImageSpec) -> str:
    """As of AWS's own supervisor (aws/aws-lambda-base-images, issue 34)."""
    return (
        f"IMAGE\tLaunch error: {why}\tEntrypoint: [{','.join(image.entry_point)}]\tCmd: [{','.join(image.command)}]"
        f"\tWorkingDir: [{image.working_directory}]\n"
    )


def start_line(request_id: str, *, version: str) -> str:
    return f"START RequestId: {request_id} Version: {version}\n"


def end_line(request_id: str) -> str:
    return f"END RequestId: {request_id}\n"


def billed_ms(duration_s: float, *, init_s: float = 0.0) -> int:
    """What is billed: started milliseconds, the initialisation of an on-demand environment among them.

    Source: AWS Compute Blog, "AWS Lambda standardizes billing for INIT Phase": so since August 2025.
    """
    # Rounded first, by less than anybody measures: 0.2 s and 1.1 s are not 1300.0000000000002 ms.
    return math.ceil(round((duration_s + init_s) * 1000, 6))


def report_line(
    request_id: str,
    *,
    duration_s: float,
    memory_mb: int,
    max_memory_bytes: int,
    billed: int,
    init_s: float | None = None,
    restore_s: float | None = None,
    status: str = "",
) -> str:
    """The REPORT line; `status` is `Status: timeout` and the like, empty when the runtime answered."""
    duration_ms = duration_s * 1000
    used_mb = min(memory_mb, -(-max_memory_bytes // _MIB))
    init = f"Init Duration: {init_s * 1000:.2f} ms\t" if init_s is not None else ""
    if restore_s is not None:
        init += f"Restore Duration: {restore_s * 1000:.2f} ms\tBilled Restore Duration: {billed_ms(restore_s)} ms\t"
    return (
        f"REPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms\tBilled Duration: {billed} ms"
        f"\tMemory Size: {memory_mb} MB\tMax Memory Used: {used_mb} MB\t{init}{status}\n"
    )


def init_start_line(*, version: str, arn: str) -> str:
    """What is logged when an environment begins to be initialised (recording `test_multi_line_prints`)."""
    return f"INIT_START Runtime Version: {version}\tRuntime Version ARN: {arn}\n"


def restore_start_line(*, version: str, arn: str) -> str:
    """What is logged when an environment is restored from a snapshot."""
    return f"RESTORE_START Runtime Version: {version}\tRuntime Version ARN: {arn}\n"


def restore_report_line(duration_s: float, *, status: str = "") -> str:
    """status: as of `report_line`."""
    return "\t".join(filter(None, (f"RESTORE_REPORT Restore Duration: {duration_s * 1000:.2f} ms", status))) + "\n"


def init_report_line(*, duration_s: float, status: str) -> str:
    """What is logged when initialisation failed before the invocation began."""
    return f"INIT_REPORT Init Duration: {duration_s * 1000:.2f} ms\tPhase: init\t{status}\n"
