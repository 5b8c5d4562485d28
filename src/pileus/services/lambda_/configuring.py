"""What does a request ask a function to be?

Defaults that the model does not express. Requests have been checked before: see `checking`.
"""

from datetime import datetime

import msgspec

from pileus.services.lambda_.checking import HOST_ARCHITECTURE, check_snap_start, variables_of
from pileus.services.lambda_.images.configuring import check_reconfiguration, image_of, overridden
from pileus.services.lambda_.limits import EPHEMERAL_STORAGE_DEFAULT_MB, MEMORY_DEFAULT_MB, TIMEOUT_DEFAULT_S
from pileus.services.lambda_.model import FunctionRecord, LayerUse, default_log_group
from pileus.services.lambda_.shapes import (
    CreateFunctionRequest,
    LoggingConfig,
    UpdateFunctionCodeRequest,
    UpdateFunctionConfigurationRequest,
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
        environment=variables_of(request.environment),
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
    check_snap_start(record)
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
        "environment": variables_of(request.environment),
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
    check_snap_start(changed)
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
