"""By which id do ACLs of S3, and policies that name a CanonicalUser, know an account?

Source: AWS Account Management Reference Guide, "View AWS account identifiers".
"""

from functools import lru_cache
from hashlib import sha256


@lru_cache(maxsize=1024)
def canonical_user_id(account_id: str) -> str:
    """64 hex digits that follow from the account's own twelve."""
    return sha256(f"canonical user of {account_id}".encode()).hexdigest()
