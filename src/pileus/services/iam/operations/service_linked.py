"""Which roles belong to services?"""

from pileus.services.iam.operations.base import Operations


class ServiceLinkedRoleOperations(Operations):
    """Service-linked roles."""
