"""What may a request not ask of a function?

Validations that the model does not express, and a clear no to whatever Pileus does not do yet: a member that would
change how the function behaves is never ignored.
"""

import platform
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.lambda_.environments import features
from pileus.services.lambda_.errors import InvalidParameterValueException, ValidationException
from pileus.services.lambda_.images.configuring import check_image_creation
from pileus.services.lambda_.limits import (
    ENVIRONMENT_BYTES_MAX,
    EPHEMERAL_STORAGE_DEFAULT_MB,
    MEMORY_MB_MAX,
    NAME_CHARACTERS_MAX,
    TIMEOUT_S_MAX,
)
from pileus.services.lambda_.model import FunctionRecord
from pileus.services.lambda_.runtimes.toolchains import supports
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
    _check_variables(variables_of(request.environment) or {})


def check_snap_start(record: FunctionRecord) -> None:
    """Or InvalidParameterValueException.

    Source: Lambda Developer Guide, "Improving startup performance with Lambda SnapStart", supported features and
    limitations. That of runtimes is AWS's text (aws-samples/bedrock-chat, issue 617); the other is in our words.
    """
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


def variables_of(environment: Environment | None) -> dict[str, str] | None:
    """None where the request says nothing of them."""
    return None if environment is None else dict(environment.variables or {})
