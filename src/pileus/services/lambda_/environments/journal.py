"""What does the platform itself tell of an environment: in its log, and to whoever subscribed?

In a text log these are START, END, REPORT and lines about failures; in a JSON log they are events, each with the level
that the system log level is compared with. Subscribers of the Telemetry API get every event, whatever the format.
Source: Lambda Developer Guide, "Lambda Telemetry API Event schema reference" and "System log level event mapping".
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.services.lambda_.environments import reports
from pileus.services.lambda_.environments.logs import EnvironmentLog
from pileus.services.lambda_.environments.runtime_versions import runtime_version, runtime_version_arn
from pileus.services.lambda_.environments.types import FunctionSpec

_LEVELS: Final = {"DEBUG": 0, "INFO": 1, "WARN": 2}
_MIB: Final = 1024 * 1024


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an invocation, or an initialisation, ended: `success`, `failure`, `error` or `timeout`.

    told: whether the REPORT line of a text log says so; of errors that the function reported itself it does not.
    """

    status: str = "success"
    error_type: str = ""
    told: bool = True

    @property
    def text(self) -> str:
        if self.status == "success" or not self.told:
            return ""
        return "Status: timeout" if self.status == "timeout" else f"Status: error\tError Type: {self.error_type}"

    @property
    def members(self) -> dict[str, str]:
        told = {"status": self.status}
        return {**told, "errorType": self.error_type} if self.error_type and self.status != "timeout" else told


SUCCESS: Final = Outcome()
TIMEOUT: Final = Outcome(status="timeout", error_type="Sandbox.Timedout")


