"""Is this a good password, and is it the right one?"""

import hashlib
import hmac
import string
from datetime import datetime, timedelta
from typing import Final

from pileus.services.iam.account_limits import PASSWORD_CHARS_MIN_DEFAULT, PASSWORD_KINDS_MIN_DEFAULT
from pileus.services.iam.account_records import LoginProfileRecord, PasswordPolicyRecord
from pileus.services.iam.errors import PasswordPolicyViolation

SALT_BYTES: Final = 16
_COST: Final = 2**14
_BLOCK_SIZE: Final = 8
_HASH_BYTES: Final = 32
_SYMBOLS: Final = frozenset("!@#$%^&*()_+-=[]{}|'")
"""What counts as a symbol (API_UpdateAccountPasswordPolicy, RequireSymbols)."""


def hash_password(password: str, *, salt: bytes) -> bytes:
    """scrypt; takes some 50 ms and 16 MiB, so it belongs into a thread."""
    return hashlib.scrypt(password.encode(), salt=salt, n=_COST, r=_BLOCK_SIZE, p=1, dklen=_HASH_BYTES)


def matches(profile: LoginProfileRecord, hashed: bytes) -> bool:
    """Whether that is the hash (with the profile's salt) of the present password."""
    return hmac.compare_digest(profile.hashed, hashed)


def check_password(password: str, policy: PasswordPolicyRecord | None, *, account_id: str) -> None:
    """PasswordPolicyViolation. policy: the account's; None means AWS's default."""
    has = {
        "uppercase letter": any(char in string.ascii_uppercase for char in password),
        "lowercase letter": any(char in string.ascii_lowercase for char in password),
        "number": any(char in string.digits for char in password),
        "symbol": any(char in _SYMBOLS for char in password),
    }
    if policy is None:
        short = len(password) < PASSWORD_CHARS_MIN_DEFAULT
        if short or sum(has.values()) < PASSWORD_KINDS_MIN_DEFAULT or password == account_id:
            raise PasswordPolicyViolation("Password does not conform to the account password policy.")
        return
    if len(password) < policy.length_min:
        raise PasswordPolicyViolation(f"Password should have a minimum length of {policy.length_min}")
    wanted = {
        "uppercase letter": policy.uppercase,
        "lowercase letter": policy.lowercase,
        "number": policy.numbers,
        "symbol": policy.symbols,
    }
    for kind, is_wanted in wanted.items():
        if is_wanted and not has[kind]:
            raise PasswordPolicyViolation(f"Password should have at least one {kind}")


def check_reuse(profile: LoginProfileRecord, hashed: bytes, policy: PasswordPolicyRecord | None) -> None:
    """PasswordPolicyViolation when the password is one of the last that the policy forbids to use again."""
    count = policy.reuse_prevention if policy is not None else None
    if count is None:
        return
    last = (profile.hashed, *profile.former)[:count]
    # All are compared, so that the time does not tell which.
    if any([hmac.compare_digest(known, hashed) for known in last]):  # noqa: C419 - see above
        raise PasswordPolicyViolation("Password cannot be the same as one of the previously used passwords")


def expires_at(profile: LoginProfileRecord, policy: PasswordPolicyRecord | None) -> datetime | None:
    """When the password must be changed; None for never."""
    if policy is None or policy.age_days_max is None:
        return None
    return profile.changed_at + timedelta(days=policy.age_days_max)
