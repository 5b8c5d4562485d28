"""What do access key ids look like, and which are ours?

`AKIA` (long-term) or `ASIA` (temporary) and 16 base32 characters, as on AWS. The last four are a check under the
server's secret. So open mode can tell, without asking the store, a key that this Pileus minted (and must verify, even
when it has been deleted since) from whatever else a developer has in the environment (which acts as root).
A foreign id is mistaken for ours once in 2^20.
"""

import base64
import hmac
from functools import lru_cache
from typing import Final

from pileus.kernel.auth.sealing import derive_key
from pileus.kernel.ids import Ids

LONG_TERM: Final = "AKIA"
TEMPORARY: Final = "ASIA"
_ID_CHARS: Final = 20
_CHECK_CHARS: Final = 4
_SECRET_BYTES: Final = 30


class KeyIds:
    """Mints access key ids and recognises them."""

    def __init__(self, secret: bytes, ids: Ids) -> None:
        self._key = derive_key(secret, "access key ids")
        self._ids = ids
        self._minted = lru_cache(maxsize=4096)(self._checks)

    def mint(self, prefix: str) -> str:
        """A new id; unique among 2^60, so whoever stores it still looks first."""
        body = prefix + self._ids.base32(_ID_CHARS - len(prefix) - _CHECK_CHARS)
        return body + self._check(body)

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


def new_secret_access_key(ids: Ids) -> str:
    """40 characters of base64, as AWS's are."""
    return base64.b64encode(ids.bytes(_SECRET_BYTES)).decode()
