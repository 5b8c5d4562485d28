"""Which identity providers does the account trust?"""

from pileus.services.iam.operations.base import Operations


class ProviderOperations(Operations):
    """OIDC and SAML providers."""
