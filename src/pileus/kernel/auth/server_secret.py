"""Where is the secret from which every key of this server is derived?

`<data_dir>/secret`, 32 random bytes, readable by its owner only, made at the first start. Without it no session token
and no stored access key can be read again, so it is backed up together with the data, and shared by machines that
serve the same data.
"""

from pathlib import Path
from typing import Final

from pileus.kernel.auth.private_files import create_private
from pileus.kernel.auth.sealing import SECRET_BYTES
from pileus.kernel.ids import Ids

FILE_NAME: Final = "secret"


class BadServerSecret(Exception):
    """The file is there, but it is no secret of ours, or others may read it."""


def load_or_create_server_secret(data_dir: Path, *, ids: Ids) -> bytes:
    """The secret of this data directory. BadServerSecret, OSError (not readable, not writable)."""
    path = data_dir / FILE_NAME
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        create_private(path, ids.bytes(SECRET_BYTES))
    if path.stat().st_mode & 0o077:
        raise BadServerSecret(f"{path} may be read by others: chmod 600 it, or delete it to lose all issued keys")
    secret = path.read_bytes()
    if len(secret) != SECRET_BYTES:
        raise BadServerSecret(f"{path} does not hold {SECRET_BYTES} bytes")
    return secret
