"""Which environment variables does a function find?

Source: Lambda Developer Guide, "Using Lambda environment variables", defined runtime environment variables. Nothing of
Pileus's own environment is among them.
"""

import os
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pileus.kernel.auth.credentials import Credentials
from pileus.services.lambda_.environments.types import FunctionSpec

TASK_ROOT: Final = "/var/task"
RUNTIME_DIR: Final = "/var/runtime"
LAYERS_ROOT: Final = "/opt"


_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Of an image that names none. Source: what Docker's engine gives such."""


def variables(
    spec: FunctionSpec,
    *,
    credentials: Credentials,
    log_stream: str,
    endpoint_url: str,
    runtime_api: str,
    task_root: str,
    layers_root: str = LAYERS_ROOT,
    defaults: Mapping[str, str] = MappingProxyType({}),
    kind: str = "on-demand",
) -> dict[str, str]:
    """The complete environment; the function's own variables replace the unreserved ones only.

    runtime_api: empty for the bundled runtimes, which need none. defaults: the runtime's own, to be replaced, too.
    kind: of initialisation.
    """
    if spec.image is not None:
        found = {"TZ": ":UTC", "PATH": _PATH, "AWS_ENDPOINT_URL": endpoint_url, **spec.image.environment}
        return (
            found
            | spec.environment
            | _given(spec, credentials=credentials, log_stream=log_stream, runtime_api=runtime_api, kind=kind)
        )
    found = {
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "PATH": f"{os.path.dirname(sys.executable)}:/usr/local/bin:/usr/bin/:/bin:{layers_root}/bin",
        "LD_LIBRARY_PATH": f"/lib64:/usr/lib64:{RUNTIME_DIR}:{RUNTIME_DIR}/lib:{task_root}:{task_root}/lib"
        f":{layers_root}/lib",
        "PYTHONPATH": RUNTIME_DIR,
        "AWS_ENDPOINT_URL": endpoint_url,
        **defaults,
        **spec.environment,
        "_HANDLER": spec.handler,
        "LAMBDA_TASK_ROOT": task_root,
        "LAMBDA_RUNTIME_DIR": RUNTIME_DIR,
        **_given(spec, credentials=credentials, log_stream=log_stream, runtime_api=runtime_api, kind=kind),
    }
    if not spec.runtime.startswith("provided"):
        found["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{spec.runtime}"
    return found


def _given(
    spec: FunctionSpec, *, credentials: Credentials, log_stream: str, runtime_api: str, kind: str
) -> dict[str, str]:
    """What every function is told, and cannot change. Of a container image the rest is the image's own business."""
    found = {
        "AWS_LAMBDA_FUNCTION_NAME": spec.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": kind,
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
    }
    if runtime_api:
        found["AWS_LAMBDA_RUNTIME_API"] = runtime_api
    if spec.log_format == "JSON":
        found["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        found["AWS_LAMBDA_LOG_LEVEL"] = spec.log_level or "INFO"
    return found
