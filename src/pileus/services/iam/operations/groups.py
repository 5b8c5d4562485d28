"""Which users belong together?"""

from pileus.services.iam.operations.base import Operations


class GroupOperations(Operations):
    """Groups and their members."""
