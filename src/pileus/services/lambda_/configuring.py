"""What does a request ask a function to be?

Defaults and validations that the model does not express, and a clear no to whatever Pileus does not do yet: a member
that would change how the function behaves is never ignored.
"""

import platform
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.lambda_.environments import features
from pileus.services.lambda_.environments.pool import supports
from pileus.services.lambda_.errors import InvalidParameterValueException, ValidationException
from pileus.services.lambda_.images.configuring import (
    check_image_creation,
    check_reconfiguration,
    image_of,
    overridden,
)
from pileus.services.lambda_.limits import (
    ENVIRONMENT_BYTES_MAX,
    EPHEMERAL_STORAGE_DEFAULT_MB,
    MEMORY_DEFAULT_MB,
    MEMORY_MB_MAX,
    NAME_CHARACTERS_MAX,
    TIMEOUT_DEFAULT_S,
    TIMEOUT_S_MAX,
)
from pileus.services.lambda_.model import FunctionRecord, LayerUse, default_log_group
from pileus.services.lambda_.shapes import (
    CreateFunctionRequest,
    Environment,
    LoggingConfig,
    UpdateFunctionCodeRequest,
    UpdateFunctionConfigurationRequest,
)

RUNTIMES_RETIRED: Final = frozenset(
    "nodejs nodejs4.3 nodejs4.3-edge nodejs6.10 nodejs8.10 nodejs10.x nodejs12.x nodejs14.x java8 "  # noqa: SIM905
    "python2.7 python3.6 python3.7 dotnetcore1.0 dotnetcore2.0 dotnetcore2.1 dotnetcore3.1 "
    "go1.x ruby2.5 ruby2.7 provided".split()
)
"""No function can be created with these any more. Recording lambda_api, TestRuntimeValidation."""

RESERVED_VARIABLES: Final = frozenset(
    "_HANDLER _X_AMZN_TRACE_ID AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION "  # noqa: SIM905 - words
    "AWS_EXECUTION_ENV "
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_VERSION "
    "AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_LAMBDA_RUNTIME_API "
    "AWS_REGION AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LAMBDA_RUNTIME_DIR LAMBDA_TASK_ROOT".split()
)
"""Source: Lambda Developer Guide, "Defined runtime environment variables"."""

HOST_ARCHITECTURE: Final[Literal["x86_64", "arm64"]] = (
    "arm64" if platform.machine().lower() in ("aarch64", "arm64") else "x86_64"
)
"""What functions run on here, and are taken to be for unless they say so (on AWS: x86_64)."""

