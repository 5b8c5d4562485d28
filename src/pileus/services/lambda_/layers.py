"""What is a layer, and which layers may one function have?

A layer's versions outlive their deletion in the functions that have them already: a function's record says which
archives it needs.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.lambda_.errors import (
    AccessDeniedException,
    InvalidParameterValueException,
    ResourceNotFoundException,
)
from pileus.services.lambda_.limits import LAYERS_MAX, UNZIPPED_BYTES_MAX
from pileus.services.lambda_.model import LayerUse, StatementRecord

_ARN: Final = re.compile(
    r"arn:(?P<partition>[a-z-]+):lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):layer:"
    r"(?P<name>[a-zA-Z0-9-_]+)(?::(?P<number>[0-9]{1,18}))?"
)
FOREIGN_OPERATIONS: Final = frozenset({"GetLayerVersion", "GetLayerVersionByArn"})
"""What the policy of a layer version can allow to other accounts, next to giving it to a function."""


class LayerName(msgspec.Struct, frozen=True, kw_only=True):
    """A layer, or one version of it."""

    partition: str
    region: str
    account_id: str
    name: str
    number: int = 0

    @property
    def arn(self) -> str:
        """Of the layer."""
        return f"arn:{self.partition}:lambda:{self.region}:{self.account_id}:layer:{self.name}"

    @property
    def version_arn(self) -> str:
        return f"{self.arn}:{self.number}"


class LayerRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="lambda.layers.v1"):
    """A layer's name, which remembers how many versions there have been."""

    name: str
    last_version: int


class LayerVersionRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="lambda.layer.v1"):
    """One version of a layer. runtimes, architectures: those it says to fit; None when it says nothing.

    revision_id: of its policy.
    """

    number: int
    description: str
    created_at: datetime
    code_sha256: str
    code_size_bytes: int
    unzipped_bytes: int
    license_info: str | None = None
    runtimes: list[str] | None = None
    architectures: list[str] | None = None
    policy: list[StatementRecord] = []
    revision_id: str = ""

    def fits(self, *, runtime: str | None, architecture: str | None) -> bool:
        """Whether it says that it fits what a list asks for."""
        return (runtime is None or runtime in (self.runtimes or ())) and (
            architecture is None or architecture in (self.architectures or ())
        )


def layer_of_arn(arn: str) -> LayerName | None:
    """The layer or layer version of a full ARN; None when it is none."""
    match = _ARN.fullmatch(arn)
    if match is None:
        return None
    partition, region, account_id, name, number = match.group("partition", "region", "account", "name", "number")
    return LayerName(partition=partition, region=region, account_id=account_id, name=name, number=int(number or 0))


def layer_named(context: RequestContext, given: str, number: int = 0) -> LayerName:
    """What a request means by a name or ARN; InvalidParameterValueException for an ARN of no partition.

    ResourceNotFoundException for a layer of another region, in the words that AWS has for functions: a region's
    endpoint reaches nothing of another.
    """
    if given.startswith("arn:"):
        layer = layer_of_arn(given)
        if layer is None:  # the model's pattern lets it pass
            raise InvalidParameterValueException(f"Invalid Layer name: {given}")
        if layer.region != context.region:
            raise ResourceNotFoundException(
                f"Layers from '{layer.region}' are not reachable in this region ('{context.region}')"
            )
        return msgspec.structs.replace(layer, partition=context.partition, number=number or layer.number)
    return LayerName(
        partition=context.partition, region=context.region, account_id=context.account_id, name=given, number=number
    )


def check_own(context: RequestContext, layer: LayerName) -> LayerName:
    """AccessDeniedException for a layer of another account, unless its policy has been asked already."""
    if layer.account_id != context.account_id and context.operation not in FOREIGN_OPERATIONS:
        arn = layer.version_arn if layer.number else layer.arn
        raise AccessDeniedException(
            f"User: {context.principal.arn} is not authorized to perform: lambda:{context.operation} on resource: "
            f"{arn} because no resource-based policy allows the lambda:{context.operation} action"
        )
    return layer


def wanted_layers(arns: Sequence[str], *, region: str) -> list[LayerName]:
    """The layers that a request gives to a function in `region`.

    Recordings lambda_api, test_layer_function_exceptions, test_layer_function_quota_exception.
    """
    if len(arns) > LAYERS_MAX:
        raise InvalidParameterValueException(f"Cannot reference more than {LAYERS_MAX} layers.")
    seen: dict[str, str] = {}
    found = []
    for arn in arns:
        layer = layer_of_arn(arn)
        if layer is None:  # one of AWS's own, `awslayer`
            raise InvalidParameterValueException(f"Layer version {arn} does not exist.")
        if layer.region != region:
            raise InvalidParameterValueException(
                f"Layers are not in the same region as the function. Layers are expected to be in region {region}."
            )
        if layer.arn in seen:
            raise InvalidParameterValueException(
                "Two different versions of the same layer are not allowed to be referenced in the same function. "
                f"{seen[layer.arn]} and {arn} are versions of the same layer."
            )
        seen[layer.arn] = arn
        found.append(layer)
    return found


def check_unzipped(own_bytes: int, layers: Sequence[LayerUse]) -> None:
    """Or InvalidParameterValueException, when a function and its layers are too much together."""
    size_bytes = own_bytes + sum(layer.unzipped_bytes for layer in layers)
    if layers and size_bytes > UNZIPPED_BYTES_MAX:
        raise InvalidParameterValueException(
            f"Function code combined with layers exceeds the maximum allowed size of {UNZIPPED_BYTES_MAX} bytes. "
            f"The actual size is {size_bytes} bytes."
        )
