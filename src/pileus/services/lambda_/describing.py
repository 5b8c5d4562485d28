"""How does Lambda describe functions, versions and aliases?

The answer to a request that changes a function shows the state before it is done (`Pending`, `InProgress`), under a
revision of its own, because that is what clients have learnt to wait out.
"""

from typing import Final

import msgspec

from pileus.services.lambda_.environments.runtime_versions import runtime_version_arn
from pileus.services.lambda_.model import (
    AliasRecord,
    FunctionRecord,
    Target,
    last_modified,
)
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.shapes import (
    AliasConfiguration,
    AliasRoutingConfiguration,
    DeadLetterConfig,
    EnvironmentResponse,
    EphemeralStorage,
    FunctionConfiguration,
    ImageConfig,
    ImageConfigResponse,
    Layer,
    LoggingConfig,
    RuntimeVersionConfig,
    SnapStartResponse,
    TracingConfigResponse,
)

_NO_SNAP_START: Final = SnapStartResponse(apply_on="None", optimization_status="Off")
_SNAP_START_TO_COME: Final = SnapStartResponse(apply_on="PublishedVersions", optimization_status="Off")
_SNAP_START: Final = SnapStartResponse(apply_on="PublishedVersions", optimization_status="On")
_CREATING: Final = "The function is being created."


def listed(target: Target) -> FunctionConfiguration:
    """As lists show it: without states and runtime version (recording lambda_api, test_list_functions)."""
    record = target.record
    return FunctionConfiguration(
        function_name=record.name,
        function_arn=target.invoked_arn,
        runtime=record.runtime or None,  # type: ignore[arg-type]  # checked against the model when it was written
        role=record.role,
        handler=record.handler or None,
        code_size=record.code_size_bytes,
        description=record.description,
        timeout=record.timeout_s,
        memory_size=record.memory_mb,
        last_modified=last_modified(record.modified_at),
        code_sha256=record.code_sha256_text,
        version=target.version,
        environment=None if record.environment is None else EnvironmentResponse(variables=record.environment),
        dead_letter_config=DeadLetterConfig(target_arn=record.dead_letter_arn) if record.dead_letter_arn else None,
        tracing_config=TracingConfigResponse(mode="PassThrough"),
        revision_id=record.revision_id,
        package_type=record.package_type,
        image_config_response=_image_config(record),
        architectures=record.architectures,  # type: ignore[arg-type]  # checked when it was written
        ephemeral_storage=EphemeralStorage(size=record.ephemeral_storage_mb),
        snap_start=_snap_start(target),
        layers=[Layer(arn=layer.arn, code_size=layer.code_size_bytes) for layer in record.layers] or None,
        logging_config=LoggingConfig(
            log_format=record.log_format,  # type: ignore[arg-type]  # checked when it was written
            application_log_level=record.application_log_level or None,  # type: ignore[arg-type]  # likewise
            system_log_level=record.system_log_level or None,  # type: ignore[arg-type]  # likewise
            log_group=record.log_group,
        ),
    )


def _image_config(record: FunctionRecord) -> ImageConfigResponse | None:
    """What the function has changed of how its image is run, if anything (recording lambda_api, TestLambdaImages)."""
    image = record.image
    if image is None or (image.entry_point, image.command, image.working_directory) == (None, None, None):
        return None
    changed = ImageConfig(
        entry_point=image.entry_point, command=image.command, working_directory=image.working_directory
    )
    return ImageConfigResponse(image_config=changed)


def _snap_start(target: Target) -> SnapStartResponse:
    """`Off` until a version is published, whose environments are restored from then on."""
    if not target.record.snap_start:
        return _NO_SNAP_START
    active = target.published is not None and target.published.state == "Active"
    return _SNAP_START if active else _SNAP_START_TO_COME


def described(target: Target) -> FunctionConfiguration:
    """As GetFunctionConfiguration shows it, under the ARN by which it was asked for."""
    published = target.published
    shown = msgspec.structs.replace(
        listed(target),
        state="Active",
        last_update_status="Successful",
        runtime_version_config=_runtime_version(target),
    )
    if published is None or published.state == "Active":
        return shown
    return msgspec.structs.replace(
        shown,
        state=published.state,
        state_reason=published.state_reason or None,
        state_reason_code=published.state_reason_code or None,
        last_update_status=None,
    )


def _runtime_version(target: Target) -> RuntimeVersionConfig | None:
    if target.record.image is not None:
        return None
    arn = runtime_version_arn(target.record.runtime, partition=target.function.partition, region=target.function.region)
    return RuntimeVersionConfig(runtime_version_arn=arn)


def being_created(target: Target, *, revision_id: str) -> FunctionConfiguration:
    """As CreateFunction answers. revision_id: of the state that has passed already."""
    return msgspec.structs.replace(
        described(target),
        revision_id=revision_id,
        state="Pending",
        state_reason=_CREATING,
        state_reason_code="Creating",
        last_update_status=None,
    )


def being_updated(target: Target, *, revision_id: str) -> FunctionConfiguration:
    """As an update answers; the reason is AWS's (recording lambda_api, test_function_lifecycle)."""
    return msgspec.structs.replace(
        described(target),
        revision_id=revision_id,
        last_update_status="InProgress",
        last_update_status_reason=_CREATING,
        last_update_status_reason_code="Creating",
    )


def alias_described(function: FunctionName, alias: AliasRecord) -> AliasConfiguration:
    """Recording lambda_api, test_alias_lifecycle."""
    return AliasConfiguration(
        alias_arn=f"{function.arn}:{alias.name}",
        name=alias.name,
        function_version=alias.version,
        description=alias.description,
        routing_config=AliasRoutingConfiguration(additional_version_weights=alias.weights) if alias.weights else None,
        revision_id=alias.revision_id,
    )
