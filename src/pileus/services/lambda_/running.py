"""Who runs functions, and what is an invoker told when that cannot be?"""

from collections.abc import Coroutine
from typing import Any, Final, Protocol

from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.sandbox.sandbox import SandboxFailed
from pileus.services.lambda_.environments.types import (
    ConcurrencyExceeded,
    EnvironmentsClosed,
    FunctionSpec,
    ImagesUnsupported,
    Invocation,
    InvocationResult,
    RestoreFailed,
    UnsupportedRuntime,
)
from pileus.services.lambda_.errors import (
    AccessDeniedException,
    CrossAccountRole,
    ServiceException,
    SnapStartException,
    SnapStartTimeoutException,
    Stopped,
    TooManyRequestsException,
)

ROLE_REFUSED: Final = "The role defined for the function cannot be assumed by Lambda."
"""AWS says so when a function is created or given a role, and when it is invoked after its role has gone."""


class Environments(Protocol):
    """What runs functions: the `EnvironmentPool`."""

    def invoke(self, spec: FunctionSpec, invocation: Invocation) -> Coroutine[Any, Any, InvocationResult]:
        """Raises UnsupportedRuntime, ConcurrencyExceeded, and ServiceError when the role cannot be assumed."""
        ...

    async def retire(self, function_arn: str) -> None: ...

    def prepare(self) -> None:
        """Functions will be invoked: start what their environments come from. Returns at once."""
        ...


class Running:
    """Has functions run."""

    def __init__(self, environments: Environments) -> None:
        self._environments = environments

    async def run(self, spec: FunctionSpec, invocation: Invocation) -> InvocationResult:
        """Raises what an invoker of the API is told."""
        try:
            return await self._environments.invoke(spec, invocation)
        except EnvironmentsClosed:
            raise Stopped from None
        except ConcurrencyExceeded as full:
            raise TooManyRequestsException(full.reason) from None
        except RestoreFailed as failed:
            raise SnapStartTimeoutException if failed.timed_out else SnapStartException from None
        except ImagesUnsupported as reason:
            raise NotImplementedByPileus(str(reason)) from None
        except UnsupportedRuntime:
            raise NotImplementedByPileus(f"The runtime {spec.runtime} cannot run on this host") from None
        except SandboxFailed as error:
            raise ServiceException("No execution environment could be started.") from error
        except CrossAccountRole:
            raise
        except ServiceError as error:  # of whoever issues the role's credentials
            raise AccessDeniedException(ROLE_REFUSED).because(error.denial) from error
