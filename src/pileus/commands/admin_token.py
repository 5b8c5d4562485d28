"""`pileus admin-token`: what proves to a strict server that one may read its data directory?"""

import sys

from pileus.commands.options import DataDir
from pileus.commands.reaching import token_of
from pileus.settings import DATA_DIR_DEFAULT
from pileus.terminal import refuse


def admin_token(*, data_dir: DataDir = DATA_DIR_DEFAULT) -> None:
    """Print the token for admin requests.

    A strict server wants it for POST /_pileus/reset and /_pileus/clock, as "Authorization: Bearer TOKEN".
    """
    if not (data_dir / "secret").exists():
        refuse(f"{data_dir} holds no data of a Pileus")
    sys.stdout.write(token_of(data_dir) + "\n")
