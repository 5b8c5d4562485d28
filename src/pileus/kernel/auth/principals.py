"""Who acts when nobody was minted?

In open mode a key that this Pileus did not mint stands for the root of an account: twelve digits are the account id,
everything else, and nobody at all, is the account of zeros.
"""

from functools import lru_cache
from typing import Final

from pileus.kernel.context import Principal

DEFAULT_ACCOUNT_ID: Final = "000000000000"
_ACCOUNT_ID_CHARS: Final = 12
_KEY_CHARS_MAX: Final = 128
"""Of an access key id. Source: IAM API Reference, "AccessKey"."""


def root_of(account_id: str, access_key_id: str = "") -> Principal:
    """The root of an account, who may do everything in it."""
    return Principal(
        account_id=account_id,
        arn=f"arn:aws:iam::{account_id}:root",
        user_id=account_id,
        access_key_id=access_key_id,
    )


def principal_of_unknown_key(access_key_id: str) -> Principal:
    """Who an unverified key acts as in open mode; the same object each time."""
    return _remembered(access_key_id[:_KEY_CHARS_MAX])


@lru_cache(maxsize=1024)
def _remembered(access_key_id: str) -> Principal:
    names_account = len(access_key_id) == _ACCOUNT_ID_CHARS and access_key_id.isascii() and access_key_id.isdigit()
    return root_of(access_key_id if names_account else DEFAULT_ACCOUNT_ID, access_key_id)


ANONYMOUS: Final = root_of(DEFAULT_ACCOUNT_ID)
"""Who an unsigned request acts as in open mode."""
NOBODY: Final = Principal(account_id="", arn="", user_id="anonymous", minted=True)
"""Who it acts as in strict mode, of a service that asks its resources' policies about nobody in particular."""
