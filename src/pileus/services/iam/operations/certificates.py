"""Which certificates does the account keep?"""

from pileus.services.iam.operations.base import Operations


class CertificateOperations(Operations):
    """Server certificates."""
