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


def check_password(password: str, policy: PasswordPolicyRecord | None) -> None:
    """PasswordPolicyViolation. policy: the account's; None means AWS's default.

    Seen on the wire: `Password should meet 1 more of the following requirements: Password should have at least one
    uppercase letter, Password should have at least one symbol`, and the sentence of the length by itself.
    """
    length_min = PASSWORD_CHARS_MIN_DEFAULT if policy is None else policy.length_min
    if len(password) < length_min:
        raise PasswordPolicyViolation(f"Password should have a minimum length of {length_min}")
    has = {
        "uppercase letter": any(char in string.ascii_uppercase for char in password),
        "lowercase letter": any(char in string.ascii_lowercase for char in password),
        "number": any(char in string.digits for char in password),
        "symbol": any(char in _SYMBOLS for char in password),
    }
    wanted = dict.fromkeys(has, True) if policy is None else _wanted(policy)
    lacking = [f"Password should have at least one {kind}" for kind in has if wanted[kind] and not has[kind]]
    # Of the default's four kinds one may be lacking. Who has the others has not the account's number for a password.
    more = len(lacking) - (len(has) - PASSWORD_KINDS_MIN_DEFAULT if policy is None else 0)
    if more > 0:
        some = "" if policy is not None else f"Password should meet {more} more of the following requirements: "
        raise PasswordPolicyViolation(some + ", ".join(lacking))


def _wanted(policy: PasswordPolicyRecord) -> dict[str, bool]:
    return {
        "uppercase letter": policy.uppercase,
        "lowercase letter": policy.lowercase,
        "number": policy.numbers,
        "symbol": policy.symbols,
    }


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