class Journal:
    """What the platform tells of one environment. heard: gets every event, once somebody has subscribed.

    kind: the type of its initialisation.
    """

    def __init__(
        self, spec: FunctionSpec, *, log: EnvironmentLog, log_stream: str, clock: Clock, kind: str = "on-demand"
    ) -> None:
        self._log_stream = log_stream
        self._kind = kind
        self._spec = spec
        self._log = log
        self._clock = clock
        self._json = spec.log_format == "JSON"
        self._level = _LEVELS.get(spec.system_log_level, 1)
        self.heard: Callable[[dict[str, Any]], None] | None = None

    def init_started(self) -> None:
        """It is in the log alone: no tail shows it (guide, "Identifying Lambda runtime version changes")."""
        version, arn = self._runtime_version()
        if not self._json and version:
            self._log.line_apart(reports.init_start_line(version=version, arn=arn))
        if self._json or self.heard is not None:
            record = {"initializationType": self._kind, "phase": "init", **self._started_members(version, arn)}
            self._tell("platform.initStart", record, level="INFO", apart=True)

    def init_ended(self, *, duration_s: float, outcome: Outcome) -> None:
        if self._json or self.heard is not None:
            record: dict[str, Any] = {"initializationType": self._kind, "phase": "init", **outcome.members}
            self._tell("platform.initRuntimeDone", record, level="DEBUG" if outcome.status == "success" else "WARN")
            record = {**record, "metrics": {"durationMs": _ms(duration_s)}}
            level = "DEBUG" if self._kind == "on-demand" else "INFO"
            self._tell("platform.initReport", record, level=level if outcome.status == "success" else "WARN")

    def restore_started(self) -> None:
        version, arn = self._runtime_version()
        if not self._json:
            self._log.line(reports.restore_start_line(version=version, arn=arn))
        if self._json or self.heard is not None:
            self._tell("platform.restoreStart", self._started_members(version, arn), level="INFO")

    def restore_ended(self, *, duration_s: float, outcome: Outcome) -> None:
        if not self._json:
            self._log.line(reports.restore_report_line(duration_s, status=outcome.text))
        if self._json or self.heard is not None:
            failed = outcome.status != "success"
            self._tell("platform.restoreRuntimeDone", {**outcome.members}, level="WARN" if failed else "DEBUG")
            record = {**outcome.members, "metrics": {"durationMs": _ms(duration_s)}}
            self._tell("platform.restoreReport", record, level="WARN" if failed else "INFO")

    def init_failed(self, *, duration_s: float, outcome: Outcome) -> None:
        """The line of a text log about an initialisation that failed."""
        if not self._json:
            self._log.line(reports.init_report_line(duration_s=duration_s, status=outcome.text))

    def started(self, request_id: str, *, trace_id: str = "") -> None:
        if not self._json:
            self._log.line(reports.start_line(request_id, version=self._spec.version))
            if self.heard is None:
                return
        record: dict[str, Any] = {
            "requestId": request_id,
            "functionArn": self._spec.function_arn,
            "version": self._spec.version,
            **_tracing(trace_id),
        }
        self._tell("platform.start", record, level="INFO")

    def failed(self, text: str) -> None:
        """A failure in words; in a JSON log the report tells it."""
        if not self._json:
            self._log.line(text)

    def ended(
        self,
        request_id: str,
        *,
        duration_s: float,
        init_s: float | None,
        max_memory_bytes: int,
        outcome: Outcome,
        restore_s: float | None = None,
        produced_bytes: int = 0,
        streamed: bool = False,
    ) -> None:
        """produced_bytes: of the answer. streamed: whether it came in pieces, of which nobody has noted when."""
        spec = self._spec
        billed = reports.billed_ms(duration_s, init_s=(init_s or 0.0) if self._kind == "on-demand" else 0.0)
        if not self._json:
            self._log.line(reports.end_line(request_id))
            line = reports.report_line(
                request_id,
                duration_s=duration_s,
                memory_mb=spec.memory_mb,
                max_memory_bytes=max_memory_bytes,
                billed=billed,
                init_s=init_s,
                restore_s=restore_s,
                status=outcome.text,
            )
            self._log.line(line)
            if self.heard is None:
                return
        metrics: dict[str, float] = {
            "durationMs": _ms(duration_s),
            "billedDurationMs": billed,
            "memorySizeMB": spec.memory_mb,
            "maxMemoryUsedMB": min(spec.memory_mb, -(-max_memory_bytes // _MIB)),
        }
        if init_s is not None:
            metrics["initDurationMs"] = _ms(init_s)
        if restore_s is not None:
            metrics |= {"restoreDurationMs": _ms(restore_s), "billedRestoreDurationMs": reports.billed_ms(restore_s)}
        fine = outcome.status == "success"
        done: dict[str, Any] = {"requestId": request_id, **outcome.members}
        if fine and not streamed:
            done["spans"] = self._spans(duration_s)
        done["metrics"] = {"durationMs": _ms(duration_s), "producedBytes": produced_bytes}
        self._tell("platform.runtimeDone", done, level="DEBUG" if fine else "WARN")
        report = {"requestId": request_id, "metrics": metrics, **outcome.members}
        self._tell("platform.report", report, level="INFO" if fine else "WARN")

    def _spans(self, duration_s: float) -> list[dict[str, Any]]:
        """An answer that comes at once comes at the end: it has taken no time of its own."""
        ended_s = self._clock.timestamp()
        began = moment_text(ended_s - duration_s)
        return [
            {"name": "responseLatency", "start": began, "durationMs": _ms(duration_s)},
            {"name": "responseDuration", "start": moment_text(ended_s), "durationMs": 0.0},
        ]

    def noted(self, kind: str, record: dict[str, Any]) -> None:
        """An event about an extension or a subscription; text logs have their own lines for those."""
        if not self._json:
            self._log.line(_line(kind, record))
        self._tell(kind, record, level="INFO")

    def _runtime_version(self) -> tuple[str, str]:
        """Of a container image there is none."""
        spec = self._spec
        if spec.image is not None:
            return "", ""
        partition = spec.function_arn.split(":", 2)[1]
        return runtime_version(spec.runtime), runtime_version_arn(spec.runtime, partition=partition, region=spec.region)

    def _started_members(self, version: str, arn: str) -> dict[str, Any]:
        return {
            **({"runtimeVersion": version, "runtimeVersionArn": arn} if version else {}),
            "functionName": self._spec.function_name,
            "functionVersion": self._spec.version,
            "instanceId": self._log_stream,
            "instanceMaxMemory": self._spec.memory_mb * _MIB,
        }

    def _tell(self, kind: str, record: dict[str, Any], *, level: str, apart: bool = False) -> None:
        event = {"time": moment_text(self._clock.timestamp()), "type": kind, "record": record}
        if self._json and _LEVELS[level] >= self._level:
            tell = self._log.line_apart if apart else self._log.line
            tell(msgspec.json.encode(event).decode() + "\n")
        if self.heard is not None:
            self.heard(event)


def moment_text(timestamp_s: float) -> str:
    """`2022-10-12T00:03:50.000Z`."""
    moment = datetime.fromtimestamp(timestamp_s, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _ms(duration_s: float) -> float:
    return round(duration_s * 1000, 3)


def _tracing(trace_id: str) -> dict[str, Any]:
    """Of an invocation that is traced; logs of AWS say nothing of others' traces."""
    traced = "Sampled=1" in trace_id
    return {"tracing": {"type": "X-Amzn-Trace-Id", "value": trace_id}} if traced else {}


def _line(kind: str, record: dict[str, Any]) -> str:
    """`EXTENSION\tName: a\tState: Ready\tEvents: [INVOKE, SHUTDOWN]`, `TELEMETRY\tName: ...`, as in logs of AWS."""
    word = {"platform.extension": "EXTENSION", "platform.telemetrySubscription": "TELEMETRY"}.get(kind, "LOGS")
    values = {name: f"[{', '.join(value)}]" if isinstance(value, list) else value for name, value in record.items()}
    return word + "".join(f"\t{name.capitalize()}: {value}" for name, value in values.items()) + "\n"
