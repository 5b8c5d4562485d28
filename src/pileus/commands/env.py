"""`pileus env`: what points AWS tools here?"""

import sys
from typing import Annotated

import typer

from pileus.commands.options import DataDir, Json, Url
from pileus.commands.reaching import root_key, running_at
from pileus.settings import DATA_DIR_DEFAULT, PORT_DEFAULT
from pileus.terminal import refuse, say_json


def env(
    *,
    data_dir: DataDir = DATA_DIR_DEFAULT,
    url: Url = "",
    region: Annotated[str, typer.Option(help="The region to work in.")] = "us-east-1",
    account: Annotated[str, typer.Option(help="The account to act as: 12 digits.")] = "000000000000",
    as_json: Json = False,
) -> None:
    """Print exports for a shell.

    They point AWS tools here: eval "$(pileus env)". Of a strict server they hold the root's key.
    """
    if len(account) != 12 or not account.isascii() or not account.isdigit():
        refuse(f"an account has 12 digits, and {account!r} has not")
    running = running_at(data_dir, url)
    if running is None:
        sys.stderr.write(f"pileus: none runs on {data_dir}; these exports are for one at the default address\n")
    key = (account, "pileus")
    if running is not None and running.auth == "strict":
        key = root_key(data_dir) or key
    exports = {
        "AWS_ENDPOINT_URL": running.url if running else f"http://127.0.0.1:{PORT_DEFAULT}",
        "AWS_ACCESS_KEY_ID": key[0],
        "AWS_SECRET_ACCESS_KEY": key[1],
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
    }
    if as_json:
        say_json(exports)
        return
    for name, value in exports.items():
        sys.stdout.write(f"export {name}={value}\n")
    sys.stdout.write("unset AWS_SESSION_TOKEN AWS_PROFILE\n")
