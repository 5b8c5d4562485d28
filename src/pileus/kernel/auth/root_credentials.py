"""How does somebody get into a new server in strict mode?

At the first start a key pair of the account's root is made; the caller prints it, once. It is kept in
`<data_dir>/root-credentials`, sealed under the server's secret, mode 0600; whoever loses it deletes the file and starts
the server again, which makes another pair and thereby ends the old one.
"""

from pathlib import Path
from typing import Final

import msgspec

from pileus.kernel.auth.credentials import KeyDirectory, SigningKey
from pileus.kernel.auth.key_ids import LONG_TERM, KeyIds, new_secret_access_key
from pileus.kernel.auth.principals import DEFAULT_ACCOUNT_ID, root_of
from pileus.kernel.auth.private_files import create_private
from pileus.kernel.auth.sealing import Seal, SealBroken
from pileus.kernel.ids import Ids

FILE_NAME: Final = "root-credentials"
_PURPOSE: Final = "root credentials"


class BadRootCredentials(Exception):
    """The file was not sealed by the secret of this data directory."""


class RootCredentials(msgspec.Struct, frozen=True, kw_only=True, tag="root-credentials.v1"):
    account_id: str
    access_key_id: str
    secret_access_key: str


class FirstStart(msgspec.Struct, frozen=True, kw_only=True):
    """created: True when the pair was made just now, and must be shown, since it never will be again."""

    credentials: RootCredentials
    created: bool


def load_root_credentials(data_dir: Path, *, secret: bytes, ids: Ids) -> RootCredentials | None:
    """The root key pair of this data directory; None when none was made yet. BadRootCredentials, OSError."""
    path = data_dir / FILE_NAME
    if not path.exists():
        return None
    try:
        clear = Seal(secret, purpose=_PURPOSE, ids=ids).open(path.read_bytes())
        return msgspec.msgpack.decode(clear, type=RootCredentials)
    except (SealBroken, msgspec.ValidationError):
        raise BadRootCredentials(
            f"{path} cannot be read with the secret beside it: delete it to get new root credentials"
        ) from None


def load_or_create_root_credentials(
    data_dir: Path, *, secret: bytes, ids: Ids, account_id: str = DEFAULT_ACCOUNT_ID
) -> FirstStart:
    """The root key pair of this data directory, made when there is none. BadRootCredentials, OSError."""
    kept = load_root_credentials(data_dir, secret=secret, ids=ids)
    if kept is not None:
        return FirstStart(credentials=kept, created=False)
    fresh = RootCredentials(
        account_id=account_id,
        access_key_id=KeyIds(secret, ids).mint(LONG_TERM),
        secret_access_key=new_secret_access_key(ids),
    )
    create_private(data_dir / FILE_NAME, Seal(secret, purpose=_PURPOSE, ids=ids).seal(msgspec.msgpack.encode(fresh)))
    # Another process may have been first; then its pair holds.
    kept = load_root_credentials(data_dir, secret=secret, ids=ids)
    assert kept is not None
    return FirstStart(credentials=kept, created=kept == fresh)


class RootKeyDirectory:
    """A `KeyDirectory` that knows the root key pair, and asks `others` for every other key."""

    def __init__(self, root: RootCredentials, others: KeyDirectory) -> None:
        self._access_key_id = root.access_key_id
        self._key = SigningKey(
            secret_access_key=root.secret_access_key,
            principal=msgspec.structs.replace(root_of(root.account_id), access_key_id=root.access_key_id, minted=True),
        )
        self._others = others

    async def find(self, access_key_id: str) -> SigningKey | None:
        if access_key_id == self._access_key_id:
            return self._key
        return await self._others.find(access_key_id)
