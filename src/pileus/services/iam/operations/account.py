"""What holds for the account as a whole?"""

from pileus.services.iam.operations.base import Operations


class AccountOperations(Operations):
    """Alias, password policy, summary and credential report."""
