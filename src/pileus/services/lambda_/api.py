"""Lambda: functions, and whoever invokes them."""

from collections.abc import Mapping
from typing import Final

from pileus.services.lambda_.operations.aliases import AliasOperations
from pileus.services.lambda_.operations.functions import FunctionOperations
from pileus.services.lambda_.operations.invocations import InvocationOperations
from pileus.services.lambda_.operations.layers import LayerOperations
from pileus.services.lambda_.operations.policies import PolicyOperations
from pileus.services.lambda_.operations.versions import VersionOperations


class LambdaApi(
    AliasOperations,
    FunctionOperations,
    InvocationOperations,
    LayerOperations,
    PolicyOperations,
    VersionOperations,
):
    """Every operation, each in the module of what it is about."""


PARTIAL: Final[Mapping[str, str]] = {
    "CreateFunction": "zip packages, Python and custom runtimes; no VPC, file systems, SnapStart",
    "UpdateFunctionCode": "zip packages",
    "UpdateFunctionConfiguration": "as CreateFunction",
    "ListFunctions": "no MasterRegion",
    "PublishLayerVersion": "zip packages in the request",
    "Invoke": "no destinations or dead-letter queues after the retries of an event",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""
