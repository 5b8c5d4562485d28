"""Which role does a machine have?"""

from pileus.services.iam.operations.base import Operations


class InstanceProfileOperations(Operations):
    """Instance profiles."""
