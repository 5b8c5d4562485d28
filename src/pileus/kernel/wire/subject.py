"""What does a protocol compile?"""

from dataclasses import dataclass

import msgspec

from pileus.kernel.wire.dialect import Dialect
from pileus.kernel.wire.model import OperationModel, ServiceModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One operation: its model, its spelling, and the structs of its input and output."""

    model: ServiceModel
    dialect: Dialect
    operation: OperationModel
    given: type[msgspec.Struct]
    answered: type[msgspec.Struct] | None
