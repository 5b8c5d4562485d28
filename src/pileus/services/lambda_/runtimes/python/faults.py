"""How does a Python exception look to whoever invoked the function, and in its log?

Error documents have AWS's members in AWS's order; frames are written as in the recorded answers of AWS
(`test_lambda_handler_error`, `test_lambda_runtime_error`): file, line and function, then the source line when known.
"""

import json
import os
import time
import traceback
from types import TracebackType
from typing import Final

TASK_ROOT: Final = "/var/task"
_NO_BREAK_SPACE: Final = "\N{NO-BREAK SPACE}"
"""AWS indents frames in the log with these, so that CloudWatch keeps the indentation."""
_RUNTIME: Final = os.path.dirname(__file__)


class Fault(Exception):
    """A failure that the runtime names itself (`Runtime.ImportModuleError`)."""

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.trace = trace or []


def document(failure: BaseException, *, request_id: str, task_root: str) -> dict[str, object]:
    """What the invoker gets; `request_id` is empty for a failure at initialisation."""
    if isinstance(failure, Fault):
        kind, message, trace = failure.kind, failure.message, failure.trace
    else:
        kind, message = type(failure).__name__, str(failure)
        trace = frames(_beyond_the_runtime(failure.__traceback__), task_root=task_root)
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def _beyond_the_runtime(first: TracebackType | None) -> TracebackType | None:
    """The first frame that is not the runtime's own."""
    while first is not None and first.tb_frame.f_code.co_filename.startswith(_RUNTIME):
        first = first.tb_next
    return first


def frames(first: TracebackType | None, *, task_root: str) -> list[str]:
    """One string for each frame."""
    lines = []
    for frame in traceback.extract_tb(first):
        name = frame.filename
        if task_root != TASK_ROOT and name.startswith(task_root):
            name = TASK_ROOT + name[len(task_root) :]
        text = f'  File "{name}", line {frame.lineno}, in {frame.name}\n'
        lines.append(f"{text}    {frame.line}\n" if frame.line else text)
    return lines


def json_event(described: dict[str, object]) -> str:
    """The same in a JSON log."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return json.dumps({"timestamp": moment, "log_level": "ERROR", **described}) + "\n"


def log_event(described: dict[str, object]) -> str:
    """The same as the function's log tells it."""
    lines = [f"[ERROR] {described['errorType']}: {described['errorMessage']}", "Traceback (most recent call last):"]
    trace = described["stackTrace"]
    assert isinstance(trace, list)
    for element in trace:
        for line in str(element).splitlines():
            bare = line.lstrip(" ")
            lines.append(_NO_BREAK_SPACE * (len(line) - len(bare)) + bare)
    return "\n".join(lines)
