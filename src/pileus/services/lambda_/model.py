"""What is a function, and how does Lambda describe it?

A function is kept as one record, its resource policy included, so that whoever invokes it reads one key. It becomes
active, and an update is complete, in the transaction that writes it; the answer to that request shows the state before
(`Pending`, `InProgress`), under a revision of its own, because that is what clients have learnt to wait out.
"""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from pileus.services.lambda_.names import LATEST, FunctionName
from pileus.services.lambda_.shapes import (
    EnvironmentResponse,
    EphemeralStorage,
    FunctionConfiguration,
    LoggingConfig,
    RuntimeVersionConfig,
    SnapStartResponse,
    TracingConfigResponse,
)

_NO_SNAP_START: Final = SnapStartResponse(apply_on="None", optimization_status="Off")
_CREATING: Final = "The function is being created."


class StatementRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One statement of a function's resource policy, as AddPermission was asked for it."""

    sid: str
    action: str
    principal: str
    source_arn: str | None = None
    source_account: str | None = None
    event_source_token: str | None = None
    principal_org_id: str | None = None
    function_url_auth_type: str | None = None
    invoked_via_function_url: bool | None = None


class FunctionRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="lambda.function.v1"):
    """A function and its resource policy.

    code_sha256: of the package, in hex, which is also its blob's digest. environment: None when never given.
    revision_id: changes with every change; fleet_revision: only with what running environments would have to know.
    """

    name: str
    runtime: str
    handler: str
    role: str
    description: str
    timeout_s: int
    memory_mb: int
    ephemeral_storage_mb: int
    architectures: list[str]
    log_group: str
    code_sha256: str
    code_size_bytes: int
    revision_id: str
    fleet_revision: str
    modified_at: datetime
    environment: dict[str, str] | None = None
    tags: dict[str, str] = {}
    policy: list[StatementRecord] = []

    @property
    def timeout(self) -> timedelta:
        return timedelta(seconds=self.timeout_s)


def default_log_group(name: str) -> str:
    """Where a function logs unless told otherwise."""
    return f"/aws/lambda/{name}"


def code_sha256_base64(digest: str) -> str:
    """`CodeSha256` as the API prints it."""
    return base64.b64encode(bytes.fromhex(digest)).decode()


def last_modified(moment: datetime) -> str:
    """`LastModified` as the API prints it: `2014-02-28T12:00:00.123+0000`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


def runtime_version_arn(function: FunctionName, runtime: str) -> str:
    """A runtime's version here is whatever this Pileus runs under its name, hence one ARN for each."""
    version = hashlib.sha256(f"pileus {runtime}".encode()).hexdigest()
    return f"arn:{function.partition}:lambda:{function.region}::runtime:{version}"


def listed(function: FunctionName, record: FunctionRecord, *, qualified: bool = False) -> FunctionConfiguration:
    """As ListFunctions shows it: without states and runtime version (recording lambda_api, test_list_functions)."""
    return FunctionConfiguration(
        function_name=record.name,
        function_arn=f"{function.arn}:{LATEST}" if qualified else function.arn,
        runtime=record.runtime,  # type: ignore[arg-type]  # checked against the model when it was written
        role=record.role,
        handler=record.handler,
        code_size=record.code_size_bytes,
        description=record.description,
        timeout=record.timeout_s,
        memory_size=record.memory_mb,
        last_modified=last_modified(record.modified_at),
        code_sha256=code_sha256_base64(record.code_sha256),
        version=LATEST,
        environment=None if record.environment is None else EnvironmentResponse(variables=record.environment),
        tracing_config=TracingConfigResponse(mode="PassThrough"),
        revision_id=record.revision_id,
        package_type="Zip",
        architectures=record.architectures,  # type: ignore[arg-type]  # checked when it was written
        ephemeral_storage=EphemeralStorage(size=record.ephemeral_storage_mb),
        snap_start=_NO_SNAP_START,
        logging_config=LoggingConfig(log_format="Text", log_group=record.log_group),
    )


def described(function: FunctionName, record: FunctionRecord) -> FunctionConfiguration:
    """As GetFunctionConfiguration shows it, under the ARN by which it was asked for."""
    return msgspec.structs.replace(
        listed(function, record, qualified=function.qualifier is not None),
        state="Active",
        last_update_status="Successful",
        runtime_version_config=RuntimeVersionConfig(runtime_version_arn=runtime_version_arn(function, record.runtime)),
    )


def being_created(function: FunctionName, record: FunctionRecord, *, revision_id: str) -> FunctionConfiguration:
    """As CreateFunction answers. revision_id: of the state that has passed already."""
    return msgspec.structs.replace(
        described(function, record),
        revision_id=revision_id,
        state="Pending",
        state_reason=_CREATING,
        state_reason_code="Creating",
        last_update_status=None,
    )


def being_updated(function: FunctionName, record: FunctionRecord, *, revision_id: str) -> FunctionConfiguration:
    """As an update answers; the reason is AWS's (recording lambda_api, test_function_lifecycle)."""
    return msgspec.structs.replace(
        described(function, record),
        revision_id=revision_id,
        last_update_status="InProgress",
        last_update_status_reason=_CREATING,
        last_update_status_reason_code="Creating",
    )
