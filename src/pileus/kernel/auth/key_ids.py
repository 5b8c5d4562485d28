"""What do access key ids look like, and which are ours?

`AKIA` (long-term) or `ASIA` (temporary) and 16 base32 characters, as on AWS. The last four are a check under the
server's secret. So open mode can tell, without asking the store, a key that this Pileus minted (and must verify, even
when it has been deleted since) from whatever else a developer has in the environment (which acts as root).
A foreign id is mistaken for ours once in 2^20.

A temporary key is written down nowhere, so its id says itself whose account it is of (GetAccessKeyInfo asks), at the
place where AWS's ids say so. That leaves 20 random bits: two sessions of one account may bear the same id. Nothing
depends on that, for a session is its token.
"""

import base64
import hmac
from functools import lru_cache
from typing import Final

from pileus.kernel.auth.sealing import derive_key
from pileus.kernel.ids import Ids

LONG_TERM: Final = "AKIA"
TEMPORARY: Final = "ASIA"
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BASE32: Final = frozenset(_ALPHABET)
_ID_CHARS: Final = 20
_CHECK_CHARS: Final = 4
_SECRET_BYTES: Final = 30
_BODY_BITS: Final = 60
_ACCOUNT_BITS: Final = 40
_ACCOUNT_AT_BIT: Final = 19
"""From the right, of the 60 bits between the prefix and the check: AWS's ids have it one bit from the left as well."""


class KeyIds:
    """Mints access key ids and recognises them."""

    def __init__(self, secret: bytes, ids: Ids) -> None:
        self._key = derive_key(secret, "access key ids")
        self._ids = ids
        self._minted = lru_cache(maxsize=4096)(self._checks)

    def mint(self, prefix: str, *, account_id: str | None = None) -> str:
        """A new id; unique among 2^60, so whoever stores it still looks first.

        account_id: twelve digits; for a temporary id only, and then unique among 2^20 of that account.
        """
        body = prefix + self._ids.base32(_ID_CHARS - len(prefix) - _CHECK_CHARS)
        if account_id is not None:
            assert prefix == TEMPORARY
            body = prefix + _with_account(body[len(prefix) :], account_id)
        return body + self._check(body)

    def account_of(self, access_key_id: str) -> str | None:
        """The account of a temporary id that was minted here; None for every other id."""
        body = access_key_id[len(TEMPORARY) : -_CHECK_CHARS]
        if not access_key_id.startswith(TEMPORARY) or not self.minted(access_key_id) or not _BASE32.issuperset(body):
            return None
        bits = _bits_of(body)
        account = (bits >> _ACCOUNT_AT_BIT) & ((1 << _ACCOUNT_BITS) - 1)
        return f"{account:012d}"

    def minted(self, access_key_id: str) -> bool:
        """Whether this Pileus gave out that id, be it alive or not."""
        if len(access_key_id) != _ID_CHARS or not access_key_id.startswith((LONG_TERM, TEMPORARY)):
            return False
        return self._minted(access_key_id)

    def _checks(self, access_key_id: str) -> bool:
        if not access_key_id.isascii():
            return False
        return hmac.compare_digest(self._check(access_key_id[:-_CHECK_CHARS]), access_key_id[-_CHECK_CHARS:])

    def _check(self, body: str) -> str:
        return base64.b32encode(hmac.digest(self._key, body.encode(), "sha256"))[:_CHECK_CHARS].decode()


def _with_account(drawn: str, account_id: str) -> str:
    mask = ((1 << _ACCOUNT_BITS) - 1) << _ACCOUNT_AT_BIT
    bits = (_bits_of(drawn) & ~mask) | (int(account_id) << _ACCOUNT_AT_BIT) | (1 << (_BODY_BITS - 1))
    return "".join(_ALPHABET[(bits >> shift) & 31] for shift in range(_BODY_BITS - 5, -1, -5))


def _bits_of(text: str) -> int:
    bits = 0
    for char in text:
        bits = bits << 5 | _ALPHABET.index(char)
    return bits


def new_secret_access_key(ids: Ids) -> str:
    """40 characters of base64, as AWS's are."""
    return base64.b64encode(ids.bytes(_SECRET_BYTES)).decode()