_CONFIGURATION_NOT_BUILT: Final = (
    "file_system_configs",
    "kms_key_arn",
    "tenancy_config",
    "capacity_provider_config",
    "durable_config",
    "runtime_config",
    "accelerator_config",
    "publish_to",
)


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """The code of a function: the digest of its archive in hex, and the archive's size; or a folder; or an image, by
    the digest of its manifest, as it was asked for and as it was found."""

    sha256: str
    size_bytes: int
    unzipped_bytes: int
    folder: str = ""
    image_uri: str = ""
    resolved_image_uri: str = ""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What every change writes: new revisions, and its moment."""

    revision_id: str
    fleet_revision: str
    moment: datetime


def created(
    request: CreateFunctionRequest, *, name: str, package: Package, layers: list[LayerUse], change: Change
) -> FunctionRecord:
    """The function that a checked request asks for."""
    storage, logging = request.ephemeral_storage, request.logging_config
    logs = _log_settings(logging, None)
    record = FunctionRecord(
        name=name,
        runtime=request.runtime or "",
        handler=request.handler or "",
        role=request.role,
        description=request.description or "",
        timeout_s=request.timeout or TIMEOUT_DEFAULT_S,
        memory_mb=request.memory_size or MEMORY_DEFAULT_MB,
        ephemeral_storage_mb=storage.size if storage else EPHEMERAL_STORAGE_DEFAULT_MB,
        architectures=list(request.architectures or (HOST_ARCHITECTURE,)),
        log_group=(logging.log_group if logging else None) or default_log_group(name),
        code_sha256=package.sha256,
        code_size_bytes=package.size_bytes,
        revision_id=change.revision_id,
        fleet_revision=change.fleet_revision,
        modified_at=change.moment,
        environment=_variables(request.environment),
        tags=dict(request.tags or {}),
        unzipped_bytes=package.unzipped_bytes,
        folder=package.folder,
        layers=layers,
        snap_start=request.snap_start is not None and request.snap_start.apply_on == "PublishedVersions",
        log_format=logs.log_format,
        application_log_level=logs.application_log_level,
        system_log_level=logs.system_log_level,
        image=image_of(package.image_uri, package.resolved_image_uri, request.image_config),
        dead_letter_arn=dead_letters_of(request) or "",
    )
    _check_snap_start(record)
    return record


def reconfigured(
    record: FunctionRecord,
    request: UpdateFunctionConfigurationRequest,
    *,
    layers: list[LayerUse] | None,
    change: Change,
) -> FunctionRecord:
    """The function after a checked request: what it does not name stays."""
    check_reconfiguration(record, request)
    changes: dict[str, object] = {
        "role": request.role,
        "handler": request.handler,
        "description": request.description,
        "timeout_s": request.timeout,
        "memory_mb": request.memory_size,
        "runtime": request.runtime,
        "ephemeral_storage_mb": request.ephemeral_storage.size if request.ephemeral_storage else None,
        "environment": _variables(request.environment),
        "log_group": _log_group(request.logging_config, record.name),
        "layers": layers,
        "snap_start": None if request.snap_start is None else request.snap_start.apply_on == "PublishedVersions",
        "image": None if record.image is None else overridden(record.image, request.image_config),
        "dead_letter_arn": dead_letters_of(request),
        **msgspec.structs.asdict(_log_settings(request.logging_config, record)),
    }
    changed = msgspec.structs.replace(
        record,
        **{name: value for name, value in changes.items() if value is not None},
        revision_id=change.revision_id,
        fleet_revision=change.fleet_revision,
        modified_at=change.moment,
    )
    _check_snap_start(changed)
    return changed


def recoded(
    record: FunctionRecord, request: UpdateFunctionCodeRequest, *, package: Package, change: Change
) -> FunctionRecord:
    """The function with other code."""
    image = record.image
    if image is not None:
        image = msgspec.structs.replace(image, uri=package.image_uri, resolved_uri=package.resolved_image_uri)
    return msgspec.structs.replace(
        record,
        code_sha256=package.sha256,
        code_size_bytes=package.size_bytes,
        unzipped_bytes=package.unzipped_bytes,
        folder=package.folder,
        image=image,
        architectures=list(request.architectures or record.architectures),
        revision_id=change.revision_id,
        fleet_revision=change.fleet_revision,
        modified_at=change.moment,
    )


def dead_letters_of(request: CreateFunctionRequest | UpdateFunctionConfigurationRequest) -> str | None:
    """Where events go that nobody could process: '' for nowhere; None where the request says nothing, as an empty
    DeadLetterConfig does (recording lambda_destinations, test_dead_letter_queue, `delete_dlq`).
    """
    return None if request.dead_letter_config is None else request.dead_letter_config.target_arn


def check_name(name: str) -> str:
    """The name for a new function. Recording lambda_api, test_function_arns (`long_function_name_exc`)."""
    if len(name) > NAME_CHARACTERS_MAX:
        raise InvalidParameterValueException(
            f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: "
            f"Member must have length less than or equal to {NAME_CHARACTERS_MAX}"
        )
    return name


def check_creation(request: CreateFunctionRequest) -> None:
    """Refuse what AWS refuses, and what Pileus does not do yet."""
    _check_architectures(request.architectures)
    _check_configuration(request)
    if request.package_type == "Image":
        check_image_creation(request)
        return
    if request.image_config is not None:
        raise InvalidParameterValueException(
            "Please don't provide ImageConfig when the intended function PackageType is Zip."
        )
    if request.runtime is None or request.handler is None:
        raise InvalidParameterValueException(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )


def check_configuration(request: UpdateFunctionConfigurationRequest) -> None:
    """Refuse what AWS refuses, and what Pileus does not do yet."""
    _check_configuration(request)


def check_recoding(request: UpdateFunctionCodeRequest) -> None:
    """Refuse what AWS refuses, and what Pileus does not do yet."""
    _check_architectures(request.architectures)


def _check_configuration(request: CreateFunctionRequest | UpdateFunctionConfigurationRequest) -> None:
    _refuse(request, _CONFIGURATION_NOT_BUILT)
    if request.vpc_config is not None:
        _refuse(request.vpc_config, ("subnet_ids", "security_group_ids"), within="VpcConfig.")
    if request.tracing_config is not None and request.tracing_config.mode == "Active":
        raise NotImplementedByPileus("TracingConfig.Mode Active is not implemented")
    if (
        request.snap_start is not None
        and request.snap_start.apply_on == "PublishedVersions"
        and not features.SNAP_START
    ):
        raise NotImplementedByPileus("SnapStart.ApplyOn PublishedVersions is not implemented")
    if request.logging_config is not None:
        _check_logging(request.logging_config)
    if request.runtime in RUNTIMES_RETIRED:
        raise InvalidParameterValueException(
            f"The runtime parameter of {request.runtime} is no longer supported for creating or updating AWS Lambda "
            "functions. We recommend you use a supported runtime while creating or updating functions."
        )
    if request.runtime is not None and not supports(request.runtime):
        raise NotImplementedByPileus(f"The runtime {request.runtime} is not implemented")
    if request.timeout is not None and request.timeout > TIMEOUT_S_MAX:
        raise ValidationException.above("timeout", value=request.timeout, most=TIMEOUT_S_MAX)
    if request.memory_size is not None and request.memory_size > MEMORY_MB_MAX:
        raise ValidationException.above("memorySize", value=request.memory_size, most=MEMORY_MB_MAX)
    _check_variables(_variables(request.environment) or {})


def _check_snap_start(record: FunctionRecord) -> None:
    """Source: Lambda Developer Guide, "Improving startup performance with Lambda SnapStart", supported features and
    limitations. That of runtimes is AWS's text (aws-samples/bedrock-chat, issue 617); the other is in our words."""
    if not record.snap_start:
        return
    if record.image is not None:
        raise NotImplementedByPileus("SnapStart of container images is not implemented")
    language, _, number = record.runtime.partition("3.") if record.runtime.startswith("python") else ("", "", "")
    java = record.runtime.removeprefix("java").partition(".")[0]
    if not (language == "python" and int(number) >= 12) and not (java.isdigit() and int(java) >= 11):
        raise InvalidParameterValueException(f"{record.runtime} is not supported for SnapStart enabled functions.")
    if record.ephemeral_storage_mb > EPHEMERAL_STORAGE_DEFAULT_MB:
        raise InvalidParameterValueException(
            f"Ephemeral storage of more than {EPHEMERAL_STORAGE_DEFAULT_MB} MB is not supported for SnapStart enabled "
            "functions."
        )


