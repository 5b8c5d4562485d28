"""How does a user prove itself, other than by access keys?"""

from pileus.services.iam.operations.base import Operations


class CredentialOperations(Operations):
    """Login profiles and MFA devices."""
