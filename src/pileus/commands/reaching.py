"""Which server does a command speak to, and what does it prove there?"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pileus.terminal import refuse

if TYPE_CHECKING:
    from pileus.calling import Caller
    from pileus.running import Running


START_OR_NAME: Final = "start it: pileus up, or name it: --url, --data-dir"
"""What to do where none runs."""


def running_at(data_dir: Path, url: str) -> "Running | None":
    """The server that a URL names, or else the one on that data; None when none runs there."""
    from pileus.running import Running, find

    here = find(data_dir)
    if not url or (here is not None and here.url == url.rstrip("/")):
        return here
    # Elsewhere, or here under another name: its mode decides what it takes.
    return Running(url.rstrip("/"), 0, here.auth if here is not None else "open")


def token_for(running: "Running", data_dir: Path) -> str:
    """What its admin requests take; '' where they take none."""
    return token_of(data_dir) if running.auth == "strict" else ""


def token_of(data_dir: Path) -> str:
    """The admin token of a strict server on that data."""
    from pileus.admin import admin_token as derive
    from pileus.kernel.auth.server_secret import BadServerSecret, load_or_create_server_secret
    from pileus.kernel.ids import SystemIds

    try:
        return derive(load_or_create_server_secret(data_dir, ids=SystemIds()))
    except (OSError, BadServerSecret) as error:
        refuse(f"that server is strict, and its secret cannot be read: {error}")


def root_key(data_dir: Path) -> tuple[str, str] | None:
    """The root's key pair of a strict server, for whoever may read its data directory."""
    from pileus.kernel.auth.root_credentials import BadRootCredentials, load_root_credentials
    from pileus.kernel.auth.server_secret import BadServerSecret, load_or_create_server_secret
    from pileus.kernel.ids import SystemIds

    ids = SystemIds()
    try:
        secret = load_or_create_server_secret(data_dir, ids=ids)
        root = load_root_credentials(data_dir, secret=secret, ids=ids)
    except (OSError, BadServerSecret, BadRootCredentials) as error:
        refuse(f"that server is strict, and its root's key cannot be read: {error}")
    return (root.access_key_id, root.secret_access_key) if root else None


def caller_for(data_dir: Path, url: str, *, account: str, region: str) -> "Caller":
    """Who asks the server that runs: an account, or its root where it is strict; or whom the environment names."""
    from pileus.calling import Caller

    if len(account) != 12 or not account.isascii() or not account.isdigit():
        refuse(f"an account has 12 digits, and {account!r} has not")
    running = running_at(data_dir, url)
    if running is None:
        exported = os.environ.get("AWS_ENDPOINT_URL")
        if exported is None:
            refuse(f"no Pileus runs on {data_dir}", hint=START_OR_NAME)
        # As `pileus env` exports it, in another folder: then its credentials are exported too.
        access_key_id = os.environ.get("AWS_ACCESS_KEY_ID", account)
        return Caller(exported.rstrip("/"), access_key_id, os.environ.get("AWS_SECRET_ACCESS_KEY", "pileus"), region)
    key = (root_key(data_dir) if running.auth == "strict" else None) or (account, "pileus")
    return Caller(running.url, *key, region)