def _check_architectures(architectures: Sequence[str] | None) -> None:
    """Code for another machine would fail at its first invocation."""
    for architecture in architectures or ():
        if architecture != HOST_ARCHITECTURE:
            raise NotImplementedByPileus(
                f"Architectures {architecture} is not implemented on this host, whose machine is {HOST_ARCHITECTURE}"
            )


def _check_logging(logging: LoggingConfig) -> None:
    if logging.log_format == "JSON" and not features.JSON_LOGS:
        raise NotImplementedByPileus("LoggingConfig.LogFormat JSON is not implemented")
    if logging.log_format == "JSON":
        return
    if logging.application_log_level or logging.system_log_level:
        raise InvalidParameterValueException("Log levels can be set only when LoggingConfig.LogFormat is JSON.")


def _check_variables(variables: Mapping[str, str]) -> None:
    """Recording lambda_api, TestLambdaSizeLimits."""
    reserved = [name for name in variables if name in RESERVED_VARIABLES]
    if reserved:
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. Reserved keys used in "
            f"this request: {', '.join(reserved)}"
        )
    measured = msgspec.json.encode(variables)
    if len(measured) > ENVIRONMENT_BYTES_MAX:
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {measured.decode()}"
        )


def _refuse(request: msgspec.Struct, members: Sequence[str], *, within: str = "") -> None:
    """Name the first of these members that holds something; empty lists and texts ask for nothing."""
    for field in msgspec.structs.fields(request):
        if field.name in members and getattr(request, field.name):
            raise NotImplementedByPileus(f"{within}{field.encode_name} is not implemented")


def _variables(environment: Environment | None) -> dict[str, str] | None:
    return None if environment is None else dict(environment.variables or {})


def _log_group(logging: LoggingConfig | None, name: str) -> str | None:
    """Recording lambda_api, TestLoggingConfig: a LoggingConfig without a group means the default one."""
    return None if logging is None else logging.log_group or default_log_group(name)


class _LogSettings(msgspec.Struct, frozen=True):
    log_format: str = "Text"
    application_log_level: str = ""
    system_log_level: str = ""


def _log_settings(logging: LoggingConfig | None, record: FunctionRecord | None) -> _LogSettings:
    """Format and levels, as they will be. Recordings lambda_api, TestLoggingConfig: levels are told with JSON only."""
    known = _LogSettings()
    if record is not None:
        known = _LogSettings(record.log_format, record.application_log_level, record.system_log_level)
    if logging is None:
        return known
    log_format = logging.log_format or known.log_format
    if log_format == "Text":
        return _LogSettings()
    return _LogSettings(
        log_format,
        logging.application_log_level or known.application_log_level or "INFO",
        logging.system_log_level or known.system_log_level or "INFO",
    )
