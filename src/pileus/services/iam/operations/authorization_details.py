"""Who may do what, all at once?"""

from pileus.services.iam.operations.base import Operations


class AuthorizationDetailOperations(Operations):
    """GetAccountAuthorizationDetails."""
