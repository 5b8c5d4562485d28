"""What would be allowed?"""

from pileus.services.iam.operations.base import Operations


class SimulationOperations(Operations):
    """The policy simulator."""
