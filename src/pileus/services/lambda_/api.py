"""Lambda: functions, and whoever invokes them."""

from collections.abc import Mapping
from typing import Final

from pileus.services.lambda_.operations.functions import FunctionOperations
from pileus.services.lambda_.operations.invocations import InvocationOperations
from pileus.services.lambda_.operations.policies import PolicyOperations


class LambdaApi(
    FunctionOperations,
    InvocationOperations,
    PolicyOperations,
):
    """Every operation, each in the module of what it is about."""


PARTIAL: Final[Mapping[str, str]] = {
    "CreateFunction": "zip packages, Python and custom runtimes; no layers, VPC, file systems, SnapStart",
    "GetFunction": "$LATEST only",
    "UpdateFunctionCode": "zip packages; no Publish",
    "UpdateFunctionConfiguration": "as CreateFunction",
    "ListFunctions": "no versions, no MasterRegion",
    "Invoke": "$LATEST only; no destinations or dead-letter queues after the retries of an event",
    "AddPermission": "without a qualifier",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""
