"""Lambda: functions, and whoever invokes them."""

from collections.abc import Mapping
from typing import Final

from pileus.services.lambda_.operations.aliases import AliasOperations
from pileus.services.lambda_.operations.behaviour import BehaviourOperations
from pileus.services.lambda_.operations.concurrency import ConcurrencyOperations
from pileus.services.lambda_.operations.function_lists import FunctionListOperations
from pileus.services.lambda_.operations.functions import FunctionOperations
from pileus.services.lambda_.operations.invocations import InvocationOperations
from pileus.services.lambda_.operations.invoke_configs import InvokeConfigOperations
from pileus.services.lambda_.operations.layers import LayerOperations
from pileus.services.lambda_.operations.mappings import MappingOperations
from pileus.services.lambda_.operations.policies import PolicyOperations
from pileus.services.lambda_.operations.provisioned_concurrency import ProvisionedConcurrencyOperations
from pileus.services.lambda_.operations.signing import SigningOperations
from pileus.services.lambda_.operations.streaming import StreamingOperations
from pileus.services.lambda_.operations.tags import TagOperations
from pileus.services.lambda_.operations.url_configs import UrlConfigOperations
from pileus.services.lambda_.operations.versions import VersionOperations


class LambdaApi(
    AliasOperations,
    BehaviourOperations,
    ConcurrencyOperations,
    FunctionListOperations,
    FunctionOperations,
    InvocationOperations,
    InvokeConfigOperations,
    LayerOperations,
    MappingOperations,
    PolicyOperations,
    ProvisionedConcurrencyOperations,
    SigningOperations,
    StreamingOperations,
    TagOperations,
    UrlConfigOperations,
    VersionOperations,
):
    """Every operation, each in the module of what it is about."""


PARTIAL: Final[Mapping[str, str]] = {
    "CreateFunction": "Python, Node.js, Java, Ruby and custom runtimes, container images; no VPC, file systems",
    "UpdateFunctionCode": "zip packages and container images; no keys of KMS",
    "UpdateFunctionConfiguration": "as CreateFunction",
    "ListFunctions": "no MasterRegion",
    "CreateCodeSigningConfig": "no code is signed here, hence code that must be is refused",
    "InvokeWithResponseStream": "no tenants",
    "CreateEventSourceMapping": "DynamoDB streams and SQS queues; no KMSKeyArn, LoggingConfig, provisioned pollers",
    "UpdateEventSourceMapping": "as CreateEventSourceMapping",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""
