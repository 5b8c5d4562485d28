"""Which policies stand on their own, and to whom are they attached?"""

from pileus.services.iam.operations.base import Operations


class ManagedPolicyOperations(Operations):
    """Managed policies and their versions."""
