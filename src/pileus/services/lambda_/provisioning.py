"""Who keeps environments ready for provisioned concurrency, and how far have they come?

What is wanted is in the records (`settings.ProvisionedRecord`, by version or alias); whoever provisions reads it there
whenever it hears that it may have changed: also when an alias moves, or goes, or its function does.
"""

from typing import Protocol

import msgspec


class Provisioned(msgspec.Struct, frozen=True, kw_only=True):
    """How far the environments of a provisioned version have come. failure: AWS's code for why they cannot."""

    allocated: int
    available: int
    failure: str = ""


class ProvisionedFleets(Protocol):
    """What keeps environments ready: the `EnvironmentPool`."""

    def provisioned(self, function_arn: str) -> Provisioned:
        """Of a version, by its ARN."""
        ...

    def provisions_changed(self) -> None:
        """What is wanted may have changed; returns at once."""
        ...
